//! Other administrators: they put rules above ours, and take ours away.

use super::{LINGER_MS, closed_after, good_from_now, linger, well};
use crate::{
    bed::Bed,
    clock,
    marker::Kind,
    run::{Happens, Told},
};

const FILTER: &str = "/ip/firewall/filter";
const MANGLE: &str = "/ip/firewall/mangle";
const NAT: &str = "/ip/firewall/nat";
const RAW: &str = "/ip/firewall/raw";
const MARK_CONNECTIONS: &[(&str, &str)] =
    &[("chain", "prerouting"), ("action", "mark-connection"), ("new-connection-mark", "foreign")];

pub(super) const ALL: &[(&str, Happens)] = &[
    ("a foreign accept on top of forward", |bed| on_top(bed, FILTER, &[("chain", "forward"), ("action", "accept")])),
    ("a foreign accept on top of input", |bed| on_top(bed, FILTER, &[("chain", "input"), ("action", "accept")])),
    ("a foreign fasttrack on top of forward", |bed| {
        let rule = [("chain", "forward"), ("connection-state", "established,related")];
        on_top(bed, FILTER, &[&rule[..], &[("action", "fasttrack-connection")]].concat())
    }),
    ("a foreign mark for routing on top of mangle", |bed| {
        bed.admin("/routing/table", "add", &[("name", "foreign"), ("fib", "")])?;
        let route = [("dst-address", "0.0.0.0/0"), ("gateway", "198.18.2.1"), ("routing-table", "foreign")];
        bed.admin("/ip/route", "add", &[&route[..], &[("comment", "foreign")]].concat())?;
        let rule = [("chain", "prerouting"), ("action", "mark-routing"), ("new-routing-mark", "foreign")];
        let told = on_top(bed, MANGLE, &rule);
        for (menu, comment) in [("/ip/route", "foreign")] {
            for id in bed.ids(menu, comment) {
                bed.admin(menu, "remove", &[("numbers", &id)])?;
            }
        }
        bed.admin("/routing/table", "remove", &[("numbers", "foreign")])?;
        told
    }),
    ("a foreign masquerade on top of nat", |bed| on_top(bed, NAT, &[("chain", "srcnat"), ("action", "masquerade")])),
    ("a foreign destination NAT on top of nat", |bed| {
        let rule = [("chain", "dstnat"), ("action", "dst-nat"), ("protocol", "udp"), ("dst-port", "53")];
        on_top(bed, NAT, &[&rule[..], &[("to-addresses", "203.0.113.1")]].concat())
    }),
    ("a foreign notrack on top of raw", |bed| on_top(bed, RAW, &[("chain", "prerouting"), ("action", "notrack")])),
    ("a foreign mark for connections on top of mangle", |bed| {
        // The router's own errors are known by the mark that this one takes away, until ours is above it again.
        Ok(Told { exposed: &[Kind::Quoted], ..on_top(bed, MANGLE, MARK_CONNECTIONS)? })
    }),
    ("a foreign mark for connections below ours", |bed| among(bed, MANGLE, MARK_CONNECTIONS, None)),
    ("the end of our chain is deleted and added again", |bed| deleted(bed, FILTER, "bulkhead:base/closed")),
    ("our jumps are deleted and added again", |bed| deleted(bed, FILTER, "bulkhead:base/jump-forward-in")),
    ("our accept is deleted and added again", |bed| deleted(bed, FILTER, "/accept-out")),
    ("our routing rule is deleted and added again", |bed| deleted(bed, "/routing/rule", "/rule")),
    ("our blackhole is deleted and added again", |bed| deleted(bed, "/ip/route", "/blackhole")),
    ("our gate is deleted, and the tunnel goes down", gate_deleted),
    ("the service's bridge port is deleted and added again", |bed| {
        deleted(bed, "/interface/bridge/port", "/bridge-port")
    }),
];

/// A rule above all others, with the tunnel up, then down, then up.
fn on_top(bed: &mut Bed, menu: &str, rule: &[(&str, &str)]) -> anyhow::Result<Told> {
    let rows = bed.ids(menu, "");
    let fixed = bed.ids(menu, "counters");
    let first = rows.iter().find(|id| !fixed.contains(id)).cloned();
    among(bed, menu, rule, first.as_deref())
}

/// The same with a rule before a row, or below all.
fn among(bed: &mut Bed, menu: &str, rule: &[(&str, &str)], before: Option<&str>) -> anyhow::Result<Told> {
    let mut words = [rule, &[("comment", "foreign")]].concat();
    words.extend(before.map(|before| ("place-before", before)));
    bed.admin(menu, "add", &words)?;
    bed.settle()?;
    // What makes the router itself speak of the service's connections is there too.
    bed.far_end_sends(1, 20)?;
    linger();
    bed.far_end_sends(1, 20)?;
    bed.set_tunnel(false)?;
    clock::pause(LINGER_MS);
    bed.set_tunnel(true)?;
    for id in bed.ids(menu, "foreign") {
        bed.admin(menu, "remove", &[("numbers", &id)])?;
    }
    bed.settle()?;
    well(bed)
}

/// The agent is there, and has the tunnel's end to see before it has put the gate back.
fn gate_deleted(bed: &mut Bed) -> anyhow::Result<Told> {
    let mut rows = Vec::new();
    // From below: what each stood before is there when it comes back.
    for gate in ["/gate-in", "/gate-out"] {
        rows.push(bed.delete(FILTER, gate)?);
    }
    let news = clock::now();
    bed.set_tunnel(false)?;
    let reaction = closed_after(bed, news);
    linger();
    bed.set_tunnel(true)?;
    for row in rows.into_iter().rev() {
        bed.put_back(row)?;
    }
    bed.settle()?;
    Ok(good_from_now(bed, reaction))
}

/// A row of ours goes with the tunnel up, then down, then up, and comes back.
fn deleted(bed: &mut Bed, menu: &str, mark: &str) -> anyhow::Result<Told> {
    let row = bed.delete(menu, mark)?;
    linger();
    bed.set_tunnel(false)?;
    clock::pause(LINGER_MS);
    bed.set_tunnel(true)?;
    bed.put_back(row)?;
    bed.settle()?;
    well(bed)
}
