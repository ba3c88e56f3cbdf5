//! States of the router in which a set of probes is sent, and what has to be seen of them.

use crate::{
    bed::{Bed, TUNNEL},
    capture::{self, Wire},
    clock,
    kernel::{Bend, rows::Rows},
    marker::{Kind, Marker},
    network::{self, HOST, PORT, SERVICE},
    packet::{self, Ends},
    run,
};
use std::{
    io::Write as _,
    net::{Ipv4Addr, Ipv6Addr, UdpSocket},
    sync::atomic::Ordering,
    time::Duration,
};

/// A state and its probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Situation {
    /// All in order: everything that may be carried is, and answered; nothing else is.
    Carries,
    /// Nothing comes out of the tunnel.
    Still,
    /// The service hears nothing.
    Mute,
    /// All in order: what is hostile ends nowhere.
    Strays,
    /// The tunnel's link is down.
    Down,
    /// The service's interface is down: what is for it goes nowhere.
    Gone,
    /// The same of what is forwarded alone.
    Bypassed,
    /// Somebody on the LAN sends to the service.
    FromLan,
    /// The same over IPv6, where somebody has given the service's wire a route.
    FromLanV6,
    /// Somebody on the LAN sends as if it were the service.
    LanAsService,
    /// The router sends IPv6 to the service.
    RouterV6,
    /// The service answers the router.
    Answer,
    /// The service's veth is no port of the bridge, and it sends to the veth itself.
    Unbridged,
    /// What leaves by a WAN is counted.
    TripOut,
    /// What is for the service and leaves by a WAN is counted.
    TripIn,
}

/// The comment of rules of somebody else's below ours.
pub(super) const FOREIGN: &str = "foreign below";

/// How many probes of each kind.
const EACH: u32 = 8;

/// Bends the rows, sends, and gives what is not as it should be.
///
/// # Errors
/// The lab itself fails.
pub(super) fn look(
    bed: &mut Bed,
    situation: Situation,
    mut bends: Vec<Bend>,
    mutant: Option<Bend>,
) -> anyhow::Result<Vec<String>> {
    bends.extend(mutant);
    bed.frozen(|bed| {
        bed.kernel().bends = bends;
        // The twin's newest rows, so that the lease is a whole one.
        bed.carry_out()?;
        let step = bed.traffic.desk.step.fetch_add(1, Ordering::SeqCst) + 1;
        bed.book.clear_for(step);
        let said = probe(bed, situation);
        bed.kernel().bends.clear();
        bed.carry_out()?;
        said
    })
}

fn probe(bed: &Bed, situation: Situation) -> anyhow::Result<Vec<String>> {
    let network = &bed.network;
    match situation {
        Situation::Carries => return Ok(carries(bed)),
        Situation::Still => send(bed, &Kind::CARRIED),
        Situation::Mute => {
            send(bed, &Kind::CARRIED);
            clock::pause(60);
            let heard = bed
                .book
                .on(Wire::Service)
                .into_iter()
                .map(|(kind, seen)| format!("{} {kind:?} are answered", seen.count));
            return Ok(heard.collect());
        }
        Situation::Strays => {
            let before = bed.kernel().counted(&Rows::of(&bed.bench.twin), FOREIGN)?;
            let hostile = [Kind::DnsRouter, Kind::Spoofed, Kind::V6Global, Kind::V6Neighbour, Kind::Lan];
            send(bed, &[&hostile[..], &Kind::CARRIED].concat());
            if bed.kernel().counted(&Rows::of(&bed.bench.twin), FOREIGN)? != before {
                return Ok(vec!["rules of others in mangle see packets of ours".to_owned()]);
            }
        }
        Situation::Down => {
            network.router.command("ip", &["link", "set", TUNNEL, "down"])?;
            send(bed, &Kind::CARRIED);
            clock::pause(40);
            network.router.command("ip", &["link", "set", TUNNEL, "up"])?;
            bed.kernel().forget_routes();
        }
        Situation::Gone => gone(bed, true)?,
        Situation::Bypassed => gone(bed, false)?,
        Situation::FromLan => from_lan(bed)?,
        Situation::FromLanV6 => from_lan_v6(bed)?,
        Situation::LanAsService => as_service(bed)?,
        Situation::RouterV6 => router_v6(bed)?,
        Situation::Answer => return answer(bed),
        Situation::Unbridged => unbridged(bed)?,
        Situation::TripOut => {
            let before = bed.kernel().counted(&Rows::of(&bed.bench.twin), "/tripwire-out")?;
            network.router.command("ip", &["link", "set", TUNNEL, "down"])?;
            send(bed, &[Kind::UdpNew]);
            clock::pause(40);
            network.router.command("ip", &["link", "set", TUNNEL, "up"])?;
            bed.kernel().forget_routes();
            return counted(bed, "/tripwire-out", before);
        }
        Situation::TripIn => {
            let before = bed.kernel().counted(&Rows::of(&bed.bench.twin), "/tripwire-in")?;
            gone(bed, true)?;
            return counted(bed, "/tripwire-in", before);
        }
    }
    clock::pause(60);
    let mut said = run::leaks(bed).1;
    let inner = [Situation::Still, Situation::LanAsService, Situation::Unbridged, Situation::Down].contains(&situation);
    if inner && run::carried(bed) > 0 {
        said.push(format!("the tunnel carries {} packets", run::carried(bed)));
    }
    for kind in [Kind::FromLan, Kind::RouterV6] {
        for wire in [Wire::Service, Wire::Wan, Wire::SecondWan] {
            if bed.book.count(wire, kind) > 0 {
                said.push(format!("{kind:?} on {wire:?}"));
            }
        }
    }
    Ok(said)
}

/// Sends some of each kind; a wire that is not there takes none.
fn send(bed: &Bed, kinds: &[Kind]) {
    for kind in kinds {
        let _ = bed.traffic.send(*kind, EACH);
    }
}

fn carries(bed: &Bed) -> Vec<String> {
    send(bed, &Kind::CARRIED);
    send(bed, &[Kind::Gateway]);
    let _ = bed.traffic.send(Kind::Private, 70);
    clock::pause(90);
    let mut said = run::leaks(bed).1;
    for kind in Kind::CARRIED {
        if bed.book.count(Wire::Tunnel, kind) == 0 {
            said.push(format!("{kind:?} is not carried"));
        }
    }
    for kind in [Kind::UdpNew, Kind::UdpEstablished, Kind::IcmpNew, Kind::DnsNew, Kind::Gateway] {
        if bed.book.count(Wire::Service, kind) == 0 {
            said.push(format!("{kind:?} is not answered"));
        }
    }
    if bed.book.offered() > 1380 {
        said.push(format!("segments of {} bytes are offered", bed.book.offered()));
    }
    let private = bed.book.count(Wire::Tunnel, Kind::Private);
    if private > 0 {
        said.push(format!("{private} packets to private networks are carried"));
    }
    said
}

fn marker(bed: &Bed, kind: Kind) -> Marker {
    let desk = &bed.traffic.desk;
    Marker { kind, step: desk.step.load(Ordering::SeqCst), sequence: desk.next.fetch_add(1, Ordering::SeqCst) }
}

/// The LAN, and the router too, send to the service while its interface is down.
fn gone(bed: &Bed, router_too: bool) -> anyhow::Result<()> {
    let router = &bed.network.router;
    router.command("ip", &["link", "set", "bh-v100", "down"])?;
    from_lan(bed)?;
    let text = marker(bed, Kind::FromLan).text();
    if router_too {
        // Where it cannot be sent it has not got out.
        let _ = router.run(move || Ok(UdpSocket::bind(("0.0.0.0", 0))?.send_to(&text, (SERVICE, PORT))?));
    }
    clock::pause(40);
    router.command("ip", &["link", "set", "bh-v100", "up"]).map(drop)
}

fn from_lan(bed: &Bed) -> anyhow::Result<()> {
    let texts: Vec<Vec<u8>> = (0..EACH).map(|_| marker(bed, Kind::FromLan).text()).collect();
    bed.network.lan.run(move || {
        let socket = UdpSocket::bind(("0.0.0.0", 0))?;
        for text in texts {
            let _ = socket.send_to(&text, (SERVICE, PORT));
        }
        Ok(())
    })
}

fn from_lan_v6(bed: &Bed) -> anyhow::Result<()> {
    let (_, mac) = bed.network.service.link("eth0")?;
    let mac: Vec<String> = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    let neighbour = format!("neigh replace 2001:db8:64::2 lladdr {} dev bh-v100\n", mac.join(":"));
    network::batch(&bed.network.router, &format!("route replace 2001:db8:64::/64 dev bh-v100\n{neighbour}"))?;
    let _ = network::batch(&bed.network.lan, "route replace 2001:db8:64::/64 via 2001:db8:88::1\n");
    let texts: Vec<Vec<u8>> = (0..EACH).map(|_| marker(bed, Kind::FromLan).text()).collect();
    bed.network.lan.run(move || {
        let socket = UdpSocket::bind(("::", 0))?;
        for text in texts {
            let _ = socket.send_to(&text, (Ipv6Addr::new(0x2001, 0xdb8, 0x64, 0, 0, 0, 0, 2), PORT));
        }
        Ok(())
    })
}

fn router_v6(bed: &Bed) -> anyhow::Result<()> {
    let text = marker(bed, Kind::RouterV6).text();
    let scope = u32::try_from(bed.network.router.link("bh-v100")?.0.ifindex())?;
    // An interface that was down has its own address of the link a moment after it is up.
    let has = || Ok(std::fs::read_to_string("/proc/thread-self/net/if_inet6")?.contains("bh-v100"));
    clock::until(2000, || bed.network.router.run(has).unwrap_or(false));
    bed.network.router.run(move || {
        let socket = UdpSocket::bind(("::", 0))?;
        let all = std::net::SocketAddrV6::new(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1), PORT, 0, scope);
        let _ = socket.send_to(&text, all);
        Ok(())
    })
}

/// A frame from a namespace's interface, made by hand.
fn by_hand(bed: &Bed, from: Ipv4Addr, (there, to): (&crate::namespace::Namespace, &str)) -> anyhow::Result<()> {
    let (_, to) = bed.network.router.link(to)?;
    let texts: Vec<(Vec<u8>, u16)> =
        (0..EACH).map(|at| (marker(bed, Kind::UdpNew).text(), 20_000 + u16::try_from(at).unwrap_or(0))).collect();
    there.run(move || {
        let (_, own) = crate::namespace::link("eth0")?;
        let tap = capture::tap("eth0", 1 << 20)?;
        for (text, port) in texts {
            let body = packet::udp((port, PORT), &text);
            (&tap).write_all(&packet::ip4(Ends { from: own, to }, from, HOST, 17, &body))?;
        }
        Ok(())
    })
}

fn as_service(bed: &Bed) -> anyhow::Result<()> {
    by_hand(bed, SERVICE, (&bed.network.lan, "bridge"))
}

fn unbridged(bed: &Bed) -> anyhow::Result<()> {
    let router = &bed.network.router;
    router.command("ip", &["link", "set", "bh-tor", "nomaster"])?;
    let sent = by_hand(bed, SERVICE, (&bed.network.service, "bh-tor"));
    clock::pause(40);
    // It is made a port again with the next rows.
    bed.kernel().forget_port("bh-tor");
    sent
}

/// The router asks the service and hears its answer, made by hand.
fn answer(bed: &Bed) -> anyhow::Result<Vec<String>> {
    const ASKING: u16 = 5555;
    let router = bed.network.router.clone();
    let (_, to) = router.link("bh-v100")?;
    let socket = router.run(|| {
        let socket = UdpSocket::bind(("0.0.0.0", ASKING))?;
        socket.set_read_timeout(Some(Duration::from_millis(200)))?;
        socket.send_to(b"well?", (SERVICE, PORT))?;
        Ok(socket)
    })?;
    clock::pause(20);
    bed.network.service.run(move || {
        let (_, from) = crate::namespace::link("eth0")?;
        let body = packet::udp((PORT, ASKING), b"well");
        let gateway = Ipv4Addr::new(172, 16, 64, 1);
        let frame = packet::ip4(Ends { from, to }, SERVICE, gateway, 17, &body);
        Ok((&capture::tap("eth0", 1 << 20)?).write_all(&frame)?)
    })?;
    let heard = socket.recv(&mut [0; 16]).is_ok();
    Ok(if heard { Vec::new() } else { vec!["the router does not hear the service's answer".to_owned()] })
}

/// Whether a tripwire counts what is let out on purpose: `before` is what it had counted.
fn counted(bed: &Bed, mark: &str, before: Option<u64>) -> anyhow::Result<Vec<String>> {
    let now = bed.kernel().counted(&Rows::of(&bed.bench.twin), mark)?;
    let grown = now.is_some() && now != before;
    Ok(if grown { Vec::new() } else { vec![format!("{mark} has counted nothing")] })
}
