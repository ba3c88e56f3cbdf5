//! How far a connection to the broker has come.

use crate::io::clock::Instant;

/// Each phase ends where the next begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Until CONNACK.
    Connecting,
    /// Until SUBACK.
    Subscribing,
    /// Messages go both ways.
    Open,
    /// Until `offline` is acknowledged, or that moment.
    Leaving(Instant),
    /// Until the broker has hung up, or that moment.
    SignedOut(Instant),
}

impl Phase {
    /// Until when, while we leave.
    pub(super) fn leaving(self) -> Option<Instant> {
        match self {
            Self::Leaving(moment) | Self::SignedOut(moment) => Some(moment),
            Self::Connecting | Self::Subscribing | Self::Open => None,
        }
    }
}
