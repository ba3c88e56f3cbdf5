//! On which kernel the lab runs, and what that one can do: looked at once, at the start.
//!
//! The host's kernel carries out what it can, with a stand-in for the rest. The one of User-Mode Linux is built for the lab
//! and has to have all of it.

use crate::namespace::Namespace;
use std::sync::OnceLock;

/// A kernel that the lab runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// This machine's.
    Host,
    /// One that is an ordinary process, with a single processor.
    Uml,
}

impl Lane {
    /// By the word on the command line.
    pub(crate) fn named(word: &str) -> Option<Self> {
        match word {
            "host" => Some(Self::Host),
            "uml" => Some(Self::Uml),
            _ => None,
        }
    }

    /// How often each other way to keep a service in its tunnel is looked at.
    pub(crate) fn rounds(self, short: bool) -> u64 {
        if short || self == Self::Uml { 1 } else { 5 }
    }

    /// Probes a millisecond that it bears.
    pub(crate) fn pace(self, short: bool) -> u32 {
        match self {
            Self::Host if short => 5,
            Self::Host => 15,
            Self::Uml => 1,
        }
    }

    /// How many times longer than on a quick machine things may take before the lab gives up.
    pub(crate) fn patience(self) -> u64 {
        match self {
            Self::Host => 1,
            Self::Uml => 4,
        }
    }
}

/// What the kernel can do of what a router does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Abilities {
    /// VLAN interfaces, and bridges that filter VLANs.
    pub(crate) vlans: bool,
    /// WireGuard without a program.
    pub(crate) wireguard: bool,
    /// Flows that pass the packet filter by, once they are known.
    pub(crate) flowtables: bool,
}

static LANE: OnceLock<Lane> = OnceLock::new();
static HERE: OnceLock<Abilities> = OnceLock::new();

/// The lane that was chosen.
pub(crate) fn here() -> Lane {
    LANE.get().copied().unwrap_or(Lane::Host)
}

/// Chooses a lane, once.
pub(crate) fn choose(lane: Lane) {
    let _ = LANE.set(lane);
}

/// What the kernel can do here; nothing before [`look`].
pub(crate) fn abilities() -> Abilities {
    HERE.get().copied().unwrap_or(Abilities { vlans: false, wireguard: false, flowtables: false })
}

/// Tries all of it, in a namespace that goes at once.
///
/// # Errors
/// There can be no namespace.
pub(crate) fn look() -> anyhow::Result<Abilities> {
    let trial = Namespace::new("trial")?;
    let links = |lines: &str| trial.feed("ip", &["-batch", "-"], lines.to_owned()).is_ok();
    let found = Abilities {
        vlans: links(
            "link add bridge type bridge vlan_filtering 1 vlan_default_pvid 0\n\
             link add link bridge name vlan5 type vlan id 5\n",
        ),
        wireguard: links("link add tunnel type wireguard\n"),
        flowtables: trial.feed("nft", &["-f", "-"], FLOWTABLE.to_owned()).is_ok(),
    };
    Ok(*HERE.get_or_init(|| found))
}

const FLOWTABLE: &str = "table ip t {\n flowtable f { hook ingress priority 0; devices = { lo }; }\n \
    chain c { type filter hook forward priority 0;\n flow add @f\n }\n }\n";

impl Abilities {
    /// What of it all is lacking, in words.
    pub(crate) fn lacking(self) -> Option<&'static str> {
        let each = [(self.vlans, "VLAN filtering"), (self.wireguard, "WireGuard"), (self.flowtables, "flowtables")];
        each.into_iter().find(|(can, _)| !can).map(|(_, what)| what)
    }
}
