//! A router's API as an administrator uses it: one command after the other.

use crate::{clock, demo::Router};
use anyhow::{Context as _, bail, ensure};
use shared::routeros::sentence::{Decoder, Limits, Sentence};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// A session of an administrator.
pub struct Administrator {
    stream: TcpStream,
    decoder: Decoder,
}

impl Administrator {
    /// Signs in at a demo's router.
    ///
    /// # Errors
    /// Where it is not there or does not let us in.
    pub async fn of(router: &Router) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(&router.api).await.context("the router's API")?;
        let mut session = Self { stream, decoder: Decoder::new(Limits::DEFAULT) };
        let (name, password) = (format!("=name={}", router.username), format!("=password={}", router.password));
        session.ask(&["/login", &name, &password]).await?;
        Ok(session)
    }

    /// Carries out a command: the sentences of its answer, each as its words, `!done` the last.
    ///
    /// # Errors
    /// A trap, a router that does not answer, or the end of the session.
    pub async fn ask(&mut self, words: &[&str]) -> anyhow::Result<Vec<Vec<String>>> {
        let sentence = words[1..].iter().fold(Sentence::new(words[0]), |sentence, word| sentence.word(*word));
        let mut bytes = Vec::new();
        sentence.encode(&mut bytes)?;
        self.stream.write_all(&bytes).await?;
        let answer = tokio::time::timeout(clock::SOON, self.answer());
        let answer = answer.await.with_context(|| format!("{words:?}: no answer"))??;
        ensure!(answer.iter().all(|sentence| sentence[0] != "!trap"), "{words:?}: {answer:?}");
        Ok(answer)
    }

    /// The `.id` of every row that a print gives.
    ///
    /// # Errors
    /// As [`Administrator::ask`].
    pub async fn ids(&mut self, menu: &str) -> anyhow::Result<Vec<String>> {
        let rows = self.ask(&[&format!("{menu}/print"), "=.proplist=.id"]).await?;
        Ok(rows.iter().flatten().filter_map(|word| word.strip_prefix("=.id=")).map(str::to_owned).collect())
    }

    async fn answer(&mut self) -> anyhow::Result<Vec<Vec<String>>> {
        let (mut answer, mut bytes) = (Vec::new(), [0; 4096]);
        loop {
            while let Some(sentence) = self.decoder.next_sentence()? {
                let words = sentence.words().map(|word| String::from_utf8_lossy(word).into_owned());
                answer.push(words.collect::<Vec<_>>());
                if sentence.first() == b"!done" {
                    return Ok(answer);
                }
            }
            let count = self.stream.read(&mut bytes).await?;
            if count == 0 {
                bail!("the router has ended the session after {answer:?}");
            }
            self.decoder.push(&bytes[..count]);
        }
    }
}
