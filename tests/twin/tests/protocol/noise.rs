//! Whatever bytes and sentences come: the twin answers or closes, and serves the next one.

use bulkhead_twin::Twin;
use proptest::{
    collection::vec,
    prelude::{Strategy, any},
    prop_oneof,
    sample::select,
    strategy::ValueTree,
    test_runner::TestRunner,
};
use shared::routeros::sentence::{Decoder, Limits, Sentence};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::client::{BOUND, Client, twin};

/// As many values as asked for, the same at each run.
fn drawn<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// A command with words that may be anything, over menus that hold nobody's way in.
fn sentence() -> impl Strategy<Value = Vec<Vec<u8>>> {
    const MENUS: [&str; 6] =
        ["/interface", "/ip/address", "/ip/firewall/address-list", "/ip/route", "/interface/bridge/vlan", "/nonsense"];
    const VERBS: [&str; 13] = [
        "print",
        "getall",
        "get",
        "find",
        "add",
        "set",
        "unset",
        "move",
        "enable",
        "comment",
        "listen",
        "",
        "reset-counters",
    ];
    const NAMES: [&str; 11] = [
        "numbers",
        ".id",
        "comment",
        "address",
        "list",
        ".proplist",
        "destination",
        "value-name",
        "place-before",
        "",
        "interval",
    ];
    const QUERIES: [&str; 10] = ["name", "-name", "=name=x", ">mtu=1", "<.id=*5", "#|", "#!&0.", "#99", "", "#\u{0}"];
    let command =
        (select(&MENUS[..]), select(&VERBS[..])).prop_map(|(menu, verb)| format!("{menu}/{verb}").into_bytes());
    let value =
        prop_oneof![vec(any::<u8>(), 0..40), select(&["*1", "*FFFFFFFF", "yes", "0", ""][..]).prop_map(Vec::from)];
    let attribute =
        (select(&NAMES[..]), value).prop_map(|(name, value)| [b"=", name.as_bytes(), b"=", &value].concat());
    let query = select(&QUERIES[..]).prop_map(|query| format!("?{query}").into_bytes());
    let word = prop_oneof![attribute, query, vec(any::<u8>(), 1..30)];
    (command, vec(word, 0..6)).prop_map(|(command, words)| [vec![command], words].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_goes_on_after_any_sentence() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    for (number, words) in drawn(sentence(), 2000).into_iter().enumerate() {
        let mut bytes = Vec::new();
        Sentence::from_words(words.clone()).encode(&mut bytes).unwrap();
        client.stream.write_all(&bytes).await.unwrap();
        // An answer to another command, and an end to what the sentence may have begun.
        client.send(&["/system/identity/print", &format!(".tag=print-{number}")]).await;
        client.send(&["/cancel", &format!(".tag=cancel-{number}")]).await;
        let mut printed = false;
        loop {
            let sentence = client.next().await.unwrap_or_else(|| panic!("closed after {words:?}"));
            printed |= sentence == format!("!done .tag=print-{number}");
            if sentence == format!("!done .tag=cancel-{number}") {
                break;
            }
        }
        assert!(printed, "no answer after {words:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_of_any_bytes_is_answered_or_closed_and_the_next_is_served() {
    let twin = twin("7.24").await;
    for bytes in drawn(vec(any::<u8>(), 0..200), 300) {
        ended(&twin, &bytes).await;
    }
    Client::admin(&twin).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reserved_control_bytes_and_endless_words_close_a_signed_in_session_as_well() {
    let twin = twin("7.24").await;
    let login = b"\x06/login\x0b=name=admin\x0f=password=admin\x00";
    for control in 0xF1..=0xFF {
        assert_eq!(ended(&twin, &[&login[..], &[control], b"xxxx"].concat()).await, b"\x05!done\x00");
    }
    // Announced and never sent: nothing is set aside for them.
    for announced in [&b"\xF0\xFF\xFF\xFF\xFF"[..], b"\xF0\x10\x00\x00\x00", b"\xE0\x80\x00\x00"] {
        assert_eq!(ended(&twin, &[&login[..], announced, b"x"].concat()).await, b"\x05!done\x00");
    }
    Client::admin(&twin).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_words_come_back_whole() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    // Around the lengths at which the length itself takes one more byte.
    for length in [0x7F, 0x80, 0x100, 0x3FFF, 0x4000, 0x3_0000] {
        let script = "x".repeat(length);
        let id = client.add(&["/system/script/add", &format!("=name=s{length}"), &format!("=source={script}")]).await;
        let source = client.value("/system/script", &format!("?.id={id}"), "source").await.unwrap();
        assert_eq!(source.len(), length);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_comes_back_as_it_went_whatever_its_bytes() {
    let twin = twin("7.24").await;
    let mut stream = TcpStream::connect(twin.api).await.unwrap();
    stream.write_all(b"\x06/login\x0b=name=admin\x0f=password=admin\x00").await.unwrap();
    stream.read_exact(&mut [0; 7]).await.unwrap();
    let mut decoder = Decoder::new(Limits::DEFAULT);
    for tag in drawn(vec(any::<u8>(), 1..300), 500) {
        let word = [b".tag=", tag.as_slice()].concat();
        let mut bytes = Vec::new();
        Sentence::new("/system/identity/print").word(word).encode(&mut bytes).unwrap();
        stream.write_all(&bytes).await.unwrap();
        for expected in [&b"!re"[..], b"!done"] {
            let mut read = [0; 1024];
            let sentence = loop {
                if let Some(sentence) = decoder.next_sentence().unwrap() {
                    break sentence;
                }
                let count = stream.read(&mut read).await.unwrap();
                assert!(count > 0, "closed at the tag {tag:?}");
                decoder.push(&read[..count]);
            };
            assert_eq!((sentence.first(), sentence.tag_word()), (expected, Some(tag.as_slice())));
        }
    }
}

/// Sends all, closes its own half, and reads until the twin closes: what was said.
async fn ended(twin: &Twin, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(twin.api).await.unwrap();
    // The twin may have closed before all was written.
    let _closed = stream.write_all(bytes).await;
    let _closed = stream.shutdown().await;
    let mut said = Vec::new();
    let end = tokio::time::timeout(BOUND, stream.read_to_end(&mut said)).await;
    assert!(end.is_ok(), "the session goes on after {bytes:?}");
    said
}
