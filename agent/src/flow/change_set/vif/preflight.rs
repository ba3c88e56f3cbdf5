//! What of a router's own configuration would break what a VIF promises, or keep it from working: looked at before VIFs
//! are made or altered.
//!
//! What would break the promise refuses the change; what keeps packets from passing, or lies outside what IP firewalls
//! can stop, is told with the plan.

mod late;

use super::wish::{has_address, holds, leads_out};
use crate::flow::{
    change_set::{Change, Sight},
    object::{Marked, Menu, Row, Snapshot},
    vif::{
        Vif,
        address_plan::{self, Pools},
        around::{
            Around, BRIDGE_SETTINGS, IP_SETTINGS, MAC_SERVER, MAC_WINBOX, PEERS, ROMON, ROUTING_SETTINGS, SERVICE,
            TRACKING,
        },
        objects::{OPEN_LIST, PRIVATE_LIST},
    },
};
use shared::{
    change_set::Refusal,
    vif::{KillSwitchMode, Protocol},
};

/// What a VIF cannot be with.
///
/// # Errors
/// A [`Refusal`] with the code and what to do.
pub(super) fn stops(vif: &Vif, sight: &Sight) -> Result<(), Refusal> {
    let (router, around) = (&sight.isolation, &sight.around);
    let egress = vif.spec.egress.interface().as_str();
    let named = |row: &&Row| row.get("name") == egress;
    let interface = router.rows(Menu::Interface).iter().find(named);
    let port = router.rows(Menu::BridgePort).iter().any(|row| row.get("interface") == egress && !row.is("disabled"));
    if port || interface.is_some_and(|row| row.is("slave")) {
        let message = format!("{egress} is a port of a bridge, which routes nothing and matches no rule");
        return Err(Refusal::new("egress_is_port", message, "Choose a tunnel or a WAN as the egress."));
    }
    let bridge = interface.is_some_and(|row| row.get("type") == "bridge");
    if bridge && has_address(egress, router) && !leads_out(egress, router) {
        let message = format!("{egress} is a bridge of inner networks: what leaves by it stays among them");
        return Err(Refusal::new("egress_is_bridge", message, "Choose a tunnel or a WAN as the egress."));
    }
    if matches!(around.setting(TRACKING, "enabled"), "no" | "false") {
        let message = "connection tracking is off: no rule can tell answers from what nobody asked for";
        return Err(Refusal::new("tracking_off", message, "Set `/ip/firewall/connection/tracking enabled=auto`."));
    }
    let order: Vec<&str> = around.setting(ROUTING_SETTINGS, "policy-rules").split(',').collect();
    let place = |word: &str| order.iter().position(|own| *own == word);
    let (local, user, main) = (place("local"), place("user"), place("main"));
    if order != [""] && !(local < user && user < main && local.is_some()) {
        let message = "the router does not ask its routing rules between its own addresses and the table `main`";
        let hint = "Set `/routing/settings policy-rules` so that local comes before user and user before main.";
        return Err(Refusal::new("policy_rules", message, hint));
    }
    foreign_words(router)
}

/// Chains and address lists have no rows of their own: a foreign row in one of ours would be in the middle of it.
fn foreign_words(router: &Snapshot) -> Result<(), Refusal> {
    let ours = |word: &str| ["bulkhead", "bulkhead-input"].contains(&word);
    let in_chain = |row: &&Row| !row.is_isolation() && (ours(row.get("chain")) || ours(row.get("jump-target")));
    let in_list =
        |row: &&Row| !row.is_isolation() && !row.is("dynamic") && [OPEN_LIST, PRIVATE_LIST].contains(&row.get("list"));
    let chain = router.rows(Menu::Filter).iter().find(in_chain).map(|row| (Menu::Filter, row.get("chain")));
    let list = || router.rows(Menu::AddressList).iter().find(in_list).map(|row| (Menu::AddressList, row.get("list")));
    match chain.or_else(list) {
        None => Ok(()),
        Some((menu, word)) => {
            let message = format!("{} has a row in or to `{word}`, which Bulkhead did not make", menu.path());
            Err(Refusal::new("foreign_object", message, "Give that row another chain or list, or remove it."))
        }
    }
}

/// What a person should know before a change of VIFs.
pub(in crate::flow::change_set) fn warnings(change: &Change, sight: &Sight, pools: &Pools) -> Vec<Refusal> {
    let written: Vec<&Vif> = change.after.iter().filter(|vif| !change.before.contains(vif)).collect();
    let mut all: Vec<Refusal> = written.iter().flat_map(|vif| of_one(vif, sight)).collect();
    if !written.is_empty() {
        all.extend(of_router(&sight.isolation, &sight.around));
    }
    if change.after.len() > change.before.len() {
        let (taken, of) = address_plan::vlans_taken(pools, &change.after, &sight.isolation);
        if taken * 5 >= of * 4 {
            let message = format!("{taken} of {of} VLAN ids are taken.");
            all.push(Refusal::new("pool_low", message, "Widen `[pools]` in the agent's configuration in time."));
        }
    }
    all
}

fn of_one(vif: &Vif, sight: &Sight) -> Vec<Refusal> {
    let (router, around) = (&sight.isolation, &sight.around);
    let (egress, name) = (vif.spec.egress.interface().as_str(), &vif.spec.name);
    let mut all = Vec::new();
    let interface = router.rows(Menu::Interface).iter().find(|row| row.get("name") == egress);
    if interface.is_some_and(|row| !row.is("running")) {
        let message =
            format!("{egress} does not run at the moment: the kill switch of {name} stays engaged until it does.");
        all.push(Refusal::new("egress_down", message, "Nothing leaks; bring the egress up whenever you like."));
    }
    if vif.spec.kill_switch == KillSwitchMode::Off {
        let message = format!("{name} has no kill switch: while {egress} is down its packets leave in the clear.");
        all.push(Refusal::new("unprotected", message, "Choose `block`, unless that is what you want."));
    }
    if late::are_answered(egress, router, around) {
        let message = format!(
            "The router itself takes what comes through {egress}: an answer for {name} that comes too late would be \
             answered outside the tunnel, quoted."
        );
        let hint = format!(
            "Have the chain input drop what {egress} begins, but for what you want from there: `/ip/firewall/filter/add \
             chain=input in-interface={egress} connection-state=!established,related action=drop`."
        );
        all.push(Refusal::new("egress_reaches_router", message, hint));
    }
    let peers: Vec<&Row> =
        around.rows(PEERS).iter().filter(|row| row.get("interface") == egress && !row.is("disabled")).collect();
    if !peers.is_empty() && !peers.iter().any(|row| takes_all(row.get("allowed-address"))) {
        let message = format!("no WireGuard peer of {egress} takes all addresses: what it does not take is lost.");
        all.push(Refusal::new("peer_partial", message, "Add 0.0.0.0/0 to the peer's `allowed-address`."));
    }
    for port in &vif.spec.ports {
        let word = format!("{} port {}", port.protocol.as_str(), port.port);
        let serves = |row: &&Row| holds(row.get("port"), port.port) && !row.is("disabled") && !row.is("dynamic");
        let service = around.rows(SERVICE).iter().find(serves).filter(|_| port.protocol == Protocol::Tcp);
        if let Some(service) = service {
            let message =
                format!("The router's {} is on {word}: from `{}` it leads to {name}.", service.get("name"), port.from);
            all.push(Refusal::new("port_of_router", message, "Publish another port, or move the router's service."));
        }
        let forwards = |row: &&Row| {
            let protocol = matches!(row.get("protocol"), "") || row.get("protocol") == port.protocol.as_str();
            let translates = row.get("chain") == "dstnat" && holds(row.get("dst-port"), port.port);
            protocol && translates && !row.is_isolation() && !row.is("disabled")
        };
        if router.rows(Menu::Nat).iter().any(|row| forwards(&row)) {
            let message =
                format!("Another rule of dstnat has {word}: from `{}` it leads to {name} instead.", port.from);
            all.push(Refusal::new("port_shadowed", message, "Publish another port, or remove that rule."));
        }
    }
    all
}

fn of_router(router: &Snapshot, around: &Around) -> Vec<Refusal> {
    let mut all = Vec::new();
    let yes = |menu, name| matches!(around.setting(menu, name), "yes" | "true");
    if yes(BRIDGE_SETTINGS, "use-ip-firewall") || yes(BRIDGE_SETTINGS, "use-ip-firewall-for-vlan") {
        let message = "Bridged packets go through the IP firewall: those of VIFs meet its rules twice.";
        let hint = "Set `/interface/bridge/settings use-ip-firewall=no use-ip-firewall-for-vlan=no`.";
        all.push(Refusal::new("bridge_firewall", message, hint));
    }
    if around.setting(IP_SETTINGS, "rp-filter") == "strict" {
        let message = "Strict reverse path filtering may drop answers that come back through a tunnel.";
        all.push(Refusal::new("rp_filter_strict", message, "Set `/ip/settings rp-filter=loose`."));
    }
    let everywhere = |menu| around.setting(menu, "allowed-interface-list") == "all";
    if everywhere(MAC_SERVER) || everywhere(MAC_WINBOX) {
        let message = "MAC-Telnet or MAC-WinBox is on for all interfaces: a service reaches it below the IP firewall.";
        let hint = "Set `allowed-interface-list` of `/tool/mac-server` and its `mac-winbox` to a list such as LAN.";
        all.push(Refusal::new("mac_server_everywhere", message, hint));
    }
    if yes(ROMON, "enabled") {
        let message = "RoMON is on: unless its ports say otherwise, a service reaches it below the IP firewall.";
        all.push(Refusal::new("romon_enabled", message, "Forbid it on the VIFs' interfaces in `/tool/romon/port`."));
    }
    for menu in [Menu::Filter, Menu::Nat, Menu::Mangle, Menu::Raw] {
        let above = router.rows(menu).iter().take_while(|row| row.is("dynamic"));
        let mut acting = above.filter(|row| !matches!(row.get("action"), "" | "passthrough" | "log"));
        if let Some(row) = acting.next() {
            let message = format!(
                "{} has a dynamic rule ({}) at the top, above which nothing can be moved: it sees packets first.",
                menu.path(),
                row.get("action")
            );
            all.push(Refusal::new(
                "dynamic_above",
                message,
                "Switch off what makes it, such as a hotspot, or accept it.",
            ));
        }
    }
    all
}

fn takes_all(allowed: &str) -> bool {
    let has = |wanted: &str| allowed.split(',').any(|network| network.trim() == wanted);
    has("0.0.0.0/0") || (has("0.0.0.0/1") && has("128.0.0.0/1"))
}

#[cfg(test)]
mod tests;
