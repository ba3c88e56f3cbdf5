//! The most that a window allows: a socket that does nothing but keep it full.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context, ensure};
use bulkhead_agent::io::clock;
use shared::routeros::sentence::{Decoder, Limits, Sentence};

use crate::router::{self, ADMIN};

/// A signed-in socket.
pub(crate) struct Raw {
    stream: TcpStream,
    decoder: Decoder,
}

impl Raw {
    /// Connects and signs in.
    ///
    /// # Errors
    /// The router refuses, or the connection breaks.
    pub(crate) fn sign_in(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let mut raw = Self { stream, decoder: Decoder::new(Limits::DEFAULT) };
        let login = Sentence::new("/login").attribute("name", ADMIN).attribute("password", ADMIN);
        raw.write(&[login])?;
        ensure!(raw.ended()? == 1, "more than one answer to the sign-in");
        Ok(raw)
    }

    /// Adds `count` rules, never more than `window` unanswered; how long that takes.
    ///
    /// # Errors
    /// The router refuses one, or the connection breaks.
    pub(crate) fn adds(&mut self, count: usize, window: usize) -> anyhow::Result<Duration> {
        let sentences: Vec<_> = (0..count).map(|number| router::add(number).tag(&format!("{number:x}"))).collect();
        let began = clock::now();
        let (mut sent, mut answered) = (0, 0);
        while answered < count {
            let until = count.min(answered + window);
            if until > sent {
                self.write(&sentences[sent..until])?;
                sent = until;
            }
            answered += self.ended()?;
        }
        Ok(clock::now() - began)
    }

    fn write(&mut self, sentences: &[Sentence]) -> anyhow::Result<()> {
        let mut bytes = Vec::new();
        for sentence in sentences {
            sentence.encode(&mut bytes)?;
        }
        Ok(self.stream.write_all(&bytes)?)
    }

    /// How many commands have ended with what comes next.
    fn ended(&mut self) -> anyhow::Result<usize> {
        let mut bytes = [0; 16 * 1024];
        let mut ended = 0;
        while ended == 0 {
            let count = self.stream.read(&mut bytes).context("waiting for an answer")?;
            ensure!(count > 0, "the router closed the connection");
            self.decoder.push(&bytes[..count]);
            while let Some(sentence) = self.decoder.next_sentence()? {
                ensure!(sentence.first() == b"!done", "the router says {sentence:?}");
                ended += 1;
            }
        }
        Ok(ended)
    }
}
