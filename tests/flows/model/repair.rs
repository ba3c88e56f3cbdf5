//! What the agent would do, on the model: our rows are put right, gates are shut.

use super::router::Router;
use bulkhead_agent::flow::{
    change_set::converge::{Anchor, Step, converge},
    vif::objects::objects,
};
use shared::ids::VifId;

/// Carries out the writes that the engine would send; says whether there were any.
pub(super) fn put_back(router: &mut Router) -> bool {
    let wanted = objects(&router.vifs);
    let steps = converge(&wanted, &router.snapshot());
    let some = !steps.is_empty();
    for step in steps {
        let menu = step.menu().path();
        let at = |router: &Router, id: &str| router.place(menu, |row| row.id() == id);
        match &step {
            Step::Add { object, before } => {
                let at = spot(router, menu, before.as_ref());
                router.make(object, at);
            }
            Step::Set { id, object, enable } => {
                let at = at(router, id).expect("a row");
                for (name, value) in object.arguments() {
                    let value = if value == "yes" { "true" } else { &*value };
                    router.model.set(menu, at, name, value);
                }
                router.model.unset(menu, at, "invalid");
                if *enable {
                    router.model.set(menu, at, "disabled", "false");
                }
            }
            Step::Clear { id, name, .. } => {
                let at = at(router, id).expect("a row");
                router.model.unset(menu, at, name);
            }
            Step::Shut { id, .. } => {
                let at = at(router, id).expect("a row");
                router.model.set(menu, at, "disabled", "false");
            }
            Step::Move { id, before, .. } => {
                let from = at(router, id).expect("a row");
                let row = router.model.remove(menu, from).expect("the row");
                let to = spot(router, menu, before.as_ref());
                router.model.insert(menu, to, row);
            }
            Step::Remove { id, .. } => {
                let at = at(router, id).expect("a row");
                router.model.remove(menu, at);
            }
        }
    }
    some
}

/// In front of which place.
fn spot(router: &Router, menu: &str, before: Option<&Anchor>) -> usize {
    let found = match before {
        None => None,
        Some(Anchor::Foreign(id)) => router.place(menu, |row| row.id() == id),
        // The newest of those with the mark: one that is made anew stands beside the old one until that goes.
        Some(Anchor::Mark(mark)) => {
            let rows = router.model.rows(menu).iter().enumerate().filter(|(_, row)| row.get("comment") == mark);
            rows.max_by_key(|(_, row)| u32::from_str_radix(row.id().trim_start_matches('*'), 16).ok()).map(|(at, _)| at)
        }
    };
    found.unwrap_or(usize::MAX)
}

/// What the keeper does: no lease of ours, and both drops in force.
pub(super) fn shut(router: &mut Router, vif: &VifId) {
    for part in ["gate-out", "gate-in"] {
        router.set_mark("/ip/firewall/filter", &format!("bulkhead:vif/{vif}/{part}"), "disabled", "false");
    }
    router.remove_mark("/ip/firewall/address-list", &format!("bulkhead:vif/{vif}/lease"));
}
