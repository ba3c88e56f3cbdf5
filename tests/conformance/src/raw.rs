//! A session of its own, word by word: for what a client hides.

use std::time::Duration;

use bulkhead_agent::io::routeros::{Stream, Target, open};
use shared::routeros::sentence::{Decoder, Limits, Sentence};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use crate::check::Stop;

/// A connection to the API, signed in or not.
pub struct Raw {
    stream: Stream,
    decoder: Decoder,
    bound: Duration,
}

impl Raw {
    /// Opens a connection and does not sign in.
    ///
    /// # Errors
    /// [`Stop::Lost`] when there is none.
    pub async fn open(target: &Target) -> Result<Self, Stop> {
        let (stream, _) = open(target).await?;
        Ok(Self { stream, decoder: Decoder::new(Limits::DEFAULT), bound: target.command_timeout })
    }

    /// Opens a connection and signs in.
    ///
    /// # Errors
    /// [`Stop::Lost`] when that does not succeed.
    pub async fn signed_in(target: &Target) -> Result<Self, Stop> {
        let mut raw = Self::open(target).await?;
        let answer = raw.login(&target.username, &target.password).await?;
        if answer == ["!done"] { Ok(raw) } else { Err(Stop::Lost(format!("a second sign-in: {answer:?}"))) }
    }

    /// Tries to sign in; gives the answer.
    ///
    /// # Errors
    /// [`Stop::Lost`]
    pub async fn login(&mut self, name: &str, password: &str) -> Result<Vec<String>, Stop> {
        self.ask(&["/login", &format!("=name={name}"), &format!("=password={password}")]).await
    }

    /// Sends a sentence.
    ///
    /// # Errors
    /// [`Stop::Lost`] when the connection does not take it.
    pub async fn send(&mut self, words: &[&str]) -> Result<(), Stop> {
        let sentence = Sentence::from_words(words);
        let mut bytes = Vec::new();
        sentence.encode(&mut bytes).map_err(|error| Stop::Lost(error.to_string()))?;
        self.write(&bytes).await
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// [`Stop::Lost`] when the connection does not take them.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let lost = |error: std::io::Error| Stop::Lost(format!("a session of the check's own: {error}"));
        self.stream.write_all(bytes).await.map_err(lost)?;
        self.stream.flush().await.map_err(lost)
    }

    /// The next sentence in one line: its first word, its tag, its other words in alphabetical order (their order says
    /// nothing). `None` when the router closed the connection.
    ///
    /// # Errors
    /// [`Stop::Lost`] when the router stays silent or sends what is no sentence.
    pub async fn next(&mut self) -> Result<Option<String>, Stop> {
        let bound = self.bound;
        self.next_within(bound).await?.ok_or_else(|| Stop::Lost(format!("the router said nothing for {bound:?}")))
    }

    /// The same within another bound; the outer `None` when nothing came.
    ///
    /// # Errors
    /// [`Stop::Lost`] when what comes is no sentence.
    pub async fn next_within(&mut self, bound: Duration) -> Result<Option<Option<String>>, Stop> {
        let heard = timeout(bound, async {
            loop {
                if let Some(sentence) = self.decoder.next_sentence().map_err(|error| Stop::Lost(error.to_string()))? {
                    return Ok(Some(line(&sentence)));
                }
                let mut bytes = [0; 4096];
                match self.stream.read(&mut bytes).await {
                    Ok(0) | Err(_) => return Ok(None),
                    Ok(count) => self.decoder.push(&bytes[..count]),
                }
            }
        });
        match heard.await {
            Ok(heard) => heard.map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Sends a sentence and gives all that comes up to `!done` or `!fatal`, or to the end of the connection.
    ///
    /// # Errors
    /// [`Stop::Lost`]
    pub async fn ask(&mut self, words: &[&str]) -> Result<Vec<String>, Stop> {
        self.send(words).await?;
        self.answer().await
    }

    /// All that comes up to `!done` or `!fatal`, or to the end of the connection.
    ///
    /// # Errors
    /// [`Stop::Lost`]
    pub async fn answer(&mut self) -> Result<Vec<String>, Stop> {
        let mut answer = Vec::new();
        while let Some(sentence) = self.next().await? {
            let last = sentence.starts_with("!done") || sentence.starts_with("!fatal");
            answer.push(sentence);
            if last {
                break;
            }
        }
        Ok(answer)
    }
}

/// A sentence in one line, whatever order its words came in. A word that is no UTF-8 is escaped.
pub fn line(sentence: &Sentence) -> String {
    let text = |word: &[u8]| String::from_utf8(word.to_vec()).unwrap_or_else(|_| word.escape_ascii().to_string());
    let mut words: Vec<String> = sentence.words().map(text).collect();
    if let Some(rest) = words.get_mut(1..) {
        rest.sort_by(|a, b| b.starts_with(".tag=").cmp(&a.starts_with(".tag=")).then_with(|| a.cmp(b)));
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_does_not_depend_on_the_order_of_words() {
        let a = Sentence::new("!trap").attribute("message", "no").attribute("category", "2").tag("L");
        let b = Sentence::new("!trap").tag("L").attribute("category", "2").attribute("message", "no");
        assert_eq!(line(&a), "!trap .tag=L =category=2 =message=no");
        assert_eq!(line(&a), line(&b));
    }
}
