//! Rules as packets are put to them. A router has hundreds, and a verification puts thousands of packets to each: what a
//! rule asks is worked out once.

use std::net::{IpAddr, Ipv4Addr};

use super::{
    address::Range,
    interface::Interfaces,
    matcher::{Says, Seen, is_valid, matcher, plain},
    walk::World,
};
use crate::routeros::model::Row;

/// A rule, with what it asks of packets: most of that is worked out once, not for each packet.
#[derive(Debug)]
pub(super) struct Rule<'m> {
    pub(super) row: &'m Row,
    asks: Vec<Ask<'m>>,
}

/// What a rule asks of a packet. What is asked most, and refuses most, is ready to be compared.
#[derive(Debug)]
enum Ask<'m> {
    /// Of an interface that is not there: no packet will do.
    Nothing,
    /// That it comes in by an interface, or by any other.
    In { wanted: bool, interface: &'m str },
    /// That it leaves by one.
    Out { wanted: bool, interface: &'m str },
    /// That it is from addresses of IPv4, or from all others.
    From { wanted: bool, first: Ipv4Addr, last: Ipv4Addr },
    /// That it is for them.
    To { wanted: bool, first: Ipv4Addr, last: Ipv4Addr },
    /// All else, by its name.
    Other { name: &'m str, value: &'m str },
}

impl<'m> Rule<'m> {
    /// Nothing where no packet is put to it.
    pub(super) fn of(interfaces: &Interfaces, row: &'m Row) -> Option<Self> {
        // The dynamic rows of FastTrack only show its counters.
        if row.is("disabled") || row.is("invalid") || (row.is("dynamic") && row.get("action") == "passthrough") {
            return None;
        }
        let properties = row.properties().filter(|(name, _)| !is_plain(name));
        let mut asks: Vec<Ask> = properties.map(|(name, value)| Ask::of(interfaces, name, value)).collect();
        asks.sort_by_key(|ask| matches!(ask, Ask::Other { .. }));
        asks.shrink_to_fit();
        Some(Self { row, asks })
    }
}

impl<'m> Ask<'m> {
    fn of(interfaces: &Interfaces, name: &'m str, value: &'m str) -> Self {
        let (wanted, plain) = plain(value);
        let range = || match Range::parse(plain)?.ends() {
            (IpAddr::V4(first), IpAddr::V4(last)) => Some((first, last)),
            _ => None,
        };
        let is_one = !plain.starts_with("all-");
        let named = |ask: Self| if is_valid(interfaces, plain) { ask } else { Self::Nothing };
        match name {
            "in-interface" if is_one => Some(named(Self::In { wanted, interface: plain })),
            "out-interface" if is_one => Some(named(Self::Out { wanted, interface: plain })),
            "src-address" => range().map(|(first, last)| Self::From { wanted, first, last }),
            "dst-address" => range().map(|(first, last)| Self::To { wanted, first, last }),
            _ => None,
        }
        .unwrap_or(Self::Other { name, value })
    }

    /// What a packet says to it; nothing where it is no matcher.
    fn judge(&self, world: &World, seen: &Seen) -> Option<Says> {
        let by = |interface: Option<&str>, name: &str| interface.is_some_and(|interface| interface == name);
        let within = |address: IpAddr, first: &Ipv4Addr, last: &Ipv4Addr| match address {
            IpAddr::V4(address) => (first..=last).contains(&&address),
            IpAddr::V6(_) => false,
        };
        let is = |matches: bool, wanted: bool| Some(if matches == wanted { Says::Yes } else { Says::No });
        match self {
            Self::Nothing => Some(Says::No),
            Self::In { wanted, interface } => is(by(seen.in_interface, interface), *wanted),
            Self::Out { wanted, interface } => is(by(seen.out_interface, interface), *wanted),
            Self::From { wanted, first, last } => is(within(seen.packet.src, first, last), *wanted),
            Self::To { wanted, first, last } => is(within(seen.packet.dst, first, last), *wanted),
            Self::Other { name, value } => matcher(world, seen, name, value),
        }
    }
}

/// What a rule says; where that is [`Says::Unknown`], the matcher that could not be judged.
pub(super) fn judge<'m>(world: &World<'m>, seen: &Seen, rule: &Rule<'m>) -> (Says, &'m str) {
    let mut unknown = "";
    for ask in &rule.asks {
        match (ask.judge(world, seen), ask) {
            (Some(Says::No), _) => return (Says::No, ""),
            (Some(Says::Unknown), Ask::Other { name, .. }) => unknown = name,
            (Some(Says::Unknown | Says::Yes) | None, _) => {}
        }
    }
    if unknown.is_empty() { (Says::Yes, "") } else { (Says::Unknown, unknown) }
}

/// What every rule has and is no matcher: it need not be looked for among all that are.
fn is_plain(name: &str) -> bool {
    matches!(name, ".id" | "action" | "chain" | "comment" | "disabled" | "dynamic" | "invalid" | "jump-target")
}
