//! Device-mode, packages and who is signed in. Sources: manual, "Device-mode" (modes, confirmation, the time it waits,
//! three attempts), with the bounds of `activation-timeout` as seen on 7.22.1; manual, "User" (`request-logout`).

use std::time::Duration;

use bulkhead_twin::{
    Twin,
    fault::{Fault, FaultKind},
};

use crate::{
    client::{Client, property},
    twin,
};

fn mode(twin: &Twin, name: &str) -> Option<String> {
    twin.rows("/system/device-mode")[0].iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
}

/// A session that has asked for an update and been told to wait.
async fn waiting(twin: &Twin, words: &[&str]) -> Client {
    let mut client = Client::admin(twin).await;
    let sentence: Vec<&str> = ["/system/device-mode/update"].iter().chain(words).copied().collect();
    client.send(&sentence).await;
    let told = client.next().await.unwrap();
    assert!(told.contains("please activate by turning power off or pressing reset or mode button in 5m"), "{told}");
    client
}

#[tokio::test]
async fn a_button_or_the_power_confirms_and_restarts() {
    for by_power in [false, true] {
        let twin = twin("7.24").await;
        let mut client = waiting(&twin, &["=container=no", "=email=yes"]).await;
        assert_eq!(mode(&twin, "container").as_deref(), Some("true"), "not yet");
        assert_eq!(mode(&twin, "attempt-count").as_deref(), Some("1"));
        if by_power {
            twin.fault(Fault::now(FaultKind::PowerCut));
        } else {
            assert!(twin.press());
        }
        assert_eq!(client.next().await, None, "the router restarts");
        for (name, value) in [("container", "false"), ("email", "true"), ("attempt-count", "0"), ("fetch", "true")] {
            assert_eq!(mode(&twin, name).as_deref(), Some(value), "{name}, by power: {by_power}");
        }
    }
}

#[tokio::test]
async fn a_restart_by_command_confirms_nothing() {
    let twin = twin("7.24").await;
    waiting(&twin, &["=container=no"]).await;
    twin.fault(Fault::now(FaultKind::Reboot));
    assert_eq!(mode(&twin, "container").as_deref(), Some("true"));
    assert!(!twin.press());
}

#[tokio::test]
async fn an_update_that_nobody_confirms_is_forgotten_and_three_are_enough() {
    let twin = twin("7.24").await;
    for _ in 0..3 {
        let mut client = waiting(&twin, &["=container=no"]).await;
        twin.advance(Duration::from_secs(301));
        while client.next().await.unwrap() != "!done" {}
        assert_eq!(mode(&twin, "container").as_deref(), Some("true"));
    }
    assert!(!twin.press() || mode(&twin, "container").as_deref() == Some("true"), "its time is over");
    let twin = three_attempts().await;
    let mut client = Client::admin(&twin).await;
    let answer = client.ask(&["/system/device-mode/update", "=container=no"]).await;
    assert!(answer[0].starts_with("!trap =message=failure: too many"), "{answer:?}");
    twin.press();
    waiting(&twin, &["=container=no"]).await;
}

async fn three_attempts() -> Twin {
    let twin = twin("7.24").await;
    for _ in 0..3 {
        let mut client = waiting(&twin, &["=container=no"]).await;
        twin.advance(Duration::from_secs(301));
        while client.next().await.unwrap() != "!done" {}
    }
    twin
}

/// `value of activation-timeout is out of range (00:00:10 .. 1d00:00:00)` was seen on 7.22.1.
#[tokio::test]
async fn the_time_to_wait_has_bounds() {
    let twin = twin("7.21.4").await;
    let mut client = Client::admin(&twin).await;
    for timeout in ["=activation-timeout=9s", "=activation-timeout=1d1s"] {
        let answer = client.ask(&["/system/device-mode/update", "=container=no", timeout]).await;
        assert!(
            answer[0].contains("value of activation-timeout is out of range (00:00:10 .. 1d00:00:00)"),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn the_modes_are_those_of_the_version_and_reset_single_features() {
    for (version, known, unknown) in [("7.16.2", "enterprise", "advanced"), ("7.24", "advanced", "enterprise")] {
        let twin = twin(version).await;
        let mut client = Client::admin(&twin).await;
        let answer = client.ask(&["/system/device-mode/update", &format!("=mode={unknown}")]).await;
        assert!(answer[0].contains("input does not match any value of mode"), "{answer:?}");
        waiting(&twin, &[&format!("=mode={known}")]).await;
        assert!(twin.press());
        assert_eq!(mode(&twin, "mode").as_deref(), Some(known));
        assert_eq!(mode(&twin, "container").as_deref(), Some("false"), "what was allowed by itself is taken back");
        assert_eq!(mode(&twin, "email").as_deref(), Some("true"));
    }
}

#[tokio::test]
async fn what_is_forbidden_says_so() {
    let twin = twin("7.24").await;
    twin.set_device_mode(&[("container", "no"), ("fetch", "no")]).unwrap();
    let mut client = Client::admin(&twin).await;
    for path in ["/container/start", "/tool/fetch"] {
        let answer = client.ask(&[path]).await;
        assert!(answer[0].contains("failure: not allowed by device-mode"), "{path}: {answer:?}");
    }
    twin.set_device_mode(&[("flagged", "yes")]).unwrap();
    let answer = client.ask(&["/system/scheduler/add", "=name=x", "=on-event=y"]).await;
    assert!(answer[0].contains("failure: configuration flagged"), "{answer:?}");
    assert!(twin.set_device_mode(&[("teleport", "yes")]).is_err());
}

#[tokio::test]
async fn a_package_goes_with_the_next_restart() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    assert_eq!(client.ask(&["/system/package/disable", "=numbers=container"]).await, ["!done"]);
    let shown = client.ask(&["/system/package/print", "?name=container"]).await;
    assert!(shown[0].contains("=scheduled=scheduled for disable"), "{shown:?}");
    assert_eq!(client.ask(&["/container/print", "?name=x"]).await.last().unwrap(), "!done");
    assert!(client.ask(&["/system/package/apply-changes"]).await.is_empty(), "the router restarts");
    let mut client = Client::admin(&twin).await;
    let answer = client.ask(&["/container/print"]).await;
    assert!(answer[0].contains("no such command prefix"), "{answer:?}");
    client.ask(&["/system/package/enable", "=numbers=container"]).await;
    client.send(&["/system/reboot"]).await;
    assert_eq!(client.next().await, None);
    let shown = Client::admin(&twin).await.ask(&["/container/print"]).await;
    assert!(!shown[0].starts_with("!trap"), "{shown:?}");
}

#[tokio::test]
async fn a_session_can_be_sent_away() {
    let twin = twin("7.16.2").await;
    let mut first = Client::admin(&twin).await;
    let mut second = Client::admin(&twin).await;
    let active = second.ask(&["/user/active/print"]).await;
    let id = property(&active[0], ".id").unwrap();
    assert_eq!(second.ask(&["/user/active/request-logout", &format!("=numbers={id}")]).await, ["!done"]);
    assert_eq!(first.next().await, None);
    assert_eq!(second.ask(&["/user/active/print", "=count-only="]).await, ["!done =ret=1"]);
}
