//! The session as our side remembers it: nothing is under way.
//!
//! The broker keeps ours while we are away. To the library a client that comes back to such a session without a
//! checkpoint of its own may not use packet ids, so it could neither subscribe nor publish. There is nothing that a
//! checkpoint could tell: a request that was cut off is not sent again on purpose, and QoS 2 is not used.

use rumqttc::{MqttOptions, PersistedAckMode, PersistedSession, SessionStore, SessionStoreError, SessionStoreKey};
use std::{future::ready, pin::Pin};

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, SessionStoreError>> + Send + 'a>>;

/// The form of checkpoints that this version of the library reads.
const FORMAT: u16 = 1;

/// A checkpoint without contents, whatever is saved.
#[derive(Debug)]
pub(super) struct NothingUnderWay {
    checkpoint: PersistedSession,
}

impl NothingUnderWay {
    /// The checkpoint of a client with these options and acknowledgements of its own.
    pub(super) fn of(options: &MqttOptions) -> Self {
        let checkpoint = PersistedSession {
            format_version: FORMAT,
            client_id: options.client_id(),
            clean_start: options.clean_start(),
            session_expiry_interval: options.session_expiry_interval(),
            outgoing_inflight_upper_limit: options.get_outgoing_inflight_upper_limit(),
            ack_mode: PersistedAckMode::Manual,
            last_pkid: 0,
            last_puback: 0,
            replay: Vec::new(),
            incoming_qos2: Vec::new(),
        };
        Self { checkpoint }
    }
}

impl SessionStore for NothingUnderWay {
    fn load<'a>(&'a self, _key: &'a SessionStoreKey) -> Answer<'a, Option<PersistedSession>> {
        Box::pin(ready(Ok(Some(self.checkpoint.clone()))))
    }

    fn save<'a>(&'a self, _key: &'a SessionStoreKey, _session: &'a PersistedSession) -> Answer<'a, ()> {
        Box::pin(ready(Ok(())))
    }

    fn clear<'a>(&'a self, _key: &'a SessionStoreKey) -> Answer<'a, ()> {
        Box::pin(ready(Ok(())))
    }
}
