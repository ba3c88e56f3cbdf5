//! What can fail between the agent and the router's API, named by what it means for the caller.

use std::{fmt, time::Duration};

use shared::routeros::sentence::{DecodeError, Sentence};

/// SHA-256 of a certificate in DER; shown as RouterOS shows it in `/certificate` (lower-case hex without colons).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why there is no signed-in connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The name has no address.
    #[error("the name {host} of the router has no address ({reason}): give its IP address instead, or check DNS")]
    Unresolved {
        /// The name.
        host: String,
        /// What the resolver said.
        reason: String,
    },
    /// Something at the address said no.
    #[error(
        "{address} refuses the connection: enable the service in `/ip/service` of the router and check its port there"
    )]
    RefusedByPeer {
        /// Host and port.
        address: String,
    },
    /// Nothing answered.
    #[error(
        "{address} did not answer within {after:?}: check the address, that the router is up, and that its firewall \
         (`/ip/firewall/filter`, chain input) lets the agent in"
    )]
    NoAnswer {
        /// Host and port.
        address: String,
        /// How long we waited.
        after: Duration,
    },
    /// This machine cannot send there.
    #[error("there is no way to {address} ({reason}): check the agent's own address, gateway and interface")]
    NoRoute {
        /// Host and port.
        address: String,
        /// What the kernel said.
        reason: String,
    },
    /// TLS was not agreed on.
    #[error("no TLS with {address}: {reason}")]
    Tls {
        /// Host and port.
        address: String,
        /// What failed and what to do.
        reason: String,
    },
    /// The router holds another certificate than the pinned one.
    #[error(
        "the certificate of {address} has changed: pinned is {pinned}, presented was {seen}. If you replaced the \
         router's certificate, pin the new fingerprint (compare it in `/certificate` on the router first); if not, \
         something stands between the agent and the router, and nothing was sent to it"
    )]
    CertificateChanged {
        /// Host and port.
        address: String,
        /// The pinned fingerprint.
        pinned: Fingerprint,
        /// The fingerprint of what was presented.
        seen: Fingerprint,
    },
    /// User name or password is wrong.
    #[error(
        "the router refuses user {username}: check the name and the password, and in `/user` that the user is not \
         disabled and that its `address` allows this agent"
    )]
    WrongPassword {
        /// The user name.
        username: String,
    },
    /// The sign-in was refused for another reason.
    #[error(
        "the router refuses to sign user {username} in: {message}. Check in `/user/group` that its group has the \
         policy `api`"
    )]
    SignInRefused {
        /// The user name.
        username: String,
        /// What the router said.
        message: String,
    },
    /// The router wants the challenge of RouterOS before 6.43.
    #[error("the router runs a RouterOS older than 6.43; Bulkhead needs 7.14 or newer: upgrade it")]
    TooOld,
    /// Something else listens there.
    #[error("{address} is not the RouterOS API: {saw}")]
    NotRouterOs {
        /// Host and port.
        address: String,
        /// What it looks like and what to do.
        saw: String,
    },
    /// The peer hung up before the sign-in was answered.
    #[error(
        "{address} closed the connection during sign-in: check in `/ip/service` that `address` allows this agent and \
         that `max-sessions` is not reached, and that the port is the one of `api` (or `api-ssl` for TLS)"
    )]
    ClosedDuringSignIn {
        /// Host and port.
        address: String,
    },
    /// The peer accepted the connection and then said nothing.
    #[error(
        "{address} accepted the connection but did not answer the sign-in within {after:?}: the router is overloaded, \
         or the port speaks TLS (`api-ssl`) or another protocol"
    )]
    SignInTimedOut {
        /// Host and port.
        address: String,
        /// How long we waited.
        after: Duration,
    },
}

impl ConnectError {
    /// Whether trying again changes nothing until a person acts.
    pub fn needs_a_person(&self) -> bool {
        match self {
            Self::CertificateChanged { .. }
            | Self::WrongPassword { .. }
            | Self::SignInRefused { .. }
            | Self::TooOld
            | Self::NotRouterOs { .. } => true,
            Self::Unresolved { .. }
            | Self::RefusedByPeer { .. }
            | Self::NoAnswer { .. }
            | Self::NoRoute { .. }
            | Self::Tls { .. }
            | Self::ClosedDuringSignIn { .. }
            | Self::SignInTimedOut { .. } => false,
        }
    }
}

/// One `!trap`: the router's refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trap {
    /// 0 missing item or command, 1 argument value, 2 interrupted, 3 scripting, 4 general, 5 API, 6 TTY, 7 value of
    /// `:return` (manual, "API", section "Error categories"). Often absent.
    pub category: Option<u8>,
    /// What RouterOS said.
    pub message: String,
}

impl Trap {
    /// Category of a command that was cancelled.
    pub const INTERRUPTED: u8 = 2;

    pub(super) fn of(sentence: &Sentence) -> Self {
        Self {
            category: sentence.text("category").and_then(|category| category.parse().ok()),
            message: sentence.text("message").map_or_else(|| "no message".to_owned(), std::borrow::Cow::into_owned),
        }
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Why one command has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The router refused it. At least one; several when it says what it tried.
    #[error("the router refuses: {}", Joined(.0))]
    Trap(Vec<Trap>),
    /// No last reply in time. A command that may write closes the connection with it.
    #[error("the router did not finish the command within {after:?}")]
    TimedOut {
        /// The time that it had.
        after: Duration,
    },
    /// The connection ended before the answer did.
    #[error("the connection ended before the answer: {why}")]
    Closed {
        /// What ended it.
        why: CloseReason,
        /// Whether the command may have left this machine.
        sent: bool,
    },
    /// The answer outgrew [`Target::answer_limit`](super::Target::answer_limit).
    #[error(
        "the answer was more than {limit} bytes and was cancelled: ask for fewer properties (`.proplist`) or fewer \
         rows (a query)"
    )]
    TooLarge {
        /// The bound in bytes.
        limit: usize,
    },
    /// A listener's rows were not taken as fast as they came.
    #[error("more than {rows} events waited to be read, and the listener was ended: read the menu again, then listen")]
    Overflow {
        /// Rows that were waiting.
        rows: usize,
    },
    /// The sentence is no command; nothing was sent.
    #[error("not a command that can be sent: {0}")]
    Unsendable(String),
}

/// Whether a command that failed may still have changed the router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TookEffect {
    /// It did not.
    No,
    /// It is not known: read the router before acting on it.
    Unknown,
}

impl CommandError {
    /// Whether the command may have taken effect although it failed.
    ///
    /// A trap means that it did not: RouterOS checks a command before it acts. (A `set` or `remove` of several rows at
    /// once may stop half-way; send one row per command where that matters.) An interrupted command was running.
    pub fn took_effect(&self) -> TookEffect {
        match self {
            Self::Trap(traps) if traps.iter().any(|trap| trap.category == Some(Trap::INTERRUPTED)) => {
                TookEffect::Unknown
            }
            Self::Trap(_) | Self::Unsendable(_) | Self::Closed { sent: false, .. } => TookEffect::No,
            Self::TimedOut { .. } | Self::Closed { sent: true, .. } | Self::TooLarge { .. } | Self::Overflow { .. } => {
                TookEffect::Unknown
            }
        }
    }
}

struct Joined<'a>(&'a [Trap]);

impl fmt::Display for Joined<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(at, trap)| write!(f, "{}{trap}", if at > 0 { "; " } else { "" }))
    }
}

/// Why a signed-in connection ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    /// The router closed it.
    #[error("the router closed the connection{}", if *.mid_sentence { " in the middle of a sentence" } else { "" })]
    ByPeer {
        /// Whether a sentence was cut.
        mid_sentence: bool,
    },
    /// The socket failed.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// `!fatal`: the router ended it and said why.
    #[error("the router ended the session: {0}")]
    Fatal(String),
    /// What came was no sentence.
    #[error(transparent)]
    Garbled(#[from] DecodeError),
    /// A command that may write was not finished in time, so what the router still does with it is not known.
    #[error("the command {command} was not finished within {after:?}, so the connection was given up")]
    TimedOut {
        /// The command, without arguments.
        command: String,
        /// The time that it had.
        after: Duration,
    },
    /// Neither the sign of life that was asked for nor a cancelled command's end came.
    #[error("the router did not answer for {after:?}")]
    Silent {
        /// How long we waited.
        after: Duration,
    },
    /// Nobody holds the client any more, or the runtime stopped.
    #[error("the agent closed the connection")]
    ByUs,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_have_reached_the_router_or_was_refused_by_it_took_no_effect() {
        let trap = |category| CommandError::Trap(vec![Trap { category, message: "failure: x".to_owned() }]);
        let closed = |sent| CommandError::Closed { why: CloseReason::ByPeer { mid_sentence: false }, sent };
        let cases = [
            (trap(None), TookEffect::No),
            (trap(Some(1)), TookEffect::No),
            (trap(Some(Trap::INTERRUPTED)), TookEffect::Unknown),
            (CommandError::TimedOut { after: Duration::from_secs(1) }, TookEffect::Unknown),
            (closed(true), TookEffect::Unknown),
            (closed(false), TookEffect::No),
            (CommandError::TooLarge { limit: 1 }, TookEffect::Unknown),
            (CommandError::Unsendable(String::new()), TookEffect::No),
        ];
        for (error, expected) in cases {
            assert_eq!(error.took_effect(), expected, "{error}");
        }
    }

    #[test]
    fn several_traps_are_all_said() {
        let trap = |message: &str| Trap { category: Some(0), message: message.to_owned() };
        let error = CommandError::Trap(vec![trap("no such command or directory (x)"), trap("no such command prefix")]);
        assert_eq!(error.to_string(), "the router refuses: no such command or directory (x); no such command prefix");
    }
}
