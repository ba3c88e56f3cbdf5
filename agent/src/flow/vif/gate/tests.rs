use super::*;
use shared::{
    ids::VifId,
    net::{InterfaceName, VlanId},
    vif::{Egress, KillSwitchMode, VifName, VifSpec},
};
use std::net::Ipv4Addr;

fn vif() -> Vif {
    let spec = VifSpec {
        id: VifId::new("tor-1").expect("an id"),
        name: VifName::new("tor").expect("a name"),
        egress: Egress::Interface(InterfaceName::new("wg-vpn").expect("a name")),
        kill_switch: KillSwitchMode::Block,
        resolver: None,
        ports: Vec::new(),
    };
    let subnet = "172.16.64.0/30".parse().expect("a subnet");
    Vif { spec, vlan_id: VlanId::new(100).expect("a VLAN"), subnet, created_at: 0 }
}

fn row(id: &str, part: &str, disabled: bool) -> Row {
    let mark = format!("bulkhead:vif/tor-1/{part}");
    let disabled = if disabled { "true" } else { "false" };
    Row::new([(".id", id), ("comment", &mark), ("disabled", disabled), ("address", "172.16.64.2")])
}

/// Drops on or off, with a lease or without, with the second way or without.
fn gates(open: bool, lease: bool, other: Option<bool>) -> Gates {
    let lease = lease.then(|| row("*9", "lease", false));
    let drops = vec![row("*1", "gate-out", open), row("*2", "gate-in", open), row("*3", "private", false)];
    let routes = other.map(|other| vec![row("*5", "route", other), row("*6", "route-fallback", !other)]);
    Gates::new(lease.into_iter().collect(), drops, routes.unwrap_or_default())
}

/// The steps of a run, one word each: what closes, what turns, what opens.
fn words(gates: &Gates, way: Option<Way>) -> [String; 3] {
    let vif = vif();
    let wishes = [Wish { vif: &vif, way }];
    [gates.shut(&wishes), gates.turn(&wishes), gates.open(&wishes)].map(|steps| {
        let word = |step: &Step| match step {
            Step::Switch { menu, ids, disabled } => {
                let on = if *disabled { "off" } else { "on" };
                format!("{on}({:?} {})", menu, ids.join(","))
            }
            Step::Take(ids) => format!("take({})", ids.join(",")),
            Step::Lease { address, mark } => format!("lease({address} {mark})"),
        };
        steps.iter().map(word).collect::<Vec<_>>().join(" ")
    })
}

#[test]
fn what_closes_is_the_drops_first_and_what_opens_is_the_drops_last() {
    let (own, closed) = (Some(Way::Own), Some(Way::Closed));
    let lease = "lease(172.16.64.2 bulkhead:vif/tor-1/lease)";
    let table = [
        (gates(true, true, None), closed, ["on(Filter *1,*2) take(*9)", "", ""]),
        (gates(true, false, None), closed, ["on(Filter *1,*2)", "", ""]),
        (gates(false, true, None), closed, ["take(*9)", "", ""]),
        (gates(false, false, None), closed, ["", "", ""]),
        (gates(false, false, None), own, ["", "", &format!("{lease} off(Filter *1,*2)")]),
        (gates(true, false, None), own, ["", "", lease]),
        (gates(false, true, None), own, ["", "", "off(Filter *1,*2)"]),
        (gates(true, true, None), own, ["", "", ""]),
        (gates(true, true, None), None, ["", "", ""]),
        (gates(false, false, None), None, ["", "", ""]),
    ];
    for (gates, way, expected) in table {
        assert_eq!(words(&gates, way), expected, "{gates:?} to {way:?}");
    }
}

#[test]
fn a_route_is_turned_behind_a_closed_gate_alone() {
    let other = Some(Way::Other);
    let open = gates(true, true, Some(false));
    let [shut, turn, opened] = words(&open, other);
    assert_eq!((shut.as_str(), opened.as_str()), ("on(Filter *1,*2) take(*9)", ""), "nothing opens on the wrong route");
    assert_eq!(turn, "off(IpRoute *5) on(IpRoute *6)");
    let turned = gates(true, true, Some(true));
    assert_eq!(words(&turned, other), ["", "", ""]);
    assert_eq!(words(&turned, Some(Way::Own))[1], "off(IpRoute *6) on(IpRoute *5)");
    assert_eq!(words(&turned, Some(Way::Closed))[1], "", "behind a closed gate it stays where it is");
}

#[test]
fn a_lease_of_nobody_or_of_another_address_goes() {
    let orphan = Gates::new(vec![row("*9", "lease", false)], Vec::new(), Vec::new());
    assert_eq!(orphan.shut(&[]), [Step::Take(vec!["*9".to_owned()])]);
    let vif = vif();
    let wishes = [Wish { vif: &vif, way: Some(Way::Own) }];
    let mark = "bulkhead:vif/tor-1/lease";
    let elsewhere = Row::new([(".id", "*9"), ("comment", mark), ("address", "172.16.64.6")]);
    let drops = vec![row("*1", "gate-out", true), row("*2", "gate-in", true)];
    let strange = Gates::new(vec![elsewhere], drops, Vec::new());
    assert_eq!(strange.shut(&wishes), [Step::Take(vec!["*9".to_owned()])]);
    assert!(!strange.is_open(&vif) && gates(true, true, None).is_open(&vif));
    let foreign = Row::new([(".id", "*9"), ("comment", "somebody's"), ("address", "172.16.64.2")]);
    let foreign = Gates::new(vec![foreign], Vec::new(), Vec::new());
    assert_eq!(foreign.shut(&[]), [], "an entry of somebody else is theirs");
}

#[test]
fn connections_are_found_by_whole_addresses_at_either_end() {
    let script = purge(&[Ipv4Addr::new(172, 16, 64, 2), Ipv4Addr::new(172, 16, 64, 6)]);
    assert!(script.starts_with("/ip/firewall/connection/remove [find where src-address~"), "{script}");
    assert_eq!(script.matches(r#""^(172\\.16\\.64\\.2|172\\.16\\.64\\.6)(:|\$)""#).count(), 4, "{script}");
}
