//! Who sends what in a situation, beside the service's own probes.

use super::situation::EACH;
use crate::{
    bed::Bed,
    capture, clock,
    marker::{Kind, Marker},
    network::{self, HOST, LANS, PORT, SERVICE},
    packet::{self, Ends},
    servers::PUBLISHED,
};
use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, TcpStream, UdpSocket},
    os::fd::AsRawFd as _,
    sync::atomic::Ordering,
    time::Duration,
};

fn marker(bed: &Bed, kind: Kind) -> Marker {
    let desk = &bed.traffic.desk;
    Marker { kind, step: desk.step.load(Ordering::SeqCst), sequence: desk.next.fetch_add(1, Ordering::SeqCst) }
}

/// The LAN, and the router too, send to the service while its interface is down.
pub(super) fn gone(bed: &Bed, router_too: bool) -> anyhow::Result<()> {
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

pub(super) fn from_lan(bed: &Bed) -> anyhow::Result<()> {
    let texts: Vec<Vec<u8>> = (0..EACH).map(|_| marker(bed, Kind::FromLan).text()).collect();
    bed.network.lan.run(move || {
        let socket = UdpSocket::bind(("0.0.0.0", 0))?;
        for text in texts {
            let _ = socket.send_to(&text, (SERVICE, PORT));
        }
        Ok(())
    })
}

pub(super) fn from_lan_v6(bed: &Bed) -> anyhow::Result<()> {
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

pub(super) fn router_v6(bed: &Bed) -> anyhow::Result<()> {
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

pub(super) fn as_service(bed: &Bed) -> anyhow::Result<()> {
    by_hand(bed, SERVICE, (&bed.network.lan, "bridge"))
}

pub(super) fn unbridged(bed: &Bed) -> anyhow::Result<()> {
    let router = &bed.network.router;
    router.command("ip", &["link", "set", "bh-tor", "nomaster"])?;
    let sent = by_hand(bed, SERVICE, (&bed.network.service, "bh-tor"));
    clock::pause(40);
    // It is made a port again with the next rows.
    bed.kernel().forget_port("bh-tor");
    sent
}

/// The router asks the service and hears its answer, made by hand.
pub(super) fn answer(bed: &Bed) -> anyhow::Result<Vec<String>> {
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

/// A client in each network of the LAN asks at the published port, by UDP and by TCP; gives who hears nothing.
pub(super) fn published(bed: &Bed) -> anyhow::Result<Vec<String>> {
    const WAITS: Duration = Duration::from_millis(250);
    let text = marker(bed, Kind::Published).text();
    bed.network.lan.run(move || {
        let mut deaf = Vec::new();
        for (client, router) in LANS {
            let asked = || -> std::io::Result<()> {
                let socket = UdpSocket::bind((client, 0))?;
                socket.set_read_timeout(Some(WAITS))?;
                socket.send_to(&text, (router, PUBLISHED))?;
                socket.recv(&mut [0; 64]).map(drop)
            };
            let streamed = || -> anyhow::Result<()> {
                let mut stream = connect(client, router, WAITS)?;
                stream.write_all(&text)?;
                stream.read_exact(&mut vec![0; text.len()]).map_err(Into::into)
            };
            if asked().is_err() {
                deaf.push(format!("{client} hears no answer of the published port by UDP"));
            }
            if streamed().is_err() {
                deaf.push(format!("{client} hears no answer of the published port by TCP"));
            }
        }
        Ok(deaf)
    })
}

/// A connection from one of several addresses.
fn connect(from: Ipv4Addr, to: Ipv4Addr, most: Duration) -> anyhow::Result<TcpStream> {
    use nix::sys::{
        socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, setsockopt, socket, sockopt},
        time::TimeVal,
    };
    let opened = socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    let time = TimeVal::new(0, i64::from(most.subsec_micros()));
    setsockopt(&opened, sockopt::SendTimeout, &time)?;
    setsockopt(&opened, sockopt::ReceiveTimeout, &time)?;
    bind(opened.as_raw_fd(), &SockaddrIn::from(SocketAddrV4::new(from, 0)))?;
    connect(opened.as_raw_fd(), &SockaddrIn::from(SocketAddrV4::new(to, PUBLISHED)))?;
    Ok(TcpStream::from(opened))
}
