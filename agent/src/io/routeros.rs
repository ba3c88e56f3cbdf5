//! A client of the RouterOS API (tcp/8728, with TLS tcp/8729).
//!
//! Sentences are cut by [`shared::routeros::sentence`]; here they meet a socket. [`Client::connect`] signs in and
//! leaves one task that owns the connection. Everything else talks to that task: it tags each command, keeps a
//! window of them in flight, writes all that are ready at once, and hands each reply to whom its tag belongs.
//!
//! The router is trusted with what it says, not with how it says it: whatever arrives, and whatever fails to arrive,
//! memory stays bounded and every call ends, with an error that says what failed and whether the command may have
//! taken effect ([`CommandError::took_effect`]).
//!
//! | file            | what it is                                                          |
//! | --------------- | ------------------------------------------------------------------- |
//! | `client.rs`     | the handle: run, run many, listen                                   |
//! | `handle.rs`     | the way to the task                                                 |
//! | `connection.rs` | the task: socket, window, time-outs                                 |
//! | `in_flight.rs`  | what is owed to which tag                                           |
//! | `answer.rs`     | the rows of one command, collected within bounds                    |
//! | `listener.rs`   | the rows of an endless command                                      |
//! | `sign_in.rs`    | from an open socket to a signed-in session                          |
//! | `transport.rs`  | opening the socket, plain or TLS                                    |
//! | `tls.rs`        | the certificate, pinned                                             |
//! | `connector.rs`  | connected again and again, with [`backoff`](super::backoff)            |
//! | `error.rs`      | what can fail, in words                                             |

use crate::config::{RouterOs, RouterOsTls};
use std::{fmt, time::Duration};

mod answer;
mod client;
mod connection;
mod connector;
mod error;
mod handle;
mod in_flight;
mod listener;
mod read_only;
mod sign_in;
mod tls;
mod transport;

pub use answer::Answer;
pub use client::{Client, Counted};
pub use connector::{Connector, Failure, State, jitter};
pub use error::{CloseReason, CommandError, ConnectError, Fingerprint, TookEffect, Trap};
pub use listener::Listener;
pub use shared::routeros::sentence::Sentence;
pub use transport::{Stream, Transport, open};

/// Where a router's API is and how to get in.
#[derive(Clone)]
pub struct Target {
    /// Address or name.
    pub host: String,
    /// TCP port: [`Target::PORT`] or [`Target::TLS_PORT`] unless `/ip/service` says otherwise.
    pub port: u16,
    /// Plain or TLS.
    pub security: Security,
    /// RouterOS user.
    pub username: String,
    /// Its password; never shown.
    pub password: String,
    /// Longest wait for each of: the TCP connection, the TLS handshake, the sign-in.
    pub connect_timeout: Duration,
    /// Longest wait for a command's last reply, counted from when it was written; [`Client::with_timeout`] changes it.
    pub command_timeout: Duration,
    /// Most commands that may be in flight at once. Listeners do not count.
    pub window: usize,
    /// A connection on which nothing was heard for so long is asked for a sign of life, so that a dead router is
    /// noticed within this and [`Target::command_timeout`]. `None` leaves it to TCP keep-alive.
    pub idle_probe: Option<Duration>,
    /// Most that one answer may hold in memory, in bytes as [`Answer`] counts them.
    pub answer_limit: usize,
}

impl Target {
    /// Port of the service `api`.
    pub const PORT: u16 = 8728;
    /// Port of the service `api-ssl`.
    pub const TLS_PORT: u16 = 8729;

    /// A target with the usual port of its security and the default bounds: 10 s to connect, 30 s for a command,
    /// 32 in flight, a sign of life every 30 s of silence, 16 MiB an answer.
    pub fn new(
        host: impl Into<String>,
        security: Security,
        username: impl Into<String>,
        password: impl Into<String>,
    ) -> Self {
        Self {
            host: host.into(),
            port: match security {
                Security::Plain => Self::PORT,
                Security::Pinned { .. } => Self::TLS_PORT,
            },
            security,
            username: username.into(),
            password: password.into(),
            connect_timeout: Duration::from_secs(10),
            command_timeout: Duration::from_secs(30),
            window: 32,
            idle_probe: Some(Duration::from_secs(30)),
            answer_limit: 16 * 1024 * 1024,
        }
    }

    /// The target that a configuration names, on `host`. `pin` is the certificate that was seen at the first use; the
    /// configuration's own goes before it.
    pub fn of(settings: &RouterOs, host: String, password: String, pin: Option<[u8; 32]>) -> Self {
        let security = match settings.tls {
            RouterOsTls::Plain => Security::Plain,
            RouterOsTls::Pinned(given) => Security::Pinned { fingerprint: given.or(pin).map(Fingerprint) },
        };
        let mut target = Self::new(host, security, settings.username.clone(), password);
        target.port = settings.port;
        target.command_timeout = settings.command_timeout;
        target.window = settings.window;
        target
    }

    /// Host and port as people write them.
    pub fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("address", &self.address())
            .field("security", &self.security)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// How the connection is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Security {
    /// Not at all: the password crosses the wire as it is.
    Plain,
    /// TLS 1.2 or 1.3, and the router must hold the key of exactly this certificate. Neither names nor dates nor
    /// issuers are looked at: a router's certificate is its own, and its clock may be in 1970.
    Pinned {
        /// SHA-256 of the certificate (DER). Without one the first certificate is accepted, and [`Signed`] says which
        /// it was: pin it from then on. Whoever sits between at that first time is trusted with the password.
        fingerprint: Option<Fingerprint>,
    },
}

/// What a sign-in showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed {
    /// The certificate that the router proved to hold; none without TLS.
    pub fingerprint: Option<Fingerprint>,
}
