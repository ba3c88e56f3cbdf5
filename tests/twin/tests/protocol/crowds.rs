//! Many at once: connections, tags, and peers that are only half there.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::client::{BOUND, Client, twin};

const CROWD: usize = 1000;

/// Connects a thousand at once, who sign in and then hold on; those that got in.
async fn crowd(address: std::net::SocketAddr) -> Vec<Client> {
    let mut coming = JoinSet::new();
    for _ in 0..CROWD {
        coming.spawn(async move {
            let mut client = Client::new(address).await;
            // Whoever found no place was closed, perhaps before the sign-in was written.
            let _closed = client.stream.write_all(b"\x06/login\x0b=name=admin\x0f=password=admin\x00").await;
            (client.next().await.as_deref() == Some("!done")).then_some(client)
        });
    }
    coming.join_all().await.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_connections_as_many_get_in_as_there_are_places() {
    let twin = twin("7.24").await;
    let inside = crowd(twin.api).await;
    assert_eq!(inside.len(), 20);
    drop(inside);
    let place = async { while Client::new(twin.api).await.login("admin", "admin").await != ["!done"] {} };
    tokio::time::timeout(BOUND, place).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_sessions_are_served_side_by_side() {
    let twin = twin("7.24").await;
    twin.run("/ip/service", "set", &[("numbers", "api"), ("max-sessions", "1000")]).unwrap();
    let mut inside = crowd(twin.api).await;
    assert_eq!(inside.len(), CROWD);
    for client in &mut inside {
        client.send(&["/system/identity/print"]).await;
    }
    for client in &mut inside {
        assert_eq!(client.next().await.as_deref(), Some("!re =name=MikroTik"));
    }
    assert_eq!(twin.rows("/user/active").len(), CROWD);
}

#[tokio::test(flavor = "multi_thread")]
async fn peers_that_stop_in_the_middle_of_a_sentence_hold_up_nobody() {
    let twin = twin("7.24").await;
    let mut halves = Vec::new();
    for (count, half) in
        [&b""[..], b"\x06/log", b"\x06/login\x0b=name=admin", b"\x80", b"\xF0\x00\x00"].iter().enumerate()
    {
        for _ in 0..3 {
            let mut stream = TcpStream::connect(twin.api).await.unwrap();
            stream.write_all(half).await.unwrap();
            // Some also close their half of the connection.
            if count % 2 == 1 {
                stream.shutdown().await.unwrap();
                let mut rest = Vec::new();
                tokio::time::timeout(BOUND, stream.read_to_end(&mut rest)).await.unwrap().unwrap();
                assert_eq!(rest, b"", "nothing was asked");
            }
            halves.push(stream);
        }
    }
    let mut client = Client::admin(&twin).await;
    assert_eq!(client.ask(&["/system/identity/print"]).await.len(), 2);
    assert_eq!(twin.sentences(), 2, "halves are no sentences");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_listeners_of_one_session_end_with_one_cancel() {
    const LISTENERS: usize = 2000;
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    for tag in 0..LISTENERS {
        client.send(&["/interface/list/listen", &format!(".tag={tag}")]).await;
    }
    client.send(&["/cancel", ".tag=all"]).await;
    let (mut interrupted, mut done) = (0, 0);
    while done < LISTENERS + 1 {
        let sentence = client.next().await.unwrap();
        interrupted += usize::from(sentence.starts_with("!trap"));
        done += usize::from(sentence.starts_with("!done"));
    }
    assert_eq!(interrupted, LISTENERS);
    assert_eq!(client.ask(&["/system/identity/print"]).await.len(), 2);
}
