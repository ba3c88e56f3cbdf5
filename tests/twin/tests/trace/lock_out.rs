//! Lock-outs through real sockets: what silences a session, what does not, and that it wakes up again.

use std::time::Duration;

use bulkhead_twin::Twin;

use crate::client::{Client, twin};

const FIRST: &str = "[first]";

/// A twin whose agent's place is built as an installer builds it, and the agent signed in.
async fn with_agent() -> (Twin, Client) {
    let twin = twin("7.24").await;
    build_place(&twin);
    let mut agent = Client::new(twin.api).await;
    assert_eq!(agent.login("bulkhead", "p").await, ["!done"]);
    (twin, agent)
}

/// The agent's place on the router, as an installer builds it.
pub(crate) fn build_place(twin: &Twin) {
    for (menu, arguments) in [
        ("/interface/bridge", "name=bulkhead vlan-filtering=yes frame-types=admit-only-vlan-tagged"),
        ("/interface/veth", "name=bh-agent address=172.16.63.2/30 gateway=172.16.63.1"),
        ("/interface/bridge/port", "bridge=bulkhead interface=bh-agent pvid=99"),
        ("/interface/bridge/vlan", "bridge=bulkhead vlan-ids=99 tagged=bulkhead untagged=bh-agent"),
        ("/interface/vlan", "name=bh-mgmt interface=bulkhead vlan-id=99"),
        ("/ip/address", "address=172.16.63.1/30 interface=bh-mgmt"),
        ("/user", "name=bulkhead group=full password=p"),
        (
            "/ip/firewall/filter",
            "chain=input action=accept in-interface=bh-mgmt src-address=172.16.63.2 protocol=tcp dst-port=8728 place-before=[first]",
        ),
    ] {
        add(twin, menu, arguments);
    }
}

/// Adds a row; `place-before=[first]` puts it on top.
pub(crate) fn add(twin: &Twin, menu: &str, arguments: &str) -> String {
    let rows = twin.rows(menu);
    let fixed = |row: &&Vec<(String, String)>| !row.contains(&("dynamic".to_owned(), "true".to_owned()));
    let first = rows.iter().find(fixed).and_then(|row| row.iter().find(|(name, _)| name == ".id"));
    let first = first.map(|(_, id)| id.clone());
    let pairs: Vec<(&str, String)> = arguments
        .split(' ')
        .map(|word| word.split_once('=').unwrap())
        .filter(|(_, value)| *value != FIRST || first.is_some())
        .map(|(name, value)| (name, value.replace(FIRST, first.as_deref().unwrap_or_default())))
        .collect();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
    twin.run(menu, "add", &pairs).unwrap_or_else(|trap| panic!("{menu} {arguments}: {trap}")).unwrap()
}

/// Whether the session answers within a moment. A session that is silent now answers later what it was asked.
async fn answers(client: &mut Client) -> bool {
    client.send(&["/system/identity/print", "=.proplist=name"]).await;
    let heard = tokio::time::timeout(Duration::from_millis(150), client.next()).await;
    if heard.is_err() {
        return false;
    }
    assert_eq!(client.next().await.as_deref(), Some("!done"));
    true
}

#[tokio::test]
async fn whatever_stops_packets_or_answers_silences_the_session_until_it_is_gone() {
    for (menu, arguments) in [
        ("/ip/firewall/raw", "chain=prerouting action=drop in-interface=bh-mgmt"),
        ("/ip/firewall/raw", "chain=output action=drop dst-address=172.16.63.2"),
        ("/ip/firewall/filter", "chain=input action=drop place-before=[first]"),
        ("/ip/firewall/filter", "chain=input action=drop connection-state=established place-before=[first]"),
        ("/ip/firewall/filter", "chain=input action=reject protocol=tcp dst-port=8728 place-before=[first]"),
        ("/ip/firewall/filter", "chain=output action=drop out-interface=bh-mgmt place-before=[first]"),
        ("/routing/rule", "dst-address=172.16.63.2/32 action=drop"),
        ("/routing/rule", "src-address=172.16.63.1/32 action=unreachable"),
        ("/ip/route", "dst-address=172.16.63.2/32 blackhole=yes"),
        ("/ip/route", "dst-address=172.16.63.2/32 gateway=wg-vpn"),
    ] {
        let (twin, mut agent) = with_agent().await;
        assert!(answers(&mut agent).await, "{menu} {arguments}");
        let id = add(&twin, menu, arguments);
        assert!(!answers(&mut agent).await, "{menu} {arguments} locks the agent out");
        let mut late = Client::new(twin.api).await;
        late.send(&["/login", "=name=bulkhead", "=password=p"]).await;
        twin.run(menu, "remove", &[(".id", &id)]).unwrap();
        assert_eq!(agent.next().await.as_deref(), Some("!re =name=MikroTik"), "{menu} {arguments}");
        // Where established packets alone were dropped, the late one was never shut out.
        assert_eq!(late.next().await.as_deref(), Some("!done"), "{menu} {arguments}");
    }
}

#[tokio::test]
async fn changes_of_the_agents_way_lock_it_out() {
    for (menu, row, value) in [
        ("/interface/bridge/port", "interface=bh-agent", ("pvid", "98")),
        ("/interface/bridge/port", "interface=bh-agent", ("disabled", "yes")),
        ("/interface/bridge/vlan", "vlan-ids=99", ("tagged", "ether6")),
        ("/interface/bridge/vlan", "vlan-ids=99", ("vlan-ids", "97")),
        ("/interface/vlan", "name=bh-mgmt", ("vlan-id", "98")),
        ("/interface/vlan", "name=bh-mgmt", ("disabled", "yes")),
        ("/interface/bridge", "name=bulkhead", ("disabled", "yes")),
        ("/interface/veth", "name=bh-agent", ("disabled", "yes")),
        ("/ip/address", "address=172.16.63.1/30", ("disabled", "yes")),
        ("/ip/address", "address=172.16.63.1/30", ("interface", "bridge")),
    ] {
        let (twin, mut agent) = with_agent().await;
        let (name, wanted) = row.split_once('=').unwrap();
        let rows = twin.rows(menu);
        let row = rows.iter().find(|row| row.contains(&(name.to_owned(), wanted.to_owned()))).unwrap();
        let id = &row.iter().find(|(key, _)| key == ".id").unwrap().1;
        let before = row.iter().find(|(key, _)| key == value.0).unwrap().1.clone();
        twin.run(menu, "set", &[(".id", id), value]).unwrap();
        assert!(!answers(&mut agent).await, "{menu} {}={}", value.0, value.1);
        twin.run(menu, "set", &[(".id", id), (value.0, &before)]).unwrap();
        assert_eq!(agent.next().await.as_deref(), Some("!re =name=MikroTik"), "{menu} {}={}", value.0, value.1);
    }
}

/// Rules that stop others, or new connections only, leave an open session alone.
#[tokio::test]
async fn an_open_session_outlives_what_does_not_concern_it() {
    let (twin, mut agent) = with_agent().await;
    for (menu, arguments) in [
        ("/ip/firewall/filter", "chain=input action=drop connection-state=new,invalid place-before=[first]"),
        ("/ip/firewall/filter", "chain=forward action=drop place-before=[first]"),
        ("/ip/firewall/filter", "chain=input action=drop protocol=udp place-before=[first]"),
        ("/ip/firewall/raw", "chain=prerouting action=drop src-address=192.168.88.0/24"),
        ("/ip/firewall/mangle", "chain=prerouting action=mark-routing new-routing-mark=main in-interface=ether1"),
    ] {
        add(&twin, menu, arguments);
        assert!(answers(&mut agent).await, "{menu} {arguments}");
    }
    let mut late = Client::new(twin.api).await;
    late.send(&["/login", "=name=bulkhead", "=password=p"]).await;
    assert!(tokio::time::timeout(Duration::from_millis(150), late.next()).await.is_err(), "a new one is dropped");
}

/// *RAW*, notrack: such packets are `untracked` and in no connection, so a firewall that lets in what is established
/// lets them in only where it names them, as the factory's does.
#[tokio::test]
async fn a_session_that_is_not_tracked_lives_by_rules_for_untracked_packets() {
    let (twin, mut agent) = with_agent().await;
    add(
        &twin,
        "/ip/firewall/filter",
        "chain=input action=drop connection-state=!established,related place-before=[first]",
    );
    assert!(answers(&mut agent).await);
    let id = add(&twin, "/ip/firewall/raw", "chain=prerouting action=notrack src-address=172.16.63.2");
    assert!(!answers(&mut agent).await);
    twin.run("/ip/firewall/raw", "remove", &[(".id", &id)]).unwrap();
    assert_eq!(agent.next().await.as_deref(), Some("!re =name=MikroTik"));
}

#[tokio::test]
async fn an_open_session_is_a_connection_and_ends_as_one() {
    let (twin, mut agent) = with_agent().await;
    let mine = |twin: &Twin| {
        let rows = twin.rows("/ip/firewall/connection");
        rows.into_iter()
            .find(|row| row.iter().any(|(name, value)| name == "src-address" && value.starts_with("172.16.63.2:")))
    };
    let row = mine(&twin).expect("a row");
    let of = |name: &str| row.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    assert_eq!((of("dst-address"), of("reply-src-address")), ("172.16.63.1:8728", "172.16.63.1:8728"));
    assert_eq!((of("protocol"), of("tcp-state"), of("assured"), of("srcnat")), ("tcp", "established", "true", "false"));
    assert_eq!(of("src-address"), of("reply-dst-address"));
    assert!(of("timeout").starts_with("23h59m") || of("timeout") == "1d", "{}", of("timeout"));
    assert!(of("orig-bytes").parse::<u64>().unwrap() > 0);
    assert!(answers(&mut agent).await);
    drop(agent);
    let gone = async {
        while mine(&twin).is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(crate::client::BOUND, gone).await.expect("the row goes with the session");
}

/// *Connection tracking*, `loose-tcp-tracking`: whether connections that are already open are picked up.
#[tokio::test]
async fn a_session_whose_connection_was_removed_is_new_again_or_invalid() {
    for (loose, survives) in [("yes", true), ("no", false)] {
        let (twin, mut agent) = with_agent().await;
        twin.run("/ip/firewall/connection/tracking", "set", &[("loose-tcp-tracking", loose)]).unwrap();
        add(&twin, "/ip/firewall/filter", "chain=input action=drop connection-state=invalid place-before=[first]");
        assert!(answers(&mut agent).await);
        purge(&twin);
        assert_eq!(answers(&mut agent).await, survives, "loose-tcp-tracking={loose}");
    }
    let (twin, mut agent) = with_agent().await;
    add(&twin, "/ip/firewall/filter", "chain=input action=drop connection-state=new place-before=[first]");
    assert!(answers(&mut agent).await);
    purge(&twin);
    assert!(!answers(&mut agent).await, "what is new is dropped, and the session is new");
}

/// Removes all connections: the next packet of each is a new one's.
pub(crate) fn purge(twin: &Twin) {
    for row in twin.rows("/ip/firewall/connection") {
        let id = &row.iter().find(|(key, _)| key == ".id").unwrap().1;
        twin.run("/ip/firewall/connection", "remove", &[(".id", id)]).unwrap();
    }
}

/// Packets of a session are counted like all others.
#[tokio::test]
async fn the_rule_that_lets_a_session_in_counts_it() {
    let (twin, mut agent) = with_agent().await;
    let count = |twin: &Twin| {
        let rows = twin.rows("/ip/firewall/filter");
        let row = rows.iter().find(|row| row.contains(&("in-interface".to_owned(), "bh-mgmt".to_owned()))).unwrap();
        row.iter().find(|(key, _)| key == "bytes").unwrap().1.parse::<u64>().unwrap()
    };
    let before = count(&twin);
    assert!(before > 0, "the sign-in");
    assert!(answers(&mut agent).await);
    assert!(count(&twin) > before);
}
