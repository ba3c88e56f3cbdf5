//! Rows that somebody else alters, from their hand to the command line, the page and back.

use crate::{changes::said, cli::bulkhead, demo};
use serde_json::{Value, json};
use support::{api::Administrator, demo::Demo};

const LIST: &str = "/ip/firewall/address-list";

fn house(drift: &str) -> String {
    format!(
        "router = \"r1\"\nname = \"house\"\ndrift = \"{drift}\"\n[[items]]\nid = \"guests\"\nresource = \"{LIST}\"\n\
         operation = \"create\"\nattributes = {{ list = \"guests\", address = \"192.168.99.0/24\" }}\n"
    )
}

async fn apply(demo: &Demo, drift: &str) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("house.toml");
    std::fs::write(&file, house(drift))?;
    let (code, text) = said(&bulkhead(demo, &["change", "apply", &file.to_string_lossy(), "--yes"]).await?);
    anyhow::ensure!(code == 0, "{text}");
    Ok(())
}

/// What the administrator sees of the row, and sets.
async fn address(administrator: &mut Administrator) -> anyhow::Result<(String, String)> {
    let rows = administrator.ask(&[&format!("{LIST}/print"), "?list=guests", "=.proplist=.id,address"]).await?;
    let value = |name: &str| {
        let mut words = rows.first().into_iter().flatten();
        words.find_map(|word| word.strip_prefix(name)).unwrap_or_default().to_owned()
    };
    Ok((value("=.id="), value("=address=")))
}

async fn set(administrator: &mut Administrator, to: &str) -> anyhow::Result<()> {
    let (id, _) = address(administrator).await?;
    administrator.ask(&[&format!("{LIST}/set"), &format!("=.id={id}"), &format!("=address={to}")]).await?;
    Ok(())
}

/// What the command line lists, once it is so many.
async fn listed(demo: &Demo, many: usize) -> anyhow::Result<Vec<Value>> {
    for _ in 0..600 {
        let output = bulkhead(demo, &["drift", "--router", "r1", "--json"]).await?;
        let found: Vec<Value> = serde_json::from_slice(&output.stdout)?;
        if found.len() == many {
            return Ok(found);
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    anyhow::bail!("waited in vain for {many} drifts")
}

#[tokio::test]
async fn what_somebody_else_alters_is_listed_put_back_and_accepted_from_the_command_line() -> anyhow::Result<()> {
    let demo = demo().await?;
    let mut administrator = Administrator::of(demo.router()).await?;
    apply(&demo, "report").await?;
    set(&mut administrator, "192.168.98.0/24").await?;
    let drift = listed(&demo, 1).await?.remove(0);
    let differs = json!([{"name": "address", "wanted": "192.168.99.0/24", "found": "192.168.98.0/24"}]);
    assert_eq!((&drift["kind"], &drift["state"], &drift["properties"]), (&json!("altered"), &json!("open"), &differs));
    assert_eq!(drift["row"], json!({"comment": "bulkhead:row/house/guests"}));

    let id = drift["id"].as_str().expect("an id");
    let (code, text) = said(&bulkhead(&demo, &["drift", "reconcile", id]).await?);
    assert_eq!(code, 0, "{text}");
    assert_eq!(address(&mut administrator).await?.1, "192.168.99.0/24");
    listed(&demo, 0).await?;

    set(&mut administrator, "192.168.97.0/24").await?;
    let drift = listed(&demo, 1).await?.remove(0);
    let (code, text) = said(&bulkhead(&demo, &["drift", "accept", drift["id"].as_str().expect("an id")]).await?);
    assert_eq!(code, 0, "{text}");
    listed(&demo, 0).await?;
    assert_eq!(address(&mut administrator).await?.1, "192.168.97.0/24", "nothing was written");
    set(&mut administrator, "192.168.99.0/24").await?;
    let drift = listed(&demo, 1).await?.remove(0);
    assert_eq!(drift["properties"][0]["wanted"], "192.168.97.0/24");
    Ok(())
}

#[tokio::test]
async fn what_is_to_be_reconciled_comes_back_by_itself() -> anyhow::Result<()> {
    let demo = demo().await?;
    let mut administrator = Administrator::of(demo.router()).await?;
    apply(&demo, "reconcile").await?;
    set(&mut administrator, "192.168.98.0/24").await?;
    for _ in 0..600 {
        if address(&mut administrator).await?.1 == "192.168.99.0/24" {
            listed(&demo, 0).await?;
            let events = demo.rest.get("/api/v1/routers/r1/events").await?;
            let codes: Vec<&Value> = events.as_array().into_iter().flatten().map(|event| &event["code"]).collect();
            assert!(codes.contains(&&json!("drift_found")) && codes.contains(&&json!("drift_gone")), "{codes:?}");
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    anyhow::bail!("it was not put back")
}
