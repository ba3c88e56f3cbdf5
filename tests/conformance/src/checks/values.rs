//! Values as they are kept.

use super::form::Kept;
use crate::check::{Check, Evidence};

const SEEN: Evidence = Evidence::Seen("API prints of 7.x");

/// A rule that nothing meets: disabled, in a chain that nothing jumps to.
const RULE: &[&str] = &["=chain=bh-conf", "=action=accept", "=disabled=yes"];

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::kept(
            "value-boolean",
            "Booleans are taken as `yes`, `no`, `true` and `false` and printed as `true` and `false`.",
            SEEN,
            Kept {
                menu: "/ip/firewall/filter",
                row: RULE,
                on_bridge: false,
                name: "log",
                cases: &[("yes", "true"), ("no", "false"), ("true", "true"), ("false", "false")],
            },
        ),
        Check::kept(
            "value-vlan-id",
            "A VLAN id is taken in decimal and hexadecimal and printed in decimal.",
            SEEN,
            Kept {
                menu: "/interface/vlan",
                row: &["=name=bh-conf-vlan", "=interface=bh-conf-bridge", "=disabled=yes"],
                on_bridge: true,
                name: "vlan-id",
                cases: &[("100", "100"), ("4094", "4094"), ("0x64", "100")],
            },
        ),
    ]
}
