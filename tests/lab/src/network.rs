//! What is around the router: a service, the LAN, two providers, and a VPN's far end behind them.
//!
//! ```text
//! service ── bh-tor ┐                    ┌ ether1 ── wan1 ┐
//!                   ├────── router ──────┤                ├ isp ── vpn (198.51.100.7, tunnel 10.66.0.1)
//! lan ────── ether2 ┘                    └ ether5 ── wan2 ┘
//! ```
//!
//! Neighbours are what else the bridge of VIFs has: the agent's own container, another VIF's service.
//!
//! The Internet's hosts (192.0.2.9 and the resolver 192.0.2.53) answer behind the tunnel and behind the providers alike,
//! so that what leaks is answered and its connection goes on.

use crate::{
    capture::{self, Book, Whose, Wire},
    clock,
    marker::Marker,
    namespace::Namespace,
    servers,
    tunnel::Tunnel,
};
use anyhow::{Context as _, ensure};
use std::{
    net::{Ipv4Addr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// A host on the Internet.
pub(crate) const HOST: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 9);
/// A resolver on the Internet.
pub(crate) const RESOLVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 53);
/// The VIF's own resolver, behind the tunnel.
pub(crate) const INSIDE: Ipv4Addr = Ipv4Addr::new(10, 64, 0, 1);
/// The router inside the tunnel.
pub(crate) const INNER: Ipv4Addr = Ipv4Addr::new(10, 66, 0, 2);
/// The first VIF's service.
pub(crate) const SERVICE: Ipv4Addr = Ipv4Addr::new(172, 16, 64, 2);
/// A client on the LAN.
pub(crate) const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 168, 88, 10);
/// A client, and the router's address there, in each network of the LAN: one in each private range.
pub(crate) const LANS: [(Ipv4Addr, Ipv4Addr); 3] = [
    (CLIENT, Ipv4Addr::new(192, 168, 88, 1)),
    (Ipv4Addr::new(10, 9, 0, 10), Ipv4Addr::new(10, 9, 0, 1)),
    (Ipv4Addr::new(172, 30, 0, 10), Ipv4Addr::new(172, 30, 0, 1)),
];
/// Where UDP and TCP are answered.
pub(crate) const PORT: u16 = 7;

/// The namespaces and what runs in them.
pub(crate) struct Network {
    pub(crate) service: Arc<Namespace>,
    pub(crate) router: Arc<Namespace>,
    pub(crate) isp: Arc<Namespace>,
    pub(crate) vpn: Arc<Namespace>,
    pub(crate) lan: Arc<Namespace>,
    pub(crate) neighbours: Arc<Namespace>,
    tunnels: Vec<Tunnel>,
    /// What the WAN wires had received before they were listened to.
    begun: [u64; 2],
}

impl Network {
    /// All of it but what the router itself has.
    ///
    /// # Errors
    /// A program that is missing, or what it says.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let made = |name| Namespace::new(name).map(Arc::new);
        let (service, router, isp) = (made("service")?, made("router")?, made("isp")?);
        let (vpn, lan, neighbours) = (made("vpn")?, made("lan")?, made("neighbours")?);
        let far = vpn.id();
        isp.command("ip", &["link", "add", "to-vpn", "type", "veth", "peer", "name", "eth0", "netns", &far])?;
        batch(&isp, "link set to-vpn up\naddr add 198.51.100.1/24 dev to-vpn\n")?;
        batch(&vpn, "link set eth0 up\naddr add 198.51.100.7/24 dev eth0\nroute add default via 198.51.100.1\n")?;
        isp.sysctl("ipv4/ip_forward", "1")?;
        for there in [&vpn, &isp] {
            for address in [HOST, RESOLVER, INSIDE] {
                batch(there, &format!("addr add {address}/32 dev lo\n"))?;
            }
            there.sysctl("ipv4/conf/all/rp_filter", "0")?;
            // A flood of echo requests is what is wanted here.
            there.sysctl("ipv4/icmp_ratelimit", "0")?;
            servers::internet(there)?;
        }
        // What the service's own kernel would say is in the way of what is made by hand, but for its published port.
        let silent = format!(
            "table inet quiet {{ chain o {{ type filter hook output priority 0; policy drop; th sport {} accept;\n }}\n }}\n",
            servers::SERVED
        );
        service.feed("nft", &["-f", "-"], silent)?;
        servers::published(&service)?;
        Ok(Self { service, router, isp, vpn, lan, neighbours, tunnels: Vec::new(), begun: [0; 2] })
    }

    /// Gives the ends of the router's cables their addresses, once the router has its interfaces.
    ///
    /// # Errors
    /// What `ip` says.
    pub(crate) fn address_ends(&self) -> anyhow::Result<()> {
        batch(&self.isp, "addr add 203.0.113.1/24 dev wan1\naddr add 198.18.2.1/24 dev wan2\n")?;
        batch(&self.isp, "addr add 2001:db8:1::1/64 dev wan1 nodad\n")?;
        for (client, _) in LANS {
            batch(&self.lan, &format!("addr add {client}/24 dev eth0\n"))?;
        }
        batch(&self.lan, "route add default via 192.168.88.1\n")?;
        batch(&self.lan, "addr add 2001:db8:88::10/64 dev eth0 nodad\n")
    }

    /// Listens on every wire that does not come and go.
    ///
    /// # Errors
    /// What a socket says.
    pub(crate) fn listen(&mut self, book: &Book) -> anyhow::Result<()> {
        let mac = |interface| self.router.link(interface).map(|(_, mac)| mac);
        self.begun = [capture::received(&self.isp, "wan1")?, capture::received(&self.isp, "wan2")?];
        capture::listen(&self.isp, "wan1", (Wire::Wan, Whose::From(mac("ether1")?)), book)?;
        capture::listen(&self.isp, "wan2", (Wire::SecondWan, Whose::From(mac("ether5")?)), book)?;
        capture::listen(&self.lan, "eth0", (Wire::Lan, Whose::From(mac("bridge")?)), book)?;
        capture::listen(&self.vpn, capture::ALL, (Wire::Tunnel, Whose::Source(INNER.octets())), book)
    }

    /// Packets that the kernel has counted on the WAN wires and the captures have not shown, since they began.
    ///
    /// # Errors
    /// What the kernel says.
    pub(crate) fn missed(&self, book: &Book) -> anyhow::Result<u64> {
        let wan = capture::received(&self.isp, "wan1")? - self.begun[0];
        let second = capture::received(&self.isp, "wan2")? - self.begun[1];
        Ok(wan.abs_diff(book.packets(Wire::Wan)) + second.abs_diff(book.packets(Wire::SecondWan)))
    }

    /// The VPN's end of the tunnel.
    ///
    /// # Errors
    /// What WireGuard's programs say.
    pub(crate) fn serve_tunnel(&mut self, private: &str, public: &str) -> anyhow::Result<()> {
        let settings = format!(
            "[Interface]\nPrivateKey = {private}\nListenPort = 51820\n[Peer]\nPublicKey = {public}\nAllowedIPs = {INNER}/32\n"
        );
        self.tunnels.push(Tunnel::start(&self.vpn, "wg0", settings)?);
        batch(&self.vpn, "addr add 10.66.0.1/24 dev wg0\nlink set wg0 up\n")
    }

    /// The router's end, by its rows.
    ///
    /// # Errors
    /// What WireGuard's programs say.
    pub(crate) fn open_tunnel(&mut self, name: &str, settings: String) -> anyhow::Result<()> {
        self.tunnels.push(Tunnel::start(&self.router, name, settings)?);
        self.router.command("ip", &["link", "set", name, "mtu", "1420", "up"])?;
        Ok(())
    }

    /// Takes the router's end away, as when its program is killed: its interface vanishes.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn kill_tunnel(&mut self) -> anyhow::Result<()> {
        ensure!(self.tunnels.len() > 1, "no tunnel of the router runs");
        self.tunnels.pop().context("no tunnel runs")?.end()
    }

    /// Gives the router's end another name. A kernel that does not rename what is up has it down for a moment.
    ///
    /// # Errors
    /// What `ip` says.
    pub(crate) fn rename_tunnel(&self, from: &str, to: &str) -> anyhow::Result<()> {
        if self.router.command("ip", &["link", "set", from, "name", to]).is_err() {
            batch(&self.router, &format!("link set {from} down\nlink set {from} name {to}\nlink set {to} up\n"))?;
        }
        Ok(())
    }

    /// Lets the VPN's end fall silent, or speak again.
    ///
    /// # Errors
    /// What `nft` says.
    pub(crate) fn set_peer(&self, alive: bool) -> anyhow::Result<()> {
        let text = if alive {
            "add table ip dead\ndelete table ip dead\n"
        } else {
            "table ip dead { chain i { type filter hook input priority -400; udp dport 51820 drop;\n }\n }\n"
        };
        self.vpn.feed("nft", &["-f", "-"], text.to_owned()).map(drop)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for tunnel in self.tunnels.drain(..) {
            let _ = tunnel.end();
        }
    }
}

/// Runs lines of `ip -batch`.
pub(crate) fn batch(there: &Namespace, lines: &str) -> anyhow::Result<()> {
    there.feed("ip", &["-batch", "-"], lines.to_owned()).map(drop)
}

/// The router's own resolver: asks the Internet's what it is asked, by whatever way the router's own packets go.
pub(crate) fn resolve(router: &Namespace, book: &Book) -> anyhow::Result<()> {
    let book = book.clone();
    router.run(move || {
        let (asked, asks) = (UdpSocket::bind(("0.0.0.0", 53))?, UdpSocket::bind(("0.0.0.0", 0))?);
        thread::spawn(move || {
            let mut room = [0; 2048];
            while let Ok((length, _)) = asked.recv_from(&mut room) {
                if let Some(marker) = Marker::find(&room[..length]) {
                    book.note(Wire::Router, marker);
                }
                let _ = asks.send_to(&room[..length], (RESOLVER, 53));
            }
        });
        Ok(())
    })
}

/// Sends through the tunnel again and again; tells whether anything came back lately. This is what the twin is told of
/// its peer, by which its `/tool/ping` and the handshake's age follow.
pub(crate) fn probe_tunnel(
    router: &Namespace,
    interface: &'static str,
    alive: &Arc<AtomicBool>,
    ends: &Arc<AtomicBool>,
) -> anyhow::Result<()> {
    let (alive, ends) = (alive.clone(), ends.clone());
    router.run(move || {
        thread::spawn(move || {
            while !ends.load(Ordering::SeqCst) {
                let answered = ask(interface).unwrap_or(false);
                alive.store(answered, Ordering::SeqCst);
                clock::pause(if answered { 100 } else { 20 });
            }
        });
        Ok(())
    })
}

/// Whether the host behind a tunnel answers within a moment. The socket is bound to the interface.
fn ask(interface: &str) -> anyhow::Result<bool> {
    use nix::sys::socket::{setsockopt, sockopt::BindToDevice};
    let socket = UdpSocket::bind(("0.0.0.0", 0))?;
    setsockopt(&socket, BindToDevice, &interface.into())?;
    socket.set_read_timeout(Some(Duration::from_millis(350)))?;
    let mut room = [0; 16];
    for _ in 0..2 {
        socket.send_to(b"alive?", (HOST, PORT))?;
        if socket.recv(&mut room).is_ok() {
            return Ok(true);
        }
    }
    Ok(false)
}
