//! The agent's link to its broker: carried by real sockets, stopped and counted by the modelled rules.

use std::{net::SocketAddr, time::Duration};

use bulkhead_twin::{
    Options, Twin,
    relay::{MODELLED_CONTROLLER, Relay},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    client::BOUND,
    lock_out::{add, build_place, purge},
};

/// A twin with the agent's place, and the host to which its relay leads.
async fn with_relay() -> (Twin, TcpListener) {
    let host = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let relay = Relay {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        target: host.local_addr().unwrap(),
        destination: MODELLED_CONTROLLER,
    };
    let twin = Twin::start(Options { relay: Some(relay), ..Options::default() }).await.unwrap();
    build_place(&twin);
    (twin, host)
}

/// Both ends of a connection through the router, and its row of the connection table.
async fn connected(twin: &Twin, host: &TcpListener) -> (TcpStream, TcpStream) {
    let agent = TcpStream::connect(twin.relay.unwrap()).await.unwrap();
    let (host, _) = tokio::time::timeout(BOUND, host.accept()).await.expect("the host is reached").unwrap();
    (agent, host)
}

/// Whether what one end says reaches the other within a moment. What does not arrives later.
async fn arrives(from: &mut TcpStream, to: &mut TcpStream, text: &[u8]) -> bool {
    from.write_all(text).await.unwrap();
    tokio::time::timeout(Duration::from_millis(150), hears(to, text)).await.is_ok()
}

async fn hears(end: &mut TcpStream, text: &[u8]) {
    let mut heard = vec![0; text.len()];
    tokio::time::timeout(BOUND, end.read_exact(&mut heard)).await.expect("something comes").unwrap();
    assert_eq!(String::from_utf8_lossy(&heard), String::from_utf8_lossy(text));
}

async fn ends(end: &mut TcpStream) {
    let read = tokio::time::timeout(BOUND, end.read(&mut [0; 16])).await.expect("the end comes");
    assert_eq!(read.unwrap(), 0);
}

fn remove(twin: &Twin, menu: &str, id: &str) {
    twin.run(menu, "remove", &[(".id", id)]).unwrap();
}

fn value(twin: &Twin, menu: &str, id: &str, name: &str) -> u64 {
    let rows = twin.rows(menu);
    let row = rows.iter().find(|row| row.contains(&(".id".to_owned(), id.to_owned()))).unwrap();
    row.iter().find(|(key, _)| key == name).unwrap().1.parse().unwrap()
}

/// The agent's row of the connection table.
fn connection(twin: &Twin) -> Option<Vec<(String, String)>> {
    let to = ("dst-address".to_owned(), MODELLED_CONTROLLER.to_string());
    twin.rows("/ip/firewall/connection").into_iter().find(|row| row.contains(&to))
}

#[tokio::test]
async fn bytes_pass_untouched_both_ways_and_so_do_the_ends() {
    let (twin, host) = with_relay().await;
    let (agent, host) = connected(&twin, &host).await;
    let said: Vec<u8> = (0..1_000_000_u64).map(|n| u8::try_from(n * n % 251).unwrap()).collect();
    let (mut from_agent, mut to_host) = agent.into_split();
    let (mut from_host, mut to_agent) = host.into_split();
    let (there, back) = (said.clone(), said.iter().rev().copied().collect::<Vec<u8>>());
    let sent = back.clone();
    let writes = tokio::spawn(async move {
        to_host.write_all(&there).await.unwrap();
        to_host.shutdown().await.unwrap();
    });
    let answers = tokio::spawn(async move {
        let mut heard = Vec::new();
        from_host.read_to_end(&mut heard).await.unwrap();
        // The agent's end is closed; what the host says still arrives.
        to_agent.write_all(&sent).await.unwrap();
        heard
    });
    let mut heard = Vec::new();
    from_agent.read_to_end(&mut heard).await.unwrap();
    writes.await.unwrap();
    assert!(answers.await.unwrap() == said, "what the agent said");
    assert!(heard == back, "what the host said");
}

#[tokio::test]
async fn whatever_stops_packets_or_answers_silences_the_link_and_what_was_held_arrives_later() {
    for (menu, arguments) in [
        ("/ip/firewall/filter", "chain=forward action=drop place-before=[first]"),
        ("/ip/firewall/filter", "chain=forward action=reject protocol=tcp dst-port=8883 place-before=[first]"),
        ("/ip/firewall/filter", "chain=forward action=drop out-interface=bh-mgmt place-before=[first]"),
        ("/ip/firewall/raw", "chain=prerouting action=drop src-address=192.168.88.2"),
        ("/routing/rule", "dst-address=172.16.63.2/32 action=drop"),
        ("/ip/route", "dst-address=192.168.88.2/32 blackhole=yes"),
    ] {
        let (twin, host) = with_relay().await;
        let (mut agent, mut broker) = connected(&twin, &host).await;
        assert!(arrives(&mut agent, &mut broker, b"one").await, "{arguments}");
        let id = add(&twin, menu, arguments);
        purge(&twin);
        assert!(!arrives(&mut agent, &mut broker, b"two").await, "{arguments}");
        assert!(!arrives(&mut broker, &mut agent, b"three").await, "{arguments}");
        let mut late = TcpStream::connect(twin.relay.unwrap()).await.unwrap();
        late.write_all(b"late").await.unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(50), host.accept()).await.is_err(), "{arguments}: SYN");
        remove(&twin, menu, &id);
        hears(&mut broker, b"two").await;
        hears(&mut agent, b"three").await;
        let (mut reached, _) = tokio::time::timeout(BOUND, host.accept()).await.expect("let in").unwrap();
        hears(&mut reached, b"late").await;
    }
}

/// *FastTrack*: what is fasttracked bypasses the firewall, so the factory's rule keeps an open link alive under a new
/// drop rule; a link that opens afterwards is stopped.
#[tokio::test]
async fn an_open_link_that_the_factory_fasttracked_outlives_a_drop_rule_until_its_connection_is_removed() {
    let (twin, host) = with_relay().await;
    let (mut agent, mut broker) = connected(&twin, &host).await;
    assert!(arrives(&mut agent, &mut broker, b"one").await);
    add(&twin, "/ip/firewall/filter", "chain=forward action=drop place-before=[first]");
    assert!(arrives(&mut agent, &mut broker, b"two").await, "it is fasttracked");
    let mut late = TcpStream::connect(twin.relay.unwrap()).await.unwrap();
    late.write_all(b"late").await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(50), host.accept()).await.is_err(), "a new one is dropped");
    purge(&twin);
    assert!(!arrives(&mut agent, &mut broker, b"three").await, "its next packet meets the rules");
}

#[tokio::test]
async fn a_close_that_is_dropped_is_not_heard_until_packets_pass_again() {
    let (twin, host) = with_relay().await;
    let (agent, mut broker) = connected(&twin, &host).await;
    let id = add(&twin, "/ip/firewall/filter", "chain=forward action=drop place-before=[first]");
    purge(&twin);
    drop(agent);
    let heard = tokio::time::timeout(Duration::from_millis(150), broker.read(&mut [0; 1])).await;
    assert!(heard.is_err(), "{heard:?}");
    remove(&twin, "/ip/firewall/filter", &id);
    ends(&mut broker).await;
}

#[tokio::test]
async fn rules_and_the_connection_count_each_direction_and_the_row_goes_with_the_link() {
    let (twin, host) = with_relay().await;
    let filter = "/ip/firewall/filter";
    let to = add(&twin, filter, "chain=forward action=accept dst-address=192.168.88.2 place-before=[first]");
    let from = add(&twin, filter, "chain=forward action=accept src-address=192.168.88.2 place-before=[first]");
    let (mut agent, mut broker) = connected(&twin, &host).await;
    agent.write_all(&[1; 5000]).await.unwrap();
    broker.read_exact(&mut [0; 5000]).await.unwrap();
    broker.write_all(&vec![1; 90_000]).await.unwrap();
    agent.read_exact(&mut vec![0; 90_000]).await.unwrap();
    let (there, back) = (value(&twin, filter, &to, "bytes"), value(&twin, filter, &from, "bytes"));
    assert!((5060..6500).contains(&there), "what the agent sent, and what it acknowledged: {there}");
    assert!((90_000..91_500).contains(&back), "{back}");
    let row = connection(&twin).expect("a row");
    let of = |name: &str| row.iter().find(|(key, _)| key == name).unwrap().1.clone();
    assert!(of("src-address").starts_with("172.16.63.2:"), "{row:?}");
    assert_eq!((of("orig-bytes"), of("repl-bytes")), (there.to_string(), back.to_string()));
    drop((agent, broker));
    let gone = async {
        while connection(&twin).is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(BOUND, gone).await.expect("the row goes with the link");
}

#[tokio::test]
async fn nothing_passes_without_the_agents_veth_and_a_broker_that_refuses_ends_the_link() {
    let (twin, host) = with_relay().await;
    let veths = twin.rows("/interface/veth");
    let id = &veths[0].iter().find(|(name, _)| name == ".id").unwrap().1;
    twin.run("/interface/veth", "set", &[(".id", id), ("disabled", "yes")]).unwrap();
    let mut early = TcpStream::connect(twin.relay.unwrap()).await.unwrap();
    early.write_all(b"early").await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(50), host.accept()).await.is_err());
    twin.run("/interface/veth", "set", &[(".id", id), ("disabled", "no")]).unwrap();
    let (mut reached, _) = tokio::time::timeout(BOUND, host.accept()).await.expect("let in").unwrap();
    hears(&mut reached, b"early").await;
    drop(host);
    let mut refused = TcpStream::connect(twin.relay.unwrap()).await.unwrap();
    ends(&mut refused).await;
}

/// Linux' ip-sysctl, `tcp_retries2`: after 924.6 s without an answer a sender gives up.
#[tokio::test]
async fn a_link_that_is_stopped_for_longer_than_its_ends_send_is_gone_for_both() {
    let (twin, host) = with_relay().await;
    let (mut agent, mut broker) = connected(&twin, &host).await;
    add(&twin, "/ip/firewall/filter", "chain=forward action=drop place-before=[first]");
    purge(&twin);
    assert!(!arrives(&mut agent, &mut broker, b"one").await);
    twin.advance(Duration::from_secs(900));
    assert!(!arrives(&mut agent, &mut broker, b"two").await);
    twin.advance(Duration::from_secs(25));
    for end in [&mut agent, &mut broker] {
        let heard = tokio::time::timeout(BOUND, end.read(&mut [0; 16])).await.expect("the end comes");
        assert!(matches!(heard, Ok(0) | Err(_)), "{heard:?}");
    }
}
