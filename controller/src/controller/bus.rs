//! Asking the agents: requests that are signed, sent, and matched with their answers, each once.

use super::{Controller, sender};
use crate::{
    io::{
        mqtt::{Heard, Link, LinkOptions, Sending},
        store::{StoreError, routers},
    },
    problem::{self, Problem},
};
use shared::{
    change_set::Refusal,
    ids::RouterId,
    topic::{Noun, Topic},
    wire::{self, Body, Message, Reply, Request},
};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

/// How long an agent has to answer.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// The bus as the controller uses it.
#[derive(Default)]
pub(super) struct Bus {
    link: watch::Sender<Option<Link>>,
    waiting: Mutex<BTreeMap<u64, oneshot::Sender<Reply>>>,
    refused: Mutex<BTreeMap<&'static str, u64>>,
    inbox: Mutex<Option<JoinHandle<()>>>,
}

impl Bus {
    /// Leaves the bus.
    pub(super) fn leave(&self) {
        self.link.send_replace(None);
        if let Some(task) = lock(&self.inbox).take() {
            task.abort();
        }
        lock(&self.waiting).clear();
    }

    /// Hands an answer to who waits for it; false where nobody does, or not any more.
    pub(super) fn answer(&self, in_reply_to: Option<u64>, reply: Reply) -> bool {
        let waiting = in_reply_to.and_then(|sequence| lock(&self.waiting).remove(&sequence));
        waiting.is_some_and(|waiting| waiting.send(reply).is_ok())
    }

    /// Counts an envelope that was not taken.
    pub(super) fn refused(&self, reason: &'static str) {
        *lock(&self.refused).entry(reason).or_default() += 1;
    }

    /// The link, where the controller is on the bus.
    pub(super) fn link(&self) -> Option<Link> {
        self.link.borrow().clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the place of one who waits away when the waiting ends, however it does.
struct Waiting<'a> {
    bus: &'a Bus,
    sequence: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        lock(&self.bus.waiting).remove(&self.sequence);
    }
}

impl Controller {
    /// Joins the bus; change sets go on where they were.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn join(&self, options: LinkOptions) -> Result<(), StoreError> {
        let (link, heard) = Link::start(options);
        self.inner.bus.link.send_replace(Some(link));
        let controller = self.clone();
        let task = tokio::spawn(async move { controller.listen(heard).await });
        *lock(&self.inner.bus.inbox) = Some(task);
        for router in self.inner.store.call(routers::all).await? {
            self.employ(&router.id);
        }
        Ok(())
    }

    async fn listen(&self, mut heard: mpsc::Receiver<Heard>) {
        while let Some(heard) = heard.recv().await {
            match heard {
                Heard::Up => tracing::info!("connected to the broker"),
                Heard::Down => self.all_out_of_sight(),
                Heard::Message(message) => self.received(*message).await,
            }
        }
    }

    /// How many envelopes were refused, by reason.
    pub fn refused(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.inner.bus.refused).clone()
    }

    /// Asks an agent and waits for its answer, at most [`ANSWER_WITHIN`].
    ///
    /// # Errors
    /// `no_answer` as a refusal, where the agent did not answer or could not be asked.
    pub(super) async fn ask(&self, router: &RouterId, request: Request) -> Result<Reply, Refusal> {
        if self.seen().there(router) == Some(false) {
            return Err(silent("The agent is offline."));
        }
        tokio::time::timeout(ANSWER_WITHIN, self.ask_and_wait(router, request))
            .await
            .unwrap_or_else(|_| Err(silent("The agent did not answer in 10 s.")))
    }

    async fn ask_and_wait(&self, router: &RouterId, request: Request) -> Result<Reply, Refusal> {
        let link = self.inner.bus.link().ok_or_else(|| silent("The controller is not connected to a broker."))?;
        link.up().await;
        let noun = match request {
            Request::Plan(_)
            | Request::Apply(..)
            | Request::Show(_)
            | Request::Keep(..)
            | Request::Roll(_)
            | Request::Extend(..) => Noun::ChangeSet,
            Request::Watch(_) | Request::Refresh | Request::Read(_) | Request::Reconcile(_) | Request::Accept(_) => {
                Noun::Router
            }
            Request::Engage(_) | Request::Release(_) | Request::Verify(_) | Request::History(..) => Noun::Vif,
        };
        let (sequence, envelope) = self.seal(router, request).await.map_err(|cause| {
            tracing::error!(cause, "a request could not be made");
            silent("The controller could not make the request.")
        })?;
        let (answer, answered) = oneshot::channel();
        lock(&self.inner.bus.waiting).insert(sequence, answer);
        let _waiting = Waiting { bus: &self.inner.bus, sequence };
        let sending = Sending {
            retain: false,
            expiry_s: u32::try_from(ANSWER_WITHIN.as_secs()).ok(),
            response_topic: sender().ok().map(|own| Topic::Reply(router.clone(), own).to_string()),
            correlation: Some(sequence.to_be_bytes().to_vec()),
        };
        let topic = Topic::Request(router.clone(), noun).to_string();
        link.send(&topic, envelope, sending).map_err(|error| silent(&format!("{error}.")))?;
        answered.await.map_err(|_| silent("The controller is being stopped."))
    }

    /// Signs a request. Its sequence is on the disk before it is used, so that it is never used twice.
    async fn seal(&self, router: &RouterId, request: Request) -> Result<(u64, Vec<u8>), String> {
        let micros = self.inner.clock.unix_micros();
        let next: Result<u64, StoreError> = self.inner.store.call(move |tx| routers::next_sequence(tx, micros)).await;
        let sequence = next.map_err(|error| error.to_string())?;
        let now = self.now();
        let message = Message {
            sender: sender().map_err(|error| error.to_string())?,
            router: router.clone(),
            epoch: 0,
            sequence,
            issued_at: now,
            expires_at: i64::try_from(ANSWER_WITHIN.as_millis()).ok().map(|within| now + within),
            in_reply_to: None,
            body: Body::Request(request),
        };
        let setup = self.setup().map_err(|problem| problem.detail)?;
        let envelope = wire::seal(&message, setup.authority.signing()).map_err(|error| error.to_string())?;
        Ok((sequence, envelope))
    }

    /// Asks an agent for something that it answers with `done`.
    ///
    /// # Errors
    /// `no_answer`, `refused`
    pub(super) async fn ask_done(&self, router: &RouterId, request: Request) -> Result<(), Problem> {
        match self.ask(router, request).await {
            Ok(Reply::Done) => Ok(()),
            answer => Err(unanswered(answer)),
        }
    }
}

/// The problem that an answer is which is not the one that was asked for.
pub(super) fn unanswered(answer: Result<Reply, Refusal>) -> Problem {
    match answer {
        Ok(Reply::Refused(refusal)) => {
            Problem::new(problem::REFUSED, refusal.message, refusal.hint).with("refusal", refusal.code)
        }
        Ok(
            Reply::Done
            | Reply::Plan(_)
            | Reply::Report(_)
            | Reply::Reading(_)
            | Reply::History(_)
            | Reply::Unsupported(_),
        ) => Problem::new(
            problem::REFUSED,
            "The agent does not know this request.",
            "Update the agent to this controller's version.",
        ),
        Err(silence) => Problem::new(problem::NO_ANSWER, silence.message, silence.hint),
    }
}

fn silent(what: &str) -> Refusal {
    Refusal::new(
        "no_answer",
        what,
        "See whether the agent's container runs and reaches the broker (`bulkhead router show`), then try again.",
    )
}
