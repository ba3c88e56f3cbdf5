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

pub(super) const ALL: &[(&str, Happens)] = &[("a foreign fasttrack below ours, and the gate shuts", |bed| {
    control(bed)?;
    gate_shuts(bed, "with a foreign fasttrack below ours")
})];

/// Flows are forgotten this soon after their connections are.
const FORGOTTEN_MS: u64 = 1300;

/// The gate shuts, though the tunnel carries: the router says that nothing comes back.
fn gate_shuts(bed: &mut Bed, when: &str) -> anyhow::Result<Told> {
    linger();
    bed.bench.twin.set_peer(TUNNEL, false)?;
    // Silence takes some lost probes to be found: no reaction that compares with that to a link.
    if closed_after(bed, clock::now()).is_none() {
        bed.findings.push(format!("the gate has not shut {when}"));
    }
    bed.shut(when);
    bed.bench.twin.set_peer(TUNNEL, true)?;
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

/// How many packets of old connections come out of the tunnel behind a rule that drops all.
fn late(bed: &mut Bed, fasttracked: bool) -> anyhow::Result<u64> {
    const ALL_DROPPED: &str = "insert rule ip filter c-forward iifname \"bh-v100\" drop\n\
         insert rule ip filter c-forward oifname \"bh-v100\" drop\n";
    let old = |bed: &Bed| [Kind::UdpEstablished, Kind::DnsEstablished].map(|kind| bed.book.count(Wire::Tunnel, kind));
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
        Ok(after.iter().sum::<u64>() - before.iter().sum::<u64>())
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
