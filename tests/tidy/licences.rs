//! What the dependency tree may hold, by `.deny.toml`, from what cargo knows without a network.

use crate::{none, source};
use anyhow::{Context as _, ensure};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

#[derive(Deserialize)]
struct Rules {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    license: Option<String>,
    source: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

fn rules() -> anyhow::Result<Rules> {
    Ok(toml::from_str(&std::fs::read_to_string(source::root().join(".deny.toml"))?)?)
}

fn metadata() -> anyhow::Result<Metadata> {
    let compiler = Command::new("rustc").arg("-vV").output().context("rustc is not on the path")?;
    let about = String::from_utf8(compiler.stdout)?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked", "--filter-platform", host])
        .current_dir(source::root())
        .output()?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Whether an SPDX expression can be met with what is allowed: `OR` needs one side, `AND` both.
fn allowed(expression: &str, allow: &BTreeSet<String>) -> bool {
    // Cargo's old form, `MIT/Apache-2.0`, means OR.
    let text = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = text.split_whitespace().peekable();
    let met = any(&mut words, allow);
    met && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words<'_>, allow: &BTreeSet<String>) -> bool {
    let mut met = all(words, allow);
    while words.next_if_eq(&"OR").is_some() {
        met |= all(words, allow);
    }
    met
}

fn all(words: &mut Words<'_>, allow: &BTreeSet<String>) -> bool {
    let mut met = one(words, allow);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allow);
    }
    met
}

fn one(words: &mut Words<'_>, allow: &BTreeSet<String>) -> bool {
    match words.next() {
        Some("(") => {
            let met = any(words, allow);
            words.next_if_eq(&")").is_some() && met
        }
        Some(id) => {
            let exception = words.next_if_eq(&"WITH").and_then(|_| words.next());
            allow.contains(&exception.map_or_else(|| id.to_owned(), |exception| format!("{id} WITH {exception}")))
        }
        None => false,
    }
}

#[test]
fn every_dependency_is_under_an_allowed_licence() -> anyhow::Result<()> {
    let allow = rules()?.licenses.allow;
    let findings: Vec<_> = metadata()?
        .packages
        .iter()
        .filter(|package| !package.license.as_deref().is_some_and(|expression| allowed(expression, &allow)))
        .map(|package| format!("{}: {}", package.name, package.license.as_deref().unwrap_or("no licence")))
        .collect();
    none("not allowed by .deny.toml:", &findings);
    Ok(())
}

#[test]
fn no_banned_crate_and_no_unknown_source() -> anyhow::Result<()> {
    let (rules, metadata) = (rules()?, metadata()?);
    let mut findings = Vec::new();
    for package in &metadata.packages {
        let bans = rules.bans.deny.iter().filter(|ban| ban.name == package.name);
        findings.extend(bans.map(|ban| format!("{}: {}", ban.name, ban.reason)));
        if package.source.as_deref().is_some_and(|source| !source.starts_with("registry+")) {
            findings.push(format!("{}: comes from {:?}, not from the registry", package.name, package.source));
        }
    }
    none("banned by .deny.toml:", &findings);
    Ok(())
}

#[test]
fn the_agent_takes_only_what_a_router_can_carry() -> anyhow::Result<()> {
    const TOO_HEAVY: [&str; 9] = [
        "axum",
        "mqtt5",
        "askama",
        "argon2",
        "rcgen",
        "utoipa",
        "clap_complete",
        "hyper-rustls",
        "bulkhead-controller",
    ];
    let metadata = metadata()?;
    let names: BTreeMap<&str, &str> = metadata.packages.iter().map(|p| (p.id.as_str(), p.name.as_str())).collect();
    let edges: BTreeMap<&str, &[Edge]> =
        metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node.deps.as_slice())).collect();
    let start = names.iter().find(|(_, name)| **name == "bulkhead-agent").context("the agent is not there")?;
    let (mut open, mut seen) = (vec![*start.0], BTreeSet::new());
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            let shipped = |edge: &&Edge| edge.dep_kinds.iter().any(|kind| kind.kind.is_none());
            open.extend(edges[id].iter().filter(shipped).map(|edge| edge.pkg.as_str()));
        }
    }
    let findings: Vec<_> = seen
        .iter()
        .filter_map(|id| names.get(id))
        .filter(|name| TOO_HEAVY.contains(name))
        .map(|n| (*n).into())
        .collect();
    none("in the agent's dependency tree:", &findings);
    Ok(())
}

#[test]
fn licence_expressions_are_read_as_spdx_means_them() {
    let allow: BTreeSet<String> =
        ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned).into_iter().collect();
    for good in ["MIT", "MIT OR GPL-3.0", "GPL-3.0/MIT", "(GPL-2.0 OR MIT) AND ISC", "Apache-2.0 WITH LLVM-exception"] {
        assert!(allowed(good, &allow), "{good}");
    }
    for bad in ["GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0", "", "(MIT", "MIT ISC"] {
        assert!(!allowed(bad, &allow), "{bad}");
    }
}
