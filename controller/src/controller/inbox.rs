//! Taking what agents say: each envelope is opened against its router's key, takes effect in one transaction with its
//! place in the sequence, and is acknowledged to the broker after that.

use super::{Controller, routers::router_view, vifs::traffic_view};
use crate::{
    flow::{change_set, vif},
    io::{
        mqtt::Received,
        store::{
            StoreError, Transaction, change_sets, drifts,
            events::{self, Line},
            routers::{self, Router, Stream},
        },
    },
    view::{ChangeSetView, DriftView, EventView},
};
use ed25519_dalek::VerifyingKey;
use serde_json::json;
use shared::{
    change_set::{Outcome, State},
    drift::Drift,
    ids::{RouterId, SenderId},
    notice::Severity,
    router::RouterState,
    topic::{self, Topic},
    wire::{self, Body, Event, Expect, Message, Rejected},
};

/// What an event did.
enum Effect {
    /// Taken already.
    Repeated,
    /// A line in the event list.
    Line(EventView),
    /// A change set moved, perhaps to its end.
    Moved(Box<ChangeSetView>, Option<EventView>),
    /// Rows are not as they should be, or are again.
    Drifted(Vec<Drift>),
    /// Nothing that anybody sees.
    Nothing,
}

impl Controller {
    /// Works a message off.
    pub(super) async fn received(&self, message: Received) {
        let done = if let Some((router, noun)) = topic::parse_home_command(&message.topic) {
            self.home_command(router, noun, &message);
            Ok(())
        } else if let Some(router) = topic::parse_availability(&message.topic) {
            self.availability(&router, &message).await
        } else if let Some(place) = Topic::parse(&message.topic) {
            self.envelope(&place, &message).await
        } else {
            Ok(())
        };
        match done {
            Ok(()) => message.acknowledge(),
            // Without an acknowledgement the broker sends it again with the next connection.
            Err(error) => tracing::error!(%error, topic = message.topic, "a message could not be written down"),
        }
    }

    async fn envelope(&self, place: &Topic, received: &Received) -> Result<(), StoreError> {
        let id = place.router().clone();
        let Some(router) = self.inner.store.call(move |tx| routers::one(tx, &id)).await? else {
            self.inner.bus.refused("unknown_sender");
            return Ok(());
        };
        match self.unseal(&router, &received.payload) {
            Err(rejected) => self.reject(&router.id, &rejected),
            Ok(message) if fits(place, &message) => {
                if !received.retained {
                    self.heard(&router.id).await?;
                }
                self.taken(&router, message).await?;
            }
            Ok(_) => {
                tracing::warn!(router = %router.id, topic = received.topic, "a message came on a topic of another kind");
                self.inner.bus.refused("misplaced");
            }
        }
        Ok(())
    }

    fn unseal(&self, router: &Router, envelope: &[u8]) -> Result<Message, Rejected> {
        let key = |sender: &SenderId| {
            let own = SenderId::agent(&router.id).is_ok_and(|own| own == *sender);
            if own { VerifyingKey::from_bytes(&router.agent_key).ok() } else { None }
        };
        wire::open(envelope, &Expect { key: &key, router: &router.id, now: self.now(), taken: &|_| None })
    }

    fn reject(&self, router: &RouterId, rejected: &Rejected) {
        tracing::warn!(%router, reason = rejected.reason(), %rejected, "an envelope was refused");
        self.inner.bus.refused(rejected.reason());
    }

    async fn taken(&self, router: &Router, message: Message) -> Result<(), StoreError> {
        let (epoch, sequence) = (message.epoch, message.sequence);
        match message.body {
            Body::Reply(reply) => {
                if !self.inner.bus.answer(message.in_reply_to, reply) {
                    tracing::debug!(router = %router.id, "an answer came that nobody waits for");
                }
            }
            Body::Event(event) => self.event(&router.id, epoch, sequence, event).await?,
            Body::State(state) => self.state(router, epoch, sequence, state).await?,
            Body::Traffic(sample) => {
                let view = traffic_view(&router.id, &sample);
                self.tell("traffic", &router.id, &view);
                self.seen().sampled(&router.id, view);
            }
            Body::Unknown(kind) => {
                tracing::info!(router = %router.id, kind, "the agent is newer than this controller");
            }
            Body::Request(_) => self.inner.bus.refused("misplaced"),
        }
        Ok(())
    }

    async fn event(&self, id: &RouterId, epoch: u64, sequence: u64, event: Event) -> Result<(), StoreError> {
        let (router, now) = (id.clone(), self.now());
        let effect: Result<Effect, StoreError> = self
            .inner
            .store
            .call(move |tx| {
                if !routers::take(tx, &router, epoch, Stream::Event, sequence)? {
                    return Ok(Effect::Repeated);
                }
                match event {
                    Event::Notice(notice) => {
                        let line = Line {
                            at: notice.at,
                            severity: notice.severity,
                            code: notice.code,
                            message: notice.message,
                            vif: notice.vif.map(String::from),
                            change_set: notice.change_set.map(String::from),
                        };
                        Ok(Effect::Line(events::append(tx, &router, &line)?))
                    }
                    Event::Drift(report) => Ok(Effect::Drifted(drifts::take(tx, &router, &report)?)),
                    Event::ChangeSet(report) => {
                        let Some(mut found) = change_sets::by_order(tx, &report.id)? else {
                            return Ok(Effect::Nothing);
                        };
                        if found.router != router {
                            return Ok(Effect::Nothing);
                        }
                        found.reported(report, now);
                        change_sets::put(tx, &found)?;
                        let line = last_line(tx, &found, now)?;
                        Ok(Effect::Moved(Box::new(change_set::view(&found)), line))
                    }
                }
            })
            .await;
        match effect? {
            Effect::Repeated => self.inner.bus.refused("replayed"),
            Effect::Line(line) => self.tell("event", id, &line),
            Effect::Moved(view, line) => self.moved(id, &view, line.as_ref()),
            Effect::Drifted(news) => {
                for drift in &news {
                    self.tell("drift", id, &DriftView::of(id, drift));
                }
            }
            Effect::Nothing => {}
        }
        Ok(())
    }

    /// Tells that a change set moved, and has its router's worker look at it.
    pub(super) fn moved(&self, router: &RouterId, view: &ChangeSetView, line: Option<&EventView>) {
        self.tell("change_set", router, view);
        if let Some(line) = line {
            self.tell("event", router, line);
        }
        self.workers().wake(router);
    }

    async fn state(&self, router: &Router, epoch: u64, sequence: u64, state: RouterState) -> Result<(), StoreError> {
        let (id, now, new) = (router.id.clone(), self.now(), state.clone());
        let replaced: Result<Option<Option<RouterState>>, StoreError> = self
            .inner
            .store
            .call(move |tx| {
                if !routers::take(tx, &id, epoch, Stream::State, sequence)? {
                    return Ok(None);
                }
                let old = routers::state(tx, &id)?;
                routers::set_state(tx, &id, &new)?;
                routers::seen(tx, &id, now)?;
                Ok(Some(old))
            })
            .await;
        if let Some(old) = replaced? {
            self.tell_difference(router, old.as_ref(), &state);
        }
        Ok(())
    }

    /// Tells what is not as it was: the router's own figures each time, a VIF when anything of it changed.
    fn tell_difference(&self, router: &Router, old: Option<&RouterState>, new: &RouterState) {
        let id = &router.id;
        self.tell("router", id, &router_view(router, Some(new), &self.seen()));
        let before = old.map_or(&[][..], |old| &old.vifs);
        for report in &new.vifs {
            if !before.contains(report) {
                self.tell("vif", id, &vif::view(report));
            }
        }
        for gone in before.iter().filter(|old| new.vifs.iter().all(|new| new.spec.id != old.spec.id)) {
            self.tell("vif", id, &json!({"id": gone.spec.id, "removed": true}));
        }
    }

    /// An agent has said something just now, so it is there.
    async fn heard(&self, router: &RouterId) -> Result<(), StoreError> {
        self.seen().heard(router, self.now());
        self.there(router, true).await
    }

    async fn availability(&self, router: &RouterId, message: &Received) -> Result<(), StoreError> {
        let id = router.clone();
        if self.inner.store.call(move |tx| routers::one(tx, &id)).await?.is_none() {
            return Ok(());
        }
        let there = &message.payload[..] == b"online";
        if there && message.retained {
            // It may be older than the agent's end: the broker may have been killed together with it.
            self.check_presence(router);
            return Ok(());
        }
        self.there(router, there).await
    }

    /// Asks an agent whether it is there, and says so when it is not.
    fn check_presence(&self, router: &RouterId) {
        if self.seen().there(router).is_some() {
            return;
        }
        let (controller, router) = (self.clone(), router.clone());
        tokio::spawn(async move {
            // An answer makes it present by itself.
            let silent = controller.ask(&router, wire::Request::Refresh).await.is_err();
            let unseen = controller.seen().there(&router).is_none();
            if silent
                && unseen
                && let Err(error) = controller.there(&router, false).await
            {
                tracing::error!(%error, "an agent's absence could not be written down");
            }
        });
    }

    /// Notes whether an agent is there; on news, tells everybody and writes a line.
    async fn there(&self, router: &RouterId, there: bool) -> Result<(), StoreError> {
        if !self.seen().set_there(router, there) {
            return Ok(());
        }
        let line = Line {
            at: self.now(),
            severity: if there { Severity::Info } else { Severity::Warning },
            code: if there { "agent_online" } else { "agent_offline" }.to_owned(),
            message: if there { "The agent is there." } else { "The agent is away." }.to_owned(),
            vif: None,
            change_set: None,
        };
        let id = router.clone();
        let written: Result<_, StoreError> = self
            .inner
            .store
            .call(move |tx| {
                let Some(known) = routers::one(tx, &id)? else { return Ok(None) };
                let state = routers::state(tx, &id)?;
                Ok(Some((events::append(tx, &id, &line)?, known, state)))
            })
            .await;
        if let Some((line, known, state)) = written? {
            self.tell("event", router, &line);
            self.tell("router", router, &router_view(&known, state.as_ref(), &self.seen()));
            self.workers().wake(router);
        }
        Ok(())
    }

    /// The link is down: nobody is seen any more, which is no news about them.
    pub(super) fn all_out_of_sight(&self) {
        let gone = self.seen().forget_presence();
        let controller = self.clone();
        tokio::spawn(async move {
            for router in gone {
                if let Ok(view) = controller.router(&router).await {
                    controller.tell("router", &router, &view);
                }
            }
        });
    }
}

/// The line for the event list that the end of a change set is worth; an end that the agent told of by itself needs
/// none.
pub(super) fn last_line(
    transaction: &Transaction<'_>,
    change_set: &change_set::ChangeSet,
    now: i64,
) -> Result<Option<EventView>, StoreError> {
    let Some(error) = change_set.error.as_ref().filter(|_| change_set.state == State::Error) else { return Ok(None) };
    let grave = matches!(change_set.outcome, Some(Outcome::Unknown | Outcome::PartlyReverted));
    let line = Line {
        at: now,
        severity: if grave { Severity::Critical } else { Severity::Warning },
        code: "change_set_failed".to_owned(),
        message: format!("{}: {}", change_set.name, error.message),
        vif: None,
        change_set: Some(change_set.id.to_string()),
    };
    events::append(transaction, &change_set.router, &line).map(Some)
}

/// Whether a body belongs on the topic on which it came.
fn fits(place: &Topic, message: &Message) -> bool {
    matches!(
        (place, &message.body),
        (Topic::Reply(..), Body::Reply(_))
            | (Topic::Event(..), Body::Event(_) | Body::Traffic(_))
            | (Topic::State(_), Body::State(_))
            | (_, Body::Unknown(_))
    )
}
