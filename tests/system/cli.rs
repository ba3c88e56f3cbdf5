//! The command line against a running controller.

use crate::demo;
use anyhow::Context as _;
use serde_json::Value;
use std::process::{Command, Output};
use support::{
    clock,
    demo::{Demo, program},
    outside,
};

pub(crate) async fn bulkhead(demo: &Demo, words: &[&str]) -> anyhow::Result<Output> {
    let mut command = Command::new(program("bulkhead")?);
    command.args(words).env("BULKHEAD_URL", &demo.ready.url).env("BULKHEAD_TOKEN", &demo.ready.token);
    outside::output(&mut command).await
}

fn printed(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

#[tokio::test]
async fn a_vif_is_made_and_removed_from_the_command_line() -> anyhow::Result<()> {
    let demo = demo().await?;
    let before = demo.control().export().await?;

    let planned = bulkhead(&demo, &["vif", "create", "r1", "tor", "--egress", "wg-vpn", "--plan", "--json"]).await?;
    assert_eq!(printed(&planned)["state"], "previewing", "{planned:?}");
    assert_eq!(demo.control().export().await?, before, "a plan writes nothing");

    let made = bulkhead(&demo, &["vif", "create", "r1", "tor", "--egress", "wg-vpn", "--json"]).await?;
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    assert_eq!(printed(&made)["outcome"], "confirmed", "{made:?}");
    let listed = bulkhead(&demo, &["vif", "list", "r1", "--json"]).await?;
    assert_eq!(printed(&listed)[0]["name"], "tor", "{listed:?}");

    let altered = bulkhead(&demo, &["vif", "update", "r1", "tor", "--resolver", "10.64.0.1", "--json"]).await?;
    assert_eq!(printed(&altered)["outcome"], "confirmed", "{altered:?}");
    let shown = bulkhead(&demo, &["vif", "show", "r1", "tor"]).await?;
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(text.contains("10.64.0.1") && text.contains("mode block"), "{text}");

    let again = bulkhead(&demo, &["vif", "update", "r1", "tor", "--port", "tcp/8443:443@LAN", "--json"]).await?;
    let altered = printed(&again)["id"].as_str().map(str::to_owned).context("no id")?;
    let with_both = demo.control().export().await?;
    let removed = bulkhead(&demo, &["vif", "remove", "r1", "tor", "--json"]).await?;
    assert_eq!(removed.status.code(), Some(0), "{removed:?}");
    assert_eq!(demo.control().export().await?, before);

    // By new changes, as where others have built on them: what was removed is made again, then what was altered is as it was.
    let gone = printed(&removed)["id"].as_str().map(str::to_owned).context("no id")?;
    for (id, ports) in [(gone, 1), (altered, 0)] {
        let back = demo.rest.call("POST", &format!("/api/v1/change-sets/{id}/revert"), None, &[]).await?;
        let made = back.body["id"].as_str().map(str::to_owned).with_context(|| back.body.to_string())?;
        clock::wait("its preview", clock::SOON, || async {
            let found = demo.rest.get(&format!("/api/v1/change-sets/{made}")).await?;
            Ok((found["state"] == "previewing").then_some(()))
        })
        .await?;
        let kept = bulkhead(&demo, &["change", "confirm", &made, "--json"]).await?;
        assert_eq!(printed(&kept)["outcome"], "confirmed", "{kept:?}");
        let shown = bulkhead(&demo, &["vif", "show", "r1", "tor", "--json"]).await?;
        assert_eq!(printed(&shown)["ports"].as_array().map(Vec::len), Some(ports), "{shown:?}");
        assert_eq!(demo.control().export().await? == with_both, ports == 1, "as before its removal");
    }
    let removed = bulkhead(&demo, &["vif", "remove", "r1", "tor"]).await?;
    assert_eq!(removed.status.code(), Some(0), "{removed:?}");
    assert_eq!(demo.control().export().await?, before);
    Ok(())
}

#[tokio::test]
async fn the_exit_status_says_how_it_went_and_the_words_what_to_do() -> anyhow::Result<()> {
    let demo = demo().await?;
    for (words, status, said) in [
        (&["vif", "create", "r1", "tor", "--egress", "no-such-interface"][..], 1, "no-such-interface"),
        (&["vif", "create", "r1", "UPPER", "--egress", "wg-vpn"][..], 1, "a-z"),
        (&["vif", "remove", "r1", "no-such-vif"][..], 1, "vif list r1"),
        (&["vif", "list", "no-such-router"][..], 1, "no-such-router"),
        (&["vif", "create", "r1"][..], 2, "--egress"),
        (&["vif", "update", "r1", "tor"][..], 2, "--egress"),
        (&["vif", "update", "r1", "no-such-vif", "--no-ports"][..], 1, "vif list r1"),
        (&["vif", "engage", "r1", "no-such-vif"][..], 1, "vif list r1"),
        (&["vif", "traffic", "r1", "no-such-vif"][..], 1, "vif list r1"),
        (&["vif", "create", "r1", "x", "--egress", "wg-vpn", "--port", "tcp/0@LAN"][..], 2, "1 to 65535"),
        (&["vif", "create", "r1", "x", "--egress", "wg-vpn", "--resolver", "224.0.0.1"][..], 1, "resolver"),
        (&["vif", "create", "r1", "x", "--egress", "wg-vpn", "--kill-switch", "off"][..], 1, "BULKHEAD_STEP_UP"),
        (&["token", "add", "x", "--scope", "kill_switch_off"][..], 1, "BULKHEAD_STEP_UP"),
        (&["router", "list", "--url", "http://127.0.0.1:1"][..], 1, "127.0.0.1:1"),
        (&["router", "list", "--token", "wrong"][..], 1, "token"),
    ] {
        let output = bulkhead(&demo, words).await?;
        let words_said = [output.stdout.clone(), output.stderr.clone()].concat();
        let text = String::from_utf8_lossy(&words_said).into_owned();
        assert_eq!(output.status.code(), Some(status), "{words:?}: {text}");
        assert!(text.contains(said), "{words:?} says nothing of `{said}`: {text}");
        assert!(!text.contains("\u{1b}["), "{words:?}: colours, and this is no terminal: {text:?}");
    }
    Ok(())
}
