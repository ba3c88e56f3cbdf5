//! Peers that read slowly, or not at all: what is kept for them stays small.

use bulkhead_twin::{Options, Twin};
use shared::routeros::sentence::{Decoder, Limits};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use crate::client::{BOUND, Client};

const ROWS: usize = 10_000;

/// A twin with a large table.
async fn large() -> Twin {
    let entry = |n: usize| format!("/ip/firewall/address-list/add list=many address=10.0.{}.{}\n", n / 250, n % 250);
    let scripts = vec![(0..ROWS).map(entry).collect()];
    Twin::start(Options { scripts, ..Options::default() }).await.unwrap()
}

/// Signed in over a socket that takes in as little as the system allows.
async fn narrow(twin: &Twin) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(1).unwrap();
    let mut stream = socket.connect(twin.api).await.unwrap();
    stream.write_all(b"\x06/login\x0b=name=admin\x0f=password=admin\x00").await.unwrap();
    let mut done = [0; 7];
    stream.read_exact(&mut done).await.unwrap();
    assert_eq!(&done, b"\x05!done\x00");
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_gets_ten_thousand_rows_while_others_are_served() {
    let twin = large().await;
    let (mut slow, mut other) = (narrow(&twin).await, Client::admin(&twin).await);
    slow.write_all(b"\x1f/ip/firewall/address-list/print\x00").await.unwrap();
    let mut decoder = Decoder::new(Limits::DEFAULT);
    let (mut rows, mut served) = (0, 0);
    let mut bytes = [0; 1024];
    'reading: loop {
        let count = slow.read(&mut bytes).await.unwrap();
        assert!(count > 0, "closed after {rows} rows");
        decoder.push(&bytes[..count]);
        while let Some(sentence) = decoder.next_sentence().unwrap() {
            if sentence.first() == b"!done" {
                break 'reading;
            }
            rows += 1;
            if rows % 100 == 0 {
                served += other.ask(&["/system/identity/print"]).await.len() / 2;
            }
        }
    }
    assert_eq!((rows, served), (ROWS, ROWS / 100));
}

/// A socket takes a few megabytes, and each answer is half of one: by then the twin has stopped reading.
#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_asks_for_two_thousand_long_tables_and_reads_none_is_not_read_from_either() {
    const ASKED: usize = 2000;
    let twin = large().await;
    let (silent, mut other) = (narrow(&twin).await, Client::admin(&twin).await);
    let (reading, mut writing) = silent.into_split();
    let asking = tokio::spawn(async move {
        let _unread = writing.write_all(&b"\x1f/ip/firewall/address-list/print\x00".repeat(ASKED)).await;
        writing
    });
    let (begun, mut own) = (twin.sentences(), 0);
    // Once it has answered somebody else so often without taking another question or making up another row.
    let (mut before, mut quiet) = ((0, 0), 0);
    while quiet < 200 {
        assert_eq!(other.ask(&["/system/identity/print"]).await.len(), 2);
        own += 1;
        let now = (twin.sentences() - begun - own, twin.rendered());
        quiet = if now.0 > 0 && now == before { quiet + 1 } else { 0 };
        before = now;
    }
    assert!((1..=32).contains(&before.0), "{} of {ASKED} were taken, of half a megabyte each", before.0);
    drop(reading);
    // With what it returned, the other half of the socket.
    asking.abort();
    drop(asking);
    let gone = async {
        while twin.rows("/user/active").len() > 1 {
            assert_eq!(other.ask(&["/system/identity/print"]).await.len(), 2);
        }
    };
    tokio::time::timeout(BOUND, gone).await.expect("the session ends with its peer");
}
