//! What crosses the bus: signed envelopes around typed bodies.
//!
//! ```text
//! version (1 byte) · Ed25519 signature (64 bytes) · header and body, postcard ([`v1`])
//! ```
//! The signature covers a domain text, the version and everything after it. Whoever opens an envelope gives what it
//! expects ([`Expect`]) and gets either the whole message or the one [`Rejected`] reason, which it counts. Nothing
//! of a rejected envelope is used.

pub mod v1;

use crate::{
    change_set,
    drift::DriftReport,
    ids::{ChangeSetId, DriftId, RouterId, SenderId, VifId},
    notice::Notice,
    router::{RouterState, TrafficSample},
    vif::{History, Span},
};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

/// The largest envelope, in bytes. A state with 200 VIFs takes about a third of it.
pub const MAX_ENVELOPE: usize = 256 * 1024;

/// How far a sender's clock may run ahead of ours, in milliseconds.
pub const CLOCK_TOLERANCE_MS: i64 = 60_000;

/// Who says what to whom, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who signed it.
    pub sender: SenderId,
    /// The router whose agent speaks or is spoken to.
    pub router: RouterId,
    /// Made anew with the sender's database: an agent that lost its own starts counting again without its old
    /// envelopes becoming valid once more. 0 for a controller, whose sequence follows its clock.
    pub epoch: u64,
    /// Rises with each message of a sender and epoch.
    pub sequence: u64,
    /// Unix milliseconds of the sender's clock.
    pub issued_at: i64,
    /// Unix milliseconds after which it must not be taken; nothing for what stays true until replaced.
    pub expires_at: Option<i64>,
    /// The sequence of the request that this answers.
    pub in_reply_to: Option<u64>,
    /// What it says.
    pub body: Body,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Controller to agent.
    Request(Request),
    /// Agent to controller, answering one request.
    Reply(Reply),
    /// Agent to controller; delivered at least once, in order.
    Event(Event),
    /// Agent to controller; worth something only now.
    Traffic(TrafficSample),
    /// Agent to controller; retained, the newest counts.
    State(RouterState),
    /// A kind of a later version: answered with [`Reply::Unsupported`], never guessed at.
    Unknown(String),
}

/// What a controller asks of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// What would be written?
    Plan(ChangeOrder),
    /// Write it, if the router is still as the plan read it.
    Apply(ChangeOrder, Option<[u8; 32]>),
    /// What became of it?
    Show(ChangeSetId),
    /// It stays: the controller's or, with `true`, a person's word.
    Keep(ChangeSetId, bool),
    /// Undo it now, whether its deadline runs or it was kept.
    Roll(ChangeSetId),
    /// Let its deadline run for so many seconds from now (15 to 3600).
    Extend(ChangeSetId, u32),
    /// Show me these menus as they are.
    Read(Vec<MenuRead>),
    /// Somebody is looking: sample traffic each second for so many seconds (1 to 300).
    Watch(u32),
    /// Read the router now and publish the state anew.
    Refresh,
    /// Write what is wanted of a drift again.
    Reconcile(DriftId),
    /// Take what was found of a drift for what is wanted.
    Accept(DriftId),
    /// Close a VIF's gate until somebody releases it.
    Engage(VifId),
    /// Leave a VIF's gate to the state of its egress again.
    Release(VifId),
    /// Verify a VIF's isolation now; answered when it is done.
    Verify(VifId),
    /// What a VIF carried.
    History(VifId, Span),
}

/// A change set as it is sent to the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeOrder {
    /// Which.
    pub id: ChangeSetId,
    /// What is to change, in order.
    pub items: Vec<change_set::Item>,
    /// The menus that the rows among the items are in.
    pub menus: Vec<change_set::MenuWords>,
    /// Until when it has to be kept, and by whom.
    pub confirm: change_set::Confirm,
}

/// A menu that is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuRead {
    /// The menu: `/ip/firewall/filter`.
    pub path: String,
    /// The properties wanted.
    pub properties: Vec<String>,
    /// How many rows are passed over: menus that do not fit into one answer are read in pieces.
    pub from: u32,
}

/// What was read of menus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The menus in the order in which they were asked for, as far as they fitted; the rest has to be asked for again.
    pub menus: Vec<MenuRows>,
    /// Unix milliseconds of the agent's clock.
    pub at: i64,
}

/// Rows of a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuRows {
    /// The menu.
    pub path: String,
    /// Its rows from [`MenuRead::from`] on, in the router's order, dynamic ones too: `.id`, flags and the properties
    /// that were asked for and have a value.
    pub rows: Vec<Vec<change_set::Attribute>>,
    /// Where the next piece begins; nothing after the last row.
    pub next: Option<u32>,
    /// SHA-256 of the whole menu as read, so that pieces of two states are not put together.
    pub hash: [u8; 32],
}

/// What an agent answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// To [`Request::Plan`].
    Plan(change_set::Plan),
    /// To [`Request::Apply`] (as soon as it is in the journal), [`Request::Show`], [`Request::Keep`], [`Request::Roll`] and
    /// [`Request::Extend`].
    Report(change_set::Report),
    /// To the rest.
    Done,
    /// Not done, and why.
    Refused(change_set::Refusal),
    /// The agent does not know this kind of request.
    Unsupported(String),
    /// To [`Request::Read`].
    Reading(Reading),
    /// To [`Request::History`].
    History(History),
}

/// What an agent tells by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A change set moved on.
    ChangeSet(change_set::Report),
    /// A line for the event list.
    Notice(Notice),
    /// What is not as it should be any more, or is again.
    Drift(DriftReport),
}

/// Why an envelope was not taken. Each reason is counted under its [`Rejected::reason`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// Longer than [`MAX_ENVELOPE`].
    #[error("an envelope of {0} bytes is larger than {MAX_ENVELOPE}")]
    Oversized(usize),
    /// Cut short, or no postcard of this version.
    #[error("the envelope is cut short or malformed")]
    Malformed,
    /// A version that this side does not speak.
    #[error("envelope version {0} is not known here: update this side")]
    UnknownVersion(u8),
    /// Signed by nobody whom we know.
    #[error("the sender `{0}` is not known here")]
    UnknownSender(String),
    /// The signature does not fit.
    #[error("the signature does not fit the sender `{0}`")]
    Forged(SenderId),
    /// For or from another router.
    #[error("the envelope is for the router `{0}`")]
    Foreign(RouterId),
    /// Past its expiry.
    #[error("the envelope expired {0} ms ago")]
    Stale(i64),
    /// Issued in our future: one of the clocks is wrong.
    #[error("the envelope was issued {0} ms in the future: check both clocks")]
    FromTheFuture(i64),
    /// Its sequence was taken already.
    #[error("sequence {0} was taken already")]
    Replayed(u64),
}

impl Rejected {
    /// Every reason, for tables and metrics.
    pub const REASONS: [&str; 9] = [
        "oversized",
        "malformed",
        "unknown_version",
        "unknown_sender",
        "forged",
        "foreign",
        "stale",
        "from_the_future",
        "replayed",
    ];

    /// The name under which it is counted.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Oversized(_) => "oversized",
            Self::Malformed => "malformed",
            Self::UnknownVersion(_) => "unknown_version",
            Self::UnknownSender(_) => "unknown_sender",
            Self::Forged(_) => "forged",
            Self::Foreign(_) => "foreign",
            Self::Stale(_) => "stale",
            Self::FromTheFuture(_) => "from_the_future",
            Self::Replayed(_) => "replayed",
        }
    }
}

/// What the opener of an envelope knows.
pub struct Expect<'a> {
    /// The key of a sender, where that sender may say something here at all.
    pub key: &'a dyn Fn(&SenderId) -> Option<VerifyingKey>,
    /// The router that it must be about.
    pub router: &'a RouterId,
    /// Unix milliseconds of our clock.
    pub now: i64,
    /// The highest sequence taken so far of a sender's epoch on the stream of a body; nothing where repeats do no
    /// harm.
    pub taken: &'a dyn Fn(&Message) -> Option<u64>,
}

const DOMAIN: &[u8] = b"bulkhead envelope\0";
const SIGNATURE: usize = 64;

/// Signs a message and packs it.
///
/// # Errors
/// [`SealError`] when the message is larger than an envelope may be.
pub fn seal(message: &Message, key: &SigningKey) -> Result<Vec<u8>, SealError> {
    let payload = v1::encode(message).map_err(|_| SealError::Encode)?;
    let signature = key.sign(&signed_bytes(v1::VERSION, &payload));
    let mut envelope = Vec::with_capacity(1 + SIGNATURE + payload.len());
    envelope.push(v1::VERSION);
    envelope.extend_from_slice(&signature.to_bytes());
    envelope.extend_from_slice(&payload);
    if envelope.len() > MAX_ENVELOPE { Err(SealError::TooLarge(envelope.len())) } else { Ok(envelope) }
}

/// Unpacks an envelope and checks it against what is expected.
///
/// # Errors
/// The first reason, in the order of [`Rejected`], why it must not be taken.
pub fn open(envelope: &[u8], expect: &Expect<'_>) -> Result<Message, Rejected> {
    if envelope.len() > MAX_ENVELOPE {
        return Err(Rejected::Oversized(envelope.len()));
    }
    let (&version, rest) = envelope.split_first().ok_or(Rejected::Malformed)?;
    if version != v1::VERSION {
        return Err(Rejected::UnknownVersion(version));
    }
    let (signature, payload) = rest.split_first_chunk::<SIGNATURE>().ok_or(Rejected::Malformed)?;
    let header = v1::decode_header(payload).ok_or(Rejected::Malformed)?;
    let sender = SenderId::new(header.sender.as_str()).map_err(|error| Rejected::UnknownSender(error.text))?;
    let key = (expect.key)(&sender).ok_or_else(|| Rejected::UnknownSender(sender.to_string()))?;
    key.verify_strict(&signed_bytes(version, payload), &Signature::from_bytes(signature))
        .map_err(|_| Rejected::Forged(sender))?;
    let message = header.into_message().ok_or(Rejected::Malformed)?;
    check(message, expect)
}

/// The checks that need no cryptography, on a message whose signature fits.
fn check(message: Message, expect: &Expect<'_>) -> Result<Message, Rejected> {
    if message.router != *expect.router {
        return Err(Rejected::Foreign(message.router));
    }
    if let Some(late) = message.expires_at.map(|expiry| expect.now.saturating_sub(expiry)).filter(|&late| late > 0) {
        return Err(Rejected::Stale(late));
    }
    let ahead = message.issued_at.saturating_sub(expect.now);
    if message.expires_at.is_some() && ahead > CLOCK_TOLERANCE_MS {
        return Err(Rejected::FromTheFuture(ahead));
    }
    if (expect.taken)(&message).is_some_and(|taken| message.sequence <= taken) {
        return Err(Rejected::Replayed(message.sequence));
    }
    Ok(message)
}

fn signed_bytes(version: u8, payload: &[u8]) -> Vec<u8> {
    [DOMAIN, &[version], payload].concat()
}

/// Why a message was not sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Larger than [`MAX_ENVELOPE`].
    #[error("the message takes {0} bytes; an envelope carries at most {MAX_ENVELOPE}")]
    TooLarge(usize),
    /// Not expressible in postcard; no type of ours is.
    #[error("the message could not be encoded")]
    Encode,
}
