//! Clients that others wrote, each playing a whole play against a running twin: `clients/with_*`.

use std::{path::PathBuf, process::Command};

use bulkhead_twin::{Options, Twin};

/// Before and after `!empty`, which many clients stumbled over.
const VERSIONS: [&str; 2] = ["7.16.2", "7.24"];
/// Rows of the large table that everybody reads.
const MANY: usize = 10_000;

#[tokio::test(flavor = "multi_thread")]
async fn librouteros_plays_its_play() {
    plays("librouteros_plays_its_play", &python(), "import librouteros", "with_librouteros.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn routeros_api_plays_its_play() {
    plays("routeros_api_plays_its_play", &python(), "import routeros_api", "with_routeros_api.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_routeros_plays_its_play() {
    let installed = "require('node-routeros')";
    plays("node_routeros_plays_its_play", &PathBuf::from("node"), installed, "with_node_routeros.mjs").await;
}

/// Runs a play at each version, unless its client cannot be loaded here.
async fn plays(test: &str, interpreter: &PathBuf, load: &str, play: &str) {
    let flag = if interpreter.ends_with("node") { "-e" } else { "-c" };
    let loaded = Command::new(interpreter).args([flag, load]).current_dir(folder()).output();
    if !loaded.is_ok_and(|output| output.status.success()) {
        skip(
            test,
            &format!("`{} {flag} \"{load}\"` fails in tests/twin/clients: run scripts/test", interpreter.display()),
        );
        return;
    }
    for version in VERSIONS {
        let twin = crowded(version).await;
        let output = Command::new(interpreter)
            .arg(folder().join(play))
            .args([twin.api.ip().to_string(), twin.api.port().to_string(), "admin".to_owned(), "admin".to_owned()])
            .arg(MANY.to_string())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{version}: {said}");
    }
}

/// A twin with the address list `many`.
async fn crowded(version: &str) -> Twin {
    let entry = |n: usize| format!("/ip/firewall/address-list/add list=many address=10.0.{}.{}\n", n / 250, n % 250);
    let scripts = vec![(0..MANY).map(entry).collect()];
    Twin::start(Options { routeros_version: version.to_owned(), scripts, ..Options::default() }).await.unwrap()
}

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clients")
}

/// The Python of the environment that `scripts/test` makes; `BULKHEAD_PYENV` names another one.
pub(crate) fn python() -> PathBuf {
    std::env::var_os("BULKHEAD_PYENV").map_or_else(|| target().join("pyenv"), PathBuf::from).join("bin/python3")
}

/// Where `scripts/test` keeps what it installs.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| folder().join("../../../target"), PathBuf::from)
}

/// Says why, and leaves a line where `scripts/test` counts what was left out.
#[expect(clippy::print_stdout, reason = "whoever runs the tests is to see it")]
pub(crate) fn skip(test: &str, reason: &str) {
    use std::io::Write;
    let line = format!("skipped: {test}: {reason}");
    println!("{line}");
    if let Some(path) = std::env::var_os("BULKHEAD_SKIPPED") {
        let file = std::fs::File::options().append(true).create(true).open(path);
        let _ = file.and_then(|mut file| writeln!(file, "{line}"));
    }
}
