//! What makes the router itself speak of a service's connections: answers that come too late, or that nobody takes.

use super::Bed;
use crate::{
    clock,
    marker::{Kind, Marker},
    network::{HOST, INNER, PORT},
    packet,
    traffic::OLD_UDP,
};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, sendto, socket};
use std::{net::SocketAddrV4, os::fd::AsRawFd as _, sync::atomic::Ordering};

/// How long the router looks for a neighbour before it says that there is none.
const LOOKS_MS: u64 = 500;

impl Bed {
    /// The far end sends into the service's old connection, packets that may take so many hops more.
    ///
    /// # Errors
    /// What the socket says.
    pub(crate) fn far_end_sends(&self, hops: u8, count: u32) -> anyhow::Result<()> {
        let desk = &self.traffic.desk;
        let step = desk.step.load(Ordering::SeqCst);
        let number = || desk.next.fetch_add(1, Ordering::SeqCst);
        let markers = (0..count).map(|_| Marker { kind: Kind::UdpEstablished, step, sequence: number() });
        let bodies: Vec<Vec<u8>> = markers.map(|marker| packet::udp((PORT, OLD_UDP), &marker.text())).collect();
        self.network.vpn.run(move || {
            let opened = socket(AddressFamily::Inet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::Raw)?;
            for body in bodies {
                let packet = packet::bare(HOST, INNER, (17, hops), &body);
                let to = SockaddrIn::from(SocketAddrV4::new(INNER, 0));
                sendto(opened.as_raw_fd(), &packet, &to, MsgFlags::empty())?;
            }
            Ok(())
        })
    }

    /// Unplugs the service while answers for it come: its port is down, its VLAN is up. Ends when the router has given up
    /// looking for it; it is plugged in again then.
    ///
    /// # Errors
    /// What the kernel says.
    pub(crate) fn unplugged(&self) -> anyhow::Result<()> {
        let router = &self.network.router;
        // Three questions for the neighbour, as ever, but soon after each other.
        router.sysctl("ipv4/neigh/bh-v100/retrans_time_ms", "50")?;
        router.command("ip", &["link", "set", "bh-tor", "down"])?;
        // Where the bridge has other ports that run, its VLAN does not notice: time passes until the router asks again.
        router.command("ip", &["neigh", "flush", "dev", "bh-v100"])?;
        for _ in 0..4 {
            self.far_end_sends(64, 8)?;
            clock::pause(LOOKS_MS / 4);
        }
        clock::pause(LOOKS_MS / 2);
        router.command("ip", &["link", "set", "bh-tor", "up"]).map(drop)
    }
}
