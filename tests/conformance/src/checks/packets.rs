//! What packets leave behind in the connection table, and the order in which routing is asked.

use shared::routeros::{model::Row, schema::Version};

use crate::{
    bench::Bench,
    check::{Area::Packets, Check, Evidence, Outcome, Stop},
};

const TRACKING: Evidence = Evidence::Sourced("manual, \"Connection tracking\"");

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::reads(
            "connection-of-this-session",
            Packets,
            "A session of the API is an established TCP connection in the table, assured and answered.",
            TRACKING,
            |bench| Box::pin(of_this_session(bench)),
        ),
        Check::reads(
            "connection-untranslated-replies",
            Packets,
            "Of a connection that nobody translates, replies come from its destination and go to its source.",
            TRACKING,
            |bench| Box::pin(untranslated_replies(bench)),
        ),
        Check::reads(
            "connection-translated-replies",
            Packets,
            "Of a connection with a translated source, replies go to another address than its source.",
            TRACKING,
            |bench| Box::pin(translated_replies(bench)),
        ),
        Check::reads(
            "policy-rules-name-all-five",
            Packets,
            "`/routing/settings policy-rules` orders mangle, vrf, local, user and main.",
            Evidence::Sourced("manual, \"Policy Routing\"; schema of 7.23"),
            |bench| Box::pin(policy_rules(bench)),
        )
        .from(Version::new(7, 22, 0)),
    ]
}

async fn of_this_session(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let users = bench.rows("/user/active", &["=.proplist=address,via"]).await?;
    let places: Vec<String> =
        users.iter().filter(|row| text(row, "via").starts_with("api")).map(|row| text(row, "address")).collect();
    let ours = connections(bench).await?.into_iter().find(|row| {
        let source = text(row, "src-address");
        let to_api = [":8728", ":8729"].iter().any(|port| text(row, "dst-address").ends_with(port));
        to_api && source.rsplit_once(':').is_some_and(|(address, _)| places.iter().any(|place| place == address))
    });
    let Some(row) = ours else {
        return Err(Stop::Unsupported(
            "no connection of ours is tracked: tracking is off, or the port is another".into(),
        ));
    };
    let got = ["protocol", "tcp-state", "assured", "seen-reply"].map(|name| format!("{name}={}", text(&row, name)));
    Ok(Outcome::of("protocol=tcp tcp-state=established assured=true seen-reply=true", got.join(" ")))
}

async fn untranslated_replies(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let plain = |row: &Row| text(row, "srcnat") == "false" && text(row, "dstnat") == "false";
    let Some(row) = connections(bench).await?.into_iter().find(plain) else {
        return Err(Stop::Unsupported("no untranslated TCP connection is there".into()));
    };
    let [from, to, reply_from, reply_to] = ends(&row);
    Ok(Outcome::of(format!("{to} → {from}"), format!("{reply_from} → {reply_to}")))
}

async fn translated_replies(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let translated = |row: &Row| text(row, "srcnat") == "true" && text(row, "dstnat") == "false";
    let Some(row) = connections(bench).await?.into_iter().find(translated) else {
        return Err(Stop::Unsupported("no TCP connection with a translated source is there".into()));
    };
    let [from, to, reply_from, reply_to] = ends(&row);
    let holds = reply_from == to && reply_to != from;
    Ok(Outcome::when(holds, format!("{to} → not {from}"), format!("{reply_from} → {reply_to}")))
}

fn ends(row: &Row) -> [String; 4] {
    ["src-address", "dst-address", "reply-src-address", "reply-dst-address"].map(|name| text(row, name))
}

async fn connections(bench: &Bench<'_>) -> Result<Vec<Row>, Stop> {
    const SHOWN: &str = "=.proplist=protocol,src-address,dst-address,reply-src-address,reply-dst-address,tcp-state,\
                         assured,seen-reply,srcnat,dstnat";
    bench.rows("/ip/firewall/connection", &[SHOWN, "?protocol=tcp"]).await
}

async fn policy_rules(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let rows = bench.rows("/routing/settings", &[]).await?;
    let order = rows.first().map(|row| text(row, "policy-rules")).unwrap_or_default();
    let mut words: Vec<&str> = order.split(',').collect();
    words.sort_unstable();
    Ok(Outcome::of("local,main,mangle,user,vrf", words.join(",")))
}

fn text(row: &Row, name: &str) -> String {
    row.find(name).map(str::to_owned).unwrap_or_default()
}
