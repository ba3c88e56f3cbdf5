//! Frames as a service sends them, byte by byte: what a kernel would refuse to send is part of the proof.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The link layer's ends of a frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    /// Who sends.
    pub(crate) from: [u8; 6],
    /// Whom it is for.
    pub(crate) to: [u8; 6],
}

/// The flags of a TCP segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flags {
    /// It opens.
    Syn,
    /// It acknowledges.
    Ack,
    /// It carries data.
    Push,
}

/// What stands in a TCP segment beside its data.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment {
    pub(crate) ports: (u16, u16),
    pub(crate) sequence: u32,
    pub(crate) acknowledged: u32,
    pub(crate) flags: Flags,
}

fn sum(start: u32, bytes: &[u8]) -> u32 {
    bytes
        .chunks(2)
        .fold(start, |sum, pair| sum + (u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0))))
}

fn folded(mut sum: u32) -> [u8; 2] {
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    (!u16::try_from(sum).unwrap_or(0)).to_be_bytes()
}

fn length(bytes: usize) -> [u8; 2] {
    u16::try_from(bytes).unwrap_or(u16::MAX).to_be_bytes()
}

/// An IPv4 packet in its frame.
pub(crate) fn ip4(ends: Ends, from: Ipv4Addr, to: Ipv4Addr, protocol: u8, body: &[u8]) -> Vec<u8> {
    frame(ends, 0x0800, &bare(from, to, (protocol, 64), body))
}

/// An IPv4 packet with its protocol and the hops it may still take.
pub(crate) fn bare(from: Ipv4Addr, to: Ipv4Addr, (protocol, hops): (u8, u8), body: &[u8]) -> Vec<u8> {
    let mut header = vec![0x45, 0];
    header.extend(length(20 + body.len()));
    header.extend([0, 0, 0x40, 0, hops, protocol, 0, 0]);
    header.extend(from.octets());
    header.extend(to.octets());
    let checksum = folded(sum(0, &header));
    header[10..12].copy_from_slice(&checksum);
    [header.as_slice(), body].concat()
}

fn frame(ends: Ends, kind: u16, packet: &[u8]) -> Vec<u8> {
    [&ends.to[..], &ends.from, &kind.to_be_bytes(), packet].concat()
}

/// A UDP datagram's body; over IPv4 it needs no checksum.
pub(crate) fn udp(ports: (u16, u16), data: &[u8]) -> Vec<u8> {
    let mut body = [ports.0.to_be_bytes(), ports.1.to_be_bytes(), length(8 + data.len()), [0, 0]].concat();
    body.extend(data);
    body
}

/// An ICMP echo request's body.
pub(crate) fn echo(id: u16, data: &[u8]) -> Vec<u8> {
    let mut body = [[8, 0], [0, 0], id.to_be_bytes(), [0, 1]].concat();
    body.extend(data);
    let checksum = folded(sum(0, &body));
    body[2..4].copy_from_slice(&checksum);
    body
}

/// A TCP segment's body between two addresses. An opening one offers segments of 1460 bytes.
pub(crate) fn tcp(from: Ipv4Addr, to: Ipv4Addr, segment: Segment, data: &[u8]) -> Vec<u8> {
    let (offset, flags, options): (u8, u8, &[u8]) = match segment.flags {
        Flags::Syn => (0x60, 0x02, &[2, 4, 0x05, 0xB4]),
        Flags::Ack => (0x50, 0x10, &[]),
        Flags::Push => (0x50, 0x18, &[]),
    };
    let mut body = [segment.ports.0.to_be_bytes(), segment.ports.1.to_be_bytes()].concat();
    body.extend(segment.sequence.to_be_bytes());
    body.extend(segment.acknowledged.to_be_bytes());
    body.extend([offset, flags, 0xFA, 0xF0, 0, 0, 0, 0]);
    body.extend(options);
    body.extend(data);
    let pseudo = [&from.octets()[..], &to.octets(), &[0, 6], &length(body.len())].concat();
    let checksum = folded(sum(sum(0, &pseudo), &body));
    body[16..18].copy_from_slice(&checksum);
    body
}

/// An IPv6 packet in its frame, with the checksum of its body put in.
pub(crate) fn ip6(ends: Ends, from: Ipv6Addr, to: Ipv6Addr, next: u8, mut body: Vec<u8>) -> Vec<u8> {
    let at = if next == 58 { 2 } else { 6 };
    let pseudo = [&from.octets()[..], &to.octets(), &[0, 0], &length(body.len()), &[0, 0, 0, next]].concat();
    let checksum = folded(sum(sum(0, &pseudo), &body));
    body[at..at + 2].copy_from_slice(&checksum);
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(length(body.len()));
    packet.extend([next, 255]);
    packet.extend(from.octets());
    packet.extend(to.octets());
    packet.extend(body);
    frame(ends, 0x86DD, &packet)
}

/// A router advertisement's body with whatever behind it: a service that plays the router.
pub(crate) fn advertisement(data: &[u8]) -> Vec<u8> {
    let mut body = vec![134, 0, 0, 0, 64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0];
    body.extend(data);
    body
}

/// A neighbour solicitation's body for a target.
pub(crate) fn solicitation(target: Ipv6Addr, data: &[u8]) -> Vec<u8> {
    let mut body = vec![135, 0, 0, 0, 0, 0, 0, 0];
    body.extend(target.octets());
    body.extend(data);
    body
}

/// A question for the address of a name whose first label is given.
pub(crate) fn question(label: &[u8]) -> Vec<u8> {
    let mut body = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    body.push(u8::try_from(label.len()).unwrap_or(63));
    body.extend(label);
    body.extend(*b"\x07example\x00\x00\x01\x00\x01");
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDS: Ends = Ends { from: [2; 6], to: [4; 6] };

    #[test]
    fn a_checksum_makes_the_sum_over_all_of_it_nothing() {
        let (a, b) = (Ipv4Addr::new(172, 16, 64, 2), Ipv4Addr::new(192, 0, 2, 9));
        let whole = ip4(ENDS, a, b, 1, &echo(7, b"odd"));
        assert_eq!(folded(sum(0, &whole[14..34])), [0, 0]);
        assert_eq!(folded(sum(0, &whole[34..])), [0, 0]);
        let segment = Segment { ports: (1, 2), sequence: 3, acknowledged: 4, flags: Flags::Syn };
        let body = tcp(a, b, segment, b"data");
        let pseudo = [&a.octets()[..], &b.octets(), &[0, 6], &length(body.len())].concat();
        assert_eq!(folded(sum(sum(0, &pseudo), &body)), [0, 0]);
    }
}
