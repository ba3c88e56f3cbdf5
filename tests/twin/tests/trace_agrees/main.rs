//! Two evaluators that share no logic say the same of random packets on random routers: the twin's over its rows, and
//! the one of `shared` over what was read of it by the API's requests.
//!
//! `BULKHEAD_SEEDS=5000` tries so many routers; `BULKHEAD_SEED=17` plays one again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests panic to fail")]
#![allow(clippy::print_stderr, reason = "it says how many agreed")]

mod chance;
mod network;
mod packets;
mod rules;

use std::time::Duration;

use bulkhead_twin::{
    device::{Device, Reply, factory, request::Request},
    schema,
    script::import,
};
use chance::Chance;
use shared::routeros::{
    model::{Model, Row},
    trace::{MENUS, Packet, Trace, properties, trace},
};

/// Routers that are tried where nobody asks for more.
const SEEDS: u64 = 60;
/// Packets on each of them.
const PACKETS: u32 = 40;

/// Of all commands that were tried, how many the twin refused.
#[derive(Default)]
struct Tally {
    commands: u32,
    refused: u32,
}

pub(crate) struct Router {
    device: Device,
    tally: Tally,
}

impl Router {
    /// As it leaves the factory; sometimes with its firewall.
    fn new(chance: &mut Chance) -> Self {
        let mut device = Device::new(schema::shipped("7.24").unwrap(), Duration::ZERO);
        device.build("twin", "admin");
        for script in factory::SCRIPTS {
            import(&mut device, Duration::ZERO, script).unwrap();
        }
        device.settle(Duration::ZERO);
        let mut router = Self { device, tally: Tally::default() };
        if chance.one_in(2) {
            for menu in ["/ip/firewall/filter", "/ipv6/firewall/filter", "/ip/firewall/nat"] {
                for id in router.ids(menu) {
                    router.run(menu, "remove", &[(".id", &id)]);
                }
            }
        }
        router
    }

    /// One request, as a client sends it; what is refused is counted.
    pub(crate) fn run(&mut self, menu: &str, verb: &str, arguments: &[(&str, &str)]) {
        self.tally.commands += 1;
        if let Err(trap) = self.device.run(Duration::ZERO, &Request::new(menu, verb, arguments)) {
            self.tally.refused += 1;
            if std::env::var_os("BULKHEAD_SEED").is_some() {
                eprintln!("refused: {menu} {verb} {arguments:?}: {trap:?}");
            }
        } else if std::env::var_os("BULKHEAD_SEED").is_some() {
            eprintln!("{menu} {verb} {arguments:?}");
        }
    }

    /// `name=value name=value`: values without blanks.
    pub(crate) fn add(&mut self, menu: &str, text: &str) {
        let arguments: Vec<(&str, &str)> =
            text.split_whitespace().map(|word| word.split_once('=').unwrap_or((word, "yes"))).collect();
        self.run(menu, "add", &arguments);
    }

    fn print(&mut self, menu: &str, names: &str) -> Vec<Vec<(String, String)>> {
        match self.device.run(Duration::ZERO, &Request::new(menu, "print", &[(".proplist", names)])).unwrap() {
            Reply::Rows(rows) => rows,
            other @ (Reply::Pages(_) | Reply::Done(_) | Reply::Stream(_) | Reply::Reboot) => {
                panic!("{menu}: {other:?}")
            }
        }
    }

    /// The ids of a menu's static rows.
    fn ids(&mut self, menu: &str) -> Vec<String> {
        let rows = self.print(menu, ".id,dynamic").into_iter().map(Row::new);
        rows.filter(|row| !row.is("dynamic")).map(|row| row.id().to_owned()).collect()
    }

    fn model(&mut self) -> Model {
        Model::new(
            MENUS.iter().map(|menu| (*menu, self.print(menu, properties(menu)).into_iter().map(Row::new).collect())),
        )
    }
}

/// What is compared: the verdict, the way out, the packet in the end.
fn outcome(trace: &Trace) -> (String, Packet) {
    let verdict = serde_json::to_string(&(trace.verdict, &trace.out_interface)).unwrap();
    (verdict, trace.packet.clone())
}

fn told(trace: &Trace) -> String {
    let step = |step: &shared::routeros::trace::Step| {
        format!("  {} {} {:?} {} {} {:?}\n", step.table, step.chain, step.rule, step.action, step.matched, step.note)
    };
    let steps: String = trace.steps.iter().map(step).collect();
    let packet = serde_json::to_string(&trace.packet).unwrap();
    format!("{:?} {:?}\n{steps}  {packet}\n", trace.verdict, trace.out_interface)
}

/// One router and its packets: how many had a way, and what was said differently.
fn play(seed: u64, tally: &mut Tally, differences: &mut Vec<String>) -> u32 {
    let mut chance = Chance::new(seed);
    let mut router = Router::new(&mut chance);
    network::build(&mut router, &mut chance);
    rules::build(&mut router, &mut chance);
    router.device.settle(Duration::ZERO);
    let model = router.model();
    tally.commands += router.tally.commands;
    tally.refused += router.tally.refused;
    let mut agreed = 0;
    for _ in 0..PACKETS {
        let packet = packets::packet(&mut chance);
        let twins = router.device.trace(&packet);
        let ours = trace(&model, &packet);
        let asked = serde_json::to_string(&packet).unwrap();
        match (twins, ours) {
            (Ok(twins), Ok(ours)) if outcome(&twins) == outcome(&ours) => agreed += 1,
            (Ok(twins), Ok(ours)) => differences.push(format!(
                "BULKHEAD_SEED={seed}: {asked}\nthe twin: {}the model: {}",
                told(&twins),
                told(&ours)
            )),
            (Err(_), Err(_)) => {}
            (twins, ours) => {
                differences.push(format!("BULKHEAD_SEED={seed}: {asked}\nthe twin: {twins:?}\nthe model: {ours:?}"));
            }
        }
    }
    agreed
}

#[test]
fn both_evaluators_agree_on_random_packets_on_random_routers() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seeds = match number("BULKHEAD_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("BULKHEAD_SEEDS").unwrap_or(SEEDS),
    };
    let (mut tally, mut differences) = (Tally::default(), Vec::new());
    let count = seeds.end - seeds.start;
    let agreed: u32 = seeds.map(|seed| play(seed, &mut tally, &mut differences)).sum();
    eprintln!("{agreed} packets on {count} routers; {} of {} commands refused", tally.refused, tally.commands);
    assert!(
        differences.is_empty(),
        "{} packets went different ways, first of all these:\n{}",
        differences.len(),
        differences[..differences.len().min(8)].join("\n")
    );
    assert!(
        tally.refused * 5 < tally.commands,
        "the twin refuses what is tried: {} of {}",
        tally.refused,
        tally.commands
    );
    assert!(count == 1 || u64::from(agreed) * 2 > count * u64::from(PACKETS), "most packets have no way");
}
