//! A router in memory: two WANs, a LAN, two tunnels, the installer's part, and the objects of two VIFs.

use bulkhead_agent::flow::{
    object::{INSTALLER, Menu, Object, Row as Read, Snapshot, Switch},
    vif::{Vif, objects::objects, verify::Reading},
};
use shared::{
    ids::VifId,
    net::{InterfaceName, VlanId},
    routeros::{
        model::{Model, Row},
        trace,
    },
    vif::{Egress, KillSwitchMode, VifName, VifSpec},
};
use std::borrow::Cow;

/// What was there before Bulkhead, and what its installer made. A space parts properties, so none has one.
const FACTORY: &str = "
/interface name=ether1 type=ether running=true
/interface name=ether2 type=ether running=true
/interface name=ether5 type=ether running=true
/interface name=bridge type=bridge running=true
/interface name=bulkhead type=bridge running=true
/interface name=wg-vpn type=wg running=true
/interface name=wg-two type=wg running=true
/interface name=bh-agent type=veth running=true
/interface name=bh-mgmt type=vlan running=true
/interface name=bh-v100 type=vlan running=true
/interface name=bh-v101 type=vlan running=true
/interface name=bh-tor type=veth running=true
/interface name=bh-dns type=veth running=true
/interface/bridge name=bridge vlan-filtering=false pvid=1
/interface/bridge name=bulkhead vlan-filtering=true pvid=1 frame-types=admit-only-vlan-tagged comment=bulkhead:installer/bridge
/interface/bridge/port bridge=bulkhead interface=bh-agent pvid=99 frame-types=admit-all ingress-filtering=true comment=bulkhead:installer/port
/interface/bridge/vlan bridge=bulkhead vlan-ids=99 tagged=bulkhead untagged=bh-agent comment=bulkhead:installer/vlan
/interface/vlan name=bh-mgmt interface=bulkhead vlan-id=99 comment=bulkhead:installer/link
/interface/wireguard name=wg-vpn
/interface/wireguard name=wg-two
/interface/wireguard/peers interface=wg-vpn allowed-address=0.0.0.0/0,::/0
/interface/wireguard/peers interface=wg-two allowed-address=0.0.0.0/0,::/0
/interface/list name=LAN
/interface/list name=WAN
/interface/list/member list=LAN interface=bridge
/interface/list/member list=WAN interface=ether1
/interface/list/member list=WAN interface=ether2
/ip/address address=192.168.88.1/24 interface=bridge
/ip/address address=198.51.100.2/24 interface=ether1
/ip/address address=192.0.2.2/24 interface=ether2
/ip/address address=10.66.0.2/32 interface=wg-vpn
/ip/address address=10.67.0.2/32 interface=wg-two
/ip/address address=172.16.63.1/30 interface=bh-mgmt comment=bulkhead:installer/address
/ip/route dst-address=0.0.0.0/0 gateway=198.51.100.1 routing-table=main distance=1 dynamic=true
/ip/route dst-address=0.0.0.0/0 gateway=192.0.2.1 routing-table=isp2 distance=1
/routing/table name=isp2 fib=
/ipv6/address address=2001:db8:1::1/64 interface=bridge
/ipv6/address address=2001:db8:2::2/64 interface=ether1
/ipv6/route dst-address=::/0 gateway=2001:db8:2::1 routing-table=main distance=1
/ip/firewall/filter chain=input action=accept in-interface=bh-mgmt src-address=172.16.63.2 protocol=tcp dst-port=8728,8729 comment=bulkhead:installer/api
/ip/firewall/filter chain=input action=accept connection-state=established,related,untracked
/ip/firewall/filter chain=input action=drop connection-state=invalid
/ip/firewall/filter chain=input action=accept protocol=icmp
/ip/firewall/filter chain=input action=drop in-interface-list=!LAN
/ip/firewall/filter chain=forward action=accept connection-state=established,related,untracked
/ip/firewall/filter chain=forward action=drop connection-state=invalid
/ip/firewall/filter chain=forward action=drop connection-state=new connection-nat-state=!dstnat in-interface-list=WAN
/ip/firewall/nat chain=srcnat action=masquerade out-interface-list=WAN
/ipv6/firewall/filter chain=forward action=accept
";

/// The router.
#[derive(Debug, Clone)]
pub(super) struct Router {
    pub(super) model: Model,
    pub(super) vifs: Vec<Vif>,
    ids: u32,
}

impl Router {
    /// One that is whole, with both gates open.
    pub(super) fn new() -> Self {
        Self::with(vec![vif("tor", "wg-vpn", 100, "172.16.64.0/30"), vif("dns", "wg-two", 101, "172.16.64.4/30")])
    }

    /// One with so many VIFs.
    pub(super) fn crowded(vifs: u16) -> Self {
        let one = |n: u16| vif(&format!("svc{n}"), "wg-vpn", 100 + n, &format!("172.16.64.{}/30", n * 4));
        Self::with((0..vifs).map(one).collect())
    }

    fn with(vifs: Vec<Vif>) -> Self {
        let mut router = Self { model: Model::default(), vifs, ids: 1 };
        for line in FACTORY.lines().filter(|line| !line.is_empty()) {
            let (menu, words) = line.split_once(' ').expect("a menu and words");
            let words: Vec<(&str, &str)> =
                words.split(' ').map(|word| word.split_once('=').expect("a value")).collect();
            router.add(menu, usize::MAX, &words);
        }
        for object in objects(&router.vifs.clone()) {
            let at = if object.menu.is_ordered() { router.first_foreign(object.menu.path()) } else { usize::MAX };
            router.make(&object, at);
        }
        for vif in router.vifs.clone() {
            for part in ["gate-out", "gate-in"] {
                router.set_mark(
                    "/ip/firewall/filter",
                    &format!("bulkhead:vif/{}/{part}", vif.spec.id),
                    "disabled",
                    "true",
                );
            }
            let (address, lease) = (vif.service_ip().to_string(), format!("bulkhead:vif/{}/lease", vif.spec.id));
            let lease = [("list", "bh-open"), ("address", &*address), ("dynamic", "true"), ("comment", &*lease)];
            router.add("/ip/firewall/address-list", usize::MAX, &lease);
        }
        router
    }

    /// Adds a row with an id of its own.
    pub(super) fn add(&mut self, menu: &str, at: usize, words: &[(&str, &str)]) -> String {
        self.ids += 1;
        let id = format!("*{:X}", self.ids);
        self.model.insert(menu, at, Row::new(words.iter().copied().chain([(".id", id.as_str())])));
        id
    }

    /// Makes an object of ours at a place of its menu.
    pub(super) fn make(&mut self, object: &Object, at: usize) {
        let shown = |(name, value): (&'static str, Cow<str>)| (name, shown(&value).to_owned());
        let mut words: Vec<(&str, String)> = object.made().map(shown).collect();
        if object.switch == (Switch::Keeper { disabled: false }) || object.switch == Switch::On {
            words.retain(|(name, _)| *name != "disabled");
        }
        let words: Vec<(&str, &str)> = words.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.add(object.menu.path(), at, &words);
    }

    /// Where the first row stands that is neither ours nor the installer's.
    pub(super) fn first_foreign(&self, menu: &str) -> usize {
        let rows = self.model.rows(menu);
        let ours = |row: &Row| row.get("comment").starts_with("bulkhead:") && !row.is("dynamic");
        let foreign = |row: &Row| !ours(row) && !row.is("dynamic");
        rows.iter().position(foreign).unwrap_or(rows.len())
    }

    /// The place of a row.
    pub(super) fn place(&self, menu: &str, is_it: impl Fn(&Row) -> bool) -> Option<usize> {
        self.model.rows(menu).iter().position(is_it)
    }

    pub(super) fn remove_mark(&mut self, menu: &str, mark: &str) -> bool {
        let at = self.place(menu, |row| row.get("comment") == mark);
        at.and_then(|at| self.model.remove(menu, at)).is_some()
    }

    pub(super) fn set_mark(&mut self, menu: &str, mark: &str, name: &str, value: &str) {
        if let Some(at) = self.place(menu, |row| row.get("comment") == mark) {
            self.model.set(menu, at, name, value);
        }
    }

    /// The router as the verifier reads it.
    pub(super) fn reading(&self) -> Reading {
        let rows =
            |path: &str| -> Vec<Read> { self.model.rows(path).iter().map(|row| Read::new(row.properties())).collect() };
        let ours = |path: &str| Menu::ALL.iter().any(|menu| menu.path() == path);
        let more = trace::MENUS.iter().filter(|path| !ours(path));
        Reading { router: self.snapshot(), more: more.map(|path| (*path, rows(path))).collect() }
    }

    /// The part of it that our objects are in.
    pub(super) fn snapshot(&self) -> Snapshot {
        let rows = |menu: Menu| self.model.rows(menu.path()).iter().map(|row| Read::new(row.properties())).collect();
        Snapshot::new(Menu::ALL.into_iter().map(|menu| (menu, rows(menu))))
    }
}

/// A value as RouterOS shows it.
fn shown(value: &str) -> &str {
    match value {
        "yes" => "true",
        "no" => "false",
        other => other,
    }
}

fn vif(name: &str, egress: &str, vlan: u16, subnet: &str) -> Vif {
    Vif {
        spec: VifSpec {
            id: VifId::new(format!("{name}-1")).expect("an id"),
            name: VifName::new(name).expect("a name"),
            egress: Egress::Interface(InterfaceName::new(egress).expect("a name")),
            kill_switch: KillSwitchMode::Block,
            resolver: None,
            ports: Vec::new(),
        },
        vlan_id: VlanId::new(vlan).expect("a VLAN"),
        subnet: subnet.parse().expect("a subnet"),
        created_at: 0,
    }
}

/// Whether a comment is the installer's.
pub(super) fn is_installers(row: &Row) -> bool {
    row.get("comment").starts_with(INSTALLER)
}
