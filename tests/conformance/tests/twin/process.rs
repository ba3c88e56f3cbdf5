//! The program: what it asks for, what it says, how it ends, and what it leaves when it is stopped.

use std::process::{Output, Stdio};

use bulkhead_conformance::scratch;
use bulkhead_twin::{
    Twin,
    fault::{Fault, FaultKind},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::process::{Child, Command};

use crate::{router, twin};

fn command(twin: &Twin, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bulkhead-conformance"));
    command.arg(twin.api.to_string()).args(arguments).env("BULKHEAD_CONFORMANCE_PASSWORD", "admin");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

async fn run(twin: &Twin, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command(twin, arguments).output().await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[tokio::test]
async fn it_ends_with_0_and_counts_when_nothing_differs() {
    let twin = twin("7.24").await;
    let (code, out, _) = run(&twin, &["--only", "order"]).await;
    assert_eq!(code, 0, "{out}");
    assert!(out.starts_with("RouterOS 7.24 (stable), arm64, RB5009UG+S+ (a twin), packages: "), "{out}");
    assert!(out.trim_end().lines().last().unwrap().ends_with("0 differ, 0 unsupported, 0 broken"), "{out}");
    assert!(!out.contains('\x1b'), "colours are for terminals");
}

#[tokio::test]
async fn it_ends_with_1_and_shows_both_sides_when_something_differs() {
    let twin = twin("7.24").await;
    twin.fault(Fault {
        message: Some("failure: not today".to_owned()),
        ..Fault::new(FaultKind::Trap, "/system/clock/")
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    let (code, out, _) =
        run(&twin, &["--only", "system-clock", "--json", "--output", file.path().to_str().unwrap()]).await;
    assert_eq!(code, 1, "{out}");
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["checks"][0]["verdict"], "differ");
    assert_eq!(json["checks"][0]["got"], "failure: not today");
    assert_eq!(json["router"]["version"], "7.24 (stable)");
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), out);
}

#[tokio::test]
async fn it_ends_with_2_when_it_cannot_sign_in() {
    let twin = twin("7.24").await;
    let (code, _, error) = run(&twin, &["--user", "nobody"]).await;
    assert_eq!(code, 2);
    assert!(error.contains("refuses user nobody"), "{error}");
}

#[tokio::test]
async fn it_writes_to_nothing_but_a_twin_unless_somebody_says_yes() {
    let twin = twin("7.24").await;
    // A twin is known by its serial number; this router does not say it.
    let hide = || twin.fault(Fault::new(FaultKind::Trap, "/system/routerboard/print"));
    hide();
    let (code, _, error) = run(&twin, &["--only", "order-move"]).await;
    assert_eq!((code, error.contains("--yes")), (2, true), "{error}");
    assert!(!twin.recorded().iter().any(|words| words[0].ends_with("/add")));
    hide();
    assert_eq!(run(&twin, &["--only", "order-move-last", "--yes"]).await.0, 0);
}

#[tokio::test]
async fn read_only_writes_nothing() {
    const READING: [&str; 8] =
        ["/print", "/getall", "/listen", "/get", "/find", "/monitor-traffic", "/ping", "/export"];
    const SPEAKING: [&str; 3] = ["/login", "/cancel", "/quit"];
    let twin = twin("7.24").await;
    let before = twin.export();
    let (_, out, error) = run(&twin, &["--read-only"]).await;
    assert!(out.trim_end().ends_with("0 broken") && out.contains(" 0 differ"), "{out}{error}");
    assert!(error.contains("left out"), "{error}");
    let reads = |words: &Vec<String>| {
        SPEAKING.contains(&words[0].as_str()) || READING.iter().any(|verb| words[0].ends_with(verb))
    };
    let others: Vec<_> = twin.recorded().into_iter().filter(|words| !reads(words)).collect();
    assert!(others.is_empty(), "{others:?}");
    assert_eq!(twin.export(), before);
}

#[tokio::test]
async fn it_takes_the_pinned_certificate_and_no_other() {
    let twin = twin("7.24").await;
    let address = twin.api_tls.to_string();
    for (fingerprint, expected) in [(twin.fingerprint.clone(), 0), ("00".repeat(32), 2)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bulkhead-conformance"));
        command.args([&address, "--tls", "--fingerprint", &fingerprint, "--read-only", "--only", "system-active"]);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "admin\n").unwrap();
        let output = command.arg("--password-file").arg(file.path()).output().await.unwrap();
        assert_eq!(output.status.code(), Some(expected), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// A run that is held in the middle of a check, its rows on the router.
async fn held(twin: &Twin) -> Child {
    twin.fault(Fault::new(FaultKind::Stall, "/ip/firewall/filter/move"));
    let child = command(twin, &["--only", "order-move-several"]).spawn().unwrap();
    let watcher = router(twin).await;
    for _ in 0..600 {
        if twin.faults().is_empty() {
            assert_eq!(scratch::find(&watcher.client).await.unwrap().len(), 3);
            return child;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the run never came to the command that holds it");
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id().unwrap().try_into().unwrap()), signal).unwrap();
}

#[tokio::test]
async fn an_interrupted_run_takes_its_rows_away() {
    let twin = twin("7.24").await;
    let child = held(&twin).await;
    signal(&child, Signal::SIGINT);
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(scratch::find(&router(&twin).await.client).await.unwrap(), []);
}

#[tokio::test]
async fn what_a_killed_run_left_is_told_and_removed_by_clean() {
    let twin = twin("7.24").await;
    let before = twin.export();
    let mut child = held(&twin).await;
    signal(&child, Signal::SIGKILL);
    child.wait().await.unwrap();
    assert_ne!(twin.export(), before);
    let (_, _, error) = run(&twin, &["--read-only", "--only", "system-clock"]).await;
    assert!(error.contains("An earlier run left 3 rows"), "{error}");
    let (code, out, _) = run(&twin, &["--clean"]).await;
    assert_eq!((code, out.as_str()), (0, "3 rows of earlier runs removed\n"));
    assert_eq!(twin.export(), before);
}
