//! Which interface a frame reaches by a port. Source: *Bridging and Switching*, *Bridge VLAN Table*.

use crate::router::{router, verdict, way};

const BRIDGE: &str = "/interface/bridge/add name=b vlan-filtering=yes frame-types=admit-only-vlan-tagged
/interface/bridge/port/remove [/interface/bridge/port/find interface=ether5]
/interface/bridge/port/add bridge=b interface=ether5 pvid=7";
const VLAN: &str = "/interface/vlan/add name=v7 interface=b vlan-id=7
/ip/address/add address=10.7.0.1/24 interface=v7";
const PACKET: &str = "10.7.0.2:5 10.7.0.1:53 udp in=ether5";

fn at_the_router(script: &str) -> String {
    let lan = "/interface/list/member/add list=LAN interface=v7";
    verdict(&router(&format!("{script}\n{lan}")), PACKET)
}

#[test]
fn a_frame_reaches_the_vlan_interface_of_its_pvid_where_the_bridge_is_a_tagged_member() {
    let table = |rest: &str| format!("{BRIDGE}\n{VLAN}\n/interface/bridge/vlan/add bridge=b vlan-ids=7 {rest}");
    assert_eq!(at_the_router(&table("tagged=b")), "local");
    assert_eq!(at_the_router(&table("tagged=b disabled=yes")), "drop");
    assert_eq!(at_the_router(&table("untagged=ether5")), "drop", "the bridge is no member");
    assert_eq!(at_the_router(&table("tagged=b").replace("vlan-ids=7", "vlan-ids=8")), "drop", "another VLAN");
    assert_eq!(at_the_router(&table("tagged=b").replace("vlan-ids=7", "vlan-ids=5-9")), "local");
    assert_eq!(at_the_router(&table("tagged=b").replace("pvid=7", "pvid=8")), "drop", "another port VLAN");
    assert_eq!(at_the_router(&table("tagged=b").replace("name=v7 ", "name=v7 disabled=yes ")), "drop");
    let tagged = table("tagged=b").replace("pvid=7", "pvid=7 frame-types=admit-only-vlan-tagged");
    assert_eq!(at_the_router(&tagged), "drop", "the port admits tagged frames only");
}

#[test]
fn rules_see_the_bridge_and_never_its_port() {
    let device = router("/ip/firewall/raw/add chain=prerouting in-interface=bridge action=drop comment=seen");
    let way = way(&device, "192.168.88.20:5 8.8.8.8:53 udp in=ether3");
    assert_eq!(way[0], "interface ether3 accept (`ether3` is a port: the packet comes in by `bridge`)");
    assert_eq!(way[1..], ["raw prerouting drop \"seen\"", "drop"]);
}

#[test]
fn an_interface_without_a_link_takes_nothing_in() {
    let mut device = router("");
    device.set_link(std::time::Duration::ZERO, "ether3", false).unwrap();
    assert_eq!(verdict(&device, "192.168.88.20:5 8.8.8.8:53 udp in=ether3"), "drop");
    assert_eq!(verdict(&device, "192.168.88.20:5 8.8.8.8:53 udp in=ether4"), "forward ether1");
}
