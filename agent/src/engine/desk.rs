//! Where words about the change under way are handed in: that it stays, that it goes, that it gets more time.

use shared::{
    change_set::{Refusal, Report},
    ids::ChangeSetId,
};
use std::time::Duration;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

/// How long a word waits for the engine, which listens between two writes.
const PATIENCE: Duration = Duration::from_secs(8);

/// What is said of a change under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// It stays.
    Keep {
        /// Whether a person says so, or the controller alone.
        person: bool,
    },
    /// It goes.
    Roll,
    /// Its deadline is so many seconds from now.
    Extend(u32),
}

/// A word that waits for its answer.
pub(super) struct Said {
    pub(super) id: ChangeSetId,
    pub(super) word: Word,
    pub(super) answer: oneshot::Sender<Result<Report, Refusal>>,
}

/// Takes words to the engine. Clones lead to the same one.
#[derive(Debug, Clone)]
pub struct Desk {
    words: mpsc::Sender<Said>,
}

/// The engine's side.
pub(super) struct Tray {
    pub(super) words: mpsc::Receiver<Said>,
}

pub(super) fn desk() -> (Desk, Tray) {
    let (sender, words) = mpsc::channel(8);
    (Desk { words: sender }, Tray { words })
}

impl Desk {
    /// Says a word and waits for what the engine makes of it.
    ///
    /// # Errors
    /// The refusal that the controller shows.
    pub async fn say(&self, id: &ChangeSetId, word: Word) -> Result<Report, Refusal> {
        let busy = || {
            Refusal::new("busy", "the agent is in the middle of a write that the router does not answer", "Try again.")
        };
        let (answer, answered) = oneshot::channel();
        self.words.try_send(Said { id: id.clone(), word, answer }).map_err(|_| busy())?;
        timeout(PATIENCE, answered).await.ok().and_then(Result::ok).unwrap_or_else(|| Err(busy()))
    }
}
