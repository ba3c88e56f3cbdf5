//! The objects of a protected service, in every version: made, seen at work, removed without a trace.

use std::time::Duration;

use bulkhead_twin::schema::versions;

use crate::client::{Client, property, twin};

/// In the order in which they may be made; each refers only to those before it.
const OBJECTS: [&[&str]; 31] = [
    &["/interface/list/add", "=name=bulkhead-vif"],
    &[
        "/interface/bridge/add",
        "=name=bulkhead",
        "=vlan-filtering=yes",
        "=protocol-mode=none",
        "=frame-types=admit-only-vlan-tagged",
        "=auto-mac=no",
        "=admin-mac=02:00:00:00:00:01",
    ],
    &["/interface/veth/add", "=name=bh-agent", "=address=172.16.64.2/30", "=gateway=172.16.64.1"],
    &[
        "/interface/bridge/port/add",
        "=bridge=bulkhead",
        "=interface=bh-agent",
        "=pvid=99",
        "=frame-types=admit-all",
        "=ingress-filtering=yes",
        "=horizon=1",
    ],
    &["/interface/bridge/vlan/add", "=bridge=bulkhead", "=vlan-ids=99", "=tagged=bulkhead", "=untagged=bh-agent"],
    &["/interface/vlan/add", "=name=bh-mgmt", "=interface=bulkhead", "=vlan-id=99"],
    &[
        "/ip/firewall/filter/add",
        "=chain=input",
        "=action=accept",
        "=in-interface=bh-mgmt",
        "=src-address=172.16.64.2",
        "=protocol=tcp",
        "=dst-port=8729",
    ],
    &[
        "/ip/firewall/filter/add",
        "=chain=forward",
        "=action=jump",
        "=jump-target=bulkhead",
        "=in-interface-list=bulkhead-vif",
    ],
    &[
        "/ip/firewall/filter/add",
        "=chain=forward",
        "=action=jump",
        "=jump-target=bulkhead",
        "=out-interface-list=bulkhead-vif",
    ],
    &[
        "/ip/firewall/filter/add",
        "=chain=bulkhead-input",
        "=protocol=icmp",
        "=icmp-options=8:0",
        "=limit=5,5:packet",
        "=action=accept",
    ],
    &["/ip/firewall/mangle/add", "=chain=prerouting", "=action=accept", "=in-interface-list=bulkhead-vif"],
    &["/ipv6/firewall/raw/add", "=chain=prerouting", "=in-interface-list=bulkhead-vif", "=action=drop"],
    &["/ipv6/firewall/filter/add", "=chain=output", "=out-interface-list=bulkhead-vif", "=action=drop"],
    &["/interface/veth/add", "=name=bh-tor", "=address=172.16.64.6/30", "=gateway=172.16.64.5"],
    &[
        "/interface/bridge/port/add",
        "=bridge=bulkhead",
        "=interface=bh-tor",
        "=pvid=100",
        "=frame-types=admit-only-untagged-and-priority-tagged",
        "=ingress-filtering=yes",
        "=horizon=1",
    ],
    &[
        "/interface/bridge/vlan/add",
        "=bridge=bulkhead",
        "=vlan-ids=100",
        "=tagged=bulkhead,bh-agent",
        "=untagged=bh-tor",
    ],
    &["/interface/vlan/add", "=name=bh-v100", "=interface=bulkhead", "=vlan-id=100"],
    &["/interface/list/member/add", "=list=bulkhead-vif", "=interface=bh-v100"],
    &["/interface/list/add", "=name=bh-100-egress"],
    &["/interface/list/member/add", "=list=bh-100-egress", "=interface=wg-vpn"],
    &["/ip/address/add", "=address=172.16.64.5/30", "=interface=bh-v100"],
    &["/ip/route/add", "=dst-address=172.16.64.4/30", "=blackhole=yes", "=distance=254"],
    &["/routing/table/add", "=name=bh-100", "=fib=yes"],
    &["/ip/route/add", "=routing-table=bh-100", "=dst-address=0.0.0.0/0", "=blackhole=yes", "=distance=254"],
    &["/ip/route/add", "=routing-table=bh-100", "=dst-address=0.0.0.0/0", "=gateway=wg-vpn", "=distance=1"],
    &["/routing/rule/add", "=src-address=172.16.64.6/32", "=action=lookup-only-in-table", "=table=bh-100"],
    &[
        "/ip/firewall/raw/add",
        "=chain=prerouting",
        "=in-interface=bh-v100",
        "=src-address=!172.16.64.6",
        "=dst-address-list=!bh-100-clients",
        "=action=drop",
    ],
    &[
        "/ip/firewall/nat/add",
        "=chain=dstnat",
        "=in-interface=bh-v100",
        "=protocol=udp",
        "=dst-port=53",
        "=action=dst-nat",
        "=to-addresses=10.66.0.1",
    ],
    &[
        "/ip/firewall/nat/add",
        "=chain=srcnat",
        "=src-address=172.16.64.6",
        "=out-interface-list=bh-100-egress",
        "=action=masquerade",
    ],
    &[
        "/ip/firewall/filter/add",
        "=chain=bulkhead",
        "=in-interface=bh-v100",
        "=out-interface-list=bh-100-egress",
        "=src-address-list=bh-open",
        "=action=accept",
    ],
    &[
        "/ip/firewall/filter/add",
        "=chain=bulkhead",
        "=out-interface=bh-v100",
        "=in-interface-list=bh-100-egress",
        "=connection-state=established,related",
        "=action=accept",
    ],
];

#[tokio::test]
async fn a_protected_service_is_made_and_removed_without_a_trace_in_every_version() {
    for version in versions() {
        let twin = twin(version).await;
        let before = twin.export();
        let mut client = Client::admin(&twin).await;
        let made = make(&mut client).await;
        assert_ne!(twin.export(), before, "{version}");
        for (menu, id) in made.iter().rev() {
            assert_eq!(
                client.ask(&[&format!("{menu}/remove"), &format!("=.id={id}")]).await,
                ["!done"],
                "{version} {menu}"
            );
        }
        assert_eq!(twin.export(), before, "{version}");
    }
}

#[tokio::test]
async fn routes_follow_their_gateways_and_the_least_distance() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    make(&mut client).await;
    let active = async |client: &mut Client| client.value("/ip/route", "?routing-table=bh-100", "active").await;
    let gateway = "?gateway=wg-vpn";
    assert_eq!(client.value("/ip/route", "?distance=254", "active").await, None, "the connected route is nearer");
    assert_eq!(active(&mut client).await, None, "the blackhole waits");
    assert_eq!(
        client.ask(&["/ip/route/print", gateway, "?active=true", "?routing-table=bh-100", "=count-only="]).await,
        ["!done =ret=1"]
    );
    twin.set_link("wg-vpn", false).unwrap();
    assert_eq!(active(&mut client).await.as_deref(), Some("true"), "the blackhole takes over");
    twin.set_link("wg-vpn", true).unwrap();
    assert_eq!(active(&mut client).await, None);
}

#[tokio::test]
async fn a_bridge_port_is_active_while_a_container_uses_its_veth() {
    for version in versions() {
        let twin = twin(version).await;
        let mut client = Client::admin(&twin).await;
        make(&mut client).await;
        assert_eq!(
            client.value("/interface/bridge/port", "?interface=bh-tor", "inactive").await.as_deref(),
            Some("true")
        );
        let id = client.add(&["/container/add", "=interface=bh-tor", "=root-dir=usb1/tor", "=remote-image=tor"]).await;
        let number = if version < "7.20" { "number" } else { "numbers" };
        twin.advance(Duration::from_secs(3));
        assert_eq!(client.ask(&["/container/start", &format!("={number}={id}")]).await, ["!done"], "{version}");
        twin.advance(Duration::from_millis(500));
        assert_eq!(
            client.value("/interface/bridge/port", "?interface=bh-tor", "inactive").await.as_deref(),
            Some("false")
        );
        assert_eq!(
            client.value("/interface/bridge/vlan", "?vlan-ids=100", "current-untagged").await.as_deref(),
            Some("bh-tor")
        );
        let status = client.value("/container", "", "status").await;
        assert_eq!(status.as_deref(), (version < "7.20").then_some("running"), "{version}");
        assert!(client.ask(&["/container/remove", &format!("=.id={id}")]).await[0].starts_with("!trap"));
    }
}

#[tokio::test]
async fn the_gates_lease_runs_out_by_itself_and_counts_until_then() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    make(&mut client).await;
    // Standing above our rules, these two would carry the service's connection past them.
    for passing in ["?action=fasttrack-connection", "?connection-state=established,related,untracked"] {
        let rule = client.ask(&["/ip/firewall/filter/print", "?chain=forward", passing, "=.proplist=.id"]).await;
        let id = property(&rule[0], ".id").unwrap();
        assert_eq!(client.ask(&["/ip/firewall/filter/disable", &format!("=.id={id}")]).await, ["!done"]);
    }
    let id =
        client.add(&["/ip/firewall/address-list/add", "=list=bh-open", "=address=172.16.64.6", "=timeout=30s"]).await;
    assert_eq!(client.value("/ip/firewall/address-list", "?list=bh-open", "dynamic").await.as_deref(), Some("true"));
    twin.set_traffic("bh-v100", 8_000_000, 0).unwrap();
    twin.advance(Duration::from_secs(20));
    assert_eq!(
        client.ask(&["/ip/firewall/address-list/set", &format!("=.id={id}"), "=timeout=00:00:30"]).await,
        ["!done"]
    );
    twin.advance(Duration::from_secs(20));
    assert_eq!(
        client.ask(&["/ip/firewall/address-list/print", "?list=bh-open", "=count-only="]).await,
        ["!done =ret=1"]
    );
    twin.advance(Duration::from_secs(3600));
    assert_eq!(
        client.ask(&["/ip/firewall/address-list/print", "?list=bh-open", "=count-only="]).await,
        ["!done =ret=0"]
    );
    let bytes = client.value("/ip/firewall/filter", "?src-address-list=bh-open", "bytes").await.unwrap();
    let bytes: u64 = bytes.parse().unwrap();
    assert!((50_000_000..60_000_000).contains(&bytes), "a megabyte a second while the lease lasted: {bytes}");
    assert!(!twin.export().contains_key("/ip/firewall/address-list"));
}

pub(crate) async fn make(client: &mut Client) -> Vec<(String, String)> {
    let mut made = Vec::new();
    for words in OBJECTS {
        let id = client.add(words).await;
        made.push((words[0].trim_end_matches("/add").to_owned(), id));
    }
    made
}
