//! What is asked for as JSON says it, and the items that it comes to.

use super::*;

fn asked(text: &str) -> Vec<AskedItem> {
    serde_json::from_str(text).expect("items")
}

#[test]
fn an_item_becomes_a_row_with_its_mark_its_values_and_its_place() {
    let items = items(
        &asked(
            r#"[{"id": "ssh", "resource": "/ip/firewall/filter", "operation": "create", "position": {"after": {"comment": "x"}},
            "attributes": {"chain": "input", "dst-port": 22, "log": true, "src-address": null, "comment": "no ssh"}}]"#,
        ),
        "house",
    )
    .expect("items");
    let Resource::Row(row) = &items[0].resource else { panic!("no row") };
    assert_eq!(row.key, [("comment".to_owned(), "bulkhead:row/house/ssh".to_owned())]);
    let pairs: Vec<String> = row.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(pairs, ["chain=input", "comment=bulkhead:row/house/ssh no ssh", "dst-port=22", "log=yes"]);
    assert_eq!(row.unset, ["src-address"]);
    assert_eq!(row.position, Some(Position::After(vec![("comment".to_owned(), "x".to_owned())])));
}

#[test]
fn what_does_not_fit_is_named_by_its_field() {
    for (text, field) in [
        ("[]", "items"),
        (r#"[{"id": "a b", "resource": "/x", "operation": "create"}]"#, "items[0].id"),
        (r#"[{"id": "a", "resource": "x", "operation": "create"}]"#, "items[0].resource"),
        (r#"[{"id": "a", "resource": "/x", "operation": "make"}]"#, "items[0].operation"),
        (r#"[{"id": "a", "resource": "/x", "operation": "create", "key": {"name": "x"}}]"#, "items[0].key"),
        (r#"[{"id": "a", "resource": "/x", "operation": "update", "position": "top"}]"#, "items[0].position"),
        (r#"[{"id": "a", "resource": "/x", "operation": "update", "drift": "ignore"}]"#, "items[0].drift"),
        (r#"[{"id": "a", "resource": "/x", "operation": "update", "attributes": {"n": []}}]"#, "items[0].attributes.n"),
        (
            r#"[{"id": "a", "resource": "/x", "operation": "update", "attributes": {"password": "(hidden)"}}]"#,
            "items[0].attributes.password",
        ),
        (
            r#"[{"id": "a", "resource": "/x", "operation": "delete"}, {"id": "a", "resource": "/x", "operation": "delete"}]"#,
            "items[1].id",
        ),
    ] {
        assert_eq!(items(&asked(text), "t").expect_err("a misfit").field, field, "{text}");
    }
}

#[test]
fn what_is_done_about_drift_is_the_items_word_then_the_change_sets_then_a_report() {
    let policy = |item: &str, set: Option<&str>| {
        let text = format!(r#"[{{"id": "a", "resource": "/x", "operation": "create"{item}}}]"#);
        let items = items(&with_drift(asked(&text), set.map(str::to_owned).as_ref()), "t").expect("items");
        let Resource::Row(row) = &items[0].resource else { panic!("no row") };
        row.drift
    };
    assert_eq!(policy("", None), Policy::Report);
    assert_eq!(policy("", Some("reconcile")), Policy::Reconcile);
    assert_eq!(policy(r#", "drift": "report""#, Some("reconcile")), Policy::Report);
    assert_eq!(policy(r#", "drift": "reconcile""#, None), Policy::Reconcile);
}

#[test]
fn what_no_order_could_carry_is_refused_before_it_is_kept() {
    let item = |id: usize| {
        let value = json!({"id": format!("i{id}"), "resource": "/x", "operation": "create", "attributes": {"a": "x".repeat(1_000)}});
        serde_json::from_value::<AskedItem>(value).expect("an item")
    };
    let many: Vec<AskedItem> = (0..200).map(item).collect();
    assert!(items(&many[..150], "t").is_ok());
    assert_eq!(items(&many, "t").expect_err("a misfit").field, "items");
}

#[test]
fn an_owner_is_a_word_whatever_the_name() {
    for (name, expected) in [("Home network.toml", "home-network-toml"), ("größe", "gr-e"), ("", "unnamed")] {
        assert_eq!(owner(name), expected);
    }
}

#[test]
fn a_secret_that_was_left_as_it_is_shown_stays_and_any_other_is_refused() {
    let known = r#"[{"id": "wg", "resource": "/interface/wireguard", "operation": "create",
        "attributes": {"name": "wg1", "private-key": "k"}}]"#;
    let shown = known.replace("\"k\"", "\"(hidden)\"");
    let stored = items(&asked(known), "house").expect("items");
    let edited = with_secrets(asked(&shown), &stored);
    assert_eq!(edited, asked(known));
    for foreign in [shown.replace("\"wg\"", "\"other\""), shown.replace("/interface/wireguard", "/ppp/secret")] {
        let refused = items(&with_secrets(asked(&foreign), &stored), "house").expect_err("no secret is known");
        assert_eq!(refused.field, "items[0].attributes.private-key");
    }
}
