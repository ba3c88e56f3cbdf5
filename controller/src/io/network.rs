//! This machine's own addresses and names.

use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};

/// The address by which this machine reaches the rest of the world; loopback where there is no way there. Nothing is
/// sent.
pub fn own_address() -> IpAddr {
    // TEST-NET-1 (RFC 5737): an address that nobody has.
    let found = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("192.0.2.1:9")?;
        socket.local_addr()
    });
    found.map_or(IpAddr::from([127, 0, 0, 1]), |address| address.ip())
}

/// The name of this machine, where it has one that is a host name.
pub fn own_name() -> Option<String> {
    let name = nix::unistd::gethostname().ok()?.into_string().ok()?;
    let good = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
    good.then_some(name)
}

/// An address to listen on: `[::]` stands for all of both families, and is `0.0.0.0` on a machine without IPv6.
pub fn listening(address: SocketAddr) -> SocketAddr {
    let every = address.ip() == IpAddr::from([0_u16; 8]);
    if every && TcpListener::bind(("::", 0)).is_err() {
        return SocketAddr::from(([0, 0, 0, 0], address.port()));
    }
    address
}

/// Names and addresses for a server's certificate: loopback, this machine's own, and those that were configured.
pub fn certificate_names(configured: &[String]) -> Vec<String> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    names.extend(own_name());
    names.push(own_address().to_string());
    names.extend(configured.iter().cloned());
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_names_each_name_once() {
        let names = certificate_names(&["b.lan".to_owned(), "localhost".to_owned()]);
        assert_eq!(names.iter().filter(|name| *name == "localhost").count(), 1);
        assert!(names.contains(&"b.lan".to_owned()) && names.contains(&"127.0.0.1".to_owned()));
    }

    #[test]
    fn an_address_of_one_family_is_taken_as_it_is() {
        for text in ["127.0.0.1:1", "0.0.0.0:8443", "[::1]:2"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(listening(address), address);
        }
    }
}
