//! Restarts, power cuts and jumps of the clock.

use std::time::Duration;

use bulkhead_twin::{
    Twin,
    fault::{Fault, FaultKind},
};

use crate::{
    client::{Client, property},
    twin,
};

fn names(twin: &Twin, menu: &str) -> Vec<String> {
    let rows = twin.rows(menu);
    rows.into_iter().flatten().filter(|(name, _)| name == "name").map(|(_, value)| value).collect()
}

/// What lives in memory is gone: entries that run out, jobs, the history (manual, "Address-lists": not stored over a
/// reboot; the history is a guess).
#[tokio::test]
async fn both_lose_what_memory_holds_and_keep_the_configuration() {
    for kind in [FaultKind::Reboot, FaultKind::PowerCut] {
        let twin = twin("7.24").await;
        let mut client = Client::admin(&twin).await;
        client.add(&["/interface/list/add", "=name=kept"]).await;
        let entry = ["/ip/firewall/address-list/add", "=list=open", "=address=10.0.0.1", "=timeout=1h"];
        client.add(&entry).await;
        client.ask(&["/execute", "=script=:delay 1h; /interface/list/remove kept"]).await;
        let before = twin.export();
        twin.fault(Fault::now(kind));
        assert_eq!(client.next().await, None, "{kind:?}: the session is gone without a word");
        assert_eq!(twin.export(), before, "{kind:?}");
        assert!(twin.rows("/system/script/job").is_empty(), "{kind:?}");
        assert!(names(&twin, "/user/active").is_empty(), "{kind:?}");
        let open = twin.rows("/ip/firewall/address-list").iter().flatten().any(|field| field.1 == "open");
        assert!(!open, "{kind:?}");
        assert_eq!(twin.rows("/system/history").len(), 1, "{kind:?}");
    }
}

/// A guess: how late a router writes its flash no source says, so nothing is lost unless the fault says so.
#[tokio::test]
async fn a_power_cut_loses_what_was_written_last_where_it_is_told_to() {
    let twin = twin("7.24").await;
    twin.run("/interface/list", "add", &[("name", "early")]).unwrap();
    twin.advance(Duration::from_secs(10));
    twin.run("/interface/list", "add", &[("name", "late")]).unwrap();
    twin.run("/system/identity", "set", &[("name", "late")]).unwrap();
    twin.fault(Fault { lose_ms: Some(5_000), ..Fault::now(FaultKind::PowerCut) });
    let lists = names(&twin, "/interface/list");
    assert!(lists.contains(&"early".to_owned()) && !lists.contains(&"late".to_owned()), "{lists:?}");
    assert_eq!(names(&twin, "/system/identity"), ["MikroTik"]);
}

/// "Safe Mode operates within the user's session …, it will be ignored for commands requiring a reboot" (manual,
/// "Console"): what was changed stays. That a power cut does the same is a guess.
#[tokio::test]
async fn both_end_safe_mode_and_keep_its_changes() {
    for kind in [FaultKind::Reboot, FaultKind::PowerCut] {
        let twin = twin("7.24").await;
        let mut client = Client::admin(&twin).await;
        client.ask(&["/safe-mode/take"]).await;
        client.add(&["/interface/list/add", "=name=held"]).await;
        twin.fault(Fault::now(kind));
        twin.advance(Duration::from_secs(3600));
        assert!(names(&twin, "/interface/list").contains(&"held".to_owned()), "{kind:?}");
    }
}

#[tokio::test]
async fn nobody_gets_in_until_the_router_is_up_again() {
    let twin = twin("7.24").await;
    twin.fault(Fault { ms: Some(60_000), ..Fault::now(FaultKind::PowerCut) });
    let mut early = Client::new(twin.api).await;
    assert!(early.login("admin", "admin").await.is_empty());
    twin.advance(Duration::from_secs(61));
    Client::admin(&twin).await;
}

#[tokio::test]
async fn the_clock_jumps_without_time_passing() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    let entry = ["/ip/firewall/address-list/add", "=list=open", "=address=10.0.0.1", "=timeout=1h"];
    client.add(&entry).await;
    client.ask(&["/system/clock/set", "=date=2030-02-03", "=time=04:05:06"]).await;
    let clock = client.ask(&["/system/clock/print"]).await;
    assert_eq!(property(&clock[0], "date").as_deref(), Some("2030-02-03"));
    assert!(property(&clock[0], "time").unwrap().starts_with("04:05:"), "{clock:?}");
    let day = -i64::from(24 * 3600 * 1000);
    twin.fault(Fault { by_ms: Some(day), ..Fault::now(FaultKind::ClockJump) });
    let clock = client.ask(&["/system/clock/print"]).await;
    assert_eq!(property(&clock[0], "date").as_deref(), Some("2030-02-02"));
    client.ask(&["/log/info", "=message=here"]).await;
    let log = client.ask(&["/log/print", "?message=here"]).await;
    assert!(log[0].contains("=time=2030-02-02 04:05:"), "{log:?}");
    let left = client.value("/ip/firewall/address-list", "?list=open", "timeout").await.unwrap();
    assert!(left.starts_with("59m") || left == "1h", "{left}: the jump made no time pass");
}
