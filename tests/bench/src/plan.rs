//! Row 4: what it costs to find that a thousand rules are as they should be and in their order, beside Ansible's
//! `api_modify`.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, ensure};
use bulkhead_agent::io::clock;
use bulkhead_flows::{
    Agent, Bench,
    orders::{order, update},
};
use shared::change_set::{Attribute, Item, Position};

use crate::{pairs, row::Row};

const FILTER: &str = "/ip/firewall/filter";
const CHAIN: &str = "bench";
const RULES: usize = 1000;
/// Ansible takes most of a minute for each.
const ROUNDS: usize = 2;

/// A rule, told apart by its number.
fn rule(number: usize) -> [(&'static str, String); 4] {
    [
        ("chain", CHAIN.to_owned()),
        ("action", "drop".to_owned()),
        ("src-address", format!("198.18.{}.{}", number / 250, number % 250 + 1)),
        ("comment", format!("bench {number}")),
    ]
}

/// Measures and prints.
///
/// # Errors
/// The router does not start, or a client fails.
pub(crate) fn measure() -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let lines = (0..RULES).map(|number| {
            let words: Vec<String> = rule(number).iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
            format!("{FILTER}/add {}\n", words.join(" "))
        });
        let bench = Bench::with(&lines.collect::<String>()).await?;
        let mut agent = bench.agent().await?;
        commands(&bench, &mut agent).await?;
        let (mut ours, mut others) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(plan(&mut agent).await?);
            let (many, none) = (ansible(&bench, RULES)?, ansible(&bench, 0)?);
            // What it takes to start is not what is measured.
            others.extend(many.zip(none).map(|(many, none)| many - none));
        }
        times(&ours, &others);
        Ok(())
    })
}

async fn plan(agent: &mut Agent) -> anyhow::Result<f64> {
    let order = order((0..RULES).map(item).collect());
    let begin = clock::now();
    let plan = agent.engine.plan(&order).await?;
    ensure!(plan.operations.is_empty(), "{} writes are planned", plan.operations.len());
    Ok((clock::now() - begin).as_secs_f64())
}

fn item(number: usize) -> Item {
    let rule = rule(number);
    let attributes: Vec<(&str, &str)> = rule.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let place = number.checked_sub(1).map(|above| Position::After(key(above)));
    update(&number.to_string(), FILTER, key(number), &attributes, place)
}

fn key(number: usize) -> Vec<Attribute> {
    vec![("comment".to_owned(), format!("bench {number}"))]
}

/// What a plan asks of the router.
async fn commands(bench: &Bench, agent: &mut Agent) -> anyhow::Result<()> {
    let before = bench.twin.sentences();
    plan(agent).await?;
    let asked = usize::try_from(bench.twin.sentences() - before)?;
    let recorded = bench.twin.recorded();
    let commands: Vec<&str> =
        recorded.iter().rev().take(asked).filter_map(|words| words.first()).map(String::as_str).collect();
    ensure!(commands.len() == asked, "the twin remembers {} of {asked} commands", commands.len());
    let prints = commands.iter().filter(|command| **command == format!("{FILTER}/print")).count();
    let reads = commands.iter().filter(|command| command.ends_with("/print")).count();
    let met = prints == 1 && reads == asked;
    Row {
        number: 4,
        figure: "commands of a plan of 1000 unchanged rules",
        goal: "1 print of their menu, 0 writes",
        ours: format!("{prints} print of their menu, {} writes, {reads} prints in all", asked - reads),
        met: Some(met),
        others: String::new(),
    }
    .print();
    ensure!(met, "a plan asks more of the router than it has to: {commands:?}");
    Ok(())
}

fn times(ours: &[f64], others: &[f64]) {
    let (figure, goal) = ("times as quick as api_modify with 1000 unchanged rules", "≥ 50 ×");
    let ours_s = pairs::median(ours.iter().copied());
    let row = if others.is_empty() {
        let ours = "skipped: ansible-core or the collection community.routeros is not installed".to_owned();
        Row { number: 4, figure, goal, ours, met: None, others: String::new() }
    } else {
        let ratio = pairs::ratio(others, ours);
        Row {
            number: 4,
            figure,
            goal,
            ours: format!("{ratio:.0} × ({ours_s:.2} s)"),
            met: Some(ratio >= 50.0),
            others: format!("api_modify {:.1} s", pairs::median(others.iter().copied())),
        }
    };
    row.print();
}

/// Lets Ansible find so many rules unchanged; seconds with its start. Nothing where it is not installed.
fn ansible(bench: &Bench, rules: usize) -> anyhow::Result<Option<f64>> {
    let collections = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/collections");
    let python = env::var_os("BULKHEAD_PYTHON").map(PathBuf::from);
    let program = python.map(|python| python.with_file_name("ansible-playbook")).filter(|program| program.exists());
    let has_collection = collections.join("ansible_collections/community/routeros").is_dir();
    let Some(program) = program.filter(|_| has_collection) else { return Ok(None) };
    let home = tempfile::tempdir()?;
    let variables = home.path().join("variables.json");
    fs::write(&variables, variables_of(bench, rules)?)?;
    let play = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/api_modify.yml");
    let begin = clock::now();
    let output = Command::new(program)
        .arg(play)
        .args(["-e", &format!("@{}", variables.display())])
        .env("ANSIBLE_HOME", home.path())
        .env("ANSIBLE_REMOTE_TEMP", home.path())
        .env("ANSIBLE_COLLECTIONS_PATH", collections)
        .env("ANSIBLE_LOCALHOST_WARNING", "false")
        .env("ANSIBLE_INVENTORY_UNPARSED_WARNING", "false")
        .env("ANSIBLE_PIPELINING", "true")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .context("ansible-playbook")?;
    let took = (clock::now() - begin).as_secs_f64();
    ensure!(output.status.success(), "ansible-playbook: {}", String::from_utf8_lossy(&output.stdout));
    Ok(Some(took))
}

fn variables_of(bench: &Bench, rules: usize) -> anyhow::Result<String> {
    let rules: Vec<serde_json::Map<String, serde_json::Value>> = (0..rules)
        .map(|number| rule(number).into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect())
        .collect();
    let api = bench.twin.api;
    // Without rules it looks after a chain that has none.
    let chain = if rules.is_empty() { "nobodys" } else { CHAIN };
    Ok(serde_json::to_string(&serde_json::json!({
        "host": api.ip().to_string(), "api_port": api.port(), "user": "admin", "password": "admin", "chain": chain,
        "rules": rules,
    }))?)
}
