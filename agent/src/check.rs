//! `bulkhead-agent check`: says in words what is wrong with the set-up, before anything depends on it.
//!
//! It looks at everything that the agent needs, changes nothing on the router, and goes on past what is wrong, so
//! that one run tells all. Its secrets stay secret.

mod router;

use crate::{
    bus::EARLIEST_CLOCK,
    config::{Config, secret::SecretError},
    io::{
        clock::Clock,
        mqtt::{self, Options},
        netlink,
        store::{self, Store, StoreError},
    },
};
use serde::Serialize;
use std::{fmt::Write as _, path::Path};

/// What one look found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at: stable, one or two words.
    pub what: &'static str,
    /// Whether it is as it should be.
    pub ok: bool,
    /// What is there, or what is wrong.
    pub message: String,
    /// What to do, where the message does not say so itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Finding {
    fn good(what: &'static str, message: impl Into<String>) -> Self {
        Self { what, ok: true, message: message.into(), hint: None }
    }

    fn bad(what: &'static str, message: impl Into<String>) -> Self {
        Self { what, ok: false, message: message.into(), hint: None }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// All that was found, in the order in which a person would look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Each look.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.findings.iter().all(|finding| finding.ok)
    }

    /// For people: a line for each look, what to do below what is wrong.
    pub fn words(&self) -> String {
        let mut words = String::new();
        for finding in &self.findings {
            let verdict = if finding.ok { "ok  " } else { "FAIL" };
            // Writing to a String cannot fail.
            let _ = writeln!(words, "{verdict}  {:<15}{}", finding.what, finding.message);
            if let Some(hint) = &finding.hint {
                let _ = writeln!(words, "{:<21}{hint}", "");
            }
        }
        let wrong = self.findings.iter().filter(|finding| !finding.ok).count();
        words + &if wrong == 0 { "All is well.\n".to_owned() } else { format!("{wrong} to put right.\n") }
    }

    /// For programs: `{"ok": …, "findings": [{"what", "ok", "message", "hint"}]}`, one line.
    pub fn json(&self) -> String {
        let document = serde_json::json!({ "ok": self.is_good(), "findings": self.findings });
        format!("{document}\n")
    }
}

/// Looks at everything that the configuration file names. Needs a tokio runtime.
pub async fn check(path: &Path, clock: Clock) -> Report {
    let mut findings = Vec::new();
    let config = match Config::load(path) {
        Ok(config) => config,
        Err(error) => {
            findings.push(Finding::bad("configuration", error.to_string()));
            return Report { findings };
        }
    };
    findings.push(Finding::good("configuration", format!("{} for router {}", path.display(), config.router_id)));
    findings.push(secrets(&config));
    let (database, store) = database(&config);
    findings.push(database);
    findings.push(time(clock.unix_millis()));
    let (gateway, found) = gateway(&config).await;
    findings.push(gateway);
    let pin = store.as_ref().ok().and_then(|store| store.pin().ok().flatten());
    findings.extend(router::look(&config, found, pin).await);
    let running = matches!(store, Err(StoreError::InUse { .. }));
    findings.push(broker(&config, running).await);
    Report { findings }
}

fn secrets(config: &Config) -> Finding {
    const WHAT: &str = "secrets";
    let read = || -> Result<(), SecretError> {
        config.routeros.password()?;
        config.keys.signing_key()?;
        Ok(())
    };
    match read() {
        Ok(()) => Finding::good(WHAT, "the router's password and the agent's key are there, for their owner alone"),
        Err(error) => Finding::bad(WHAT, error.to_string()),
    }
}

fn database(config: &Config) -> (Finding, Result<Store, StoreError>) {
    const WHAT: &str = "database";
    let path = config.data.join(store::FILE);
    let store = Store::open(&path);
    let finding = match &store {
        Ok(_) => Finding::good(WHAT, format!("{} can be written", path.display())),
        Err(StoreError::InUse { .. }) => {
            Finding::good(WHAT, format!("{} is in use by a running agent", path.display()))
        }
        Err(error) => Finding::bad(WHAT, error.to_string()),
    };
    (finding, store)
}

fn time(unix_millis: i64) -> Finding {
    const WHAT: &str = "clock";
    if unix_millis >= EARLIEST_CLOCK {
        return Finding::good(WHAT, "the clock has been set");
    }
    Finding::bad(WHAT, "the clock was never set: requests of the controller cannot be judged and are refused")
        .hint("Switch on NTP on the router: /system/ntp/client/set enabled=yes servers=pool.ntp.org")
}

/// The default gateway, which is the router unless the configuration names another address.
async fn gateway(config: &Config) -> (Finding, Option<String>) {
    const WHAT: &str = "gateway";
    let named = config.routeros.address.clone();
    let place = match netlink::read().await {
        Ok(place) => place,
        Err(error) if named.is_some() => {
            return (Finding::good(WHAT, format!("not needed, and not known: {error}")), named);
        }
        Err(error) => return (Finding::bad(WHAT, error.to_string()), None),
    };
    match (named, place.gateway) {
        (Some(named), _) => (Finding::good(WHAT, format!("not needed: the configuration says {named}")), Some(named)),
        (None, Some(gateway)) => {
            let interface = place.interface.unwrap_or_default();
            (Finding::good(WHAT, format!("{gateway}, by {interface}")), Some(gateway.to_string()))
        }
        (None, None) => {
            let finding = Finding::bad(WHAT, "this container has no default gateway, so the router is not found").hint(
                "Set `gateway` on the container's veth (/interface/veth), or routeros.address in the configuration",
            );
            (finding, None)
        }
    }
}

async fn broker(config: &Config, running: bool) -> Finding {
    const WHAT: &str = "broker";
    let options = match Options::load(config) {
        Ok(options) => options,
        Err(error) => return Finding::bad(WHAT, error.to_string()),
    };
    if running {
        // It would have to leave: the broker lets nobody in twice under one name.
        return Finding::good(WHAT, "not tried: the running agent is using its place there");
    }
    match mqtt::probe(&options).await {
        Ok(()) => Finding::good(WHAT, format!("{} lets the agent in", options.address())),
        Err(error) => Finding::bad(WHAT, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn report() -> Report {
        let wrong = Finding::bad("clock", "the clock was never set").hint("Switch on NTP");
        Report { findings: vec![Finding::good("configuration", "agent.toml for router r1"), wrong] }
    }

    #[test]
    fn people_read_what_is_wrong_and_what_to_do() {
        expect![[r"
            ok    configuration  agent.toml for router r1
            FAIL  clock          the clock was never set
                                 Switch on NTP
            1 to put right.
        "]]
        .assert_eq(&report().words());
    }

    #[test]
    fn programs_read_the_same() {
        expect![[r#"
            {"findings":[{"message":"agent.toml for router r1","ok":true,"what":"configuration"},{"hint":"Switch on NTP","message":"the clock was never set","ok":false,"what":"clock"}],"ok":false}
        "#]].assert_eq(&report().json());
    }

    #[test]
    fn a_clock_that_was_never_set_is_found() {
        assert!(!time(0).ok && !time(EARLIEST_CLOCK - 1).ok && time(EARLIEST_CLOCK).ok);
    }

    #[tokio::test]
    async fn without_a_configuration_nothing_else_is_looked_at() {
        let report = check(Path::new("/nowhere/agent.toml"), Clock::at(EARLIEST_CLOCK)).await;
        assert_eq!(report.findings.len(), 1);
        assert!(!report.is_good() && report.words().contains("enrol the agent"));
    }
}
