//! Wires that are listened to: every packet with a mark is written down, and how many packets there were in all.

use crate::{
    clock,
    marker::{Kind, Marker},
    namespace::{self, Namespace},
};
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, bind, setsockopt, socket, sockopt};
use std::{
    collections::BTreeMap,
    fs::File,
    io::Read as _,
    os::fd::AsRawFd as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Instant,
};

/// Where a packet was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Wire {
    /// The first provider's end of the first WAN cable.
    Wan,
    /// The second provider's.
    SecondWan,
    /// A client's end of the LAN.
    Lan,
    /// Inside the tunnel, at its far end.
    Tunnel,
    /// The service's end of its own wire: what came back, or came in.
    Service,
    /// The router's own resolver has taken it.
    Router,
    /// Something else on the bridge of VIFs.
    Neighbour,
}

/// What was seen of one kind on one wire.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    /// How many.
    pub(crate) count: u64,
    /// One of them.
    pub(crate) example: Marker,
}

/// What all wires have shown since the step began.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    seen: BTreeMap<(Wire, Kind), Seen>,
    /// Number and moment of each new UDP probe in the tunnel.
    arrived: Vec<(u32, Instant)>,
    /// The largest segment that an opening TCP segment in the tunnel offered.
    offered: u16,
    /// Marks of other steps are no matter: somebody may be told seconds later that what leaked then cannot be delivered.
    only: Option<u16>,
    /// All packets of each wire.
    packets: BTreeMap<Wire, u64>,
}

/// The ledger that all captures write into.
#[derive(Debug, Clone, Default)]
pub(crate) struct Book(Arc<Mutex<Ledger>>);

impl Book {
    fn open(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a page for one step alone.
    pub(crate) fn clear_for(&self, step: u16) {
        let mut ledger = self.open();
        let packets = std::mem::take(&mut ledger.packets);
        *ledger = Ledger { packets, only: Some(step), ..Ledger::default() };
    }

    /// Writes a mark down.
    pub(crate) fn note(&self, wire: Wire, marker: Marker) {
        let mut ledger = self.open();
        if ledger.only.is_some_and(|only| only != marker.step) {
            return;
        }
        ledger.seen.entry((wire, marker.kind)).or_insert(Seen { count: 0, example: marker }).count += 1;
        if wire == Wire::Tunnel && marker.kind == Kind::UdpNew {
            ledger.arrived.push((marker.sequence, clock::now()));
        }
    }

    /// How many marks of a kind a wire has shown.
    pub(crate) fn count(&self, wire: Wire, kind: Kind) -> u64 {
        self.open().seen.get(&(wire, kind)).map_or(0, |seen| seen.count)
    }

    /// All that a wire has shown.
    pub(crate) fn on(&self, wire: Wire) -> Vec<(Kind, Seen)> {
        self.open().seen.iter().filter(|((on, _), _)| *on == wire).map(|((_, kind), seen)| (*kind, *seen)).collect()
    }

    /// When the first new UDP probe of at least this number came out of the tunnel.
    pub(crate) fn arrived(&self, least: u32) -> Option<Instant> {
        self.open().arrived.iter().find(|(sequence, _)| *sequence >= least).map(|(_, at)| *at)
    }

    /// The largest segment offered in the tunnel.
    pub(crate) fn offered(&self) -> u16 {
        self.open().offered
    }

    /// How many packets a wire has shown since the run began, marked or not.
    pub(crate) fn packets(&self, wire: Wire) -> u64 {
        self.open().packets.get(&wire).copied().unwrap_or(0)
    }

    fn take(&self, wire: Wire, packet: &[u8]) {
        *self.open().packets.entry(wire).or_default() += 1;
        let Some(marker) = Marker::find(packet) else { return };
        if wire == Wire::Tunnel && marker.kind == Kind::TcpNew {
            let mut ledger = self.open();
            ledger.offered = ledger.offered.max(offered(packet));
        }
        // A client's own question may be quoted to the client.
        let quoted = is_error(packet) && marker.kind != Kind::Published;
        let kind = if quoted { Kind::Quoted } else { marker.kind };
        self.note(wire, Marker { kind, ..marker });
    }
}

/// Whether a frame is an error of ICMP, which quotes what it is about.
fn is_error(frame: &[u8]) -> bool {
    match frame.get(12..14) {
        Some([0x08, 0x00]) => frame.get(23) == Some(&1) && matches!(frame.get(34), Some(3 | 11 | 12)),
        Some([0x86, 0xDD]) => frame.get(20) == Some(&58) && matches!(frame.get(54), Some(1..=4)),
        _ => false,
    }
}

/// The maximum segment size in an opening IPv4 TCP segment whose first option it is.
fn offered(packet: &[u8]) -> u16 {
    match packet.get(40..44) {
        Some([2, 4, high, low]) => u16::from_be_bytes([*high, *low]),
        _ => 0,
    }
}

/// Which packets of a wire count: those that somebody else's answers are not.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whose {
    /// Frames from this address of the link layer.
    From([u8; 6]),
    /// IPv4 packets from this address, on a wire without a link layer.
    Source([u8; 4]),
}

impl Whose {
    fn holds(self, packet: &[u8]) -> bool {
        match self {
            Self::From(address) => packet.get(6..12) == Some(&address),
            Self::Source(address) => packet.get(12..16) == Some(&address),
        }
    }
}

/// Every interface of a namespace. A tunnel's own cannot be named: it has no address of the link layer.
pub(crate) const ALL: &str = "";

/// A socket that sees and sends whole frames on an interface of the calling thread's namespace, with room for what is not
/// read yet.
pub(crate) fn tap(interface: &str, room: usize) -> anyhow::Result<File> {
    let opened = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::EthAll)?;
    if interface != ALL {
        let (link, _) = namespace::link(interface)?;
        bind(opened.as_raw_fd(), &link)?;
    }
    setsockopt(&opened, sockopt::RcvBufForce, &room)?;
    Ok(File::from(opened))
}

/// Listens on an interface until the process ends or the interface is gone.
pub(crate) fn listen(
    namespace: &Namespace,
    interface: &'static str,
    (wire, whose): (Wire, Whose),
    book: &Book,
) -> anyhow::Result<()> {
    let book = book.clone();
    namespace.run(move || {
        let mut wire_end = tap(interface, 32 << 20)?;
        thread::Builder::new().name(format!("capture {interface}")).spawn(move || {
            let mut room = [0; 2048];
            // A link that goes down says so once, and shows packets again when it is up.
            loop {
                match wire_end.read(&mut room) {
                    Ok(length) if whose.holds(&room[..length]) => book.take(wire, &room[..length]),
                    Ok(_) => {}
                    Err(error) if error.raw_os_error() == Some(nix::libc::ENETDOWN) => {}
                    Err(_) => return,
                }
            }
        })?;
        Ok(())
    })
}

/// Packets that came in at an interface since the namespace has it, as the kernel counts them.
pub(crate) fn received(namespace: &Namespace, interface: &'static str) -> anyhow::Result<u64> {
    namespace.run(move || {
        let table = std::fs::read_to_string("/proc/thread-self/net/dev")?;
        let line = table.lines().find_map(|line| line.trim().strip_prefix(&format!("{interface}:")));
        Ok(line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0))
    })
}
