//! Safe mode over the API. Sources: manual, "Configuration Management" and "Console" (who may, what floats, overflow,
//! `/quit`); the schemas (from 7.18, `on-error`); tik4net's live tests on 7.23.2 (the API, the two seconds).

use std::time::Duration;

use bulkhead_twin::{
    Twin,
    fault::{Fault, FaultKind},
};

use crate::{
    client::{BOUND, Client, property},
    twin,
};

const MADE: [&str; 2] = ["/interface/list/add", "=name=held"];

fn made(twin: &Twin) -> bool {
    twin.rows("/interface/list").iter().flatten().any(|field| field.1 == "held")
}

fn is_held(twin: &Twin) -> bool {
    twin.rows("/safe-mode")[0].contains(&("enabled".to_owned(), "true".to_owned()))
}

async fn taken(twin: &Twin) -> Client {
    let mut client = Client::admin(twin).await;
    assert_eq!(client.ask(&["/safe-mode/take"]).await, ["!done"]);
    client.add(&MADE).await;
    client
}

async fn until(what: impl Fn() -> bool) {
    let polled = async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(BOUND, polled).await.expect("it never came");
}

#[tokio::test]
async fn there_is_none_before_7_18() {
    let twin = crate::client::twin("7.16.2").await;
    let mut client = Client::admin(&twin).await;
    let answer = client.ask(&["/safe-mode/take"]).await;
    assert!(answer[0].contains("no such command"), "{answer:?}");
}

#[tokio::test]
async fn each_session_sees_who_holds_it_and_what_floats() {
    let twin = twin("7.18.2").await;
    let mut holder = taken(&twin).await;
    let mut other = Client::admin(&twin).await;
    for (client, current) in [(&mut holder, "true"), (&mut other, "false")] {
        let shown = client.ask(&["/safe-mode/print"]).await;
        for (name, value) in [("enabled", "true"), ("user", "admin"), ("owner", "api"), ("current", current)] {
            assert_eq!(property(&shown[0], name).as_deref(), Some(value), "{shown:?}");
        }
        assert_eq!(client.ask(&["/safe-mode/get", "=value-name=current"]).await, [format!("!done =ret={current}")]);
    }
    let history = holder.ask(&["/system/history/print"]).await;
    assert_eq!(property(&history[0], "floating-undo").as_deref(), Some("true"));
    assert_eq!(holder.ask(&["/safe-mode/release"]).await, ["!done"]);
    let history = holder.ask(&["/system/history/print"]).await;
    assert_eq!(property(&history[0], "floating-undo").as_deref(), Some("false"));
    assert_eq!(property(&history[0], "undoable").as_deref(), Some("true"));
    assert!(made(&twin) && !is_held(&twin));
}

/// Trap: "All configuration changes that are made (also from other login sessions), while the router is in safe mode,
/// are automatically undone" (manual, "Configuration Management").
#[tokio::test]
async fn an_unroll_takes_back_what_other_sessions_wrote_too() {
    let twin = twin("7.24").await;
    let mut other = Client::admin(&twin).await;
    other.ask(&["/system/identity/set", "=name=before"]).await;
    let before = twin.export();
    let mut holder = taken(&twin).await;
    other.ask(&["/ip/firewall/filter/add", "=chain=forward", "=action=drop"]).await;
    other.ask(&["/system/identity/set", "=name=meanwhile"]).await;
    twin.run("", "execute", &[("script", "/interface/list/add name=by-script")]).unwrap();
    assert_ne!(twin.export(), before);
    assert_eq!(holder.ask(&["/safe-mode/unroll"]).await, ["!done"]);
    assert_eq!(twin.export(), before);
    assert!(!is_held(&twin));
    twin.run("", "undo", &[]).unwrap();
    assert_ne!(twin.export(), before, "what was done before safe mode can be undone still");
}

/// Trap: "if too many changes are made while in safe mode, and there's no room in history to hold them all (… up to 100
/// …), then the session is automatically put out of the safe mode, and no changes are automatically undone".
#[tokio::test]
async fn an_overflow_of_the_history_ends_it_silently_and_keeps_everything() {
    let twin = twin("7.24").await;
    let mut holder = taken(&twin).await;
    for number in 1..100 {
        holder.add(&["/interface/list/add", &format!("=name=n{number}")]).await;
    }
    assert!(is_held(&twin), "a hundred actions have room");
    let lists = twin.rows("/interface/list").len();
    assert!(holder.add(&["/interface/list/add", "=name=one-too-many"]).await.starts_with('*'), "nothing is said");
    assert!(!is_held(&twin));
    drop(holder);
    until(|| twin.rows("/user/active").is_empty()).await;
    twin.advance(Duration::from_secs(3600));
    assert_eq!(twin.rows("/interface/list").len(), lists + 1);
}

/// Trap: "if the telnet connection … is cut, then after a while (TCP timeout is 9 minutes) all changes … will be undone".
#[tokio::test]
async fn a_half_open_session_is_noticed_only_after_nine_minutes() {
    let twin = twin("7.24").await;
    let mut holder = taken(&twin).await;
    twin.fault(Fault::new(FaultKind::HalfOpen, "/system/identity/"));
    holder.send(&["/system/identity/print"]).await;
    drop(holder);
    until(|| twin.faults().is_empty()).await;
    twin.advance(Duration::from_secs(8 * 60 + 50));
    assert!(made(&twin) && is_held(&twin));
    assert_eq!(twin.rows("/user/active").len(), 1);
    twin.advance(Duration::from_secs(20));
    assert!(!made(&twin) && !is_held(&twin));
    until(|| twin.rows("/user/active").is_empty()).await;
}

/// The same where a rule of the holder's own drops its packets: its FIN does not arrive either.
#[tokio::test]
async fn who_locks_himself_out_under_safe_mode_is_let_in_again_after_nine_minutes() {
    let twin = twin("7.24").await;
    let mut holder = taken(&twin).await;
    let rule =
        ["/ip/firewall/filter/add", "=chain=input", "=action=drop", "=src-address=192.168.88.254", "=place-before=*1"];
    let first = holder.value("/ip/firewall/filter", "?dynamic=false", ".id").await.unwrap();
    let mut rule = rule.map(str::to_owned);
    rule[4] = format!("=place-before={first}");
    let rule: Vec<&str> = rule.iter().map(String::as_str).collect();
    holder.send(&rule).await;
    until(|| twin.rows("/ip/firewall/filter").iter().flatten().any(|field| field.1 == "192.168.88.254")).await;
    std::mem::drop(holder);
    twin.advance(Duration::from_secs(60));
    assert!(made(&twin) && is_held(&twin), "nobody has heard of the end");
    // The end of the connection has reached the session by then, or does so now.
    until(|| {
        twin.advance(Duration::from_secs(60));
        !made(&twin)
    })
    .await;
    Client::admin(&twin).await;
}

/// "measured rollback ~2 s after the socket drops" (tik4net, 7.23.2).
#[tokio::test]
async fn the_end_of_the_holders_connection_unrolls_after_two_seconds() {
    let twin = twin("7.24").await;
    let holder = taken(&twin).await;
    drop(holder);
    until(|| twin.rows("/user/active").is_empty()).await;
    twin.advance(Duration::from_secs(3));
    assert!(!made(&twin) && !is_held(&twin));
}

/// "Exiting session by [Ctrl]+[D] also undoes all safe mode changes, while /quit does not" (manual, "Console").
#[tokio::test]
async fn quit_keeps_the_changes() {
    let twin = twin("7.24").await;
    let mut holder = taken(&twin).await;
    assert_eq!(holder.ask(&["/quit"]).await, ["!fatal session terminated on request"]);
    until(|| twin.rows("/user/active").is_empty()).await;
    twin.advance(Duration::from_secs(3600));
    assert!(made(&twin) && !is_held(&twin));
}

/// The console asks whoever comes second: unroll, release or leave it; `on-error` has these words and `ask`.
#[tokio::test]
async fn a_second_session_gets_it_as_on_error_says() {
    for (word, kept) in [("abort", None), ("ask", None), ("release", Some(true)), ("unroll", Some(false))] {
        let twin = twin("7.21.4").await;
        let mut holder = taken(&twin).await;
        let mut second = Client::admin(&twin).await;
        let answer = second.ask(&["/safe-mode/take", &format!("=on-error={word}")]).await;
        assert_eq!(answer[0].starts_with("!trap"), kept.is_none(), "{word}: {answer:?}");
        assert_eq!(made(&twin), kept.unwrap_or(true), "{word}");
        let current = holder.ask(&["/safe-mode/get", "=value-name=current"]).await;
        assert_eq!(current, [format!("!done =ret={}", kept.is_none())], "{word}");
    }
    let twin = twin("7.21.4").await;
    let answer = Client::admin(&twin).await.ask(&["/safe-mode/take", "=on-error=maybe"]).await;
    assert!(answer[0].contains("input does not match any value of on-error"), "{answer:?}");
}

/// "a release from any session clears it" (tik4net's live tests).
#[tokio::test]
async fn anybody_may_release_it() {
    let twin = twin("7.24").await;
    let mut holder = taken(&twin).await;
    let mut other = Client::admin(&twin).await;
    assert_eq!(other.ask(&["/safe-mode/release"]).await, ["!done"]);
    assert_eq!(holder.ask(&["/safe-mode/get", "=value-name=enabled"]).await, ["!done =ret=false"]);
    assert!(made(&twin));
}
