//! A client that sends what it is told and shows what came.

use std::{net::SocketAddr, time::Duration};

use bulkhead_twin::{Options, Twin};
use shared::routeros::sentence::{Decoder, Limits, Sentence};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};

/// The bound of every wait. Nothing here takes a tenth of it.
pub(crate) const BOUND: Duration = Duration::from_secs(20);

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

pub(crate) struct Client {
    pub(crate) stream: Box<dyn Stream>,
    decoder: Decoder,
}

pub(crate) async fn twin(version: &str) -> Twin {
    Twin::start(Options { routeros_version: version.to_owned(), ..Options::default() }).await.unwrap()
}

impl Client {
    pub(crate) async fn new(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap())
    }

    pub(crate) fn over(stream: impl Stream + 'static) -> Self {
        Self { stream: Box::new(stream), decoder: Decoder::new(Limits::DEFAULT) }
    }

    /// Connected and signed in as `admin`.
    pub(crate) async fn admin(twin: &Twin) -> Self {
        let mut client = Self::new(twin.api).await;
        assert_eq!(client.login("admin", "admin").await, ["!done"]);
        client
    }

    pub(crate) async fn login(&mut self, name: &str, password: &str) -> Vec<String> {
        self.ask(&["/login", &format!("=name={name}"), &format!("=password={password}")]).await
    }

    pub(crate) async fn send(&mut self, words: &[&str]) {
        let sentence = words[1..].iter().fold(Sentence::new(words[0]), |sentence, word| sentence.word(*word));
        let mut bytes = Vec::new();
        sentence.encode(&mut bytes).unwrap();
        self.stream.write_all(&bytes).await.unwrap();
    }

    /// The next sentence, its words joined by blanks; nothing when the twin closed.
    pub(crate) async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(sentence) = self.decoder.next_sentence().unwrap() {
                let words: Vec<_> = sentence.words().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
                return Some(words.join(" "));
            }
            let mut bytes = [0; 4096];
            match tokio::time::timeout(BOUND, self.stream.read(&mut bytes)).await.expect("the twin stays silent") {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.decoder.push(&bytes[..count]),
            }
        }
    }

    /// All sentences up to `!done`, or to the end of the connection.
    pub(crate) async fn ask(&mut self, words: &[&str]) -> Vec<String> {
        self.send(words).await;
        let mut answer = Vec::new();
        while let Some(sentence) = self.next().await {
            let last = sentence.starts_with("!done");
            answer.push(sentence);
            if last {
                break;
            }
        }
        answer
    }

    /// What an `add` returned.
    pub(crate) async fn add(&mut self, words: &[&str]) -> String {
        let answer = self.ask(words).await;
        answer[0].strip_prefix("!done =ret=").unwrap_or_else(|| panic!("{words:?}: {answer:?}")).to_owned()
    }

    /// One property of the first row that a print gives.
    pub(crate) async fn value(&mut self, path: &str, query: &str, name: &str) -> Option<String> {
        let answer = self.ask(&[&format!("{path}/print"), query]).await;
        property(answer.first()?, name)
    }
}

/// A property of a sentence joined by blanks; its value must not hold any.
pub(crate) fn property(sentence: &str, name: &str) -> Option<String> {
    sentence.split(' ').find_map(|word| word.strip_prefix(&format!("={name}="))).map(str::to_owned)
}
