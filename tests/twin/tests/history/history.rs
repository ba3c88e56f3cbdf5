//! `/system/history`, `/undo` and `/redo`. Source: manual, "Configuration Management", with the rows that it shows.

use bulkhead_twin::Twin;

use crate::{
    client::{Client, property},
    twin,
};

const FILTER: &str = "/ip/firewall/filter";

/// The values of a property of each row.
fn column(twin: &Twin, menu: &str, name: &str) -> Vec<String> {
    let value = |row: Vec<(String, String)>| row.into_iter().find(|(key, _)| key == name).map(|(_, value)| value);
    twin.rows(menu).into_iter().map(|row| value(row).unwrap_or_default()).collect()
}

fn undo(twin: &Twin) {
    twin.run("", "undo", &[]).unwrap();
}

fn redo(twin: &Twin) {
    twin.run("", "redo", &[]).unwrap();
}

/// Everything that a print shows of the filter, without counters.
fn rules(twin: &Twin) -> Vec<Vec<(String, String)>> {
    let mut rows = twin.rows(FILTER);
    for row in &mut rows {
        row.retain(|(name, _)| name != "bytes" && name != "packets");
    }
    rows
}

/// The manual's own example: `filter rule added` by `admin`, policy `write`, `undo=/ip firewall filter remove *4`; the
/// row goes with the undo and comes back with the redo. Below it stands the empty action `---`.
#[tokio::test]
async fn an_added_rule_is_an_action_that_can_be_undone_and_redone() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    let before = rules(&twin);
    let id = client.add(&["/ip/firewall/filter/add", "=chain=forward", "=action=drop"]).await;
    let history = client.ask(&["/system/history/print"]).await;
    for (name, value) in [("by", "admin"), ("policy", "write"), ("undoable", "true"), ("redoable", "false")] {
        assert_eq!(property(&history[0], name).as_deref(), Some(value), "{}", history[0]);
    }
    for text in [
        "=action=filter rule added",
        "=redo=/ip firewall filter add chain=forward action=drop",
        &format!("=undo=/ip firewall filter remove {id}"),
    ] {
        assert!(history[0].contains(text), "{text}: {}", history[0]);
    }
    assert_eq!(property(&history[1], "action").as_deref(), Some("---"));
    let after = rules(&twin);
    assert_eq!(client.ask(&["/undo"]).await, ["!done"]);
    assert_eq!(rules(&twin), before);
    assert_eq!(column(&twin, "/system/history", "redoable"), ["true", "false"]);
    assert_eq!(client.ask(&["/redo"]).await, ["!done"]);
    assert_eq!(rules(&twin), after);
}

#[tokio::test]
async fn where_there_is_nothing_to_undo_or_redo_both_refuse() {
    let twin = twin("7.24").await;
    assert_eq!(twin.run("", "undo", &[]).unwrap_err().to_string(), "failure: nothing to undo");
    assert_eq!(twin.run("", "redo", &[]).unwrap_err().to_string(), "failure: nothing to redo");
    assert_eq!(column(&twin, "/system/history", "action"), ["---"]);
}

/// "You can undo or redo any action": a removed row of an ordered menu comes back in its place, a moved one goes back.
#[tokio::test]
async fn places_come_back_with_their_rows() {
    let twin = twin("7.24").await;
    let ids = column(&twin, FILTER, ".id");
    let fixed: Vec<&str> = ids[2..5].iter().map(String::as_str).collect();
    let before = rules(&twin);
    twin.run(FILTER, "remove", &[("numbers", &fixed.join(","))]).unwrap();
    let removed = rules(&twin);
    undo(&twin);
    assert_eq!(rules(&twin), before);
    redo(&twin);
    assert_eq!(rules(&twin), removed);
    undo(&twin);
    let order = [fixed[2], fixed[0]].join(",");
    twin.run(FILTER, "move", &[("numbers", &order), ("destination", &ids[8])]).unwrap();
    let moved = rules(&twin);
    assert_ne!(moved, before);
    undo(&twin);
    assert_eq!(rules(&twin), before);
    redo(&twin);
    assert_eq!(rules(&twin), moved);
}

#[tokio::test]
async fn what_referred_to_a_removed_interface_refers_to_it_again() {
    let twin = twin("7.24").await;
    twin.run("/interface/bridge", "add", &[("name", "b1")]).unwrap();
    twin.run("/ip/address", "add", &[("address", "10.9.0.1/24"), ("interface", "b1")]).unwrap();
    twin.run("/interface/list/member", "add", &[("list", "LAN"), ("interface", "b1")]).unwrap();
    let before = twin.export();
    twin.run("/interface/bridge", "remove", &[("numbers", "b1")]).unwrap();
    assert_ne!(twin.export(), before);
    undo(&twin);
    assert_eq!(twin.export(), before);
    let invalid = twin.rows("/ip/address").iter().flatten().any(|field| *field == ("invalid".into(), "true".into()));
    assert!(!invalid, "its address is on an interface again");
    twin.run("/interface/bridge", "set", &[("numbers", "b1"), ("name", "b2")]).unwrap();
    undo(&twin);
    assert_eq!(twin.export(), before);
}

#[tokio::test]
async fn undos_go_back_in_order_whoever_did_it_and_a_new_action_ends_the_redos() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    let first = twin.export();
    twin.run("/interface/list", "add", &[("name", "one")]).unwrap();
    client.ask(&["/system/identity/set", "=name=two"]).await;
    client.ask(&["/interface/list/set", "=numbers=one", "=comment=x"]).await;
    assert_eq!(column(&twin, "/system/history", "by"), ["admin", "admin", "*sys", ""]);
    for _ in 0..3 {
        undo(&twin);
    }
    assert_eq!(twin.export(), first);
    redo(&twin);
    twin.run("/interface/list", "add", &[("name", "other")]).unwrap();
    assert!(twin.run("", "redo", &[]).is_err());
    assert_eq!(column(&twin, "/system/history", "redoable"), ["false", "false", "false"]);
}

/// A script's commands are actions of its owner, as any command is (manual: "any command executed").
#[tokio::test]
async fn what_a_script_does_is_history_too() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    let script = "=script=/interface/list/add name=a; /interface/list/add name=b";
    client.ask(&["/execute", script, "=as-string="]).await;
    assert_eq!(column(&twin, "/system/history", "action"), ["list b added", "list a added", "---"]);
    assert_eq!(column(&twin, "/system/history", "by"), ["admin", "admin", ""]);
}

/// Guesses: what lives in memory alone is no action, nor is a command that changes nothing or is refused.
#[tokio::test]
async fn what_is_not_configuration_is_no_action() {
    let twin = twin("7.24").await;
    let entry = [("list", "open"), ("address", "10.0.0.1"), ("timeout", "30s")];
    let id = twin.run("/ip/firewall/address-list", "add", &entry).unwrap().unwrap();
    twin.run("/ip/firewall/address-list", "set", &[("numbers", &id), ("timeout", "1m")]).unwrap();
    twin.run("/file", "add", &[("name", "x.txt"), ("contents", "y")]).unwrap();
    twin.run("/interface/list", "add", &[("name", "LAN")]).unwrap_err();
    twin.run("/interface/list", "set", &[("numbers", "LAN"), ("name", "LAN")]).unwrap();
    assert_eq!(column(&twin, "/system/history", "action"), ["---"]);
}

/// "Currently history keeps up to 100 most recent actions" (manual, "Console").
#[tokio::test]
async fn the_last_hundred_actions_are_kept() {
    let twin = twin("7.24").await;
    for number in 0..103 {
        twin.run("/interface/list", "add", &[("name", &format!("l{number}"))]).unwrap();
    }
    let actions = column(&twin, "/system/history", "action");
    assert_eq!(actions.len(), 101, "a hundred, and the empty one");
    assert_eq!((actions[0].as_str(), actions[99].as_str()), ("list l102 added", "list l3 added"));
    for _ in 0..100 {
        undo(&twin);
    }
    assert!(twin.run("", "undo", &[]).is_err());
}

#[tokio::test]
async fn an_undone_removal_of_a_secret_shows_none_in_the_history() {
    let twin = twin("7.24").await;
    twin.run(
        "/interface/wireguard",
        "add",
        &[("name", "wg9"), ("private-key", "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0MDE=")],
    )
    .unwrap();
    twin.run("/interface/wireguard", "remove", &[("numbers", "wg9")]).unwrap();
    let texts = format!("{:?}", twin.rows("/system/history"));
    assert!(texts.contains("wg9") && !texts.contains("c2VjcmV0"), "{texts}");
    undo(&twin);
    assert!(format!("{:?}", twin.rows("/interface/wireguard")).contains("c2VjcmV0"));
}
