//! Each fault, before and after the command took effect.

use std::time::Duration;

use bulkhead_twin::{
    Twin,
    fault::{Fault, FaultKind, When},
};

use crate::client::{Client, twin};

const ADD: [&str; 2] = ["/interface/list/add", "=name=x"];

fn lists(twin: &Twin) -> usize {
    twin.rows("/interface/list")
        .iter()
        .filter(|row| row.iter().any(|(name, value)| name == "name" && value == "x"))
        .count()
}

#[tokio::test]
async fn a_cut_takes_effect_or_not_as_told_and_says_nothing() {
    for (when, made) in [(When::Before, 0), (When::After, 1)] {
        let twin = twin("7.24").await;
        let mut client = Client::admin(&twin).await;
        twin.fault(Fault { when, ..Fault::new(FaultKind::Disconnect, "/interface/list/") });
        client.ask(&["/system/identity/print"]).await;
        assert!(client.ask(&ADD).await.is_empty());
        assert_eq!(lists(&twin), made, "{when:?}");
        assert!(twin.faults().is_empty());
        Client::admin(&twin).await;
    }
}

#[tokio::test]
async fn a_stalled_session_stays_open_and_silent() {
    for (when, made) in [(When::Before, 0), (When::After, 1)] {
        let twin = twin("7.24").await;
        let mut client = Client::admin(&twin).await;
        twin.fault(Fault { when, ..Fault::new(FaultKind::Stall, "/interface/list/") });
        client.send(&ADD).await;
        client.send(&["/system/identity/print"]).await;
        let mut other = Client::admin(&twin).await;
        while twin.recorded().iter().all(|words| words[0] != ADD[0]) {
            other.ask(&["/system/identity/print"]).await;
        }
        let silent = tokio::time::timeout(Duration::from_millis(200), client.next()).await;
        assert!(silent.is_err(), "{silent:?}");
        assert_eq!(lists(&twin), made, "{when:?}");
    }
}

#[tokio::test]
async fn a_trap_takes_effect_or_not_as_told() {
    for (when, made) in [(When::Before, 0), (When::After, 1)] {
        let twin = twin("7.24").await;
        let mut client = Client::admin(&twin).await;
        let fault = Fault {
            when,
            message: Some("action failed (6)".to_owned()),
            nth: Some(2),
            ..Fault::new(FaultKind::Trap, "/interface/list/")
        };
        twin.fault(fault);
        client.ask(&["/interface/list/print"]).await;
        assert_eq!(client.ask(&ADD).await, ["!trap =message=action failed (6)", "!done"]);
        assert_eq!(lists(&twin), made, "{when:?}");
        assert_eq!(
            client.ask(&["/interface/list/print", "?name=none-such"]).await,
            ["!empty", "!done"],
            "it strikes once"
        );
    }
}

#[tokio::test]
async fn a_delayed_answer_comes_when_the_clock_has_come_so_far() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    twin.fault(Fault { ms: Some(3_600_000), when: When::After, ..Fault::new(FaultKind::Delay, "/interface/list/") });
    client.send(&ADD).await;
    let mut other = Client::admin(&twin).await;
    while lists(&twin) == 0 {
        other.ask(&["/system/identity/print"]).await;
    }
    twin.advance(Duration::from_secs(3600));
    assert!(client.next().await.unwrap().starts_with("!done =ret="));
}

#[tokio::test]
async fn a_reboot_ends_sessions_forgets_memory_and_gives_other_ids() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    let before = twin.export();
    let id = client.value("/ip/address", "?interface=bridge", ".id").await;
    client.add(&["/ip/firewall/address-list/add", "=list=l", "=address=10.0.0.1", "=timeout=1d"]).await;
    twin.advance(Duration::from_secs(3600));
    twin.fault(Fault { command: None, ..Fault::new(FaultKind::Reboot, "") });
    assert_eq!(client.next().await, None);
    let mut client = Client::admin(&twin).await;
    assert_eq!(twin.export(), before);
    assert_ne!(client.value("/ip/address", "?interface=bridge", ".id").await, id);
    assert_eq!(client.ask(&["/ip/firewall/address-list/print"]).await, ["!empty", "!done"]);
    assert!(client.value("/system/resource", "", "uptime").await.unwrap().ends_with('s'));
    let bytes: u64 = client.value("/interface", "?name=ether1", "rx-byte").await.unwrap().parse().unwrap();
    assert!(bytes < 500_000_000, "counters begin anew: {bytes}");
    assert_eq!(client.value("/ip/route", "?dst-address=0.0.0.0/0", "dhcp").await.as_deref(), Some("true"));
}

#[tokio::test]
async fn counters_fall_to_zero_on_demand() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    twin.set_traffic("ether4", 8_000_000, 0).unwrap();
    twin.advance(Duration::from_secs(100));
    twin.set_traffic("ether4", 0, 0).unwrap();
    assert_ne!(client.value("/interface", "?name=ether4", "rx-byte").await.as_deref(), Some("0"));
    twin.fault(Fault { command: None, ..Fault::new(FaultKind::CounterReset, "") });
    assert_eq!(client.value("/interface", "?name=ether4", "rx-byte").await.as_deref(), Some("0"));
}
