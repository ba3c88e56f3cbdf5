//! What was received: one JSON list of words a line.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Write},
    path::Path,
};

use shared::routeros::sentence::Sentence;

use crate::{device::request::Request, text};

/// Words whose values are not written down.
const MASKED: [&str; 4] = ["=password=", "=response=", "=private-key=", "=preshared-key="];

/// How many sentences are kept in memory for tests that ask.
const KEPT: usize = 20_000;

/// And how many bytes of them at most, whatever clients send.
const KEPT_BYTES: usize = 8 << 20;

/// Writes sentences to a file, where one was given, and keeps the last ones.
#[derive(Debug, Default)]
pub struct Record {
    file: Option<File>,
    count: u64,
    last: VecDeque<Vec<String>>,
    bytes: usize,
}

impl Record {
    /// A record in a new file.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn to_file(path: &Path) -> io::Result<Self> {
        Ok(Self { file: Some(File::create(path)?), ..Self::default() })
    }

    /// A sentence as a client sent it.
    pub fn sentence(&mut self, sentence: &Sentence) {
        self.words(sentence.words().map(|word| String::from_utf8_lossy(word).into_owned()).collect());
    }

    /// A command that a script on the router carried out.
    pub fn script(&mut self, request: &Request) {
        let mut words: Vec<String> =
            request.words().iter().map(|word| String::from_utf8_lossy(&text::to_wire(word)).into_owned()).collect();
        words.push(".script".to_owned());
        self.words(words);
    }

    fn words(&mut self, words: Vec<String>) {
        let words: Vec<String> = words.into_iter().map(masked).collect();
        self.count += 1;
        if let Some(file) = &mut self.file {
            let line = serde_json::to_string(&words).unwrap_or_default() + "\n";
            if let Err(error) = file.write_all(line.as_bytes()).and_then(|()| file.flush()) {
                tracing::warn!(%error, "the record cannot be written any further");
                self.file = None;
            }
        }
        self.bytes += size(&words);
        self.last.push_back(words);
        while self.last.len() > KEPT || self.bytes > KEPT_BYTES {
            let Some(oldest) = self.last.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(size(&oldest));
        }
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The last ones, oldest first.
    pub fn last(&self) -> Vec<Vec<String>> {
        self.last.iter().cloned().collect()
    }
}

/// What a sentence takes in memory, about.
fn size(words: &[String]) -> usize {
    words.iter().map(|word| word.len() + size_of::<String>()).sum()
}

fn masked(word: String) -> String {
    match MASKED.iter().find(|name| word.starts_with(*name) && word.len() > name.len()) {
        Some(name) => format!("{name}***"),
        None => word,
    }
}
