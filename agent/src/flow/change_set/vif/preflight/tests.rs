//! Each code: a router or a wish that raises it, and one like it that does not.

use crate::flow::{
    change_set::{Sight, decide, plan, row::secret::Known},
    object::{INSTALLER, Menu, Row, Snapshot},
    vif::{
        address_plan::Pools,
        around::{self, Around},
    },
};
use shared::{
    change_set::{Confirm, Item, Keep, Refusal, Resource},
    ids::{ChangeSetId, VifId},
    net::InterfaceName,
    vif::{Egress, KillSwitchMode, Protocol, PublishedPort, VifName, VifSpec},
    wire::ChangeOrder,
};
use std::collections::BTreeMap;

/// A line is a menu and properties of a row of it, or `wish` and what is asked for in another way than usual.
struct Case {
    code: &'static str,
    raised_by: &'static [&'static str],
    not_by: &'static [&'static str],
}

const TUNNEL: &str = "/ip/address address=10.9.0.2/32 interface=wg-vpn";
const PEER: &str = "/interface/wireguard/peers interface=wg-vpn allowed-address=0.0.0.0/0";

const CASES: &[Case] = &[
    Case {
        code: "egress_is_port",
        raised_by: &["/interface/bridge/port interface=wg-vpn bridge=bridge"],
        not_by: &["/interface/bridge/port interface=ether2 bridge=bridge"],
    },
    Case {
        code: "egress_is_port",
        raised_by: &["/interface name=ether2 type=ether running=true slave=true", "wish egress=ether2"],
        not_by: &["/interface name=ether2 type=ether running=true", "wish egress=ether2"],
    },
    Case {
        code: "egress_is_bridge",
        raised_by: &["wish egress=bridge", "wish ports=0"],
        // A bridge that the default route leaves by is a WAN.
        not_by: &["wish egress=bridge", "wish ports=0", "/ip/route dst-address=0.0.0.0/0 gateway=192.168.88.254"],
    },
    Case {
        code: "tracking_off",
        raised_by: &["/ip/firewall/connection/tracking enabled=no"],
        not_by: &["/ip/firewall/connection/tracking enabled=auto"],
    },
    Case {
        code: "policy_rules",
        raised_by: &["/routing/settings policy-rules=mangle,vrf,local,main,user"],
        not_by: &["/routing/settings policy-rules=mangle,vrf,local,user,main"],
    },
    Case {
        code: "policy_rules",
        raised_by: &["/routing/settings policy-rules=user,main"],
        // Before 7.22 there is no such setting.
        not_by: &["/routing/settings single-process=false"],
    },
    Case {
        code: "foreign_object",
        raised_by: &["/ip/firewall/filter chain=bulkhead action=accept"],
        not_by: &["/ip/firewall/filter chain=forward action=accept"],
    },
    Case {
        code: "foreign_object",
        raised_by: &["/ip/firewall/address-list list=bh-open address=172.16.64.2"],
        not_by: &["/ip/firewall/address-list list=bh-open address=172.16.64.2 dynamic=true"],
    },
    Case {
        code: "foreign_object",
        raised_by: &["/interface/list name=bh-100-egress"],
        not_by: &["/interface/list name=bh-99-egress"],
    },
    Case { code: "foreign_object", raised_by: &["/routing/table name=bh-100"], not_by: &["/routing/table name=vpn"] },
    Case {
        code: "unknown_interface",
        raised_by: &["wish egress=ether7"],
        not_by: &["wish egress=ether7", "/interface name=ether7 type=ether running=true"],
    },
    Case {
        code: "resolver_is_router",
        raised_by: &["wish resolver=192.168.88.1"],
        not_by: &["wish resolver=192.168.88.2"],
    },
    Case {
        code: "resolver_is_router",
        raised_by: &["wish resolver=172.16.64.1"],
        not_by: &["wish resolver=10.64.0.1"],
    },
    Case { code: "resolver_invalid", raised_by: &["wish resolver=127.0.0.1"], not_by: &["wish resolver=9.9.9.9"] },
    Case {
        code: "unknown_list",
        raised_by: &["wish from=guests"],
        not_by: &["wish from=guests", "/interface/list name=guests"],
    },
    Case {
        code: "published_to_way_out",
        raised_by: &["/interface/list/member list=LAN interface=wg-vpn"],
        not_by: &["/interface/list/member list=LAN interface=wg-vpn disabled=true"],
    },
    Case {
        code: "published_to_way_out",
        raised_by: &[
            "wish from=all-inside",
            "/interface/list name=all-inside include=LAN,WAN",
            "/interface/list/member list=WAN interface=ether1",
            "/ip/address address=203.0.113.7/24 interface=ether1 dynamic=true",
            "/ip/route dst-address=0.0.0.0/0 gateway=203.0.113.1 dynamic=true",
        ],
        not_by: &[
            "wish from=all-inside",
            "/interface/list name=all-inside include=LAN",
            "/interface/list/member list=WAN interface=ether1",
            "/ip/address address=203.0.113.7/24 interface=ether1 dynamic=true",
            "/ip/route dst-address=0.0.0.0/0 gateway=203.0.113.1 dynamic=true",
        ],
    },
    Case {
        code: "published_to_way_out",
        raised_by: &["wish from=static", "/interface/list name=static"],
        not_by: &["wish from=none", "/interface/list name=none"],
    },
    Case { code: "malformed", raised_by: &["wish ports=2"], not_by: &["wish ports=1"] },
    Case {
        code: "egress_down",
        raised_by: &["/interface name=wg-two type=wg", "wish egress=wg-two"],
        not_by: &["/interface name=wg-two type=wg running=true", "wish egress=wg-two"],
    },
    Case { code: "unprotected", raised_by: &["wish kill-switch=off"], not_by: &["wish kill-switch=block"] },
    Case {
        code: "peer_partial",
        raised_by: &["/interface/wireguard/peers interface=wg-vpn allowed-address=10.0.0.0/8,::/0"],
        not_by: &["/interface/wireguard/peers interface=wg-two allowed-address=10.0.0.0/8,::/0"],
    },
    Case {
        code: "peer_partial",
        raised_by: &["/interface/wireguard/peers interface=wg-vpn allowed-address=0.0.0.0/1"],
        not_by: &["/interface/wireguard/peers interface=wg-vpn allowed-address=0.0.0.0/1,128.0.0.0/1"],
    },
    Case {
        code: "port_of_router",
        raised_by: &["/ip/service name=winbox port=8443"],
        not_by: &["/ip/service name=winbox port=8443 disabled=true", "/ip/service name=www port=80"],
    },
    Case {
        code: "port_shadowed",
        raised_by: &["/ip/firewall/nat chain=dstnat action=dst-nat protocol=tcp dst-port=80,8000-9000"],
        not_by: &[
            "/ip/firewall/nat chain=dstnat action=dst-nat protocol=udp dst-port=80,8000-9000",
            "/ip/firewall/nat chain=srcnat action=masquerade",
        ],
    },
    Case {
        code: "egress_reaches_router",
        raised_by: &[TUNNEL, PEER],
        not_by: &[TUNNEL, PEER, "/ip/firewall/filter chain=input in-interface-list=!LAN action=drop"],
    },
    Case {
        code: "egress_reaches_router",
        raised_by: &[TUNNEL, PEER, "/ip/firewall/filter chain=input in-interface=wg-vpn action=reject"],
        // What may be asked of the router from there is none of what comes too late.
        not_by: &[
            TUNNEL,
            PEER,
            "/ip/firewall/filter chain=input in-interface=wg-vpn protocol=tcp dst-port=8291 action=accept",
            "/ip/firewall/filter chain=input in-interface=wg-vpn connection-state=!established,related action=drop",
        ],
    },
    Case {
        code: "egress_reaches_router",
        raised_by: &[TUNNEL, PEER, "/ip/route dst-address=0.0.0.0/0 gateway=ether1"],
        // What the router itself says goes back by it too.
        not_by: &[TUNNEL, PEER, "/ip/route dst-address=0.0.0.0/0 gateway=wg-vpn"],
    },
    Case {
        code: "bridge_firewall",
        raised_by: &["/interface/bridge/settings use-ip-firewall=false use-ip-firewall-for-vlan=true"],
        not_by: &["/interface/bridge/settings use-ip-firewall=false use-ip-firewall-for-vlan=false"],
    },
    Case {
        code: "rp_filter_strict",
        raised_by: &["/ip/settings rp-filter=strict"],
        not_by: &["/ip/settings rp-filter=loose"],
    },
    Case {
        code: "mac_server_everywhere",
        raised_by: &["/tool/mac-server/mac-winbox allowed-interface-list=all"],
        not_by: &[
            "/tool/mac-server allowed-interface-list=LAN",
            "/tool/mac-server/mac-winbox allowed-interface-list=none",
        ],
    },
    Case { code: "romon_enabled", raised_by: &["/tool/romon enabled=true"], not_by: &["/tool/romon enabled=false"] },
    Case {
        code: "dynamic_above",
        raised_by: &["/ip/firewall/filter chain=forward action=jump jump-target=hs-unauth dynamic=true"],
        not_by: &[
            "/ip/firewall/filter chain=forward action=passthrough dynamic=true",
            "/ip/firewall/filter chain=forward action=accept",
            "/ip/firewall/filter chain=forward action=accept dynamic=true",
        ],
    },
    Case {
        code: "pool_low",
        // With the one that is asked for, 80 of the hundred.
        raised_by: &["/interface/bridge/vlan vlan-ids=121-199"],
        not_by: &["/interface/bridge/vlan vlan-ids=122-199"],
    },
    Case {
        code: "pool_exhausted",
        raised_by: &["/interface/bridge/vlan vlan-ids=1-4094"],
        not_by: &["/interface/bridge/vlan vlan-ids=1-198"],
    },
    Case {
        code: "installer_missing",
        raised_by: &["/interface/bridge name=bulkhead comment=bulkhead:installer/bridge"],
        not_by: &["/interface/bridge name=bulkhead comment=bulkhead:installer/bridge vlan-filtering=true"],
    },
    Case {
        code: "foreign_object",
        raised_by: &["/interface/bridge name=bulkhead vlan-filtering=true"],
        not_by: &["/interface/bridge name=other vlan-filtering=true"],
    },
];

/// A router with a tunnel and a LAN, the wish for a VIF with one published port, and what lines make of them.
struct Bed {
    router: BTreeMap<Menu, Vec<Row>>,
    around: BTreeMap<String, Vec<Row>>,
    spec: VifSpec,
}

impl Bed {
    fn of(lines: &[&str]) -> Self {
        let port = PublishedPort {
            protocol: Protocol::Tcp,
            port: 8443,
            to_port: 443,
            from: InterfaceName::new("LAN").expect("a name"),
        };
        let spec = VifSpec {
            id: VifId::new("tor-1").expect("an id"),
            name: VifName::new("tor").expect("a name"),
            egress: Egress::Interface(InterfaceName::new("wg-vpn").expect("a name")),
            kill_switch: KillSwitchMode::Block,
            resolver: None,
            ports: vec![port],
        };
        let mut bed = Self { router: BTreeMap::new(), around: BTreeMap::new(), spec };
        let bridge = format!("/interface/bridge name=bulkhead vlan-filtering=true comment={INSTALLER}/bridge");
        for line in [
            "/interface name=wg-vpn type=wg running=true",
            "/interface name=bridge type=bridge running=true",
            "/interface/list name=LAN",
            "/interface/list/member list=LAN interface=bridge",
            "/ip/address address=192.168.88.1/24 interface=bridge",
        ] {
            bed.line(line);
        }
        for line in lines {
            bed.line(line);
        }
        if !bed.router.get(&Menu::Bridge).is_some_and(|rows| rows.iter().any(|row| row.get("name") == "bulkhead")) {
            bed.line(&bridge);
        }
        bed
    }

    fn line(&mut self, line: &str) {
        let (path, rest) = line.split_once(' ').expect("a menu and more");
        let values: Vec<(&str, &str)> = rest.split(' ').map(|word| word.split_once('=').expect("a value")).collect();
        if path == "wish" {
            for (name, value) in values {
                self.wish(name, value);
            }
            return;
        }
        let row = Row::new(values);
        if let Some(menu) = Menu::ALL.into_iter().find(|menu| menu.path() == path) {
            self.router.entry(menu).or_default().push(row);
        } else {
            assert!(around::MENUS.iter().any(|(known, _)| *known == path), "{path} is read by nobody");
            self.around.entry(path.to_owned()).or_default().push(row);
        }
    }

    fn wish(&mut self, name: &str, value: &str) {
        let named = || InterfaceName::new(value).expect("a name");
        match name {
            "egress" => self.spec.egress = Egress::Interface(named()),
            "resolver" => self.spec.resolver = Some(value.parse().expect("an address")),
            "from" => self.spec.ports[0].from = named(),
            "kill-switch" if value == "off" => self.spec.kill_switch = KillSwitchMode::Off,
            "kill-switch" => {}
            "ports" => self.spec.ports = vec![self.spec.ports[0].clone(); value.parse().expect("a number")],
            other => panic!("{other} is no wish"),
        }
    }

    /// What is said of the wish: why it is refused, else what is warned of.
    fn said(self) -> Vec<Refusal> {
        let sight =
            Sight { isolation: Snapshot::new(self.router), around: Around::new(self.around), ..Sight::default() };
        let item = Item {
            id: "1".to_owned(),
            name: String::new(),
            depends_on: Vec::new(),
            resource: Resource::VifCreate(self.spec),
        };
        let confirm = Confirm { deadline_s: 120, keep: Keep::Agent };
        let id = ChangeSetId::new("c1").expect("an id");
        let order = ChangeOrder { id, items: vec![item], menus: Vec::new(), confirm };
        let pools = Pools { vlans: 100..=199, subnets: "172.16.64.0/18".parse().expect("a subnet") };
        match decide(&order, &[], &pools, &sight, &Known::default(), 0) {
            Ok(change) => plan(&change, &sight, &pools).warnings,
            Err(refusal) => vec![refusal],
        }
    }
}

#[test]
fn each_code_is_raised_by_what_it_is_about_and_not_by_what_is_like_it() {
    for (at, case) in CASES.iter().enumerate() {
        let said = |lines| Bed::of(lines).said();
        let raised = said(case.raised_by);
        assert!(raised.iter().any(|refusal| refusal.code == case.code), "case {at} {}: {raised:?}", case.code);
        assert!(raised.iter().all(|refusal| !refusal.hint.is_empty() && !refusal.message.is_empty()));
        let not = said(case.not_by);
        assert!(not.iter().all(|refusal| refusal.code != case.code), "case {at} {}: {not:?}", case.code);
    }
}

#[test]
fn a_router_without_anything_odd_is_warned_of_nothing() {
    assert_eq!(Bed::of(&[]).said(), vec![]);
}
