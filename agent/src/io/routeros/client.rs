//! The handle on a signed-in connection.

use std::{sync::atomic::Ordering, time::Duration};

use shared::routeros::sentence::Sentence;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::oneshot,
};

use super::{
    Answer, Signed, Target,
    connection::Connection,
    error::{CloseReason, CommandError, ConnectError},
    handle::{Handle, Request},
    in_flight::Command,
    listener::{Listener, listener},
    sign_in,
    transport::{self, Stream},
};

/// A signed-in session. Clones are cheap and share it; it ends when the last clone and listener are dropped.
#[derive(Debug, Clone)]
pub struct Client {
    connection: Handle,
    timeout: Duration,
    answer_limit: usize,
}

/// What a connection has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Commands written.
    pub commands: u64,
    /// Writes to the socket (to TLS, where there is TLS) that they took.
    pub writes: u64,
    /// Sentences that belonged to no command: what still arrives after `/cancel`, and nonsense.
    pub orphans: u64,
}

impl Client {
    /// Connects and signs in. Must be called on a tokio runtime, where it leaves the task that owns the socket.
    ///
    /// # Errors
    /// [`ConnectError`], which says what to check.
    pub async fn connect(target: &Target) -> Result<(Self, Signed), ConnectError> {
        let (stream, fingerprint) = transport::open(target).await?;
        let client = Self::sign_in(stream, target).await?;
        Ok((client, Signed { fingerprint }))
    }

    /// Signs in over a stream that was opened elsewhere: a tunnel, or a pipe. Of the target only the user and the
    /// bounds matter; the address is for messages.
    ///
    /// # Errors
    /// [`ConnectError`], which says what to check.
    pub async fn over(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        target: &Target,
    ) -> Result<Self, ConnectError> {
        Self::sign_in(Box::new(stream), target).await
    }

    async fn sign_in(stream: Stream, target: &Target) -> Result<Self, ConnectError> {
        let (stream, decoder) = sign_in::sign_in(stream, target).await?;
        let connection = Connection::spawn(stream, decoder, target);
        tracing::debug!(address = target.address(), username = target.username, "signed in at the router");
        Ok(Self { connection, timeout: target.command_timeout, answer_limit: target.answer_limit })
    }

    /// The same session with another time for each command: `/execute` and image downloads take longer.
    #[must_use]
    pub fn with_timeout(&self, command_timeout: Duration) -> Self {
        Self { timeout: command_timeout, ..self.clone() }
    }

    /// Carries out a command and collects its answer.
    ///
    /// Dropping the future does not stop the command. When time runs out, a command that only reads is cancelled and
    /// the session goes on; any other closes the session, because it could still take effect in it at any later time.
    ///
    /// # Errors
    /// [`CommandError`]; [`CommandError::took_effect`] says whether it may have changed the router.
    pub async fn run(&self, command: Sentence) -> Result<Answer, CommandError> {
        self.answer(self.send(command).await?).await
    }

    /// Carries out many commands, written as fast as the window allows, and collects their answers in their order.
    ///
    /// Each is carried out whether or not those before it were refused. The router begins them in this order; nothing
    /// says that it also ends them so, so what needs another's result belongs into a later call.
    pub async fn run_all(&self, commands: Vec<Sentence>) -> Vec<Result<Answer, CommandError>> {
        let mut sent = Vec::with_capacity(commands.len());
        for command in commands {
            sent.push(self.send(command).await);
        }
        let mut answers = Vec::with_capacity(sent.len());
        for reply in sent {
            answers.push(match reply {
                Ok(reply) => self.answer(reply).await,
                Err(error) => Err(error),
            });
        }
        answers
    }

    /// Starts an endless command: `listen`, `print` with `follow`, `monitor` without `once`.
    ///
    /// # Errors
    /// [`CommandError`] when it cannot be sent. A refusal by the router comes from [`Listener::next`].
    pub async fn listen(&self, command: Sentence) -> Result<Listener, CommandError> {
        check(&command)?;
        let tag = self.connection.tag();
        let (feed, listener) = listener(tag, self.connection.clone());
        self.connection.ask(Request::Listen { tag, sentence: command, feed }).await?;
        Ok(listener)
    }

    /// Waits for the session's end and says why it came.
    pub async fn closed(&self) -> CloseReason {
        self.connection.closed().await
    }

    /// Why the session ended, once it has.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.connection.close_reason()
    }

    /// What the session has done so far.
    pub fn counted(&self) -> Counted {
        let counters = self.connection.counters();
        Counted {
            commands: counters.commands.load(Ordering::Relaxed),
            writes: counters.writes.load(Ordering::Relaxed),
            orphans: counters.orphans.load(Ordering::Relaxed),
        }
    }

    async fn send(&self, sentence: Sentence) -> Result<oneshot::Receiver<Result<Answer, CommandError>>, CommandError> {
        check(&sentence)?;
        let (reply, answer) = oneshot::channel();
        let command = Command { sentence, reply, limit: self.answer_limit, timeout: self.timeout };
        self.connection.ask(Request::Run { tag: self.connection.tag(), command }).await?;
        Ok(answer)
    }

    async fn answer(&self, reply: oneshot::Receiver<Result<Answer, CommandError>>) -> Result<Answer, CommandError> {
        // The task answers everything it took, unless the runtime is being torn down around it.
        reply.await.unwrap_or_else(|_| Err(self.connection.closed_error(true)))
    }
}

/// Refuses what would confuse the session.
fn check(command: &Sentence) -> Result<(), CommandError> {
    let refuse = |why: &str| Err(CommandError::Unsendable(why.to_owned()));
    if !command.first().starts_with(b"/") {
        return refuse("a command starts with a slash");
    }
    if command.tag_word().is_some() {
        return refuse("tags are given by the client");
    }
    if !command.is_sendable() {
        return refuse("a word is longer than 4 GiB");
    }
    Ok(())
}
