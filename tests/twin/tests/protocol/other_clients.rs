//! Clients that others wrote, against a running twin.

use std::{path::PathBuf, process::Command};

use crate::client::twin;

#[tokio::test(flavor = "multi_thread")]
async fn librouteros_and_routeros_api_run_their_script() {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| manifest.join("../../target"), PathBuf::from);
    let environment = std::env::var_os("BULKHEAD_PYENV").map_or_else(|| target.join("pyenv"), PathBuf::from);
    let python = environment.join("bin/python3");
    let installed = Command::new(&python).args(["-c", "import librouteros, routeros_api"]).output();
    if !installed.is_ok_and(|output| output.status.success()) {
        skip(&format!(
            "{} lacks librouteros 4.2.2 and RouterOS-api 0.21.0 (BULKHEAD_PYENV names another place)",
            environment.display()
        ));
        return;
    }
    for version in ["7.16.2", "7.24"] {
        let twin = twin(version).await;
        let output = Command::new(&python)
            .arg(manifest.join("clients/routeros.py"))
            .args([twin.api.ip().to_string(), twin.api.port().to_string(), "admin".to_owned(), "admin".to_owned()])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{version}: {said}");
    }
}

/// Says why, and leaves a line where `scripts/test` counts what was left out.
#[expect(clippy::print_stdout, reason = "whoever runs the tests is to see it")]
fn skip(reason: &str) {
    use std::io::Write;
    let line = format!("skipped: librouteros_and_routeros_api_run_their_script: {reason}");
    println!("{line}");
    if let Some(path) = std::env::var_os("BULKHEAD_SKIPPED") {
        let file = std::fs::File::options().append(true).create(true).open(path);
        let _ = file.and_then(|mut file| writeln!(file, "{line}"));
    }
}
