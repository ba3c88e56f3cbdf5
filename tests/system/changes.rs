//! Rows of a router by a file, from the command line to the router and back.

use crate::{cli::bulkhead, demo};
use std::process::Output;
use support::api::Administrator;

const HOME: &str = r#"
router = "r1"
name = "house"

[[items]]
id = "guests"
resource = "/ip/firewall/address-list"
operation = "create"
attributes = { list = "guests", address = "192.168.99.0/24" }

[[items]]
id = "no-guests"
resource = "/ip/firewall/filter"
operation = "create"
attributes = { chain = "forward", src-address-list = "guests", action = "drop", comment = "guests stay out" }
position = "first"
depends_on = ["guests"]

[[items]]
id = "dns"
resource = "/ip/dns"
operation = "update"
attributes = { servers = "9.9.9.9,149.112.112.112" }
"#;

const CUT_OFF: &str = r#"
router = "r1"
name = "oops"

[[items]]
id = "oops"
resource = "/ip/firewall/raw"
operation = "create"
attributes = { chain = "prerouting", src-address = "172.16.63.2", action = "drop" }
"#;

pub(crate) fn said(output: &Output) -> (i32, String) {
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap_or(-1), text)
}

#[tokio::test]
async fn a_file_is_planned_applied_found_done_and_undone() -> anyhow::Result<()> {
    let demo = demo().await?;
    let mut administrator = Administrator::of(demo.router()).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("house.toml");
    std::fs::write(&file, HOME)?;
    let file = file.to_str().expect("a path");
    let before = demo.control().export().await?;

    let (code, text) = said(&bulkhead(&demo, &["change", "plan", file, "--detailed-exitcode"]).await?);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("Plan: 2 to add, 1 to change, 0 to remove, 0 to move."), "{text}");
    assert_eq!(demo.control().export().await?, before, "a plan writes nothing");

    let (code, text) = said(&bulkhead(&demo, &["change", "apply", file, "--yes"]).await?);
    assert_eq!(code, 0, "{text}");
    let rules = administrator.ask(&["/ip/firewall/filter/print", "?dynamic=false", "=.proplist=comment"]).await?;
    let place = rules.iter().position(|row| row.iter().any(|word| word.ends_with("no-guests guests stay out")));
    let installer = rules.iter().rposition(|row| row.iter().any(|word| word.contains("bulkhead:installer")));
    assert_eq!(place, installer.map(|at| at + 1), "first of all but what isolates: {rules:?}");

    let (code, text) = said(&bulkhead(&demo, &["change", "plan", file, "--detailed-exitcode"]).await?);
    assert_eq!((code, text.trim()), (0, "Nothing to do: the router is as the file says."));

    let changes = demo.rest.get("/api/v1/routers/r1/change-sets").await?;
    let kept = changes.as_array().into_iter().flatten().find(|change| change["state"] == "active").expect("a kept one");
    assert_eq!(kept["evidence"], serde_json::json!(["sign_in", "link", "controller"]));
    let id = kept["id"].as_str().expect("an id");
    let (code, text) = said(&bulkhead(&demo, &["change", "revert", id]).await?);
    assert_eq!(code, 0, "{text}");
    assert_eq!(demo.control().export().await?, before);
    Ok(())
}

#[tokio::test]
async fn what_others_have_built_on_is_taken_back_by_a_new_change_that_says_so() -> anyhow::Result<()> {
    let demo = demo().await?;
    let mut administrator = Administrator::of(demo.router()).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("house.toml");
    std::fs::write(&file, HOME)?;
    let before = demo.control().export().await?;
    let (code, text) = said(&bulkhead(&demo, &["change", "apply", file.to_str().expect("a path"), "--yes"]).await?);
    assert_eq!(code, 0, "{text}");
    administrator.ask(&["/ip/dns/set", "=servers=1.1.1.1"]).await?;

    let changes = demo.rest.get("/api/v1/routers/r1/change-sets").await?;
    let kept = changes.as_array().into_iter().flatten().find(|change| change["state"] == "active").expect("a kept one");
    let id = kept["id"].as_str().expect("an id");
    let (code, text) = said(&bulkhead(&demo, &["change", "revert", id, "--json"]).await?);
    assert_eq!(code, 0, "{text}");
    let back: serde_json::Value = serde_json::from_str(text.trim())?;
    assert_eq!((&back["state"], &back["reverts"]), (&"previewing".into(), &id.into()), "{back:#}");
    let moved_on: Vec<&serde_json::Value> = back["stages"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|stage| stage["findings"].as_array().into_iter().flatten())
        .filter(|finding| finding["code"] == "moved_on")
        .collect();
    assert_eq!(moved_on.len(), 1, "{back:#}");
    assert_eq!(moved_on[0]["field"], "servers");
    let first = demo.rest.get(&format!("/api/v1/change-sets/{id}")).await?;
    assert_eq!((&first["state"], &first["outcome"]), (&"active".into(), &"confirmed".into()), "it is still kept");

    let (code, text) = said(&bulkhead(&demo, &["change", "confirm", back["id"].as_str().expect("an id")]).await?);
    assert_eq!(code, 0, "{text}");
    assert_eq!(demo.control().export().await?, before);
    Ok(())
}

#[tokio::test]
async fn who_would_cut_the_agent_off_is_told_by_which_rule_before_anything_is_written() -> anyhow::Result<()> {
    let demo = demo().await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("oops.toml");
    std::fs::write(&file, CUT_OFF)?;
    let before = demo.control().export().await?;
    let (code, text) = said(&bulkhead(&demo, &["change", "apply", file.to_str().expect("a path"), "--yes"]).await?);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("lockout at oops.menu: "), "{text}");
    assert_eq!(demo.control().export().await?, before);

    // The packet that shows it gets through today, and would not after the change.
    let made = demo.rest.get("/api/v1/routers/r1/change-sets").await?[0].clone();
    let stages = made["stages"].as_array().cloned().unwrap_or_default();
    let findings = stages.iter().flat_map(|stage| stage["findings"].as_array().cloned().unwrap_or_default());
    let finding = findings.into_iter().find(|finding| finding["code"] == "lockout").expect("the finding");
    let mut question = finding["trace"].clone();
    let verdict = async |question: &serde_json::Value| {
        let answer = demo.rest.call("POST", "/api/v1/routers/r1/trace", Some(question), &[]).await?;
        anyhow::ensure!(answer.status == 200, "{question}: {}", answer.body);
        Ok(answer.body)
    };
    let now = verdict(&question).await?;
    assert_eq!(now["verdict"], "local", "{question}: {now:#}");
    question["change_set"] = made["id"].clone();
    let after = verdict(&question).await?;
    assert_eq!((&after["verdict"], after["says"].to_string().contains("oops")), (&"drop".into(), true), "{after:#}");

    let command = text.lines().find_map(|line| line.trim().strip_prefix("rule by rule: bulkhead ")).expect("a command");
    let (code, text) = said(&bulkhead(&demo, &command.split(' ').collect::<Vec<_>>()).await?);
    assert!(code == 3 && text.contains("bulkhead:row/oops/oops"), "{code} {text}");
    question["change_set"] = "c-nobody".into();
    let answer = demo.rest.call("POST", "/api/v1/routers/r1/trace", Some(&question), &[]).await?;
    assert_eq!((answer.status, &answer.body["field"]), (422, &"change_set".into()), "{}", answer.body);
    Ok(())
}

fn house(ensure: &str, rules: &[&str]) -> String {
    let rule = |name: &&str| {
        format!(
            "[[items]]\nid = \"{name}\"\nresource = \"/ip/firewall/filter\"\noperation = \"create\"\n\
             attributes = {{ chain = \"forward\", src-address = \"10.9.0.0/24\", comment = \"{name}\", action = \"drop\" }}\n"
        )
    };
    let items: String = rules.iter().map(rule).collect();
    format!("router = \"r1\"\nname = \"rules\"\nensure = \"{ensure}\"\n{items}")
}

/// The comments of our rules, in the router's order.
async fn ours(administrator: &mut Administrator) -> anyhow::Result<Vec<String>> {
    let rows = administrator.ask(&["/ip/firewall/filter/print", "=.proplist=comment"]).await?;
    let words = rows.iter().flatten();
    Ok(words
        .filter_map(|word| word.strip_prefix("=comment=bulkhead:row/rules/")?.split(' ').next().map(str::to_owned))
        .collect())
}

#[tokio::test]
async fn exactly_as_a_file_says_means_in_its_order_and_without_what_it_has_no_more() -> anyhow::Result<()> {
    let demo = demo().await?;
    let mut administrator = Administrator::of(demo.router()).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("rules.toml");
    let path = file.to_str().expect("a path").to_owned();
    let before = demo.control().export().await?;
    for (ensure, rules, summary, there) in [
        (
            "exactly",
            &["a", "b", "c", "d"][..],
            "Plan: 4 to add, 0 to change, 0 to remove, 0 to move.",
            &["a", "b", "c", "d"][..],
        ),
        // One goes, one comes between two, two change their places.
        (
            "exactly",
            &["a", "d", "x", "b"],
            "Plan: 1 to add, 0 to change, 1 to remove, 1 to move.",
            &["a", "d", "x", "b"],
        ),
        ("present", &["b"], "Nothing to do", &["a", "d", "x", "b"]),
        ("exactly", &["a", "d", "x", "b"], "Nothing to do", &["a", "d", "x", "b"]),
        ("exactly", &[], "Plan: 0 to add, 0 to change, 4 to remove, 0 to move.", &[]),
        ("exactly", &[], "Nothing to do", &[]),
    ] {
        let items = if rules.is_empty() { "items = []\n" } else { "" };
        std::fs::write(&file, house(ensure, rules) + items)?;
        let (code, text) = said(&bulkhead(&demo, &["change", "apply", &path, "--yes", "--accept-risk"]).await?);
        assert_eq!(code, 0, "{rules:?}: {text}");
        assert!(text.contains(summary), "{rules:?}: {text}");
        assert_eq!(ours(&mut administrator).await?, there, "{text}");
    }
    assert_eq!(demo.control().export().await?, before);
    Ok(())
}

#[tokio::test]
async fn no_secret_is_told_of_what_a_change_would_write() -> anyhow::Result<()> {
    let demo = demo().await?;
    let mut administrator = Administrator::of(demo.router()).await?;
    let mut keys = Vec::new();
    for name in ["wg-old", "wg-kept"] {
        administrator.ask(&["/interface/wireguard/add", &format!("=name={name}")]).await?;
        let rows = administrator.ask(&["/interface/wireguard/print", &format!("?name={name}")]).await?;
        let key = rows.iter().flatten().find_map(|word| word.strip_prefix("=private-key=").map(str::to_owned));
        keys.push(key.expect("a private key"));
    }
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("keys.toml");
    let path = file.to_str().expect("a path");
    let mut told = String::new();
    // Made with one key, to be altered to another, and to go: no plan shows either.
    let made = ["apply", "--yes"];
    for (verb, operation, key) in
        [(&made[..], "create", Some("ten")), (&["plan"], "create", Some("two")), (&["plan"], "delete", None)]
    {
        let secret = key.map(|word| format!("aGVsbG8gaGVsbG8gaGVsbG8gaGVsbG8gaGVsbG8g{word}="));
        let attributes = secret
            .as_ref()
            .map(|secret| format!("{{ name = \"wg-ours\", listen-port = \"51999\", private-key = \"{secret}\" }}"));
        let row = attributes.map_or_else(
            || "key = { name = \"wg-ours\" }".to_owned(),
            |attributes| format!("attributes = {attributes}"),
        );
        std::fs::write(
            &file,
            format!(
                "router = \"r1\"\nname = \"keys\"\n[[items]]\nid = \"wg\"\nresource = \"/interface/wireguard\"\n\
                 operation = \"{operation}\"\n{row}\n"
            ),
        )?;
        let (code, text) = said(&bulkhead(&demo, &[&["change"], verb, &[path]].concat()).await?);
        assert_eq!(code, 0, "{text}");
        assert_eq!(text.contains("private-key=(hidden)"), key.is_some(), "{text}");
        told += &text;
        keys.extend(secret);
    }
    for path in ["change-sets", "events", "drift", "export?menus=/interface/wireguard"] {
        told += &demo.rest.get(&format!("/api/v1/routers/r1/{path}")).await?.to_string();
    }
    for key in &keys {
        assert!(!told.contains(key), "{told}");
    }
    Ok(())
}
