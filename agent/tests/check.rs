//! `bulkhead-agent check` against a router and a broker on loopback that have this or that wrong with them.

#![allow(clippy::expect_used, reason = "a test stops where its script is not followed")]

use bulkhead_agent::{
    bus::EARLIEST_CLOCK,
    check::{Report, check},
    io::{
        clock::Clock,
        store::{FILE, Store},
    },
};
use bytes::BytesMut;
use rumqttc::{ConnAck, ConnectReturnCode, Packet};
use shared::routeros::sentence::{Decoder, Limits, Sentence};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// What the peers say.
#[derive(Clone)]
struct World {
    signs_in: bool,
    policy: &'static str,
    bridge: Option<(&'static str, &'static str)>,
    broker: ConnectReturnCode,
}

impl Default for World {
    fn default() -> Self {
        Self {
            signs_in: true,
            policy: "read,write,api,test,!local,!ssh",
            bridge: Some(("bulkhead:installer/bridge", "true")),
            broker: ConnectReturnCode::Success,
        }
    }
}

/// Starts the peers of a world and writes the files of an agent in it.
async fn enrolled(world: &World, folder: &Path) {
    let (router, broker) = (listen(world.clone(), api).await, listen(world.clone(), mqtt).await);
    let secret = |name: &str, text: &str| {
        fs::write(folder.join(name), text).expect("written");
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).expect("a mode");
    };
    secret("routeros.password", "password");
    secret("agent.key", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
    let text = format!(
        "router_id = \"r1\"\ndata = \".\"\n[routeros]\naddress = \"127.0.0.1\"\nport = {router}\ntls = \"plain\"\n\
         [mqtt]\nurl = \"mqtt://127.0.0.1:{broker}\"\n\
         [keys]\ncontroller = \"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n"
    );
    fs::write(folder.join("agent.toml"), text).expect("written");
}

async fn looked_at(world: &World) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    enrolled(world, folder.path()).await;
    check(&folder.path().join("agent.toml"), Clock::at(EARLIEST_CLOCK)).await
}

/// What is wrong, and what is said of it.
fn wrong(report: &Report) -> Vec<(&str, &str)> {
    report.findings.iter().filter(|found| !found.ok).map(|found| (found.what, found.message.as_str())).collect()
}

async fn listen<F: Future<Output = Option<()>> + Send>(
    world: World,
    serve: impl Fn(World, TcpStream) -> F + Send + 'static,
) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            serve(world.clone(), stream).await;
        }
    });
    port
}

async fn api(world: World, mut stream: TcpStream) -> Option<()> {
    let mut decoder = Decoder::new(Limits::DEFAULT);
    loop {
        let mut bytes = BytesMut::new();
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        decoder.push(&bytes);
        while let Some(command) = decoder.next_sentence().ok()? {
            let mut out = Vec::new();
            let tag = command.tag_word().map(<[u8]>::to_vec);
            for reply in answer(&world, &command) {
                let reply = tag.iter().fold(reply, |reply, tag| reply.tag(&String::from_utf8_lossy(tag)));
                reply.encode(&mut out).ok()?;
            }
            stream.write_all(&out).await.ok()?;
        }
    }
}

fn answer(world: &World, command: &Sentence) -> Vec<Sentence> {
    let (row, done) = (Sentence::new("!re"), Sentence::new("!done"));
    let rows = match command.first() {
        b"/login" if !world.signs_in => {
            return vec![Sentence::new("!trap").attribute("message", "invalid user name or password (6)"), done];
        }
        b"/user/print" => vec![row.attribute("group", "bulkhead")],
        b"/user/group/print" => vec![row.attribute("policy", world.policy)],
        b"/interface/bridge/print" => world
            .bridge
            .iter()
            .map(|(mark, filtering)| {
                let row = Sentence::new("!re").attribute("comment", mark);
                row.attribute("name", "bulkhead").attribute("vlan-filtering", filtering).attribute("disabled", "false")
            })
            .collect(),
        _ => Vec::new(),
    };
    rows.into_iter().chain([done]).collect()
}

async fn mqtt(world: World, mut stream: TcpStream) -> Option<()> {
    let mut bytes = BytesMut::new();
    while stream.read_buf(&mut bytes).await.ok()? > 0 {
        if let Ok(Packet::Connect(..)) = Packet::read(&mut bytes, None) {
            let mut out = BytesMut::new();
            let connack = ConnAck {
                session_present: world.broker == ConnectReturnCode::Success,
                code: world.broker,
                properties: None,
            };
            Packet::ConnAck(connack).write(&mut out, None).ok()?;
            stream.write_all(&out).await.ok()?;
        }
    }
    None
}

#[tokio::test]
async fn a_good_set_up_is_said_to_be_one() {
    let report = looked_at(&World::default()).await;
    assert!(report.is_good(), "{}", report.words());
    let looks: Vec<&str> = report.findings.iter().map(|found| found.what).collect();
    let all = ["configuration", "secrets", "database", "clock", "gateway", "router", "policies", "installer", "broker"];
    assert_eq!(looks, all);
    assert!(report.words().ends_with("All is well.\n"));
}

#[tokio::test]
async fn each_thing_that_is_wrong_is_found_alone() {
    let good = World::default;
    let bridge = |bridge| World { bridge, ..good() };
    for (world, what, said) in [
        (World { signs_in: false, ..good() }, "router", "refuses user bulkhead"),
        (
            World { policy: "read,api,!write,!test", ..good() },
            "policies",
            "lacks `write` to change it, `test` to probe",
        ),
        (bridge(None), "installer", "has no bridge `bulkhead`"),
        (bridge(Some(("mine", "true"))), "installer", "does not carry Bulkhead's mark"),
        (bridge(Some(("bulkhead:installer/bridge", "false"))), "installer", "does not filter VLANs"),
        (World { broker: ConnectReturnCode::NotAuthorized, ..good() }, "broker", "refuses user name, password"),
    ] {
        let report = looked_at(&world).await;
        let [(found, message)] = wrong(&report)[..] else { panic!("{}", report.words()) };
        assert!(found == what && message.contains(said), "{}", report.words());
    }
}

#[tokio::test]
async fn one_run_tells_everything_that_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = World { signs_in: false, broker: ConnectReturnCode::Banned, ..World::default() };
    enrolled(&world, folder.path()).await;
    fs::write(folder.path().join("agent.key"), "no key").expect("written");
    fs::write(folder.path().join(FILE), "not a database").expect("written");
    let report = check(&folder.path().join("agent.toml"), Clock::at(0)).await;
    let found: Vec<&str> = wrong(&report).into_iter().map(|(what, _)| what).collect();
    assert_eq!(found, ["secrets", "database", "clock", "router", "broker"], "{}", report.words());
}

#[tokio::test]
async fn beside_a_running_agent_its_database_and_its_place_at_the_broker_are_left_to_it() {
    let folder = tempfile::tempdir().expect("a folder");
    // A broker that would refuse is not even asked.
    let world = World { broker: ConnectReturnCode::Banned, ..World::default() };
    enrolled(&world, folder.path()).await;
    let _running = Store::open(&folder.path().join(FILE)).expect("a store");
    let report = check(&folder.path().join("agent.toml"), Clock::at(EARLIEST_CLOCK)).await;
    assert!(report.is_good() && report.words().contains("in use by a running agent"), "{}", report.words());
}
