//! The same VIF on every RouterOS version whose command tree the twin has: each word that a router received is one
//! that its version knows.

use crate::vif::{confirmed, shown};
use anyhow::{Context as _, ensure};
use bulkhead_twin::schema;
use serde_json::json;
use support::demo::{Demo, Options};

#[tokio::test]
async fn a_vif_comes_and_goes_on_every_version() -> anyhow::Result<()> {
    let versions = schema::versions();
    assert!(versions.len() >= 6, "{versions:?}");
    for version in versions {
        let demo = Demo::start(&Options { version: Some(version.to_owned()), ..Options::default() }).await?;
        let router = demo.rest.get("/api/v1/routers/r1").await?;
        assert_eq!(router["routeros_version"], version);
        let before = demo.control().export().await?;
        confirmed(&demo, &demo.rest.create_vif("r1", "tor", "make").await?).await?;
        let id = shown(&demo, "tor").await?["id"].as_str().unwrap_or_default().to_owned();
        // All that a VIF may have, and a gate closed by hand.
        let port = json!({"protocol": "tcp", "port": 8443, "to_port": 443, "from": "LAN"});
        let options = json!({"resolver": "10.64.0.1", "ports": [port]});
        confirmed(&demo, &demo.rest.alter_vif("r1", &id, &options, "alter").await?).await?;
        let engage = format!("/api/v1/routers/r1/vifs/{id}/engage");
        let engaged = demo.rest.call("POST", &engage, None, &[("idempotency-key", "engage")]).await?;
        ensure!(engaged.status == 200, "{version}: {} {}", engaged.status, engaged.body);
        confirmed(&demo, &demo.rest.remove_vif("r1", &id, "remove").await?).await?;
        assert_eq!(demo.control().export().await?, before, "{version}");
        let unknown = unknown_words(version, &demo.record("r1")?)?;
        assert!(unknown.is_empty(), "{version} does not know {unknown:?}");
    }
    Ok(())
}

/// Commands and arguments of a record that a version's schema does not have.
fn unknown_words(version: &str, record: &str) -> anyhow::Result<Vec<String>> {
    // The protocol's own, in no command tree.
    const PROTOCOL: [&str; 3] = ["/login", "/cancel", "/quit"];
    let schema = schema::shipped(version)?;
    let mut unknown = Vec::new();
    let mut checked = 0;
    // The last line may be half written.
    for line in record.lines().take(record.matches('\n').count()) {
        let words: Vec<String> = serde_json::from_str(line)?;
        let (command, rest) = words.split_first().context("a sentence without a word")?;
        if PROTOCOL.contains(&command.as_str()) {
            continue;
        }
        checked += 1;
        // `listen` is the API's own form of `print` and in no command tree either.
        let command = &command.strip_suffix("/listen").map_or_else(|| command.clone(), |menu| format!("{menu}/print"));
        if schema.command(command).is_none() {
            unknown.push(command.clone());
        }
        let names = rest.iter().filter_map(|word| word.strip_prefix('=')?.split('=').next());
        let strange = names.filter(|name| !name.starts_with('.') && !schema.has(command, name));
        unknown.extend(strange.map(|name| format!("{command} {name}")));
    }
    ensure!(checked > 100, "only {checked} sentences were recorded");
    Ok(unknown)
}
