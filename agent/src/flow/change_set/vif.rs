//! VIFs from what is asked for to what is kept, and what speaks against it.

mod preflight;
mod wish;

pub(super) use preflight::warnings;

use super::Sight;
use crate::flow::{
    object::{INSTALLER, Marked, Menu, Row, Snapshot},
    vif::{
        BRIDGE, Vif,
        address_plan::{Pools, allocate},
        objects::VIF_LIST,
    },
};
use shared::{
    change_set::{Item, Refusal, Resource},
    ids::VifId,
    vif::{KillSwitchMode, VifSpec},
};

/// The VIFs after these items.
///
/// # Errors
/// A [`Refusal`] with the code and what to do.
pub(super) fn decide(
    items: &[Item],
    before: &[Vif],
    pools: &Pools,
    sight: &Sight,
    now: i64,
) -> Result<Vec<Vif>, Refusal> {
    let router = &sight.isolation;
    let mut after = before.to_vec();
    for item in items {
        match &item.resource {
            Resource::VifCreate(spec) => after.push(create(spec, &after, pools, sight, now)?),
            Resource::Row(_) => {}
            Resource::VifUpdate(spec) => update(spec, &mut after, router)?,
            Resource::VifRemove(vif) => {
                let at = after.iter().position(|kept| kept.spec.id == *vif).ok_or_else(|| unknown_vif(vif))?;
                after.remove(at);
            }
        }
    }
    after.sort_by_key(|vif| vif.vlan_id);
    after.iter().try_for_each(|vif| falls_back(vif, &after, before))?;
    for vif in after.iter().filter(|vif| !before.contains(vif)) {
        wish::granted(vif, &after, router)?;
        preflight::stops(vif, sight)?;
    }
    Ok(after)
}

/// A VIF falls back to another one that blocks when it cannot go on itself, by another egress. Looked at when all items
/// are in, so that both may come or go with one change.
fn falls_back(vif: &Vif, after: &[Vif], before: &[Vif]) -> Result<(), Refusal> {
    let Some(other) = vif.spec.kill_switch.fallback() else { return Ok(()) };
    let name = &vif.spec.name;
    if *other == vif.spec.id {
        let message = format!("the VIF `{name}` cannot fall back to itself");
        return Err(Refusal::new("fallback_to_itself", message, "Choose another VIF, or the kill switch `block`."));
    }
    let Some(kept) = after.iter().find(|kept| kept.spec.id == *other) else {
        let removed = before.iter().find(|kept| kept.spec.id == *other);
        return Err(if let Some(removed) = removed {
            let message = format!("the VIF `{name}` falls back to `{}`, which is to go", removed.spec.name);
            Refusal::new("fallback_in_use", message, format!("Give `{name}` another kill switch first."))
        } else {
            let message = format!("the VIF `{name}` cannot fall back to `{other}`, which the agent does not keep");
            Refusal::new("fallback_unknown", message, "Choose one of the router's VIFs.")
        });
    };
    if kept.spec.kill_switch != KillSwitchMode::Block {
        let was = before.iter().find(|vif| vif.spec.id == *other);
        let (message, code) = if was.is_some_and(|vif| vif.spec.kill_switch == KillSwitchMode::Block) {
            let message = format!("the VIF `{name}` falls back to `{}`, which has to block for that", kept.spec.name);
            (message, "fallback_in_use")
        } else {
            let message = format!("the VIF `{name}` cannot fall back to `{}`, which does not block", kept.spec.name);
            (message, "fallback_unprotected")
        };
        return Err(Refusal::new(code, message, "Fall back to a VIF whose kill switch is `block`."));
    }
    if kept.spec.egress == vif.spec.egress {
        let message = format!("the VIF `{name}` and the one that it falls back to both leave by {}", egress(vif));
        return Err(Refusal::new("fallback_same_egress", message, "Choose a VIF with another egress."));
    }
    Ok(())
}

fn egress(vif: &Vif) -> &str {
    vif.spec.egress.interface().as_str()
}

fn create(spec: &VifSpec, vifs: &[Vif], pools: &Pools, sight: &Sight, now: i64) -> Result<Vif, Refusal> {
    let router = &sight.isolation;
    installed(router)?;
    if vifs.iter().any(|vif| vif.spec.name == spec.name || vif.spec.id == spec.id) {
        let message = format!("there is a VIF `{}` already", spec.name);
        return Err(Refusal::new("name_taken", message, "Choose another name, or remove the other VIF first."));
    }
    reachable(spec, router)?;
    let (vlan_id, subnet) = allocate(pools, vifs, router, &sight.around)?;
    let vif = Vif { spec: spec.clone(), vlan_id, subnet, created_at: now };
    foreign_names(&vif, router)?;
    Ok(vif)
}

/// The way out of a VIF must be an interface of the router's own.
fn reachable(spec: &VifSpec, router: &Snapshot) -> Result<(), Refusal> {
    let egress = spec.egress.interface();
    let row = router.rows(Menu::Interface).iter().find(|row| row.get("name") == egress.as_str());
    match row {
        None => {
            let message = format!("the router has no interface `{egress}`");
            Err(Refusal::new("unknown_interface", message, "Choose an egress from the router's interfaces."))
        }
        Some(row) if row.is_isolation() => {
            let message = format!("`{egress}` is one of Bulkhead's own interfaces");
            Err(Refusal::new("unknown_interface", message, "Choose a tunnel or a WAN as the egress."))
        }
        Some(_) => Ok(()),
    }
}

/// Puts the new wish in the place of the old one; VLAN and subnet stay.
fn update(spec: &VifSpec, vifs: &mut [Vif], router: &Snapshot) -> Result<(), Refusal> {
    installed(router)?;
    reachable(spec, router)?;
    let vif = vifs.iter_mut().find(|vif| vif.spec.id == spec.id).ok_or_else(|| unknown_vif(&spec.id))?;
    if vif.spec.name != spec.name {
        let message = format!("the VIF `{}` cannot be renamed to `{}`", vif.spec.name, spec.name);
        return Err(Refusal::new("malformed", message, "Its name is in its service's container: make another VIF."));
    }
    vif.spec = spec.clone();
    Ok(())
}

fn unknown_vif(id: &VifId) -> Refusal {
    let message = format!("the agent keeps no VIF `{id}`");
    Refusal::new("unknown_vif", message, "Refresh the list: it may be gone already.")
}

/// The installer's part must be there: the bridge, marked as ours, with VLAN filtering on.
///
/// # Errors
/// `installer_missing` or `foreign_object`, with what to do.
pub fn installed(router: &Snapshot) -> Result<(), Refusal> {
    let hint = "Run the router's .rsc file from `bulkhead router add` once more; it can be repeated.";
    let bridge = router
        .rows(Menu::Bridge)
        .iter()
        .find(|row| row.get("name") == BRIDGE)
        .ok_or_else(|| Refusal::new("installer_missing", format!("the router has no bridge `{BRIDGE}`"), hint))?;
    if !bridge.mark().is_some_and(|mark| mark.starts_with(INSTALLER)) {
        let message = format!("the bridge `{BRIDGE}` does not carry Bulkhead's mark");
        return Err(Refusal::new("foreign_object", message, "Rename that bridge; Bulkhead touches only what it made."));
    }
    if !bridge.is("vlan-filtering") || bridge.is("disabled") {
        let message =
            format!("the bridge `{BRIDGE}` is disabled or does not filter VLANs, so VIFs on it could reach each other");
        return Err(Refusal::new("installer_missing", message, hint));
    }
    Ok(())
}

/// Nobody else's object may have a name that this VIF's objects will have.
fn foreign_names(vif: &Vif, router: &Snapshot) -> Result<(), Refusal> {
    let interfaces = [vif.interface(), vif.veth()];
    let lists = [vif.egress_list(), VIF_LIST.to_owned()];
    let named = [
        (Menu::Interface, &interfaces[..]),
        (Menu::InterfaceList, &lists[..]),
        (Menu::RoutingTable, &[vif.table(), vif.replies_table()][..]),
    ]
    .into_iter()
    .find_map(|(menu, names)| {
        let foreign = |row: &&Row| !row.is_isolation() && names.iter().any(|name| name == row.get("name"));
        router.rows(menu).iter().find(foreign).map(|row| (menu, row))
    });
    match named {
        None => Ok(()),
        Some((menu, row)) => Err(Refusal::new(
            "foreign_object",
            format!("{} already has `{}`, which Bulkhead did not make", menu.path(), row.get("name")),
            "Rename that object; Bulkhead touches only what it made.",
        )),
    }
}
