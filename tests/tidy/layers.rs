//! Who may know whom: `flow` decides, `io` does, the crates depend one way.

use crate::{
    none,
    source::{self, File},
};

/// Effects that have no place in a decision. `std::net` stays open for addresses.
const EFFECTS: [&str; 16] = [
    "tokio",
    "rusqlite",
    "rumqttc",
    "axum",
    "hyper",
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "getrandom",
    "now(",
    ".elapsed(",
];

fn in_flow(file: &File) -> bool {
    let part = |crate_name: &str| {
        file.path.starts_with(&format!("{crate_name}/src/flow/")) || file.path == format!("{crate_name}/src/flow.rs")
    };
    part("agent") || part("controller")
}

#[test]
fn flow_has_no_sockets_no_sql_no_files_no_clock_and_no_chance() {
    let findings: Vec<_> = source::rust().iter().filter(|f| in_flow(f)).flat_map(|f| f.holding(&EFFECTS)).collect();
    none("flow/ takes state, input and `now`, and gives state and effects; carry the effect out in io/:", &findings);
}

#[test]
fn flow_does_not_name_io() {
    let findings: Vec<_> =
        source::rust().iter().filter(|f| in_flow(f)).flat_map(|f| f.holding(&["crate::io", "super::io"])).collect();
    none("flow/ must not know io/; agent.rs and controller.rs join the two:", &findings);
}

#[test]
fn shared_has_no_sockets_no_sql_no_files_and_no_clock() {
    let files = source::rust();
    let shared = files.iter().filter(|file| file.path.starts_with("shared/src/"));
    let findings: Vec<_> = shared.flat_map(|file| file.holding(&EFFECTS)).collect();
    none("shared/ is words and pure functions:", &findings);
}

#[test]
fn sql_is_in_the_stores_only() {
    const SQL: [&str; 8] =
        ["rusqlite", "SELECT ", "INSERT INTO", "INSERT OR", "DELETE FROM", "CREATE TABLE", "PRAGMA ", "ALTER TABLE"];
    let product = |file: &&File| {
        ["agent/src/", "controller/src/", "shared/src/", "tests/twin/src/"].iter().any(|p| file.path.starts_with(p))
    };
    let store = |file: &File| file.path.contains("/io/store.rs") || file.path.contains("/io/store/");
    let findings: Vec<_> =
        source::rust().iter().filter(product).filter(|f| !store(f)).flat_map(|f| f.holding(&SQL)).collect();
    none("SQL belongs into io/store:", &findings);
}

#[test]
fn only_the_clock_modules_read_a_clock() {
    const READINGS: [&str; 5] = ["Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now", ".elapsed("];
    let findings: Vec<_> = source::rust()
        .iter()
        .filter(|file| !file.path.ends_with("/clock.rs") && file.path != "tests/tidy/layers.rs")
        .flat_map(|file| file.holding(&READINGS))
        .collect();
    none("time is a parameter; take it from clock.rs:", &findings);
}

#[test]
fn what_runs_on_a_router_asks_for_no_atomics_that_armv5_lacks() {
    let findings: Vec<_> = source::rust()
        .iter()
        .filter(|file| ["agent/src/", "shared/src/"].iter().any(|part| file.path.starts_with(part)))
        .filter(|file| !file.text.contains("use portable_atomic::"))
        .flat_map(|file| file.holding(&["AtomicU64", "AtomicI64"]))
        .collect();
    none("take them from the crate portable-atomic:", &findings);
}

#[test]
fn dependencies_point_one_way() -> anyhow::Result<()> {
    const BULKHEAD: [&str; 5] = ["shared", "bulkhead-agent", "bulkhead-controller", "bulkhead-twin", "bulkhead-tests"];
    const ALLOWED: [(&str, &[&str]); 4] =
        [("shared", &[]), ("agent", &["shared"]), ("controller", &["shared"]), ("tests/twin", &["shared"])];
    let mut findings = Vec::new();
    for (folder, allowed) in ALLOWED {
        let text = std::fs::read_to_string(source::root().join(folder).join("Cargo.toml"))?;
        let manifest: toml::Table = toml::from_str(&text)?;
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let names = manifest.get(table).and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::keys);
            let wrong = names.filter(|name| BULKHEAD.contains(&name.as_str()) && !allowed.contains(&name.as_str()));
            findings.extend(wrong.map(|name| format!("{folder}/Cargo.toml: {table}.{name}")));
        }
    }
    none("agent, controller and twin know `shared` and never each other:", &findings);
    Ok(())
}
