//! The router: whether it can be reached, whom it takes us for, and what the installer left on it.

use super::Finding;
use crate::{
    config::Config,
    flow::{
        change_set::installed,
        object::{Menu, Snapshot},
        vif::BRIDGE,
    },
    io::{
        router::print,
        routeros::{Answer, Client, CommandError, Security, Sentence, Target},
    },
};

/// What the agent's group must allow, and what for.
const POLICIES: [(&str, &str); 4] =
    [("api", "to sign in"), ("read", "to read the configuration"), ("write", "to change it"), ("test", "to probe")];

/// Signs in at the router on `host` and looks around. `pin` is what was seen at the first use.
pub(super) async fn look(config: &Config, host: Option<String>, pin: Option<[u8; 32]>) -> Vec<Finding> {
    const WHAT: &str = "router";
    let Some(host) = host else {
        return vec![Finding::bad(WHAT, "not tried: its address is not known")];
    };
    let Ok(password) = config.routeros.password() else {
        return vec![Finding::bad(WHAT, "not tried: there is no password to sign in with")];
    };
    let target = Target::of(&config.routeros, host, password, pin);
    let (client, signed) = match Client::connect(&target).await {
        Ok(connected) => connected,
        Err(error) => return vec![Finding::bad(WHAT, error.to_string())],
    };
    let address = target.address();
    let security = match (signed.fingerprint, target.security) {
        (None, _) => "without TLS: whoever is between reads the password".to_owned(),
        (Some(seen), Security::Pinned { fingerprint: Some(_) }) => format!("over TLS, certificate {seen} as pinned"),
        (Some(seen), _) => format!("over TLS, certificate {seen}, which will be pinned at the first start"),
    };
    let user = &config.routeros.username;
    vec![
        Finding::good(WHAT, format!("{address} lets {user} in, {security}")),
        policies(&client, user).await,
        bridge(&client).await,
    ]
}

async fn policies(client: &Client, user: &str) -> Finding {
    const WHAT: &str = "policies";
    let groups = match asked(client, "/user", "group", user).await {
        Ok(answer) => answer,
        Err(error) => return unreadable(WHAT, &error),
    };
    let Some(group) = text(&groups, "group") else {
        return Finding::good(WHAT, format!("not known: the router does not list its user {user} to it"));
    };
    let rows = match asked(client, "/user/group", "policy", &group).await {
        Ok(answer) => answer,
        Err(error) => return unreadable(WHAT, &error),
    };
    let allowed = text(&rows, "policy").unwrap_or_default();
    let has = |policy: &str| allowed.split(',').any(|listed| listed.trim() == policy);
    let missing: Vec<String> =
        POLICIES.iter().filter(|(policy, _)| !has(policy)).map(|(policy, why)| format!("`{policy}` {why}")).collect();
    if missing.is_empty() {
        return Finding::good(WHAT, format!("the group {group} has api, read, write and test"));
    }
    let all = POLICIES.map(|(policy, _)| policy).join(",");
    Finding::bad(WHAT, format!("the group {group} lacks {}", missing.join(", ")))
        .hint(format!("On the router: /user/group/set {group} policy={all}"))
}

/// What a user may see of users differs between versions; the agent does not need it to work.
fn unreadable(what: &'static str, error: &CommandError) -> Finding {
    if matches!(error, CommandError::Trap(_)) {
        Finding::good(what, format!("not known: {error}"))
    } else {
        Finding::bad(what, error.to_string())
    }
}

async fn bridge(client: &Client) -> Finding {
    const WHAT: &str = "installer";
    let (menu, properties) = (Menu::Bridge.path(), Menu::Bridge.properties());
    let found = match asked(client, menu, properties, BRIDGE).await {
        Ok(answer) => answer.rows,
        Err(error) => return Finding::bad(WHAT, error.to_string()),
    };
    match installed(&Snapshot::new([(Menu::Bridge, found)])) {
        Ok(()) => Finding::good(WHAT, format!("the bridge {BRIDGE} is there and filters VLANs")),
        Err(refusal) => Finding::bad(WHAT, refusal.message).hint(refusal.hint),
    }
}

/// The rows of a menu with this name.
async fn asked(client: &Client, menu: &str, properties: &str, name: &str) -> Result<Answer, CommandError> {
    let query: Sentence = print(menu, properties).query(&format!("name={name}"));
    client.run(query).await
}

fn text(answer: &Answer, name: &str) -> Option<String> {
    answer.rows.first()?.find(name).map(str::to_owned)
}
