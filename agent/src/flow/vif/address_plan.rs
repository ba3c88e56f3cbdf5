//! Which VLAN and which /30 a new VIF gets: the first of the pools that nothing on the router touches.

use crate::flow::{
    object::{Menu, Snapshot},
    vif::{Vif, around::Around},
};
use shared::{
    change_set::Refusal,
    net::{Subnet, VlanId},
};
use std::{collections::BTreeSet, ops::RangeInclusive};

/// What VIFs may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pools {
    /// VLAN ids.
    pub vlans: RangeInclusive<u16>,
    /// The network that the /30s are cut from, in order.
    pub subnets: Subnet,
}

/// Numbers for one VIF.
///
/// # Errors
/// `pool_exhausted`, naming the pool and what fills it.
pub fn allocate(pools: &Pools, vifs: &[Vif], router: &Snapshot, around: &Around) -> Result<(VlanId, Subnet), Refusal> {
    Ok((vlan(pools, vifs, router)?, subnet(pools, vifs, router, around)?))
}

/// How many VLAN ids of the pool are taken, and how many it has.
pub fn vlans_taken(pools: &Pools, vifs: &[Vif], router: &Snapshot) -> (usize, usize) {
    let taken = taken_vlans(vifs, router);
    (pools.vlans.clone().filter(|id| taken.contains(id)).count(), pools.vlans.clone().count())
}

fn vlan(pools: &Pools, vifs: &[Vif], router: &Snapshot) -> Result<VlanId, Refusal> {
    let taken = taken_vlans(vifs, router);
    pools.vlans.clone().filter(|id| !taken.contains(id)).find_map(|id| VlanId::new(id).ok()).ok_or_else(|| {
        Refusal::new(
            "pool_exhausted",
            format!("all VLAN ids from {} to {} are taken", pools.vlans.start(), pools.vlans.end()),
            "Remove a VIF that is not needed, or widen `[pools] vlan_first` and `vlan_last` in the agent's configuration.",
        )
    })
}

/// Every VLAN id that any VLAN interface, bridge VLAN table (ranges too) or port of the router names.
fn taken_vlans(vifs: &[Vif], router: &Snapshot) -> BTreeSet<u16> {
    let named = [(Menu::Vlan, "vlan-id"), (Menu::BridgeVlan, "vlan-ids"), (Menu::BridgePort, "pvid")];
    named
        .into_iter()
        .flat_map(|(menu, property)| router.rows(menu).iter().map(move |row| row.get(property)))
        .flat_map(|text| text.split(','))
        .flat_map(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            match (first.trim().parse::<u16>(), last.trim().parse::<u16>()) {
                (Ok(first), Ok(last)) => first..=last.min(4094),
                _ => RangeInclusive::new(1, 0),
            }
        })
        .chain(vifs.iter().map(|vif| vif.vlan_id.get()))
        .collect()
}

fn subnet(pools: &Pools, vifs: &[Vif], router: &Snapshot, around: &Around) -> Result<Subnet, Refusal> {
    let taken = taken_subnets(vifs, router);
    let count = 1_u32.checked_shl(30_u32.saturating_sub(pools.subnets.prefix().into())).unwrap_or(0);
    (0..count)
        .map(|n| Subnet::containing(pools.subnets.nth(n * 4), 30))
        .find(|candidate| !taken.iter().any(|other| other.overlaps(*candidate)) && !around.pools_overlap(*candidate))
        .ok_or_else(|| {
            Refusal::new(
                "pool_exhausted",
                format!(
                    "no /30 of {} is free: addresses and routes of the router, or other VIFs, overlap all of it",
                    pools.subnets
                ),
                "Give another network as `[pools] subnet` in the agent's configuration.",
            )
        })
}

/// Every network that an address or a route of the router names, but for defaults.
fn taken_subnets(vifs: &[Vif], router: &Snapshot) -> Vec<Subnet> {
    let named = [(Menu::IpAddress, "address"), (Menu::IpRoute, "dst-address")];
    named
        .into_iter()
        .flat_map(|(menu, property)| router.rows(menu).iter().map(move |row| row.get(property)))
        .filter_map(|text| text.parse::<Subnet>().ok())
        .filter(|subnet| subnet.prefix() > 0)
        .chain(vifs.iter().map(|vif| vif.subnet))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::object::Row;

    fn row(name: &str, value: &str) -> Row {
        Row::new([(name, value)])
    }

    fn pools() -> Pools {
        Pools { vlans: 100..=105, subnets: "172.16.64.0/28".parse().expect("a subnet") }
    }

    fn check(router: &Snapshot, expected: (u16, &str)) {
        let (vlan, subnet) = allocate(&pools(), &[], router, &Around::default()).expect("numbers");
        assert_eq!((vlan.get(), subnet.to_string().as_str()), expected);
    }

    #[test]
    fn an_empty_router_gives_the_first_of_both_pools() {
        check(&Snapshot::default(), (100, "172.16.64.0/30"));
    }

    #[test]
    fn vlans_in_use_are_passed_over_in_every_form() {
        let router = Snapshot::new([
            (Menu::Vlan, vec![row("vlan-id", "100")]),
            (Menu::BridgeVlan, vec![row("vlan-ids", "7,101-102")]),
            (Menu::BridgePort, vec![row("pvid", "103"), row("pvid", "")]),
        ]);
        check(&router, (104, "172.16.64.0/30"));
    }

    #[test]
    fn subnets_that_overlap_an_address_or_a_route_are_passed_over_and_a_default_route_is_not_an_overlap() {
        let router = Snapshot::new([
            (Menu::IpAddress, vec![row("address", "172.16.64.1/29")]),
            (Menu::IpRoute, vec![row("dst-address", "0.0.0.0/0"), row("dst-address", "172.16.64.9")]),
        ]);
        check(&router, (100, "172.16.64.12/30"));
    }

    #[test]
    fn subnets_that_an_address_pool_of_the_router_reaches_into_are_passed_over() {
        for (ranges, expected) in [
            ("172.16.64.1-172.16.64.4", "172.16.64.8/30"),
            ("10.0.0.0/8,172.16.64.3", "172.16.64.4/30"),
            ("172.16.64.0/29", "172.16.64.8/30"),
            ("192.168.88.10-192.168.88.254", "172.16.64.0/30"),
        ] {
            let around = Around::new([("/ip/pool".to_owned(), vec![row("ranges", ranges)])]);
            let (_, subnet) = allocate(&pools(), &[], &Snapshot::default(), &around).expect("numbers");
            assert_eq!(subnet.to_string(), expected, "{ranges}");
        }
    }

    #[test]
    fn a_pool_without_a_free_number_says_so() {
        let full = Snapshot::new([(Menu::BridgeVlan, vec![row("vlan-ids", "1-4094")])]);
        assert_eq!(allocate(&pools(), &[], &full, &Around::default()).expect_err("refused").code, "pool_exhausted");
        let full = Snapshot::new([(Menu::IpRoute, vec![row("dst-address", "172.16.0.0/12")])]);
        assert_eq!(allocate(&pools(), &[], &full, &Around::default()).expect_err("refused").code, "pool_exhausted");
    }
}
