//! Resuming the broker's session without a memory of our own.
//!
//! The broker keeps requests for an agent that is away. A client that comes back with nothing of that session in its
//! memory is treated by the library as one that must not use packet ids, and could not publish. But we have lost
//! nothing: what we published and was not acknowledged is in the outbox and goes out again as a new message, and we
//! neither publish nor take anything with QoS 2. So the memory that we present is an empty one.

use rumqttc::{MqttOptions, PersistedAckMode, PersistedSession, SessionStore, SessionStoreError, SessionStoreKey};
use std::{future::ready, pin::Pin};

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, SessionStoreError>> + Send + 'a>>;

/// Always the session in which nothing is under way.
#[derive(Debug)]
pub(super) struct Empty {
    session: PersistedSession,
}

impl Empty {
    /// For a client with these options.
    pub(super) fn of(options: &MqttOptions) -> Self {
        Self {
            session: PersistedSession {
                format_version: 1,
                client_id: options.client_id(),
                clean_start: options.clean_start(),
                session_expiry_interval: options.session_expiry_interval(),
                outgoing_inflight_upper_limit: options.get_outgoing_inflight_upper_limit(),
                ack_mode: PersistedAckMode::Automatic,
                last_pkid: 0,
                last_puback: 0,
                replay: Vec::new(),
                incoming_qos2: Vec::new(),
            },
        }
    }
}

impl SessionStore for Empty {
    fn load<'a>(&'a self, _: &'a SessionStoreKey) -> Answer<'a, Option<PersistedSession>> {
        Box::pin(ready(Ok(Some(self.session.clone()))))
    }

    fn save<'a>(&'a self, _: &'a SessionStoreKey, _: &'a PersistedSession) -> Answer<'a, ()> {
        Box::pin(ready(Ok(())))
    }

    fn clear<'a>(&'a self, _: &'a SessionStoreKey) -> Answer<'a, ()> {
        Box::pin(ready(Ok(())))
    }
}
