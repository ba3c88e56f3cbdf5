//! States of the router in which a set of probes is sent, and what has to be seen of them.

use super::senders::{answer, as_service, from_lan, from_lan_v6, gone, published, router_v6, unbridged};
use crate::{
    bed::{Bed, TUNNEL},
    capture::Wire,
    clock,
    kernel::{Bend, rows::Rows},
    marker::Kind,
    run,
};
use std::sync::atomic::Ordering;

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
    /// What the service sends over IPv6 is counted where it is forwarded.
    TripOut6,
    /// What somebody on the LAN sends to the service over IPv6 is counted.
    TripIn6,
    /// Clients in every network of the LAN are answered at the published port, and no tripwire counts that.
    Published,
    /// The far end's answer in a new connection comes too late to be forwarded.
    Late,
    /// Answers belong to no connection.
    Untracked,
    /// Nobody takes the far end's answer.
    Unplugged,
}

/// The comment of rules of somebody else's below ours.
pub(super) const FOREIGN: &str = "foreign below";

/// How many probes of each kind.
pub(super) const EACH: u32 = 8;

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
    match situation {
        Situation::Carries => Ok(carries(bed)),
        Situation::Mute => Ok(mute(bed)),
        Situation::Answer => answer(bed),
        Situation::Published => answered(bed),
        Situation::TripOut => counts(bed, "/tripwire-out", |bed| down(bed, &[Kind::UdpNew])),
        Situation::TripIn => counts(bed, "/tripwire-in", |bed| gone(bed, true)),
        Situation::TripOut6 => counts(bed, "/tripwire-6-out", |bed| {
            send(bed, &[Kind::V6Global]);
            Ok(())
        }),
        Situation::TripIn6 => counts(bed, "/tripwire-6-in", from_lan_v6),
        Situation::Still
        | Situation::Strays
        | Situation::Down
        | Situation::Gone
        | Situation::Bypassed
        | Situation::FromLan
        | Situation::FromLanV6
        | Situation::LanAsService
        | Situation::RouterV6
        | Situation::Unbridged
        | Situation::Late
        | Situation::Untracked
        | Situation::Unplugged => strays(bed, situation),
    }
}

/// Situations in which nothing may be seen.
fn strays(bed: &Bed, situation: Situation) -> anyhow::Result<Vec<String>> {
    match situation {
        Situation::Strays => {
            let before = count(bed, FOREIGN)?;
            let hostile = [Kind::Spoofed, Kind::V6Global, Kind::V6Neighbour, Kind::Lan];
            send(bed, &[&hostile[..], &Kind::CARRIED].concat());
            if count(bed, FOREIGN)? != before {
                return Ok(vec!["rules of others in mangle see packets of ours".to_owned()]);
            }
        }
        Situation::Down => down(bed, &Kind::CARRIED)?,
        Situation::Gone => gone(bed, true)?,
        Situation::Bypassed => gone(bed, false)?,
        Situation::FromLan => from_lan(bed)?,
        Situation::FromLanV6 => from_lan_v6(bed)?,
        Situation::LanAsService => as_service(bed)?,
        Situation::RouterV6 => router_v6(bed)?,
        Situation::Unbridged => unbridged(bed)?,
        Situation::Unplugged => bed.unplugged()?,
        Situation::Late => {
            // A connection that was begun before the rows were bent may have its mark from then.
            bed.network.router.command("conntrack", &["-F"])?;
            send(bed, &[Kind::UdpEstablished]);
            clock::until(500, || bed.book.count(Wire::Service, Kind::UdpEstablished) > 0);
            bed.far_end_sends(1, EACH)?;
        }
        Situation::Still
        | Situation::Carries
        | Situation::Untracked
        | Situation::Mute
        | Situation::Answer
        | Situation::TripOut
        | Situation::TripIn
        | Situation::TripOut6
        | Situation::TripIn6
        | Situation::Published => send(bed, &Kind::CARRIED),
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

/// Sends while the tunnel's link is down.
fn down(bed: &Bed, kinds: &[Kind]) -> anyhow::Result<()> {
    let router = &bed.network.router;
    router.command("ip", &["link", "set", TUNNEL, "down"])?;
    send(bed, kinds);
    clock::pause(40);
    router.command("ip", &["link", "set", TUNNEL, "up"])?;
    bed.kernel().forget_routes();
    Ok(())
}

fn mute(bed: &Bed) -> Vec<String> {
    send(bed, &Kind::CARRIED);
    clock::pause(60);
    let heard = bed.book.on(Wire::Service).into_iter();
    heard.map(|(kind, seen)| format!("{} {kind:?} are answered", seen.count)).collect()
}

fn answered(bed: &Bed) -> anyhow::Result<Vec<String>> {
    let before = count(bed, "/tripwire-out")?;
    let mut said = published(bed)?;
    if count(bed, "/tripwire-out")? != before {
        said.push("the tripwire counts answers of the published port".to_owned());
    }
    said.extend(run::leaks(bed).1);
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
    for kind in [Kind::UdpNew, Kind::UdpEstablished, Kind::IcmpNew, Kind::DnsNew, Kind::DnsRouter, Kind::Gateway] {
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

fn count(bed: &Bed, mark: &str) -> anyhow::Result<Option<u64>> {
    bed.kernel().counted(&Rows::of(&bed.bench.twin), mark)
}

/// Whether a tripwire counts what is let out on purpose.
fn counts(bed: &Bed, mark: &str, work: impl FnOnce(&Bed) -> anyhow::Result<()>) -> anyhow::Result<Vec<String>> {
    let before = count(bed, mark)?;
    work(bed)?;
    clock::pause(40);
    let now = count(bed, mark)?;
    let grown = now.is_some() && now != before;
    Ok(if grown { Vec::new() } else { vec![format!("{mark} has counted nothing")] })
}
