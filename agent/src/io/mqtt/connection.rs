//! One connection to the broker, from CONNECT to its end, with a client of its own.
//!
//! In order: CONNACK, the subscription, `online`, then everything retained and everything in the outbox. Nothing is
//! published before the broker has confirmed the subscription, so who sees `online` may ask at once.

mod publish;

use super::{
    Inbound, Line, Link, Loose, failure,
    flight::{Cargo, Flights, Landing},
    options::{self, OFFLINE, ONLINE},
    phase::Phase,
};
use crate::io::clock::Instant;
use bytes::Bytes;
use rumqttc::{
    AsyncClient, ConnAck, ConnectionError, Event, Packet, Publish, PublishOptions, QoS, SubAck, SubscribeReasonCode,
};
use std::{future::pending, pin::pin, sync::atomic::Ordering, time::Duration};
use tokio::time::sleep_until;

/// A broker that acknowledges nothing for so long is left.
const PATIENCE: Duration = Duration::from_secs(30);
/// How soon events that nobody heard are published again.
const AGAIN: Duration = Duration::from_secs(10);
/// How long the broker has to take `offline`, and then to hang up, before we go.
const LEAVE: Duration = Duration::from_millis(800);

/// Why a connection ended.
pub(super) enum End {
    /// It was asked to.
    Closed,
    /// It was asked to, and another one is to follow at once.
    Renewed,
    /// Something failed; what, for people.
    Failed(String),
}

/// Connects and serves until something fails or [`Bus::close`](super::Bus::close) is called.
pub(super) async fn serve(line: &mut Line) -> End {
    let built = AsyncClient::builder(line.options.mqtt()).capacity(options::CHANNEL).try_build();
    let (client, mut events) = match built {
        Ok(pair) => pair,
        Err(error) => return End::Failed(format!("the broker cannot be used: {error}")),
    };
    let mut connection = Connection::new(line, client);
    loop {
        // Polling must not be interrupted, so this future stays while the other things happen.
        let mut polled = pin!(events.poll());
        let event = loop {
            tokio::select! {
                event = &mut polled => break event,
                happened = connection.happens() => {
                    if let Some(end) = connection.react(happened) {
                        return end;
                    }
                }
            }
        };
        if let Some(end) = connection.take(event) {
            return end;
        }
    }
}

struct Connection<'a> {
    line: &'a mut Line,
    client: AsyncClient,
    phase: Phase,
    flights: Flights,
    /// When an acknowledgement last came, or the first of those under way left.
    heard: Instant,
    /// The row of the outbox that was published last.
    outbox_at: i64,
    /// Whether there may be rows behind it.
    outbox_due: bool,
    /// When events that nobody heard are published again.
    again_at: Option<Instant>,
    /// The largest packet that the broker takes.
    largest: usize,
    retains: bool,
    /// Whether another connection follows at once.
    renewing: bool,
}

/// Something other than the broker's word.
enum Happened {
    Landed(Cargo, Landing),
    Loose(Loose),
    Woken,
    Close,
    Renew,
    Stalled,
    Left,
}

impl<'a> Connection<'a> {
    fn new(line: &'a mut Line, client: AsyncClient) -> Self {
        // What was meant for the connection before is worth nothing any more.
        while line.loose.try_recv().is_ok() {
            line.shared.outbound_dropped.fetch_add(1, Ordering::Relaxed);
        }
        let heard = line.clock.now();
        Self {
            line,
            client,
            phase: Phase::Connecting,
            flights: Flights::default(),
            heard,
            outbox_at: 0,
            outbox_due: true,
            again_at: None,
            largest: usize::MAX,
            retains: true,
            renewing: false,
        }
    }

    async fn happens(&mut self) -> Happened {
        let open = self.phase == Phase::Open;
        let under_way = self.flights.len() > 0;
        let owed = self.phase == Phase::Subscribing || open && under_way;
        let stalled = self.heard + PATIENCE;
        let leaving = self.phase.leaving();
        let left = leaving.unwrap_or(self.heard);
        tokio::select! {
            Some((cargo, landing)) = self.flights.next(), if under_way => Happened::Landed(cargo, landing),
            Some(loose) = self.line.loose.recv(), if open => Happened::Loose(loose),
            () = self.line.shared.wake.notified(), if open => Happened::Woken,
            () = sleep_until(self.again_at.unwrap_or(self.heard)), if open && self.again_at.is_some() => Happened::Woken,
            () = self.line.shared.renew.notified(), if open => Happened::Renew,
            () = super::closing(&mut self.line.close), if leaving.is_none() => Happened::Close,
            () = sleep_until(stalled), if owed => Happened::Stalled,
            () = sleep_until(left), if leaving.is_some() => Happened::Left,
            else => pending().await,
        }
    }

    fn react(&mut self, happened: Happened) -> Option<End> {
        match happened {
            Happened::Landed(cargo, landing) => return self.landed(cargo, landing),
            Happened::Loose(loose) => self.publish_loose(loose),
            Happened::Woken => {
                self.again_at = None;
                self.outbox_due = true;
                return self.pump();
            }
            Happened::Close if self.phase == Phase::Open => self.leave(),
            Happened::Close => return Some(End::Closed),
            // The will is not published, nor `offline`: nobody has gone.
            Happened::Renew => {
                self.renewing = true;
                self.sign_out();
            }
            Happened::Left if matches!(self.phase, Phase::SignedOut(_)) => return Some(self.gone()),
            Happened::Left => self.sign_out(),
            Happened::Stalled => {
                let (broker, seconds) = (self.line.options.address(), PATIENCE.as_secs());
                return Some(End::Failed(format!("the broker {broker} acknowledged nothing for {seconds} s")));
            }
        }
        None
    }

    /// What the library says.
    fn take(&mut self, event: Result<Event, ConnectionError>) -> Option<End> {
        match event {
            Err(_) if self.phase.leaving().is_some() => Some(self.gone()),
            Err(error) => Some(End::Failed(failure::words(&self.line.options, &error))),
            Ok(Event::Incoming(Packet::ConnAck(connack))) => self.connected(&connack),
            Ok(Event::Incoming(Packet::SubAck(suback))) => self.subscribed(&suback),
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                self.receive(publish);
                None
            }
            // Room in the client's channel, perhaps.
            Ok(_) => self.pump(),
        }
    }

    fn connected(&mut self, connack: &ConnAck) -> Option<End> {
        if let Some(properties) = &connack.properties {
            self.largest = properties.max_packet_size.and_then(|size| size.try_into().ok()).unwrap_or(usize::MAX);
            self.retains = properties.retain_available != Some(0);
        }
        self.phase = Phase::Subscribing;
        self.heard = self.line.clock.now();
        // Always, although the broker may remember: it costs one packet, and a broker that forgot says nothing.
        let filter = self.line.options.filter();
        match self.client.try_subscribe(filter, QoS::AtLeastOnce) {
            Ok(()) => None,
            Err(error) => Some(End::Failed(format!("the agent could not subscribe: {error}"))),
        }
    }

    fn subscribed(&mut self, suback: &SubAck) -> Option<End> {
        let granted = |code: &SubscribeReasonCode| matches!(code, SubscribeReasonCode::Success(_));
        if let Some(code) = suback.return_codes.iter().find(|code| !granted(code)) {
            let (broker, filter) = (self.line.options.address(), self.line.options.filter());
            return Some(End::Failed(format!(
                "the broker {broker} does not let the agent subscribe to {filter} ({code:?}): allow it there"
            )));
        }
        self.phase = Phase::Open;
        self.line.link.send_replace(Link::Connected);
        tracing::info!(broker = %self.line.options.address(), "connected to the broker");
        let online = Bytes::from_static(ONLINE.as_bytes());
        self.publish_retained(self.line.options.availability(), online, QoS::AtLeastOnce);
        self.line.shared.retained().all_due();
        self.pump()
    }

    fn receive(&mut self, publish: Publish) {
        let counts = &self.line.shared;
        if publish.retain {
            counts.retained_ignored.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let (response_topic, correlation) = publish
            .properties
            .map_or((None, None), |found| (found.response_topic, found.correlation_data.map(Vec::from)));
        let topic = String::from_utf8_lossy(&publish.topic).into_owned();
        let inbound = Inbound { topic, payload: publish.payload, response_topic, correlation };
        if self.line.inbound.try_send(inbound).is_err() {
            counts.inbound_dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn landed(&mut self, cargo: Cargo, landing: Landing) -> Option<End> {
        self.heard = self.line.clock.now();
        match (cargo, landing) {
            // The end of the connection itself is the library's to say.
            (_, Landing::Lost) => return None,
            (Cargo::Farewell, _) => self.sign_out(),
            (Cargo::Outbox(id), Landing::Arrived) => return self.delete(id).or_else(|| self.pump()),
            (Cargo::Outbox(id), Landing::Unheard) => {
                // A broker that has just been made has no session of the controller yet: the event waits for it.
                self.outbox_at = self.outbox_at.min(id - 1);
                self.outbox_due = false;
                self.again_at = Some(self.heard + AGAIN);
                return None;
            }
            (Cargo::Outbox(id), Landing::Never(reason)) => {
                tracing::error!(id, reason, "the broker takes this event never: dropped");
                self.refuse();
                return self.delete(id).or_else(|| self.pump());
            }
            (Cargo::Outbox(_), Landing::Refused(reason)) => {
                let broker = self.line.options.address();
                return Some(End::Failed(format!(
                    "the broker {broker} refuses the agent's events ({reason}): let it publish to its own topics there"
                )));
            }
            (Cargo::Retained(topic), Landing::Arrived | Landing::Unheard) => {
                self.line.shared.retained().arrived(&topic);
            }
            (Cargo::Retained(topic), Landing::Never(reason) | Landing::Refused(reason)) => {
                tracing::warn!(topic, reason, "the broker does not take this topic");
                self.refuse();
            }
            (Cargo::Reply, Landing::Never(reason) | Landing::Refused(reason)) => {
                tracing::warn!(reason, "the broker does not take an answer");
                self.refuse();
            }
            (Cargo::Reply, Landing::Arrived | Landing::Unheard) => {}
        }
        self.pump()
    }

    fn delete(&self, id: i64) -> Option<End> {
        self.line.store.outbox_delete(id).err().map(|error| End::Failed(error.to_string()))
    }

    fn refuse(&self) {
        self.line.shared.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Says `offline` ourselves: a broker publishes no will for a client that signs out.
    fn leave(&mut self) {
        self.phase = Phase::Leaving(self.line.clock.now() + LEAVE);
        let options = PublishOptions::at_least_once().retain(self.retains);
        match self.client.try_publish_tracked(self.line.options.availability(), OFFLINE, options) {
            Ok(notice) => self.fly(Cargo::Farewell, notice),
            Err(_) => self.sign_out(),
        }
    }

    fn gone(&self) -> End {
        if self.renewing { End::Renewed } else { End::Closed }
    }

    fn sign_out(&mut self) {
        self.phase = Phase::SignedOut(self.line.clock.now() + LEAVE);
        // Without room for that the broker sees the connection end, which is no worse.
        let _ = self.client.try_disconnect_now();
    }
}
