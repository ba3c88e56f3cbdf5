//! Answers that go on: listen, follow, monitor, ping, and their end.

use std::time::Duration;

use crate::client::{Client, property, twin};

#[tokio::test]
async fn a_listener_hears_of_changes_and_of_the_end_of_rows() {
    let twin = twin("7.24").await;
    let mut listener = Client::admin(&twin).await;
    listener.send(&["/interface/listen", ".tag=L", "=.proplist=.id,name,running"]).await;
    listener.ask(&["/system/identity/print", ".tag=x"]).await;
    let mut client = Client::admin(&twin).await;
    let id = client.add(&["/interface/vlan/add", "=name=v7", "=vlan-id=7", "=interface=ether1"]).await;
    assert_eq!(listener.next().await, Some(format!("!re .tag=L =.id={id} =name=v7 =running=true")));
    twin.set_link("ether1", false).unwrap();
    assert!(listener.next().await.unwrap().ends_with("=name=ether1 =running=false"));
    assert!(listener.next().await.unwrap().ends_with("=name=v7 =running=false"));
    client.ask(&["/interface/vlan/remove", "=.id=v7"]).await;
    assert_eq!(listener.next().await, Some(format!("!re .tag=L =.id={id} =.dead=true")));
}

#[tokio::test]
async fn an_entry_that_runs_out_is_reported_dead() {
    let twin = twin("7.24").await;
    let mut listener = Client::admin(&twin).await;
    listener.send(&["/ip/firewall/address-list/print", "=follow=", ".tag=F", "=.proplist=address"]).await;
    listener.ask(&["/system/identity/print", ".tag=x"]).await;
    let mut client = Client::admin(&twin).await;
    let id = client.add(&["/ip/firewall/address-list/add", "=list=l", "=address=10.0.0.1", "=timeout=1m"]).await;
    assert_eq!(listener.next().await.as_deref(), Some("!re .tag=F =address=10.0.0.1"));
    twin.advance(Duration::from_secs(61));
    assert_eq!(listener.next().await, Some(format!("!re .tag=F =.id={id} =.dead=true")));
}

#[tokio::test]
async fn cancel_interrupts_first_and_ends_both_afterwards() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    client.send(&["/ip/address/listen", ".tag=L"]).await;
    client.send(&["/cancel", "=tag=L", ".tag=C"]).await;
    assert_eq!(client.next().await.as_deref(), Some("!trap .tag=L =category=2 =message=interrupted"));
    assert_eq!(client.next().await.as_deref(), Some("!done .tag=C"));
    let mut rest = client.next().await;
    if rest.as_deref() == Some("!empty .tag=L") {
        rest = client.next().await;
    }
    assert_eq!(rest.as_deref(), Some("!done .tag=L"));
    assert_eq!(client.ask(&["/cancel", "=tag=gone", ".tag=D"]).await, ["!done .tag=D"]);
}

#[tokio::test]
async fn cancel_without_a_tag_ends_all() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    for tag in 0..30 {
        client.send(&["/interface/listen", &format!(".tag={tag}")]).await;
    }
    client.send(&["/cancel", ".tag=C"]).await;
    let mut ended = 0;
    while ended < 30 {
        let sentence = client.next().await.unwrap();
        ended += u32::from(sentence.starts_with("!done") && sentence != "!done .tag=C");
    }
    assert_eq!(client.ask(&["/system/identity/print", "=.proplist=name"]).await, ["!re =name=MikroTik", "!done"]);
}

#[tokio::test]
async fn rates_are_monitored_once_or_in_numbered_rounds() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    twin.set_traffic("ether2", 1_000_000, 64_000).unwrap();
    let once = client.ask(&["/interface/monitor-traffic", "=interface=ether2,bridge", "=once="]).await;
    assert_eq!(once.len(), 3);
    assert_eq!(property(&once[0], "rx-bits-per-second").as_deref(), Some("1000000"));
    assert_eq!(property(&once[0], ".section"), None);
    client.send(&["/interface/monitor-traffic", "=interface=ether2", "=duration=2s", ".tag=M"]).await;
    assert_eq!(property(&client.next().await.unwrap(), ".section").as_deref(), Some("0"));
    twin.advance(Duration::from_secs(1));
    assert_eq!(property(&client.next().await.unwrap(), ".section").as_deref(), Some("1"));
    twin.advance(Duration::from_secs(1));
    assert_eq!(client.next().await.as_deref(), Some("!done .tag=M"));
}

#[tokio::test]
async fn a_ping_through_a_dead_peer_times_out_while_the_interface_runs() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    let ping = ["/tool/ping", "=address=192.0.2.1", "=interface=wg-vpn", "=count=1", "=interval=10ms"];
    let answer = client.ask(&ping).await;
    assert_eq!(property(&answer[0], "received").as_deref(), Some("1"));
    twin.set_peer("wg-vpn", false).unwrap();
    let answer = client.ask(&ping).await;
    assert_eq!(property(&answer[0], "status").as_deref(), Some("timeout"));
    assert_eq!(property(&answer[0], "packet-loss").as_deref(), Some("100"));
    assert_eq!(client.value("/interface", "?name=wg-vpn", "running").await.as_deref(), Some("true"));
    twin.advance(Duration::from_secs(300));
    let age = client.value("/interface/wireguard/peers", "", "last-handshake").await.unwrap();
    assert!(age.starts_with("5m") || age.starts_with("6m") || age.starts_with("7m"), "{age}");
}

#[tokio::test]
async fn counters_run_exactly_with_the_clock() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    twin.set_traffic("ether3", 8_000_000_000, 0).unwrap();
    twin.advance(Duration::from_secs(1000));
    twin.set_traffic("ether3", 0, 0).unwrap();
    let bytes: u64 = client.value("/interface", "?name=ether3", "rx-byte").await.unwrap().parse().unwrap();
    assert!(
        bytes >= 1_000_000_000_000 && bytes.is_multiple_of(1_000_000),
        "whole milliseconds at a gigabyte a second: {bytes}"
    );
    twin.advance(Duration::from_secs(10));
    assert_eq!(client.value("/interface", "?name=ether3", "rx-byte").await, Some(bytes.to_string()));
}
