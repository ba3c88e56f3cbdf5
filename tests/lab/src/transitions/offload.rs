//! Flows that the kernel knows pass its packet filter by: what fasttrack does. The gate shuts while the tunnel is good, which
//! only those flows would show that do not ask it.
//!
//! That they do not ask is shown first: with our rows away and a rule to drop all that comes late, they go on.

use super::{closed_after, linger, well};
use crate::{
    bed::{Bed, TUNNEL},
    capture::Wire,
    clock,
    kernel::{Bend, rows::Row},
    marker::Kind,
    report,
    run::{Happens, Told},
};
use std::sync::{Arc, atomic::Ordering};

pub(super) const ALL: &[(&str, Happens)] = &[
    ("a foreign fasttrack below ours, and the gate shuts", below),
    ("a foreign fasttrack on top of ours, and the gate shuts", on_top),
];

const FILTER: &str = "/ip/firewall/filter";
const FOREIGN: &str = "foreign fasttrack";

/// Flows are forgotten this soon after their connections are.
const FORGOTTEN_MS: u64 = 1300;

/// The gate shuts, though the tunnel carries: the router says that nothing comes back.
fn shut_gate(bed: &mut Bed) -> anyhow::Result<()> {
    linger();
    bed.bench.twin.set_peer(TUNNEL, false)?;
    // Silence takes some lost probes to be found: no reaction that compares with that to a link.
    if closed_after(bed, clock::now()).is_none() {
        bed.findings.push("the gate has not shut, though nothing comes back".to_owned());
    }
    Ok(())
}

/// The factory's own rule is one. Nothing of the service is fasttracked, so nothing goes on.
fn below(bed: &mut Bed) -> anyhow::Result<Told> {
    control(bed)?;
    shut_gate(bed)?;
    bed.shut("with a foreign fasttrack below ours");
    bed.bench.twin.set_peer(TUNNEL, true)?;
    well(bed)
}

/// Flows that such a rule has made may go on inside of the tunnel; nowhere else when that goes.
fn on_top(bed: &mut Bed) -> anyhow::Result<Told> {
    let fixed = bed.ids(FILTER, "counters");
    let first = bed.ids(FILTER, "").into_iter().find(|id| !fixed.contains(id));
    let rule = [("chain", "forward"), ("connection-state", "established,related")];
    let mut words = [&rule[..], &[("action", "fasttrack-connection"), ("comment", FOREIGN)]].concat();
    words.extend(first.as_deref().map(|first| ("place-before", first)));
    bed.admin(FILTER, "add", &words)?;
    shut_gate(bed)?;
    let before = old(bed);
    clock::pause(300);
    report::say(&format!("    {} packets of old connections pass the shut gate, in the tunnel", old(bed) - before));
    bed.set_tunnel(false)?;
    linger();
    bed.set_tunnel(true)?;
    for id in bed.ids(FILTER, FOREIGN) {
        bed.admin(FILTER, "remove", &[("numbers", &id)])?;
    }
    bed.bench.twin.set_peer(TUNNEL, true)?;
    forget(bed)?;
    well(bed)
}

/// The stand-in is one: flows pass a rule that comes late, and without fasttrack nothing does.
fn control(bed: &mut Bed) -> anyhow::Result<()> {
    for fasttracked in [true, false] {
        let passed = late(bed, fasttracked)?;
        report::say(&format!(
            "    without ours, {} fasttrack, {passed} packets of old connections pass a late rule",
            if fasttracked { "with" } else { "without" }
        ));
        if (passed > 0) != fasttracked {
            bed.findings.push("the flow table is no stand-in for fasttrack".to_owned());
        }
    }
    Ok(())
}

/// Packets of old connections that the tunnel has carried.
fn old(bed: &Bed) -> u64 {
    [Kind::UdpEstablished, Kind::DnsEstablished].map(|kind| bed.book.count(Wire::Tunnel, kind)).iter().sum()
}

/// How many packets of old connections come out of the tunnel behind a rule that drops all.
fn late(bed: &mut Bed, fasttracked: bool) -> anyhow::Result<u64> {
    const ALL_DROPPED: &str = "insert rule ip filter c-forward iifname \"bh-v100\" drop\n\
         insert rule ip filter c-forward oifname \"bh-v100\" drop\n";
    let passed = bed.frozen(|bed| {
        bed.kernel().bends = vec![bare(fasttracked)];
        bed.carry_out()?;
        forget(bed)?;
        // Both sides are heard of each connection.
        clock::pause(300);
        bed.network.router.feed("nft", &["-f", "-"], ALL_DROPPED.to_owned())?;
        clock::pause(100);
        let before = old(bed);
        clock::pause(300);
        let after = old(bed);
        bed.kernel().bends.clear();
        bed.carry_out()?;
        forget(bed)?;
        Ok(after - before)
    })?;
    // What leaked while ours were away is no leak.
    let step = bed.traffic.desk.step.fetch_add(1, Ordering::SeqCst) + 1;
    bed.book.clear_for(step);
    Ok(passed)
}

/// Connections go, and flows with them.
fn forget(bed: &Bed) -> anyhow::Result<()> {
    bed.network.router.command("conntrack", &["-F"])?;
    clock::pause(FORGOTTEN_MS);
    Ok(())
}

/// No rule of ours but translation, and no fasttrack where there shall be none.
fn bare(fasttracked: bool) -> Bend {
    Arc::new(move |menu, row: &Row| {
        let filters = menu.contains("/firewall/") && !menu.ends_with("/nat");
        let ours = filters && row.text("comment").starts_with("bulkhead:");
        let gone = ours || (!fasttracked && row.text("action") == "fasttrack-connection");
        (!gone).then(|| row.clone())
    })
}
