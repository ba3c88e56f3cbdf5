//! Peers that are slow, half there, or hostile; many at once; large tables.

use bulkhead_twin::twin::Twin;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::client::{BOUND, Client, twin};

#[tokio::test]
async fn nonsense_before_the_sign_in_ends_the_session_and_nothing_else() {
    let twin = twin("7.24").await;
    let endless = [0xF0, 0xFF, 0xFF, 0xFF, 0xFF];
    let many_words = [1, b'x'].repeat(10_000);
    for bytes in [&b"\xff\xff\xff"[..], &endless, &many_words, b"GET / HTTP/1.1\r\n\r\n"] {
        let mut stream = TcpStream::connect(twin.api).await.unwrap();
        // The twin may have closed before all was written.
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(BOUND, stream.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "the session goes on after {:?}…", &bytes[..3]);
    }
    Client::admin(&twin).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_stops_only_itself() {
    let twin = twin("7.24").await;
    let mut slow = Client::admin(&twin).await;
    // Asks for far more than any buffer holds and never reads; its writes stall once the twin stops reading.
    let asking = async {
        loop {
            slow.send(&["/ip/firewall/filter/print"]).await;
        }
    };
    let other = async {
        let mut client = Client::admin(&twin).await;
        for _ in 0..50 {
            assert_eq!(client.ask(&["/system/identity/print"]).await.len(), 2);
        }
    };
    tokio::select! {
        () = asking => {}
        () = other => {}
    }
}

#[tokio::test]
async fn sessions_beyond_the_services_limit_are_closed_and_the_place_is_given_back() {
    let twin = twin("7.24").await;
    let mut admin = Client::admin(&twin).await;
    admin.ask(&["/ip/service/set", "=.id=api", "=max-sessions=3"]).await;
    let (one, mut two) = (Client::admin(&twin).await, Client::admin(&twin).await);
    let mut over = Client::new(twin.api).await;
    assert_eq!(over.next().await, None);
    drop(one);
    let again = async {
        loop {
            let mut client = TcpStream::connect(twin.api).await.unwrap();
            let signed_in = client.write_all(b"\x06/login\x0b=name=admin\x0f=password=admin\x00").await.is_ok();
            if signed_in && client.read_u8().await.is_ok() {
                break;
            }
        }
    };
    tokio::time::timeout(BOUND, again).await.unwrap();
    assert_eq!(two.ask(&["/system/identity/print"]).await.len(), 2);
}

#[tokio::test]
async fn many_tagged_commands_in_flight_are_all_answered() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    for tag in 0..100 {
        client.send(&["/ip/address/print", &format!(".tag={tag}")]).await;
    }
    let mut ended = Vec::new();
    while ended.len() < 100 {
        let sentence = client.next().await.unwrap();
        ended.extend(sentence.strip_prefix("!done .tag=").map(str::to_owned));
    }
    assert_eq!(ended[99], "99");
}

#[tokio::test]
async fn a_table_of_three_thousand_rows_is_made_and_read() {
    const ROWS: usize = 3000;
    let twin: Twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    for at in 0..ROWS {
        client
            .send(&["/ip/firewall/address-list/add", "=list=many", &format!("=address=10.{}.{}.1", at / 250, at % 250)])
            .await;
        assert!(client.next().await.unwrap().starts_with("!done =ret="));
    }
    assert_eq!(client.ask(&["/ip/firewall/address-list/print", "?list=many"]).await.len(), ROWS + 1);
}
