//! Other ways to keep a service in its tunnel, in the same lab, beside ours: what each lets out when the tunnel goes.
//!
//! The control is our own VIF with its kill switch off, made by the agent. If that does not leak, the lab does not see leaks,
//! and the run is void.

use crate::{
    bed::{Bed, TUNNEL, vif},
    clock,
    kernel::{Bend, rows::Row},
    lane,
    report::{self, Totals},
    run,
};
use shared::vif::{KillSwitchMode, VifSpec};
use std::{
    sync::{Arc, atomic::Ordering},
    thread,
};

/// When a reactive kill switch acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reaction {
    None,
    /// At once, when the command that took the tunnel down has returned.
    Event,
    /// It looks once a second.
    Poll,
}

/// What keeps packets in the tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// All of ours.
    Ours,
    /// Ours without a kill switch.
    Off,
    /// A rule on the source alone.
    Rule,
    /// Packets are marked for their table instead.
    Marks,
}

struct Peer {
    name: &'static str,
    way: Way,
    reaction: Reaction,
}

const PEERS: [Peer; 5] = [
    Peer { name: "control: kill switch off", way: Way::Off, reaction: Reaction::None },
    Peer { name: "mark-routing alone", way: Way::Marks, reaction: Reaction::None },
    Peer { name: "kill switch that polls each second", way: Way::Rule, reaction: Reaction::Poll },
    Peer { name: "kill switch that adds a rule on the event", way: Way::Rule, reaction: Reaction::Event },
    Peer { name: "Bulkhead", way: Way::Ours, reaction: Reaction::None },
];

/// How long each is looked at after the tunnel went, in a full run and in a short one.
const LOOK_MS: u64 = 1200;
const SHORT_LOOK_MS: u64 = 400;

/// Runs all of them and prints what leaked.
///
/// # Errors
/// The lab itself fails.
pub(crate) fn compare(bed: &mut Bed, totals: &mut Totals) -> anyhow::Result<()> {
    let rounds = lane::here().rounds(bed.short);
    report::row("the tunnel goes down: leaked packets", &["min", "median", "max"].map(str::to_owned));
    for peer in &PEERS {
        let mut leaked = Vec::new();
        if peer.way == Way::Off {
            asked(bed, KillSwitchMode::Off)?;
        }
        for round in 0..rounds {
            leaked.push(one(bed, totals, peer, round)?);
        }
        if peer.way == Way::Off {
            asked(bed, KillSwitchMode::Block)?;
        }
        leaked.sort_unstable();
        let columns = [leaked[0], leaked[leaked.len() / 2], leaked[leaked.len() - 1]].map(|count| count.to_string());
        report::row(peer.name, &columns);
        match peer.way {
            Way::Ours => totals.leaked += leaked.iter().sum::<u64>(),
            Way::Off => totals.control_leaks = leaked[0] > 0,
            Way::Rule | Way::Marks => {}
        }
    }
    Ok(())
}

/// Has the agent's engine make the kill switch so.
fn asked(bed: &mut Bed, kill_switch: KillSwitchMode) -> anyhow::Result<()> {
    bed.stop_agent()?;
    bed.update(VifSpec { kill_switch, ..vif()? })
}

fn one(bed: &mut Bed, totals: &mut Totals, peer: &Peer, round: u64) -> anyhow::Result<u64> {
    bed.good()?;
    if peer.way == Way::Marks {
        let rule = [("chain", "prerouting"), ("in-interface", "bh-v100"), ("action", "mark-routing")];
        bed.admin(
            "/ip/firewall/mangle",
            "add",
            &[&rule[..], &[("new-routing-mark", "bh-100"), ("comment", "peer")]].concat(),
        )?;
        bed.settle()?;
    }
    let desk = bed.traffic.desk.clone();
    let before = desk.sent.load(Ordering::SeqCst);
    let leaked = bed.frozen(|bed| {
        if matches!(peer.way, Way::Rule | Way::Marks) {
            bed.kernel().bends = vec![unprotected(peer.way == Way::Marks)];
            bed.carry_out()?;
        }
        let step = desk.step.fetch_add(1, Ordering::SeqCst) + 1;
        bed.book.clear_for(step);
        desk.runs.store(true, Ordering::SeqCst);
        clock::pause(150);
        let polls = (peer.reaction == Reaction::Poll).then(|| poll(bed, 150 + 170 * round));
        bed.network.router.command("ip", &["link", "set", TUNNEL, "down"])?;
        if peer.reaction == Reaction::Event {
            drop_all(&bed.network.router)?;
        }
        clock::pause(if bed.short { SHORT_LOOK_MS } else { LOOK_MS });
        desk.runs.store(false, Ordering::SeqCst);
        clock::pause(60);
        if let Some(polls) = polls {
            let _ = polls.join();
        }
        let (leaked, words) = run::leaks(bed);
        if peer.way == Way::Ours {
            for words in words {
                report::say(&format!("    leaked: {words}"));
            }
        }
        bed.kernel().bends.clear();
        bed.network.router.command("ip", &["link", "set", TUNNEL, "up"])?;
        bed.kernel().forget_routes();
        bed.carry_out()?;
        Ok(leaked)
    })?;
    for id in bed.ids("/ip/firewall/mangle", "peer") {
        bed.admin("/ip/firewall/mangle", "remove", &[("numbers", &id)])?;
    }
    // What was let out has connections of its own now.
    bed.network.router.command("conntrack", &["-F"])?;
    totals.probes += desk.sent.load(Ordering::SeqCst) - before;
    bed.settle()?;
    Ok(leaked)
}

/// What of a VIF carries, without what protects: no rule of ours but masquerade, no blackhole, a rule that goes on to
/// the next table.
fn unprotected(marks: bool) -> Bend {
    Arc::new(move |menu, row: &Row| {
        let ours =
            row.text("comment").starts_with("bulkhead:") && !row.text("comment").starts_with("bulkhead:installer");
        let protects = menu.contains("/firewall/") && !menu.ends_with("/nat") || row.0.contains_key("blackhole");
        let mut row = row.clone();
        if ours && menu == "/routing/rule" {
            if marks || !row.text("interface").is_empty() {
                return None;
            }
            row.0.insert("action".to_owned(), "lookup".to_owned());
        }
        (!(ours && protects)).then_some(row)
    })
}

/// The rule that a reactive kill switch adds.
fn drop_all(router: &crate::namespace::Namespace) -> anyhow::Result<()> {
    let rule = format!("insert rule ip filter c-forward iifname \"bh-v100\" oifname != \"{TUNNEL}\" drop\n");
    router.feed("nft", &["-f", "-"], rule).map(drop)
}

/// Looks once a second, the first time after so long, and acts when the tunnel is down.
fn poll(bed: &Bed, first_ms: u64) -> thread::JoinHandle<()> {
    let router = bed.network.router.clone();
    thread::spawn(move || {
        clock::pause(first_ms);
        for _ in 0..2 {
            let flags = router.command("ip", &["-o", "link", "show", TUNNEL]).unwrap_or_default();
            if !flags.contains(",UP") {
                let _ = drop_all(&router);
                return;
            }
            clock::pause(1000);
        }
    })
}
