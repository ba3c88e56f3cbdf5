//! All checks, an area a file.

pub mod form;

mod follow;
mod lists;
mod matchers;
mod order;
mod packets;
mod print;
mod protocol;
mod references;
mod rows;
mod scripts;
mod system;
mod traps;
mod values;
mod vif;

use crate::check::Check;

/// Every check, in the order in which they run: what reads first, before what writes.
pub fn all() -> Vec<Check> {
    let mut all = [
        protocol::checks(),
        system::checks(),
        print::checks(),
        follow::checks(),
        scripts::checks(),
        traps::checks(),
        values::checks(),
        matchers::checks(),
        order::checks(),
        rows::checks(),
        references::checks(),
        lists::checks(),
        packets::checks(),
        vif::checks(),
    ]
    .concat();
    all.sort_by_key(|check| (check.writes, check.area));
    all
}

/// Guesses of the twin's README that no check can put to a router over its API, and why.
pub const NOT_TESTABLE: &[(u8, &str)] = &[
    (2, "it would change `/ip/service`, users or groups by which we came in"),
    (8, "it needs a reboot"),
    (11, "it needs a WireGuard peer that answers, and traffic of known packets"),
    (12, "it needs a tunnel that is cut"),
    (13, "it is about what `/import` does with a script, which the API does not return"),
    (17, "it needs packets"),
    (18, "it needs packets, and a router without connection tracking"),
    (19, "it needs packets"),
    (20, "it is how the twin thinks of packets, not what a router says"),
    (21, "it needs packets"),
    (22, "it needs packets"),
    (23, "it needs packets"),
    (25, "it would load the router"),
    (27, "it needs a second user with fewer policies"),
    (28, "it needs a script that goes on for long"),
    (29, "the twin is known to be simpler here"),
    (30, "it would write files, which carry no mark"),
    (31, "it needs a schedule that runs"),
    (34, "it would undo what others did meanwhile, and empty the history"),
    (35, "it needs a second session that holds safe mode, and power that is cut"),
    (36, "it needs power that is cut"),
    (38, "it needs hosts that fall silent"),
    (39, "it needs somebody beside the device"),
    (40, "it needs a restart"),
    (41, "it needs a registry, and an image to spare"),
    (42, "it needs somebody at the device, to change device-mode"),
    (43, "it needs a provider that fails"),
    (44, "it needs packets, and is about the ends of a connection"),
];
