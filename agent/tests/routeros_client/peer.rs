//! The scripted peer.

use bulkhead_agent::io::routeros::{Client, Security, Sentence, Target};
use shared::routeros::sentence::{Decoder, Limits};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex},
    net::{TcpListener, TcpStream},
};

/// Bytes that a pipe holds, about what a loopback socket does.
const PIPE: usize = 256 * 1024;

/// One connection, seen from the router.
pub(crate) struct Peer<S = TcpStream> {
    pub(crate) stream: S,
    decoder: Decoder,
    /// Times that bytes were read: what came in one segment is one of them.
    pub(crate) reads: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, decoder: Decoder::new(Limits::DEFAULT), reads: 0 }
    }

    /// The next sentence; nothing once the client has closed.
    pub(crate) async fn receive(&mut self) -> Option<Sentence> {
        let mut chunk = vec![0; 64 * 1024];
        loop {
            if let Some(sentence) = self.decoder.next_sentence().expect("the client sends whole sentences") {
                return Some(sentence);
            }
            // A reset is an end as well.
            let count = self.stream.read(&mut chunk).await.unwrap_or(0);
            if count == 0 {
                return None;
            }
            self.reads += 1;
            self.decoder.push(&chunk[..count]);
        }
    }

    /// The next command and its tag.
    pub(crate) async fn command(&mut self) -> (Sentence, String) {
        let sentence = self.receive().await.expect("a command");
        let tag = String::from_utf8_lossy(sentence.tag_word().expect("a tag")).into_owned();
        (sentence, tag)
    }

    /// The tags of all commands that have come, at least one.
    pub(crate) async fn commands(&mut self) -> Vec<String> {
        let mut tags = vec![self.command().await.1];
        while let Ok(Some(sentence)) = self.decoder.next_sentence() {
            tags.push(String::from_utf8_lossy(sentence.tag_word().expect("a tag")).into_owned());
        }
        tags
    }

    /// The next command, which must be this one; its tag.
    pub(crate) async fn expect(&mut self, command: &str) -> String {
        let (sentence, tag) = self.command().await;
        assert_eq!(String::from_utf8_lossy(sentence.first()), command);
        tag
    }

    pub(crate) async fn send(&mut self, sentence: Sentence) {
        self.send_raw(&bytes_of(&[sentence])).await;
    }

    /// Many in one write.
    pub(crate) async fn send_all(&mut self, sentences: &[Sentence]) {
        self.send_raw(&bytes_of(sentences)).await;
    }

    /// Bytes as they are. A client that has gone is no error: that is what many tests are about.
    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) {
        let _gone = self.stream.write_all(bytes).await;
        let _gone = self.stream.flush().await;
    }

    /// Answers the sign-in as RouterOS does.
    pub(crate) async fn sign_in(&mut self) {
        let login = self.receive().await.expect("a sign-in");
        assert_eq!(login.first(), b"/login");
        assert_eq!((login.get("name"), login.get("password")), (Some(&b"bulkhead"[..]), Some(&b"secret"[..])));
        self.send(done()).await;
    }

    /// Reads until the client closes.
    pub(crate) async fn until_closed(&mut self) {
        while self.receive().await.is_some() {}
    }
}

pub(crate) fn bytes_of(sentences: &[Sentence]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for sentence in sentences {
        sentence.encode(&mut bytes).expect("short words");
    }
    bytes
}

pub(crate) fn re(tag: &str) -> Sentence {
    Sentence::new("!re").tag(tag)
}

pub(crate) fn done() -> Sentence {
    Sentence::new("!done")
}

pub(crate) fn trap(tag: &str, message: &str) -> Sentence {
    Sentence::new("!trap").tag(tag).attribute("message", message)
}

pub(crate) fn print() -> Sentence {
    Sentence::new("/ip/address/print")
}

pub(crate) fn add() -> Sentence {
    Sentence::new("/ip/address/add").attribute("address", "192.0.2.1/24")
}

/// A target for a pipe, or to be given a port.
pub(crate) fn target() -> Target {
    Target { idle_probe: None, ..Target::new("127.0.0.1", Security::Plain, "bulkhead", "secret") }
}

/// A listening socket and the target that leads to it.
pub(crate) async fn server() -> (TcpListener, Target) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let port = listener.local_addr().expect("bound").port();
    (listener, Target { port, ..target() })
}

pub(crate) async fn accept(listener: &TcpListener) -> Peer {
    let (stream, _) = listener.accept().await.expect("a connection");
    stream.set_nodelay(true).expect("a socket");
    Peer::new(stream)
}

/// A signed-in session over TCP.
pub(crate) async fn session() -> (Client, Peer) {
    let (listener, target) = server().await;
    session_with(&listener, &target).await
}

pub(crate) async fn session_with(listener: &TcpListener, target: &Target) -> (Client, Peer) {
    let peer = async {
        let mut peer = accept(listener).await;
        peer.sign_in().await;
        peer
    };
    let (client, peer) = tokio::join!(Client::connect(target), peer);
    (client.expect("signed in").0, peer)
}

/// A signed-in session over a pipe, for virtual time.
pub(crate) async fn piped(target: &Target) -> (Client, Peer<DuplexStream>) {
    let (ours, theirs) = duplex(PIPE);
    let mut peer = Peer::new(theirs);
    let (client, ()) = tokio::join!(Client::over(ours, target), peer.sign_in());
    (client.expect("signed in"), peer)
}
