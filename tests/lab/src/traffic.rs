//! What a hostile service sends, all the time: every protocol, new connections and old ones, both families.
//!
//! Frames are made by hand and put on the service's own wire, so that no kernel of the service's holds them back. Old
//! connections are begun while the tunnel is good, with answers seen, and go on whatever happens. A client on the LAN asks at
//! the published port meanwhile, so that the service has answers to send too.

use crate::{
    capture::{self, Book, Wire},
    clock,
    marker::{Kind, Marker},
    namespace::{self, Namespace},
    network::{CLIENT, HOST, LANS, PORT, RESOLVER, SERVICE},
    packet::{self, Ends, Flags, Segment},
    servers::PUBLISHED,
};
use anyhow::{Context as _, bail};
use std::{
    fs::File,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, Ipv6Addr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU16, AtomicU32, AtomicU64, Ordering},
    },
    thread,
};

/// The gateway of the first VIF.
const GATEWAY: Ipv4Addr = Ipv4Addr::new(172, 16, 64, 1);
/// Somebody in each network that no service may reach.
const PRIVATE: [Ipv4Addr; 5] = [
    Ipv4Addr::new(10, 1, 2, 3),
    Ipv4Addr::new(100, 64, 2, 3),
    Ipv4Addr::new(169, 254, 2, 3),
    Ipv4Addr::new(172, 20, 2, 3),
    Ipv4Addr::new(192, 168, 2, 3),
];
pub(crate) const OLD_UDP: u16 = 41_001;
const OLD_DNS: u16 = 41_002;
const OLD_TCP: u16 = 41_003;
const OLD_ECHO: u16 = 0x4242;

/// What the flood is made of.
const KINDS: [Kind; 16] = [
    Kind::UdpNew,
    Kind::UdpEstablished,
    Kind::TcpNew,
    Kind::TcpEstablished,
    Kind::IcmpNew,
    Kind::IcmpEstablished,
    Kind::DnsNew,
    Kind::DnsEstablished,
    Kind::DnsTcp,
    Kind::DnsRouter,
    Kind::DnsRouterTcp,
    Kind::Spoofed,
    Kind::Private,
    Kind::Lan,
    Kind::V6Global,
    Kind::V6Neighbour,
];

/// How the generator is steered, and what it did.
#[derive(Debug)]
pub(crate) struct Desk {
    /// Which step the marks name.
    pub(crate) step: AtomicU16,
    /// Whether it sends.
    pub(crate) runs: AtomicBool,
    /// Probes a millisecond.
    pub(crate) pace: AtomicU32,
    /// Number of the next probe.
    pub(crate) next: AtomicU32,
    /// Probes sent since the run began.
    pub(crate) sent: AtomicU64,
    ends: AtomicBool,
}

/// A service that sends.
pub(crate) struct Traffic {
    /// Its steering.
    pub(crate) desk: Arc<Desk>,
    service: Arc<Namespace>,
    router: Arc<Namespace>,
    old: Arc<std::sync::Mutex<Old>>,
}

/// What is known of the old TCP connection.
#[derive(Debug, Clone, Copy, Default)]
struct Old {
    port: u16,
    sequence: u32,
    acknowledged: u32,
}

/// The service's end of its wire.
struct Nic {
    tap: File,
    ends: Ends,
}

impl Traffic {
    /// A service that is silent until it is told.
    ///
    /// # Errors
    /// What its namespace says.
    pub(crate) fn new(service: Arc<Namespace>, router: Arc<Namespace>, lan: &Namespace) -> anyhow::Result<Self> {
        let desk = Arc::new(Desk {
            step: AtomicU16::new(0),
            runs: AtomicBool::new(false),
            pace: AtomicU32::new(5),
            next: AtomicU32::new(0),
            sent: AtomicU64::new(0),
            ends: AtomicBool::new(false),
        });
        let old = Arc::new(std::sync::Mutex::new(Old::default()));
        let (its, known, gateway) = (desk.clone(), old.clone(), router.clone());
        service.run(move || {
            thread::Builder::new().name("service".to_owned()).spawn(move || flood(&its, &known, &gateway))?;
            Ok(())
        })?;
        let its = desk.clone();
        lan.run(move || {
            let socket = UdpSocket::bind((CLIENT, 0))?;
            thread::Builder::new().name("client".to_owned()).spawn(move || ask(&its, &socket))?;
            Ok(())
        })?;
        Ok(Self { desk, service, router, old })
    }

    /// Gives the service its address, for the router to find it by.
    ///
    /// # Errors
    /// What `ip` says.
    pub(crate) fn plug_in(&self, book: &Book) -> anyhow::Result<()> {
        self.service.command("ip", &["addr", "replace", &format!("{SERVICE}/30"), "dev", "eth0"])?;
        self.service.command("ip", &["route", "replace", "default", "via", &GATEWAY.to_string()])?;
        // A service says by ARP that it is another one now; this one never speaks of itself.
        self.router.command("ip", &["neigh", "flush", "dev", "bh-v100"])?;
        let (_, own) = self.router.link("bh-v100")?;
        capture::listen(&self.service, "eth0", (Wire::Service, capture::Whose::From(own)), book)
    }

    /// Begins the old connections; the tunnel has to be good and the gate open.
    ///
    /// # Errors
    /// No answer comes.
    pub(crate) fn begin_connections(&self) -> anyhow::Result<()> {
        let (router, old) = (self.router.clone(), self.old.clone());
        let port = OLD_TCP + u16::try_from(self.desk.next.fetch_add(1, Ordering::SeqCst) % 20_000)?;
        self.service.run(move || {
            let nic = open(&router)?;
            for _ in 0..60 {
                if let Some(begun) = shake_hands(&nic, port)? {
                    for kind in [Kind::UdpEstablished, Kind::DnsEstablished, Kind::IcmpEstablished] {
                        ask_until_answered(&nic, kind)?;
                    }
                    *old.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = begun;
                    return Ok(());
                }
            }
            bail!("no connection through the tunnel could be begun")
        })
    }

    /// Sends so many probes of one kind at once, whether or not the flood runs.
    ///
    /// # Errors
    /// The wire is not there.
    pub(crate) fn send(&self, kind: Kind, count: u32) -> anyhow::Result<()> {
        let (router, desk) = (self.router.clone(), self.desk.clone());
        let old = *self.old.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.service.run(move || {
            let nic = open(&router)?;
            for _ in 0..count {
                one(&nic, &desk, kind, old)?;
            }
            Ok(())
        })
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.desk.ends.store(true, Ordering::SeqCst);
    }
}

/// Asks at the published port for as long as the flood runs.
fn ask(desk: &Desk, socket: &UdpSocket) {
    while !desk.ends.load(Ordering::SeqCst) {
        clock::pause(2);
        if desk.runs.load(Ordering::SeqCst) {
            let sequence = desk.next.fetch_add(1, Ordering::SeqCst);
            let marker = Marker { kind: Kind::Published, step: desk.step.load(Ordering::SeqCst), sequence };
            // A LAN that is not there yet, or a port that nobody serves, is no matter.
            let _ = socket.send_to(&marker.text(), (LANS[0].1, PUBLISHED));
        }
    }
}

/// Sends for as long as it runs; a wire that is gone is opened again when it is back.
fn flood(desk: &Desk, old: &std::sync::Mutex<Old>, router: &Namespace) {
    let mut nic: Option<Nic> = None;
    let mut kinds = KINDS.into_iter().cycle();
    while !desk.ends.load(Ordering::SeqCst) {
        clock::pause(1);
        if !desk.runs.load(Ordering::SeqCst) {
            nic = None;
            continue;
        }
        let known = *old.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(open) = nic.take().or_else(|| open(router).ok()) else { continue };
        let kinds = kinds.by_ref().take(desk.pace.load(Ordering::SeqCst) as usize);
        if kinds.map(|kind| one(&open, desk, kind, known)).all(|sent| sent.is_ok()) {
            nic = Some(open);
        }
    }
}

fn open(router: &Namespace) -> anyhow::Result<Nic> {
    let (_, from) = namespace::link("eth0")?;
    let (_, to) = router.link("bh-v100")?;
    Ok(Nic { tap: capture::tap("eth0", 1 << 20)?, ends: Ends { from, to } })
}

fn one(nic: &Nic, desk: &Desk, kind: Kind, old: Old) -> anyhow::Result<()> {
    let sequence = desk.next.fetch_add(1, Ordering::SeqCst);
    let marker = Marker { kind, step: desk.step.load(Ordering::SeqCst), sequence };
    (&nic.tap).write_all(&frame(nic.ends, marker, old))?;
    desk.sent.fetch_add(1, Ordering::SeqCst);
    Ok(())
}

/// A probe as a frame. New ones have a port, an id or an address of their own.
fn frame(ends: Ends, marker: Marker, old: Old) -> Vec<u8> {
    let data = marker.text();
    // Neither those of one kind in the flood nor some in a row all have the same.
    let turn = marker.sequence as usize / KINDS.len() + marker.sequence as usize;
    let fresh = 1024 + u16::try_from(marker.sequence % 39_000).unwrap_or(0);
    let udp = |from, to, ports, data: &[u8]| packet::ip4(ends, from, to, 17, &packet::udp(ports, data));
    let tcp = |to, segment| packet::ip4(ends, SERVICE, to, 6, &packet::tcp(SERVICE, to, segment, &data));
    let opens = |port| Segment { ports: (fresh, port), sequence: 1, acknowledged: 0, flags: Flags::Syn };
    let echo = |id| packet::ip4(ends, SERVICE, HOST, 1, &packet::echo(id, &data));
    let local = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2);
    let global = Ipv6Addr::new(0x2001, 0xdb8, 0x64, 0, 0, 0, 0, 2);
    match marker.kind {
        Kind::UdpNew | Kind::FromLan | Kind::RouterV6 | Kind::Published | Kind::Quoted => {
            udp(SERVICE, HOST, (fresh, PORT), &data)
        }
        Kind::UdpEstablished => udp(SERVICE, HOST, (OLD_UDP, PORT), &data),
        Kind::TcpNew => tcp(HOST, opens(PORT)),
        Kind::TcpEstablished => {
            let Old { port, sequence, acknowledged } = old;
            tcp(HOST, Segment { ports: (port, PORT), sequence, acknowledged, flags: Flags::Push })
        }
        Kind::IcmpNew => echo(fresh),
        Kind::IcmpEstablished => echo(OLD_ECHO),
        Kind::DnsNew => udp(SERVICE, RESOLVER, (fresh, 53), &packet::question(&data)),
        Kind::DnsEstablished => udp(SERVICE, RESOLVER, (OLD_DNS, 53), &packet::question(&data)),
        Kind::DnsTcp => tcp(RESOLVER, opens(53)),
        Kind::DnsRouter => udp(SERVICE, GATEWAY, (fresh, 53), &packet::question(&data)),
        Kind::DnsRouterTcp => tcp(GATEWAY, opens(53)),
        Kind::Spoofed => {
            let from = [Ipv4Addr::new(192, 168, 88, 50), Ipv4Addr::new(203, 0, 113, 77), CLIENT];
            udp(from[turn % from.len()], HOST, (fresh, PORT), &data)
        }
        Kind::Private => udp(SERVICE, PRIVATE[turn % PRIVATE.len()], (fresh, PORT), &data),
        Kind::Lan => udp(SERVICE, CLIENT, (fresh, PORT), &data),
        Kind::Gateway => packet::ip4(ends, SERVICE, GATEWAY, 1, &packet::echo(fresh, &data)),
        Kind::V6Global => {
            let body = packet::udp((fresh, PORT), &data);
            packet::ip6(ends, global, Ipv6Addr::new(0x2001, 0xdb8, 0xf, 0, 0, 0, 0, 9), 17, body)
        }
        Kind::V6Neighbour if turn.is_multiple_of(2) => {
            packet::ip6(ends, local, Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1), 58, packet::advertisement(&data))
        }
        Kind::V6Neighbour => {
            let target = Ipv6Addr::new(0x2001, 0xdb8, 0x88, 0, 0, 0, 0, 1);
            packet::ip6(ends, local, target, 58, packet::solicitation(target, &data))
        }
    }
}

/// Sends the first probe of an old connection until it is answered.
fn ask_until_answered(nic: &Nic, kind: Kind) -> anyhow::Result<()> {
    let marker = Marker { kind, step: 0, sequence: 0 };
    let probe = frame(nic.ends, marker, Old::default());
    let mut room = [0; 2048];
    for _ in 0..60 {
        (&nic.tap).write_all(&probe)?;
        let asked = clock::now();
        while clock::millis_since(asked) < 50 {
            let Ok(length) = (&nic.tap).read(&mut room) else { break };
            let (frame, to_us) = (&room[..length], &nic.ends.from);
            if frame.get(..6) == Some(to_us) && Marker::find(frame) == Some(marker) {
                return Ok(());
            }
        }
    }
    bail!("no answer to {kind:?} has come through the tunnel")
}

/// Opens a TCP connection by hand; nothing when no answer came within a moment.
fn shake_hands(nic: &Nic, port: u16) -> anyhow::Result<Option<Old>> {
    let segment = Segment { ports: (port, PORT), sequence: 1000, acknowledged: 0, flags: Flags::Syn };
    let send = |segment| {
        let body = packet::tcp(SERVICE, HOST, segment, b"");
        (&nic.tap).write_all(&packet::ip4(nic.ends, SERVICE, HOST, 6, &body))
    };
    send(segment).context("the service's wire is not there")?;
    nix::sys::socket::setsockopt(
        &nic.tap,
        nix::sys::socket::sockopt::ReceiveTimeout,
        &nix::sys::time::TimeVal::new(0, 100_000),
    )?;
    let begun = clock::now();
    let mut room = [0; 2048];
    while clock::millis_since(begun) < 250 {
        let Ok(length) = (&nic.tap).read(&mut room) else { continue };
        let Some(theirs) = answer_of(&room[..length], port) else { continue };
        let old = Old { port, sequence: 1001, acknowledged: theirs.wrapping_add(1) };
        let Old { sequence, acknowledged, .. } = old;
        send(Segment { ports: (port, PORT), sequence, acknowledged, flags: Flags::Ack })?;
        return Ok(Some(old));
    }
    Ok(None)
}

/// The sequence number of the far end's `SYN, ACK`.
fn answer_of(frame: &[u8], port: u16) -> Option<u32> {
    let tcp = frame.get(34..).filter(|_| frame.get(12..14) == Some(&[8, 0]) && frame.get(23) == Some(&6))?;
    let to = u16::from_be_bytes(tcp.get(2..4)?.try_into().ok()?);
    (to == port && *tcp.get(13)? & 0x12 == 0x12).then(|| tcp.get(4..8)?.try_into().ok().map(u32::from_be_bytes))?
}
