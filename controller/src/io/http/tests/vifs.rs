//! VIFs by REST and by forms, and the password that a kill switch wants before it is switched off.

use super::*;
use crate::{
    controller::tests::agent::state_with_vif,
    io::store::{StoreError, change_sets, routers},
};
use serde_json::{Value as Json, json};
use shared::{
    ids::{ChangeSetId, RouterId},
    vif::KillSwitchMode,
};

const VIFS: &str = "/api/v1/routers/attic/vifs";
const TOR: &str = "/api/v1/routers/attic/vifs/tor-1";
const OFF: &str = r#"{"kill_switch": {"mode": "off"}}"#;
const NEW_OFF: &str = r#"{"name": "new", "egress": {"interface": "wg-vpn"}, "kill_switch": {"mode": "off"}}"#;

/// A router with one VIF, as its agent told before it went away.
async fn with_vif() -> House {
    let house = House::lived_in().await;
    let made = house.program("POST", "/api/v1/routers", r#"{"name": "Attic", "id": "attic"}"#).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    keep(&house, KillSwitchMode::Block).await;
    house
}

async fn keep(house: &House, mode: KillSwitchMode) {
    let mut state = state_with_vif("tor-1");
    state.vifs[0].spec.kill_switch = mode;
    let router = RouterId::new("attic").unwrap();
    let kept: Result<(), StoreError> =
        house.controller.store().call(move |tx| routers::set_state(tx, &router, &state)).await;
    kept.unwrap();
}

/// A change set that waits for its turn can be called off and nothing else.
async fn its_turn_is_over(house: &House, address: &str) {
    let id = ChangeSetId::new(address.rsplit('/').next().unwrap()).unwrap();
    let put: Result<(), StoreError> = house
        .controller
        .store()
        .call(move |tx| {
            let mut found = change_sets::one(tx, &id)?.ok_or(StoreError::Gone)?;
            found.queued = false;
            change_sets::put(tx, &found)
        })
        .await;
    put.unwrap();
}

/// The program asks, with a password or without.
async fn ask(house: &House, method: &str, path: &str, body: &str, password: &str) -> Answer {
    let mut request = house.by_program(method, path);
    if !password.is_empty() {
        request = request.header("x-step-up", password);
    }
    house.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn change_of(house: &House, answer: &Answer) -> Json {
    let id = answer.json()["change_set"].as_str().expect("a change set").to_owned();
    house.program("GET", &format!("/api/v1/change-sets/{id}"), "").await.json()
}

#[tokio::test]
async fn a_vif_says_all_that_its_agent_tells() {
    let house = with_vif().await;
    let vif = house.program("GET", TOR, "").await.json();
    for (place, value) in [
        ("/kill_switch/mode", json!("block")),
        ("/kill_switch/fallback", Json::Null),
        ("/kill_switch/held", json!(false)),
        ("/kill_switch/reaction_ms", Json::Null),
        ("/gateway/lost", json!(0)),
        ("/gateway/latency_ms", Json::Null),
        ("/traffic/rx_errors", json!(0)),
        ("/isolation/tripped", Json::Null),
        ("/isolation/findings", json!([])),
        ("/resolver", Json::Null),
        ("/ports", json!([])),
    ] {
        assert_eq!(vif.pointer(place), Some(&value), "{place}");
    }
}

#[tokio::test]
async fn a_vif_is_altered_by_a_change_set_that_names_what_stays() {
    let house = with_vif().await;
    let body = r#"{"resolver": "10.64.0.1", "ports": [{"protocol": "tcp", "port": 1, "to_port": 2, "from": "LAN"}]}"#;
    let made = house.program("PATCH", &format!("{TOR}?plan=true"), body).await;
    assert_eq!(made.status, StatusCode::ACCEPTED, "{}", made.text);
    let change = change_of(&house, &made).await;
    let item = &change["items"][0];
    assert_eq!((&item["operation"], &item["key"]), (&json!("update"), &json!("tor-1")));
    assert_eq!(item["attributes"]["egress"], json!({"interface": "wg-vpn"}));
    assert_eq!(item["attributes"]["resolver"], "10.64.0.1");
    assert_eq!(change["step_up_events"], json!([]));
}

#[tokio::test]
async fn what_does_not_fit_is_said_at_its_field_and_makes_no_change_set() {
    let house = with_vif().await;
    for (method, path, body, status, what) in [
        (
            "PATCH",
            TOR,
            r#"{"ports": [{"protocol": "tcp", "port": 70000, "to_port": 1, "from": "LAN"}]}"#,
            422,
            "ports[0].port",
        ),
        (
            "PATCH",
            TOR,
            r#"{"ports": [{"protocol": "icmp", "port": 1, "to_port": 1, "from": "LAN"}]}"#,
            422,
            "ports[0].protocol",
        ),
        ("PATCH", TOR, r#"{"resolver": "172.16.64.1"}"#, 422, "resolver"),
        ("PATCH", TOR, r#"{"kill_switch": {"mode": "fallback", "fallback": "tor-1"}}"#, 422, "kill_switch.fallback"),
        ("PATCH", TOR, r#"{"name": "other"}"#, 422, "name"),
        ("GET", "/api/v1/routers/attic/vifs/tor-1/traffic?range=2y", "", 422, "range"),
        ("GET", "/api/v1/routers/attic/vifs/tor-1/traffic?format=xml", "", 422, "format"),
        ("POST", "/api/v1/tokens", r#"{"name": "x", "scopes": ["everything"]}"#, 422, "scopes"),
    ] {
        let answer = house.program(method, path, body).await;
        assert_eq!((answer.status.as_u16(), answer.json()["field"].as_str()), (status, Some(what)), "{path} {body}");
    }
    assert_eq!(house.program("GET", "/api/v1/routers/attic/change-sets", "").await.text, "[]");
}

#[tokio::test]
async fn an_agent_that_is_silent_is_said_and_a_vif_that_is_gone_too() {
    let house = with_vif().await;
    for (method, what) in [("POST", "engage"), ("POST", "release"), ("POST", "verify"), ("GET", "traffic")] {
        let silent = house.program(method, &format!("{TOR}/{what}"), "").await;
        assert_eq!((silent.status.as_u16(), silent.code().as_str()), (504, "no_answer"), "{what}");
        let gone = house.program(method, &format!("{VIFS}/none-1/{what}"), "").await;
        assert_eq!((gone.status.as_u16(), gone.code().as_str()), (404, "unknown_vif"), "{what}");
    }
}

#[tokio::test]
async fn without_a_password_no_kill_switch_is_switched_off() {
    let house = with_vif().await;
    for (method, path, body) in [("POST", VIFS, NEW_OFF), ("PATCH", TOR, OFF)] {
        for query in ["", "?plan=true"] {
            let path = format!("{path}{query}");
            let refused = ask(&house, method, &path, body, "").await;
            assert_eq!(
                (refused.status.as_u16(), refused.code().as_str()),
                (403, "step_up_required"),
                "{method} {path}"
            );
            let wrong = ask(&house, method, &path, body, "battery staple").await;
            assert_eq!((wrong.status.as_u16(), wrong.code().as_str()), (403, "step_up_required"), "{method} {path}");
            assert!(!wrong.text.contains("battery"));
            let right = ask(&house, method, &path, body, PASSWORD).await;
            assert_eq!(right.status, StatusCode::ACCEPTED, "{}", right.text);
            let change = change_of(&house, &right).await;
            assert_eq!(change["items"][0]["attributes"]["kill_switch"]["mode"], "off");
        }
    }
    // One that has none stays so by whoever proves it, whatever else is altered.
    keep(&house, KillSwitchMode::Off).await;
    assert_eq!(ask(&house, "PATCH", TOR, r#"{"ports": []}"#, "").await.code(), "step_up_required");
    let on = ask(&house, "PATCH", TOR, r#"{"kill_switch": {"mode": "block"}}"#, "").await;
    assert_eq!(on.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_change_set_is_no_way_around_the_password() {
    let house = with_vif().await;
    let made = ask(&house, "PATCH", &format!("{TOR}?plan=true"), OFF, PASSWORD).await;
    let change = change_of(&house, &made).await;
    let path = format!("/api/v1/change-sets/{}", change["id"].as_str().unwrap());
    // The agent is away: it ends invalid, and may be validated again.
    for (event, body) in [("validate", ""), ("validate", r#"{"force": ["lockout"]}"#), ("confirm", ""), ("retry", "")] {
        let refused = ask(&house, "POST", &format!("{path}/{event}"), body, "").await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (403, "step_up_required"), "{event}");
    }
    let cancelled = ask(&house, "POST", &format!("{path}/cancel"), "", "").await;
    assert_eq!(cancelled.status, StatusCode::OK, "calling it off needs no password: {}", cancelled.text);
    let row = r#"{"name": "x", "items": [{"id": "a", "resource": "vif", "operation": "update", "attributes": {}}]}"#;
    let rows = house.program("POST", "/api/v1/routers/attic/change-sets", row).await;
    assert_eq!(rows.json()["field"], "items[0].resource", "a VIF is no row: {}", rows.text);
}

#[tokio::test]
async fn wrong_passwords_are_slowed_down_as_at_the_sign_in() {
    let house = with_vif().await;
    for _ in 0..5 {
        assert_eq!(ask(&house, "PATCH", TOR, OFF, "wrong-wrong").await.code(), "step_up_required");
    }
    let slowed = ask(&house, "PATCH", TOR, OFF, PASSWORD).await;
    assert_eq!((slowed.status.as_u16(), slowed.header("retry-after")), (429, "1"));
    assert_eq!(house.program("GET", "/api/v1/routers/attic/change-sets", "").await.text, "[]");
}

#[tokio::test]
async fn a_token_may_do_without_only_where_it_was_made_for_it() {
    let mut house = with_vif().await;
    let wanted = r#"{"name": "night shift", "scopes": ["kill_switch_off"]}"#;
    assert_eq!(ask(&house, "POST", "/api/v1/tokens", wanted, "").await.code(), "step_up_required");
    let made = ask(&house, "POST", "/api/v1/tokens", wanted, PASSWORD).await;
    assert_eq!((made.status, &made.json()["scopes"]), (StatusCode::CREATED, &json!(["kill_switch_off"])));
    house.token = made.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(ask(&house, "PATCH", TOR, OFF, "").await.status, StatusCode::ACCEPTED);
    let heir = ask(&house, "POST", "/api/v1/tokens", r#"{"name": "heir", "scopes": ["kill_switch_off"]}"#, "").await;
    assert_eq!(heir.status, StatusCode::CREATED, "who has it may pass it on");
    let listed = house.program("GET", "/api/v1/tokens", "").await.json();
    let scopes =
        |name: &str| listed.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap()["scopes"].clone();
    assert_eq!((scopes("heir"), scopes("program")), (json!(["kill_switch_off"]), json!([])));
}

#[tokio::test]
async fn a_request_that_lacked_the_password_is_done_with_the_same_key() {
    let house = with_vif().await;
    let send = |password: &'static str| {
        let request = house.by_program("PATCH", TOR).header("idempotency-key", "k1");
        let request = if password.is_empty() { request } else { request.header("x-step-up", password) };
        house.send(request.body(Body::from(OFF)).unwrap())
    };
    assert_eq!(send("").await.code(), "step_up_required");
    let done = send(PASSWORD).await;
    assert_eq!(done.status, StatusCode::ACCEPTED, "{}", done.text);
    let again = send(PASSWORD).await;
    assert_eq!((again.header("idempotency-replayed"), &again.text), ("true", &done.text));
}

#[tokio::test]
async fn the_form_asks_for_the_password_where_it_is_needed_and_never_shows_it_again() {
    let house = with_vif().await;
    let edit = "/routers/attic/vifs/tor-1/edit";
    let page = house.visit(edit).await;
    assert!(page.text.contains("Edit tor") && page.text.contains("value=\"block\" checked"), "{}", page.text);
    let form = "egress=wg-vpn&kill_switch=off&ports=tcp%2F8443%3A443%40LAN&do=preview";
    let refused = house.submit(edit, form).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.text.contains("id=\"step_up-wrong\"") && refused.text.contains("value=\"off\" checked"));
    assert!(refused.text.contains("tcp/8443:443@LAN"), "what was typed stays");
    let wrong = house.submit(edit, &format!("{form}&step_up=battery+staple")).await;
    assert!(wrong.text.contains("This is not the password.") && !wrong.text.contains("battery"), "{}", wrong.text);
    let right = house.submit(edit, &format!("{form}&step_up=correct+horse")).await;
    assert_eq!(right.status, StatusCode::SEE_OTHER, "{}", right.text);
    let change = right.header("location").to_owned();
    its_turn_is_over(&house, &change).await;
    let page = house.visit(&change).await;
    assert!(page.text.contains("leaves a VIF without a kill switch"), "{}", page.text);
    let refused = house.submit(&change, "event=validate").await;
    assert!(refused.status == StatusCode::FORBIDDEN && refused.text.contains("id=\"step_up-wrong\""));
    // What needs none is not refused for what a browser filled in by itself.
    let on = house.submit(edit, "egress=wg-vpn&kill_switch=block&step_up=nonsense").await;
    assert_eq!(on.status, StatusCode::SEE_OTHER, "{}", on.text);
}

#[tokio::test]
async fn what_is_wrong_with_the_form_of_a_vif_stands_at_its_field() {
    let house = with_vif().await;
    for (form, field) in [
        ("egress=wg-vpn&ports=8443", "ports"),
        ("egress=wg-vpn&ports=tcp%2F1%40LAN%0Atcp%2F1%40LAN", "ports"),
        ("egress=wg-vpn&resolver=nowhere", "resolver"),
        ("egress=wg-vpn&kill_switch=fallback", "kill_switch"),
        ("egress=wg-vpn&kill_switch=fallback&fallback=none-1", "kill_switch"),
        ("egress=", "egress"),
    ] {
        let page = house.submit("/routers/attic/vifs/tor-1/edit", form).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        assert!(page.text.contains(&format!("id=\"{field}-wrong\"")), "{form}: {}", page.text);
    }
}

#[tokio::test]
async fn the_page_of_a_vif_says_what_its_agent_did_not_answer() {
    let house = with_vif().await;
    let page = house.visit("/routers/attic/vifs/tor-1").await;
    assert_eq!((page.status, page.text.matches("<h1").count()), (StatusCode::OK, 1));
    assert!(page.text.contains("Waiting for the agent") || page.text.contains("has not signed in"), "{}", page.text);
    let silent = house.submit("/routers/attic/vifs/tor-1/do", "do=engage").await;
    assert_eq!(silent.status, StatusCode::GATEWAY_TIMEOUT);
    assert!(silent.text.contains("could not be engaged"), "{}", silent.text);
    let history = house.visit("/routers/attic/vifs/tor-1/history?range=7d").await;
    assert_eq!(history.status, StatusCode::GATEWAY_TIMEOUT);
    assert!(
        history.text.contains("The history cannot be told.") && history.text.contains("aria-current=\"true\">7 days")
    );
    let gone = house.visit("/routers/attic/vifs/none-1").await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    let part = house.by_browser("GET", "/routers/attic/vifs/none-1").header("hx-request", "true");
    let part = house.send(part.body(Body::empty()).unwrap()).await;
    assert!(part.status == StatusCode::OK && part.text.contains("This VIF is gone"), "an open page says so");
}
