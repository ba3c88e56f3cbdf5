//! The tunnel and the providers' lines go and come back.

use super::{LINGER_MS, closed_after, good_from_now, linger, well};
use crate::{
    bed::{Bed, TUNNEL},
    clock,
    marker::Kind,
    run::{Happens, Told},
};
use bulkhead_twin::device::wan::Lease;

pub(super) const ALL: &[(&str, Happens)] = &[
    ("the tunnel's link goes down", down),
    ("the tunnel is switched off by an administrator", switched_off),
    ("the tunnel's peer falls silent", silent),
    ("the tunnel flaps", flaps),
    ("the tunnel vanishes and is made anew", anew),
    ("the egress is renamed", renamed),
    ("the tunnel goes down, connections are purged", purged),
    ("connections are purged", |bed| {
        bed.network.router.command("conntrack", &["-F"])?;
        linger();
        well(bed)
    }),
    ("the provider's lease is lost and renewed", renewed),
    ("the first provider's line is cut: failover", failover),
    ("all lines and the tunnel go; the line comes back first", all_gone),
    ("IPv6 of every kind while the tunnel is down", |bed| flood(bed, &[Kind::V6Global, Kind::V6Neighbour])),
    ("foreign sources while the tunnel is down", |bed| flood(bed, &[Kind::Spoofed])),
    ("questions to the router while the tunnel is down", |bed| flood(bed, &[Kind::DnsRouter, Kind::DnsNew])),
    ("the far end's answers come too late to be forwarded", too_late),
    ("the service is unplugged while answers come", |bed| {
        bed.unplugged()?;
        well(bed)
    }),
    ("to the LAN and private networks while the tunnel is down", |bed| flood(bed, &[Kind::Lan, Kind::Private])),
];

fn down(bed: &mut Bed) -> anyhow::Result<Told> {
    let news = clock::now();
    bed.set_tunnel(false)?;
    let reaction = closed_after(bed, news);
    linger();
    bed.set_tunnel(true)?;
    Ok(good_from_now(bed, reaction))
}

fn switched_off(bed: &mut Bed) -> anyhow::Result<Told> {
    let news = clock::now();
    bed.admin("/interface/wireguard", "set", &[("numbers", TUNNEL), ("disabled", "yes")])?;
    let reaction = closed_after(bed, news);
    linger();
    bed.admin("/interface/wireguard", "set", &[("numbers", TUNNEL), ("disabled", "no")])?;
    bed.settle()?;
    bed.set_tunnel(true)?;
    Ok(good_from_now(bed, reaction))
}

fn silent(bed: &mut Bed) -> anyhow::Result<Told> {
    bed.network.set_peer(false)?;
    clock::pause(4 * LINGER_MS);
    bed.network.set_peer(true)?;
    well(bed)
}

fn flaps(bed: &mut Bed) -> anyhow::Result<Told> {
    for _ in 0..6 {
        bed.set_tunnel(false)?;
        clock::pause(40);
        bed.set_tunnel(true)?;
        clock::pause(40);
    }
    well(bed)
}

fn anew(bed: &mut Bed) -> anyhow::Result<Told> {
    bed.kill_tunnel()?;
    clock::pause(2 * LINGER_MS);
    bed.make_tunnel()?;
    clock::pause(2 * LINGER_MS);
    // What named the old interface names nothing now: until that is put right the VIF is closed.
    bed.stop_agent()?;
    bed.remove()?;
    bed.create()?;
    bed.start_agent()?;
    well(bed)
}

fn renamed(bed: &mut Bed) -> anyhow::Result<Told> {
    for (from, to) in [(TUNNEL, "wg-other"), ("wg-other", TUNNEL)] {
        bed.rename_tunnel(from, to)?;
        linger();
    }
    well(bed)
}

fn purged(bed: &mut Bed) -> anyhow::Result<Told> {
    let news = clock::now();
    bed.set_tunnel(false)?;
    bed.network.router.command("conntrack", &["-F"])?;
    let reaction = closed_after(bed, news);
    linger();
    bed.set_tunnel(true)?;
    Ok(good_from_now(bed, reaction))
}

fn renewed(bed: &mut Bed) -> anyhow::Result<Told> {
    bed.bench.twin.set_lease(Lease::Searching);
    bed.settle()?;
    linger();
    bed.bench.twin.set_lease(Lease::Bound);
    bed.settle()?;
    well(bed)
}

fn failover(bed: &mut Bed) -> anyhow::Result<Told> {
    bed.set_line(false)?;
    clock::pause(2 * LINGER_MS);
    bed.set_line(true)?;
    well(bed)
}

fn all_gone(bed: &mut Bed) -> anyhow::Result<Told> {
    bed.set_line(false)?;
    let news = clock::now();
    bed.set_tunnel(false)?;
    let reaction = closed_after(bed, news);
    bed.set_line(true)?;
    linger();
    bed.set_tunnel(true)?;
    Ok(good_from_now(bed, reaction))
}

/// With the tunnel up, and once more right before it goes.
fn too_late(bed: &mut Bed) -> anyhow::Result<Told> {
    bed.far_end_sends(1, 50)?;
    linger();
    bed.far_end_sends(1, 50)?;
    down(bed)
}

/// More of some kinds than the flood has.
fn flood(bed: &mut Bed, kinds: &[Kind]) -> anyhow::Result<Told> {
    let news = clock::now();
    bed.set_tunnel(false)?;
    for kind in kinds {
        bed.traffic.send(*kind, 600)?;
    }
    let reaction = closed_after(bed, news);
    bed.set_tunnel(true)?;
    Ok(good_from_now(bed, reaction))
}
