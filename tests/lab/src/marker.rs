//! What a probe carries in its payload, by which it is known again on any wire, whatever became of its addresses.

/// What a probe is, by its letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    UdpNew,
    UdpEstablished,
    TcpNew,
    TcpEstablished,
    IcmpNew,
    IcmpEstablished,
    DnsNew,
    DnsEstablished,
    /// A question by TCP.
    DnsTcp,
    /// A question to the router itself, which the VIF's own resolver answers.
    DnsRouter,
    /// The same by TCP.
    DnsRouterTcp,
    /// With an address that is not the service's.
    Spoofed,
    /// To networks that no service may reach.
    Private,
    /// To somebody on the LAN.
    Lan,
    /// IPv6 to the Internet.
    V6Global,
    /// A router advertisement, solicitations and the like.
    V6Neighbour,
    /// Somebody on the LAN, to the service.
    FromLan,
    /// The router itself, to the service, over IPv6.
    RouterV6,
    /// Somebody on the LAN, to a published port, and the service's answer.
    Published,
    /// The gateway's own address.
    Gateway,
    /// Any of them, quoted in an error that the router itself sends.
    Quoted,
}

impl Kind {
    /// All, each with its letter.
    pub(crate) const ALL: [(Self, u8); 21] = [
        (Self::UdpNew, b'u'),
        (Self::UdpEstablished, b'U'),
        (Self::TcpNew, b't'),
        (Self::TcpEstablished, b'T'),
        (Self::IcmpNew, b'i'),
        (Self::IcmpEstablished, b'I'),
        (Self::DnsNew, b'd'),
        (Self::DnsEstablished, b'D'),
        (Self::DnsTcp, b'e'),
        (Self::DnsRouter, b'r'),
        (Self::DnsRouterTcp, b'R'),
        (Self::Spoofed, b's'),
        (Self::Private, b'p'),
        (Self::Lan, b'l'),
        (Self::V6Global, b'6'),
        (Self::V6Neighbour, b'n'),
        (Self::FromLan, b'f'),
        (Self::RouterV6, b'o'),
        (Self::Published, b'P'),
        (Self::Gateway, b'g'),
        (Self::Quoted, b'q'),
    ];

    /// Those that a tunnel in order carries.
    pub(crate) const CARRIED: [Self; 11] = [
        Self::UdpNew,
        Self::UdpEstablished,
        Self::TcpNew,
        Self::TcpEstablished,
        Self::IcmpNew,
        Self::IcmpEstablished,
        Self::DnsNew,
        Self::DnsEstablished,
        Self::DnsTcp,
        Self::DnsRouter,
        Self::DnsRouterTcp,
    ];

    fn letter(self) -> u8 {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or(b'?', |(_, letter)| *letter)
    }
}

/// A probe's mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marker {
    /// What it is.
    pub(crate) kind: Kind,
    /// The step of the run in which it was sent.
    pub(crate) step: u16,
    /// Its number in the run.
    pub(crate) sequence: u32,
}

const MAGIC: &[u8; 8] = b"bhprobe-";
const LENGTH: usize = 8 + 1 + 4 + 8;

impl Marker {
    /// As it stands in a payload, and in a DNS question's name: letters and digits alone.
    pub(crate) fn text(self) -> Vec<u8> {
        let mut text = MAGIC.to_vec();
        text.push(self.kind.letter());
        text.extend(format!("{:04x}{:08x}", self.step, self.sequence).bytes());
        text
    }

    /// The mark in a packet, wherever it is.
    pub(crate) fn find(packet: &[u8]) -> Option<Self> {
        let at = packet.windows(MAGIC.len()).position(|window| window == MAGIC)?;
        let text = packet.get(at..at + LENGTH)?;
        let kind = Kind::ALL.iter().find(|(_, letter)| *letter == text[8])?.0;
        let number = |range| u32::from_str_radix(std::str::from_utf8(text.get(range)?).ok()?, 16).ok();
        Some(Self { kind, step: u16::try_from(number(9..13)?).ok()?, sequence: number(13..21)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_again_wherever_it_stands() {
        for (kind, _) in Kind::ALL {
            let marker = Marker { kind, step: 513, sequence: 0xDEAD_BEEF };
            let packet = [&[0; 42][..], &marker.text(), b"tail"].concat();
            assert_eq!(Marker::find(&packet), Some(marker));
        }
        assert_eq!(Marker::find(b"bhprobe-"), None);
    }
}
