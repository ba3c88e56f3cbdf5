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

/// What is put in the place of a property's value: menu, the end of the row's comment, name, and value.
type Change = (&'static str, &'static str, &'static str, &'static str);

const PORT_MENU: &str = "/interface/bridge/port";
const ADMITS_ALL: Change = (PORT_MENU, "/bridge-port", "frame-types", "admit-all");
/// Properties that hold frames back, and those that would hide that they are away.
const PROPERTIES: [(Change, &[Change]); 5] = [
    (("/interface/bridge", "installer/bridge", "vlan-filtering", "false"), &[]),
    ((PORT_MENU, "/bridge-port", "ingress-filtering", "false"), &[ADMITS_ALL]),
    ((PORT_MENU, "/bridge-port", "pvid", "200"), &[]),
    (ADMITS_ALL, &[]),
    ((PORT_MENU, "/bridge-port", "horizon", "none"), &[]),
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
    let said = look(bed, &[])?.all();
    if !said.is_empty() {
        totals.findings.push(format!("frames with tags, with nothing taken away: {}", said.join("; ")));
    }
    for (change, off) in PROPERTIES {
        let (_, _, name, value) = change;
        let hopped = if off.is_empty() { Vec::new() } else { look(bed, off)?.hopped };
        if !hopped.is_empty() {
            totals.findings.push(format!("frames with tags, without what hides {name}: {}", hopped.join("; ")));
        }
        let seen = look(bed, &[off, &[change]].concat())?;
        // What is carried with its own tag says nothing where that is let pass anyhow.
        let said = if off.is_empty() { seen.all() } else { seen.hopped };
        let noticed = hopped.is_empty() && !said.is_empty();
        totals.mutants += 1;
        totals.killed += usize::from(noticed);
        let word = said.first().filter(|_| noticed).map_or("LIVES", String::as_str);
        report::row(&format!("{} {name}={value}", change.0), &["packets".to_owned(), word.to_owned()]);
    }
    neighbours_go(bed)
}

/// What was seen of frames with tags where it may not be.
struct Seen {
    hopped: Vec<String>,
    carried: Vec<String>,
}

impl Seen {
    fn all(self) -> Vec<String> {
        [self.hopped, self.carried].concat()
    }
}

/// Sends frames with tags while some properties have other values.
fn look(bed: &mut Bed, changes: &[Change]) -> anyhow::Result<Seen> {
    let changes = changes.to_vec();
    let other_values: Bend = Arc::new(move |of, row: &Row| {
        let mut row = row.clone();
        for (menu, mark, name, value) in &changes {
            if of == *menu && row.text("comment").ends_with(mark) {
                row.0.insert((*name).to_owned(), (*value).to_owned());
            }
        }
        Some(row)
    });
    bed.frozen(|bed| {
        bed.kernel().bends.push(other_values);
        bed.carry_out()?;
        let step = bed.traffic.desk.step.fetch_add(1, Ordering::SeqCst) + 1;
        bed.book.clear_for(step);
        hop(bed)?;
        clock::pause(60);
        let hopped = run::leaks(bed).1;
        // Its own tag is no way to anybody else, but no frame with a tag is taken at all.
        bed.book.clear_for(step);
        send(bed, &OWN)?;
        clock::pause(60);
        let count = bed.book.count(Wire::Tunnel, Kind::UdpNew);
        let carried = if count > 0 { vec![format!("{count} frames with a tag are carried")] } else { Vec::new() };
        bed.kernel().bends.clear();
        bed.carry_out()?;
        Ok(Seen { hopped, carried })
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
