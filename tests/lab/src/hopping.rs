//! Frames with tags: a service tries the VLANs of others, on a kernel that filters VLANs itself.
//!
//! Beside the VIF the bridge has the agent's own container and another service, laid out as a VIF is. What of the service
//! is seen at either, or at the other one's VLAN interface, has hopped. Each property of ours that holds frames back is
//! taken away alone, and the suite has to notice.

use crate::{
    bed::Bed,
    capture::{self, Whose, Wire},
    clock,
    kernel::{Bend, rows::Row},
    marker::{Kind, Marker},
    namespace,
    network::{HOST, PORT, SERVICE},
    packet::{self, Ends},
    report::{self, Totals},
    run,
};
use std::{
    io::Write as _,
    sync::{Arc, atomic::Ordering},
};

/// The other service: menu and row.
const OTHER: [(&str, &[(&str, &str)]); 5] = [
    ("/interface/veth", &[("name", "bh-other"), ("address", "172.16.200.2/30"), ("gateway", "172.16.200.1")]),
    ("/interface/vlan", &[("name", "other-v200"), ("interface", "bulkhead"), ("vlan-id", "200")]),
    (
        "/interface/bridge/vlan",
        &[("bridge", "bulkhead"), ("vlan-ids", "200"), ("tagged", "bulkhead,bh-agent"), ("untagged", "bh-other")],
    ),
    (
        "/interface/bridge/port",
        &[
            ("bridge", "bulkhead"),
            ("interface", "bh-other"),
            ("pvid", "200"),
            ("frame-types", "admit-only-untagged-and-priority-tagged"),
            ("ingress-filtering", "yes"),
            ("horizon", "1"),
        ],
    ),
    ("/ip/address", &[("address", "172.16.200.1/30"), ("interface", "other-v200")]),
];
const OTHERS_COMMENT: &str = "other service";

/// Tags that a service may try, the outer one first: none, the agent's VLAN, the other's, its own, and what hides another's
/// behind one that its port takes.
const TAGS: [&[(u16, u16)]; 9] = [
    &[],
    &[(DOT1Q, 99)],
    &[(DOT1Q, 200)],
    &[(DOT1Q, 1)],
    &[(DOT1Q, 4094)],
    &[(DOT1Q, 0), (DOT1Q, 200)],
    &[(DOT1Q, 100), (DOT1Q, 200)],
    &[(DOT1AD, 200)],
    &[(DOT1AD, 100), (DOT1Q, 200)],
];
/// Its own alone.
const OWN: [&[(u16, u16)]; 1] = [&[(DOT1Q, 100)]];
const DOT1Q: u16 = 0x8100;
const DOT1AD: u16 = 0x88A8;

/// A property that holds frames back: its menu, the end of its row's comment, its name, and what is put in its place.
type Property = (&'static str, &'static str, &'static str, &'static str);

const PORT_MENU: &str = "/interface/bridge/port";
const PROPERTIES: [Property; 5] = [
    ("/interface/bridge", "installer/bridge", "vlan-filtering", "false"),
    (PORT_MENU, "/bridge-port", "ingress-filtering", "false"),
    (PORT_MENU, "/bridge-port", "pvid", "200"),
    (PORT_MENU, "/bridge-port", "frame-types", "admit-all"),
    (PORT_MENU, "/bridge-port", "horizon", "none"),
];

/// Gives the bridge another service, and listens to it and to the agent's container for what comes from ours.
///
/// # Errors
/// The router's trap, or what the kernel says.
pub(crate) fn neighbours_come(bed: &Bed) -> anyhow::Result<()> {
    for (menu, row) in OTHER {
        bed.admin(menu, "add", &[row, &[("comment", OTHERS_COMMENT)]].concat())?;
    }
    bed.settle()?;
    let (router, neighbours) = (&bed.network.router, &bed.network.neighbours);
    let (_, service) = bed.network.service.link("eth0")?;
    for (far, end) in [("bh-other-x", "other"), ("bh-agent-x", "agent")] {
        // The agent's is there from the first time on.
        if router.link(far).is_ok() {
            router.command("ip", &["link", "set", far, "netns", &neighbours.id(), "name", end])?;
            neighbours.command("ip", &["link", "set", end, "up"])?;
        }
        capture::listen(neighbours, end, (Wire::Neighbour, Whose::From(service)), &bed.book)?;
    }
    capture::listen(router, "other-v200", (Wire::Neighbour, Whose::From(service)), &bed.book)
}

/// Takes the other service away.
///
/// # Errors
/// The router's trap.
pub(crate) fn neighbours_go(bed: &Bed) -> anyhow::Result<()> {
    for (menu, _) in OTHER.into_iter().rev() {
        for id in bed.ids(menu, OTHERS_COMMENT) {
            bed.admin(menu, "remove", &[("numbers", &id)])?;
        }
    }
    bed.settle()
}

/// Sends with the tags of others, to the router and to everybody.
///
/// # Errors
/// The service's wire is not there.
pub(crate) fn hop(bed: &Bed) -> anyhow::Result<()> {
    send(bed, &TAGS)
}

fn send(bed: &Bed, all: &'static [&'static [(u16, u16)]]) -> anyhow::Result<()> {
    let (_, router) = bed.network.router.link("bulkhead")?;
    let desk = bed.traffic.desk.clone();
    bed.network.service.run(move || {
        let (_, from) = namespace::link("eth0")?;
        let tap = capture::tap("eth0", 1 << 20)?;
        for (at, tags) in (0_u16..).zip(all) {
            for to in [router, [0xFF; 6]] {
                let sequence = desk.next.fetch_add(1, Ordering::SeqCst);
                let marker = Marker { kind: Kind::UdpNew, step: desk.step.load(Ordering::SeqCst), sequence };
                let body = packet::udp((30_000 + at, PORT), &marker.text());
                let frame = packet::ip4(Ends { from, to }, SERVICE, HOST, 17, &body);
                (&tap).write_all(&tagged(&frame, tags))?;
                desk.sent.fetch_add(1, Ordering::SeqCst);
            }
        }
        Ok(())
    })
}

/// A frame with tags between its addresses and its kind.
fn tagged(frame: &[u8], tags: &[(u16, u16)]) -> Vec<u8> {
    let (addresses, rest) = frame.split_at(12);
    let tags = tags.iter().flat_map(|(kind, id)| [kind.to_be_bytes(), id.to_be_bytes()].concat());
    addresses.iter().copied().chain(tags).chain(rest.iter().copied()).collect()
}

/// Takes away each property that holds frames back.
///
/// # Errors
/// The lab itself fails.
pub(crate) fn hunt(bed: &mut Bed, totals: &mut Totals) -> anyhow::Result<()> {
    bed.good()?;
    neighbours_come(bed)?;
    report::row("property taken away", &["judged as", "killed"].map(str::to_owned));
    let said = look(bed, None)?;
    if !said.is_empty() {
        totals.findings.push(format!("frames with tags, with nothing taken away: {}", said.join("; ")));
    }
    for property in PROPERTIES {
        let said = look(bed, Some(without(property)))?;
        totals.mutants += 1;
        totals.killed += usize::from(!said.is_empty());
        let word = said.first().map_or("LIVES", String::as_str);
        report::row(&format!("{} {}={}", property.0, property.2, property.3), &["packets".to_owned(), word.to_owned()]);
    }
    neighbours_go(bed)
}

fn without((menu, mark, name, value): Property) -> Bend {
    Arc::new(move |of, row: &Row| {
        let mut row = row.clone();
        if of == menu && row.text("comment").ends_with(mark) {
            row.0.insert(name.to_owned(), value.to_owned());
        }
        Some(row)
    })
}

/// What of frames with tags is seen where it may not be.
fn look(bed: &mut Bed, mutant: Option<Bend>) -> anyhow::Result<Vec<String>> {
    bed.frozen(|bed| {
        bed.kernel().bends.extend(mutant);
        bed.carry_out()?;
        let step = bed.traffic.desk.step.fetch_add(1, Ordering::SeqCst) + 1;
        bed.book.clear_for(step);
        hop(bed)?;
        clock::pause(60);
        let mut said = run::leaks(bed).1;
        // Its own tag is no way to anybody else, but no frame with a tag is taken at all. What has none is carried.
        bed.book.clear_for(step);
        send(bed, &OWN)?;
        clock::pause(60);
        let carried = bed.book.count(Wire::Tunnel, Kind::UdpNew);
        if carried > 0 {
            said.push(format!("{carried} frames with a tag are carried"));
        }
        bed.kernel().bends.clear();
        bed.carry_out()?;
        Ok(said)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_stand_between_the_addresses_and_the_kind() {
        let frame = [&[1; 12][..], &[8, 0], b"rest"].concat();
        let doubly = tagged(&frame, &[(DOT1AD, 100), (DOT1Q, 200)]);
        assert_eq!(doubly, [&[1; 12][..], &[0x88, 0xA8, 0, 100, 0x81, 0, 0, 200, 8, 0], b"rest"].concat());
    }
}
