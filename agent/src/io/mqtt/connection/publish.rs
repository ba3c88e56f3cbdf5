//! What is published on a connection, as far as there is room: rows of the outbox, retained topics, and what is worth
//! something only now.

use super::{
    super::{Loose, LooseKind, flight::Cargo},
    Connection, End,
};
use crate::io::mqtt::phase::Phase;
use bytes::Bytes;
use rumqttc::{ClientError, PublishNotice, PublishOptions, PublishProperties, QoS};
use std::sync::atomic::Ordering;

/// Most rows of the outbox under way.
const OUTBOX: usize = 16;
/// Most retained topics under way. Once half of them have arrived the next go, all in one write.
const RETAINED: usize = 32;
/// The least that a packet needs beside topic, payload and correlation.
const OVERHEAD: usize = 64;

impl Connection<'_> {
    /// Publishes what is due, as far as there is room.
    pub(super) fn pump(&mut self) -> Option<End> {
        if self.phase != Phase::Open {
            return None;
        }
        let under_way = self.flights.len() - self.flights.outbox();
        let room = if under_way <= RETAINED / 2 { RETAINED - under_way } else { 0 };
        for _ in 0..room {
            let due = self.line.shared.retained().take_due();
            let Some((topic, payload, qos)) = due else { break };
            if !self.publish_retained(topic, payload, qos) {
                break;
            }
        }
        self.pump_outbox()
    }

    fn pump_outbox(&mut self) -> Option<End> {
        while self.outbox_due && self.flights.outbox() < OUTBOX {
            let wanted = OUTBOX - self.flights.outbox();
            let rows = match self.line.store.outbox_after(self.outbox_at, wanted) {
                Ok(rows) => rows,
                Err(error) => return Some(End::Failed(error.to_string())),
            };
            self.outbox_due = rows.len() == wanted;
            for row in rows {
                let bytes = row.topic.len() + row.envelope.len() + OVERHEAD;
                if bytes > self.largest {
                    // It would end this connection and every one after it.
                    tracing::error!(topic = row.topic, bytes, "the broker takes no packet so large: event dropped");
                    self.outbox_at = row.id;
                    self.refuse();
                    if let Some(end) = self.delete(row.id) {
                        return Some(end);
                    }
                    continue;
                }
                let options = PublishOptions::at_least_once();
                let Ok(notice) = self.client.try_publish_tracked(row.topic, row.envelope, options) else {
                    self.outbox_due = true;
                    return None;
                };
                self.outbox_at = row.id;
                self.fly(Cargo::Outbox(row.id), notice);
            }
        }
        None
    }

    /// Says whether it is under way, or never will be.
    pub(super) fn publish_retained(&mut self, topic: String, payload: Bytes, qos: QoS) -> bool {
        if topic.len() + payload.len() + OVERHEAD > self.largest {
            tracing::error!(topic, bytes = payload.len(), "the broker takes no packet so large: not published");
            self.refuse();
            return true;
        }
        let options = PublishOptions::new(qos).retain(self.retains);
        match self.client.try_publish_tracked(topic.clone(), payload, options) {
            Ok(notice) => self.fly(Cargo::Retained(topic), notice),
            Err(ClientError::RequestChannelFull(_)) => {
                self.line.shared.retained().not_sent(&topic, qos);
                return false;
            }
            Err(error) => {
                tracing::error!(topic, %error, "not published");
                self.refuse();
            }
        }
        true
    }

    pub(super) fn publish_loose(&mut self, loose: Loose) {
        let Loose { topic, payload, kind } = loose;
        let (qos, seconds, correlation_data) = match kind {
            LooseKind::Volatile => (QoS::AtMostOnce, 10, None),
            LooseKind::Reply(correlation) => (QoS::AtLeastOnce, 30, correlation),
        };
        let bytes = topic.len() + payload.len() + correlation_data.as_ref().map_or(0, Bytes::len) + OVERHEAD;
        if bytes > self.largest {
            tracing::error!(topic, bytes, "the broker takes no packet so large: not published");
            return self.refuse();
        }
        let properties =
            PublishProperties { message_expiry_interval: Some(seconds), correlation_data, ..Default::default() };
        let options = PublishOptions::new(qos).properties(properties);
        let sent = if qos == QoS::AtMostOnce {
            self.client.try_publish(topic, payload, options)
        } else {
            self.client.try_publish_tracked(topic, payload, options).map(|notice| self.fly(Cargo::Reply, notice))
        };
        if sent.is_err() {
            self.line.shared.outbound_dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn fly(&mut self, cargo: Cargo, notice: PublishNotice) {
        if self.flights.len() == 0 {
            self.heard = self.line.clock.now();
        }
        self.flights.add(cargo, notice);
    }
}
