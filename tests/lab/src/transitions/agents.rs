//! The agent comes, goes, hangs and dies; the router boots. No broker and no controller is ever there.

use super::{LINGER_MS, linger, well};
use crate::{
    bed::{Bed, vif},
    clock,
    network::RESOLVER,
    run::{Happens, Told},
};
use nix::sys::signal::Signal;
use shared::vif::VifSpec;
use std::time::Duration;

pub(super) const ALL: &[(&str, Happens)] = &[
    ("power-on: no agent, no lease", power_on),
    ("no broker, no controller: the agent alone", alone),
    ("the agent stops and starts again", |bed| restarted(bed, Signal::SIGTERM)),
    ("the agent is killed and starts again", |bed| restarted(bed, Signal::SIGKILL)),
    ("the agent hangs while the tunnel goes down", hangs),
    ("the agent is killed, then the tunnel goes down", killed_then_down),
    ("the agent is killed, and its leases run out", runs_out),
    ("the router boots", |bed| booted(bed, true)),
    ("the router boots with the tunnel down", |bed| booted(bed, false)),
    ("the VIF is taken away and made again", made_again),
    ("the VIF loses resolver and ports, and has them back", |bed| {
        let bare = VifSpec { resolver: None, ports: Vec::new(), ..vif()? };
        updated(bed, bare)
    }),
    ("the VIF's resolver is another one for a while", |bed| {
        let other = VifSpec { resolver: Some(RESOLVER), ..vif()? };
        updated(bed, other)
    }),
];

fn power_on(bed: &mut Bed) -> anyhow::Result<Told> {
    bed.stop_agent()?;
    bed.boot(true)?;
    clock::pause(2 * LINGER_MS);
    bed.shut("after power-on without an agent");
    bed.start_agent()?;
    well(bed)
}

fn alone(bed: &mut Bed) -> anyhow::Result<Told> {
    clock::pause(2 * LINGER_MS);
    well(bed)
}

fn restarted(bed: &mut Bed, signal: Signal) -> anyhow::Result<Told> {
    bed.signal_agent(signal)?;
    linger();
    bed.start_agent()?;
    well(bed)
}

fn hangs(bed: &mut Bed) -> anyhow::Result<Told> {
    bed.signal_agent(Signal::SIGSTOP)?;
    bed.set_tunnel(false)?;
    clock::pause(2 * LINGER_MS);
    bed.set_tunnel(true)?;
    bed.signal_agent(Signal::SIGCONT)?;
    well(bed)
}

fn killed_then_down(bed: &mut Bed) -> anyhow::Result<Told> {
    bed.stop_agent()?;
    bed.set_tunnel(false)?;
    clock::pause(2 * LINGER_MS);
    bed.set_tunnel(true)?;
    linger();
    bed.start_agent()?;
    well(bed)
}

/// In a short run the router's clock jumps instead.
fn runs_out(bed: &mut Bed) -> anyhow::Result<Told> {
    bed.stop_agent()?;
    if bed.short {
        bed.bench.twin.advance(Duration::from_secs(31));
        bed.settle()?;
    }
    clock::until(35_000, || !bed.kernel().gate().0);
    bed.settle()?;
    bed.shut("after the lease ran out");
    bed.start_agent()?;
    well(bed)
}

fn booted(bed: &mut Bed, up: bool) -> anyhow::Result<Told> {
    bed.boot(up)?;
    linger();
    if !up {
        bed.set_tunnel(true)?;
    }
    well(bed)
}

fn made_again(bed: &mut Bed) -> anyhow::Result<Told> {
    bed.stop_agent()?;
    bed.remove()?;
    linger();
    bed.create()?;
    bed.start_agent()?;
    well(bed)
}

/// Asked for otherwise, and as before again; an agent that runs in between keeps what there is.
fn updated(bed: &mut Bed, otherwise: VifSpec) -> anyhow::Result<Told> {
    for wanted in [otherwise, vif()?] {
        bed.stop_agent()?;
        bed.update(wanted)?;
        bed.start_agent()?;
        linger();
    }
    well(bed)
}
