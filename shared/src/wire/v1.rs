//! Version 1 of what is on the wire, frozen once released: a change of any table here is a `v2`.
//!
//! The tables below say field by field what is written, in postcard's form, apart from the domain's own types, so
//! that those may grow and be renamed for people without a byte moving. [`Wire`] ties the two together in both
//! directions; reading checks again what the domain's constructors check (an id, a VLAN's range).

use super::{Body, ChangeOrder, Event, MenuRead, MenuRows, Message, Reading, Reply, Request};
use crate::{change_set, ids, net, notice, router, vif as domain};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::net::Ipv4Addr;

/// The first byte of an envelope.
pub const VERSION: u8 = 1;

/// A domain type that has a form on the wire.
pub trait Wire: Sized {
    /// What is written.
    type Form: Serialize + DeserializeOwned;
    /// To the wire.
    fn to_wire(&self) -> Self::Form;
    /// From the wire; nothing where the domain would not allow the value.
    fn from_wire(form: Self::Form) -> Option<Self>;
}

macro_rules! as_is {
    ($($type:ty),*) => { $(
        impl Wire for $type {
            type Form = $type;
            fn to_wire(&self) -> Self {
                self.clone()
            }
            fn from_wire(form: Self) -> Option<Self> {
                Some(form)
            }
        }
    )* };
}

as_is!(bool, u8, u16, u32, u64, i64, String, [u8; 32]);

macro_rules! checked {
    ($($type:ty as $form:ty, $to:expr, $from:expr);* $(;)?) => { $(
        impl Wire for $type {
            type Form = $form;
            fn to_wire(&self) -> $form {
                #[allow(clippy::redundant_closure_call)]
                ($to)(self)
            }
            fn from_wire(form: $form) -> Option<Self> {
                #[allow(clippy::redundant_closure_call)]
                ($from)(form)
            }
        }
    )* };
}

checked! {
    ids::RouterId as String, |id: &Self| id.to_string(), |text: String| Self::new(text).ok();
    ids::VifId as String, |id: &Self| id.to_string(), |text: String| Self::new(text).ok();
    ids::DriftId as String, |id: &Self| id.to_string(), |text: String| Self::new(text).ok();
    ids::ChangeSetId as String, |id: &Self| id.to_string(), |text: String| Self::new(text).ok();
    net::InterfaceName as String, |name: &Self| name.to_string(), |text: String| Self::new(text).ok();
    domain::VifName as String, |name: &Self| name.to_string(), |text: String| Self::new(text).ok();
    net::VlanId as u16, |id: &Self| id.get(), |id: u16| Self::new(id).ok();
    Ipv4Addr as [u8; 4], |address: &Self| address.octets(), |octets: [u8; 4]| Some(Self::from(octets));
}

impl<T: Wire> Wire for Vec<T> {
    type Form = Vec<T::Form>;
    fn to_wire(&self) -> Self::Form {
        self.iter().map(Wire::to_wire).collect()
    }
    fn from_wire(form: Self::Form) -> Option<Self> {
        form.into_iter().map(T::from_wire).collect()
    }
}

impl<T: Wire> Wire for Option<T> {
    type Form = Option<T::Form>;
    fn to_wire(&self) -> Self::Form {
        self.as_ref().map(Wire::to_wire)
    }
    fn from_wire(form: Self::Form) -> Option<Self> {
        match form {
            None => Some(None),
            Some(form) => T::from_wire(form).map(Some),
        }
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    type Form = (A::Form, B::Form);
    fn to_wire(&self) -> Self::Form {
        (self.0.to_wire(), self.1.to_wire())
    }
    fn from_wire((a, b): Self::Form) -> Option<Self> {
        Some((A::from_wire(a)?, B::from_wire(b)?))
    }
}

/// A struct's fields in the order in which they are written.
macro_rules! record {
    ($(#[$doc:meta])* $name:ident = $domain:ty { $($field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub struct $name { $(
            #[doc = concat!("`", stringify!($field), "`")]
            pub $field: <$type as Wire>::Form,
        )* }

        impl Wire for $domain {
            type Form = $name;
            fn to_wire(&self) -> $name {
                $name { $($field: self.$field.to_wire()),* }
            }
            fn from_wire(form: $name) -> Option<Self> {
                Some(Self { $($field: <$type as Wire>::from_wire(form.$field)?),* })
            }
        }
    };
}

/// An enum's variants in the order of their numbers, each with at most two fields.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident = $domain:ty { $($variant:ident $(($a:ty $(, $b:ty)?))?),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub enum $name { $(
            #[doc = concat!("`", stringify!($variant), "`")]
            $variant $((<$a as Wire>::Form $(, <$b as Wire>::Form)?))?,
        )* }

        impl Wire for $domain {
            type Form = $name;
            fn to_wire(&self) -> $name {
                match self { $( choice!(@pattern Self::$variant $(, $a $(, $b)?)?, a, b) =>
                    choice!(@to $name::$variant $(, $a $(, $b)?)?, a, b), )* }
            }
            fn from_wire(form: $name) -> Option<Self> {
                Some(match form { $( choice!(@pattern $name::$variant $(, $a $(, $b)?)?, a, b) =>
                    choice!(@from Self::$variant $(, $a $(, $b)?)?, a, b), )* })
            }
        }
    };
    (@pattern $path:path, $x:ident, $y:ident) => { $path };
    (@pattern $path:path, $a:ty, $x:ident, $y:ident) => { $path($x) };
    (@pattern $path:path, $a:ty, $b:ty, $x:ident, $y:ident) => { $path($x, $y) };
    (@to $path:path, $x:ident, $y:ident) => { $path };
    (@to $path:path, $a:ty, $x:ident, $y:ident) => { $path($x.to_wire()) };
    (@to $path:path, $a:ty, $b:ty, $x:ident, $y:ident) => { $path($x.to_wire(), $y.to_wire()) };
    (@from $path:path, $x:ident, $y:ident) => { $path };
    (@from $path:path, $a:ty, $x:ident, $y:ident) => { $path(<$a as Wire>::from_wire($x)?) };
    (@from $path:path, $a:ty, $b:ty, $x:ident, $y:ident) => {
        $path(<$a as Wire>::from_wire($x)?, <$b as Wire>::from_wire($y)?)
    };
}

mod drift;
mod row;
mod vif;

choice!(/** `change_set::Verb` */ Verb = change_set::Verb { Add, Set, Remove, Move });
choice!(/** `change_set::Outcome` */ Outcome = change_set::Outcome { Confirmed, Reverted, PartlyReverted, Unknown });
choice!(/** `change_set::Phase` */ Phase = change_set::Phase { Applying, Verifying, RollingBack, Ended });
choice!(/** `notice::Severity` */ Severity = notice::Severity { Info, Warning, Critical });
choice!(/** `change_set::Ring` */ Ring = change_set::Ring { Journal, SafeMode, Script });
choice!(/** `change_set::Evidence` */ Evidence = change_set::Evidence { SignIn, Link, Controller, Person });
choice!(/** `change_set::Keep` */ Keep = change_set::Keep { Agent, Controller, Person });
choice!(/** `change_set::RowOperation` */ RowOperation = change_set::RowOperation { Create, Update, Delete });
choice!(/** `change_set::Position` */ Position = change_set::Position {
    First, Last, Before(Vec<(String, String)>), After(Vec<(String, String)>),
});
choice!(/** `router::ApiState` */ ApiState = router::ApiState { Connected, Unreachable(String) });

record!(/** `change_set::Item` */ Item = change_set::Item {
    id: String, name: String, depends_on: Vec<String>, resource: change_set::Resource,
});
record!(/** `change_set::MenuWords` */ MenuWords = change_set::MenuWords {
    path: String, writable: Vec<String>, ordered: bool, single: bool, unset: bool,
});
record!(/** `change_set::Confirm` */ Confirm = change_set::Confirm { deadline_s: u32, keep: change_set::Keep });
record!(/** `change_set::Operation` */ Operation = change_set::Operation {
    verb: change_set::Verb, menu: String, attributes: Vec<(String, String)>, before: Vec<(String, String)>, item: String,
});
record!(/** `change_set::Plan` */ Plan = change_set::Plan {
    read_hash: [u8; 32], operations: Vec<change_set::Operation>, warnings: Vec<change_set::Refusal>,
    rings: Vec<change_set::Ring>,
});
record!(/** `change_set::Refusal` */ Refusal = change_set::Refusal { code: String, message: String, hint: String });
record!(/** `change_set::Report` */ Report = change_set::Report {
    id: ids::ChangeSetId, phase: change_set::Phase, revision: u32, done: u32, total: u32, current: String,
    outcome: Option<change_set::Outcome>, error: Option<change_set::Refusal>, differs: Vec<String>,
    evidence: Vec<change_set::Evidence>, deadline: Option<i64>, undone_by: Option<change_set::Ring>, at: i64,
});
record!(/** `notice::Notice` */ Notice = notice::Notice {
    id: u64, at: i64, severity: notice::Severity, code: String, message: String, vif: Option<ids::VifId>,
    change_set: Option<ids::ChangeSetId>,
});
record!(/** `router::Rate` */ Rate = router::Rate { rx_bps: u64, tx_bps: u64 });
record!(/** `router::TrafficSample` */ TrafficSample = router::TrafficSample {
    at: i64, over_ms: u32, interfaces: Vec<(net::InterfaceName, router::Rate)>, vifs: Vec<(ids::VifId, router::Rate)>,
});
record!(/** `router::Interface` */ Interface = router::Interface {
    name: net::InterfaceName, kind: String, running: bool, disabled: bool,
});
record!(/** `router::Device` */ Device = router::Device {
    identity: String, routeros_version: String, board: String, architecture: String, uptime_s: u64, cpu_percent: u8,
    memory_free: u64, memory_total: u64,
});
record!(/** `router::RouterState` */ RouterState = router::RouterState {
    agent_version: String, api: router::ApiState, device: Option<router::Device>,
    interfaces: Vec<router::Interface>, vifs: Vec<domain::VifReport>, refused: Vec<(String, u64)>, at: i64,
});
record!(/** [`ChangeOrder`] */ WireChangeOrder = ChangeOrder {
    id: ids::ChangeSetId, items: Vec<change_set::Item>, menus: Vec<change_set::MenuWords>, confirm: change_set::Confirm,
});
record!(/** [`MenuRead`] */ WireMenuRead = MenuRead { path: String, properties: Vec<String>, from: u32 });
record!(/** [`MenuRows`] */ WireMenuRows = MenuRows {
    path: String, rows: Vec<Vec<(String, String)>>, next: Option<u32>, hash: [u8; 32],
});
record!(/** [`Reading`] */ WireReading = Reading { menus: Vec<MenuRows>, at: i64 });
choice!(/** [`Reply`] */ WireReply = Reply {
    Plan(change_set::Plan), Report(change_set::Report), Done, Refused(change_set::Refusal), Unsupported(String),
    Reading(Reading), History(domain::History),
});

/// Everything that is signed, with the body still packed, so that a kind of a later version can be answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`Message::sender`]
    pub sender: String,
    /// [`Message::router`]
    pub router: String,
    /// [`Message::epoch`]
    pub epoch: u64,
    /// [`Message::sequence`]
    pub sequence: u64,
    /// [`Message::issued_at`]
    pub issued_at: i64,
    /// [`Message::expires_at`]
    pub expires_at: Option<i64>,
    /// [`Message::in_reply_to`]
    pub in_reply_to: Option<u64>,
    /// The body's kind, one of this file's constants or a later version's.
    pub kind: String,
    /// The body in postcard.
    pub body: Vec<u8>,
}

const PLAN: &str = "request/change_set/plan";
const APPLY: &str = "request/change_set/apply";
const SHOW: &str = "request/change_set/show";
const KEEP: &str = "request/change_set/keep";
const ROLL: &str = "request/change_set/roll";
const EXTEND: &str = "request/change_set/extend";
const READ: &str = "request/router/read";
const WATCH: &str = "request/router/watch";
const REFRESH: &str = "request/router/refresh";
const RECONCILE: &str = "request/drift/reconcile";
const ACCEPT: &str = "request/drift/accept";
const ENGAGE: &str = "request/vif/engage";
const RELEASE: &str = "request/vif/release";
const VERIFY: &str = "request/vif/verify";
const HISTORY: &str = "request/vif/history";
const REPLY: &str = "reply";
const CHANGE_SET: &str = "event/change_set";
const NOTICE: &str = "event/router/notice";
const DRIFT: &str = "event/router/drift";
const TRAFFIC: &str = "event/router/traffic";
const STATE: &str = "state";

pub(super) fn encode(message: &Message) -> Result<Vec<u8>, postcard::Error> {
    let (kind, body) = encode_body(&message.body)?;
    postcard::to_stdvec(&Header {
        sender: message.sender.to_string(),
        router: message.router.to_string(),
        epoch: message.epoch,
        sequence: message.sequence,
        issued_at: message.issued_at,
        expires_at: message.expires_at,
        in_reply_to: message.in_reply_to,
        kind: kind.to_owned(),
        body,
    })
}

fn encode_body(body: &Body) -> Result<(&str, Vec<u8>), postcard::Error> {
    fn pack<'a, T: Wire>(kind: &'a str, value: &T) -> Result<(&'a str, Vec<u8>), postcard::Error> {
        Ok((kind, postcard::to_stdvec(&value.to_wire())?))
    }
    match body {
        Body::Request(Request::Plan(order)) => pack(PLAN, order),
        Body::Request(Request::Apply(order, hash)) => pack(APPLY, &(order.clone(), *hash)),
        Body::Request(Request::Show(id)) => pack(SHOW, id),
        Body::Request(Request::Keep(id, person)) => pack(KEEP, &(id.clone(), *person)),
        Body::Request(Request::Roll(id)) => pack(ROLL, id),
        Body::Request(Request::Extend(id, seconds)) => pack(EXTEND, &(id.clone(), *seconds)),
        Body::Request(Request::Read(menus)) => pack(READ, menus),
        Body::Request(Request::Watch(seconds)) => pack(WATCH, seconds),
        Body::Request(Request::Refresh) => Ok((REFRESH, Vec::new())),
        Body::Request(Request::Reconcile(id)) => pack(RECONCILE, id),
        Body::Request(Request::Accept(id)) => pack(ACCEPT, id),
        Body::Request(Request::Engage(id)) => pack(ENGAGE, id),
        Body::Request(Request::Release(id)) => pack(RELEASE, id),
        Body::Request(Request::Verify(id)) => pack(VERIFY, id),
        Body::Request(Request::History(id, span)) => pack(HISTORY, &(id.clone(), *span)),
        Body::Reply(reply) => pack(REPLY, reply),
        Body::Event(Event::ChangeSet(report)) => pack(CHANGE_SET, report),
        Body::Event(Event::Notice(notice)) => pack(NOTICE, notice),
        Body::Event(Event::Drift(report)) => pack(DRIFT, report),
        Body::Traffic(sample) => pack(TRAFFIC, sample),
        Body::State(state) => pack(STATE, state),
        Body::Unknown(kind) => Ok((kind, Vec::new())),
    }
}

/// The header of a payload; nothing where it is cut short, malformed, or has bytes behind its end.
pub(super) fn decode_header(payload: &[u8]) -> Option<Header> {
    unpack(payload)
}

impl Header {
    pub(super) fn into_message(self) -> Option<Message> {
        Some(Message {
            sender: ids::SenderId::new(self.sender).ok()?,
            router: ids::RouterId::new(self.router).ok()?,
            epoch: self.epoch,
            sequence: self.sequence,
            issued_at: self.issued_at,
            expires_at: self.expires_at,
            in_reply_to: self.in_reply_to,
            body: decode_body(self.kind, &self.body)?,
        })
    }
}

fn decode_body(kind: String, body: &[u8]) -> Option<Body> {
    fn read<T: Wire>(body: &[u8]) -> Option<T> {
        T::from_wire(unpack(body)?)
    }
    Some(match kind.as_str() {
        PLAN => Body::Request(Request::Plan(read(body)?)),
        APPLY => {
            let (order, hash) = read(body)?;
            Body::Request(Request::Apply(order, hash))
        }
        SHOW => Body::Request(Request::Show(read(body)?)),
        KEEP => {
            let (id, person) = read(body)?;
            Body::Request(Request::Keep(id, person))
        }
        ROLL => Body::Request(Request::Roll(read(body)?)),
        EXTEND => {
            let (id, seconds) = read(body)?;
            Body::Request(Request::Extend(id, seconds))
        }
        READ => Body::Request(Request::Read(read(body)?)),
        WATCH => Body::Request(Request::Watch(read(body)?)),
        REFRESH => Body::Request(Request::Refresh),
        RECONCILE => Body::Request(Request::Reconcile(read(body)?)),
        ACCEPT => Body::Request(Request::Accept(read(body)?)),
        ENGAGE => Body::Request(Request::Engage(read(body)?)),
        RELEASE => Body::Request(Request::Release(read(body)?)),
        VERIFY => Body::Request(Request::Verify(read(body)?)),
        HISTORY => {
            let (id, span) = read(body)?;
            Body::Request(Request::History(id, span))
        }
        REPLY => Body::Reply(read(body)?),
        CHANGE_SET => Body::Event(Event::ChangeSet(read(body)?)),
        NOTICE => Body::Event(Event::Notice(read(body)?)),
        DRIFT => Body::Event(Event::Drift(read(body)?)),
        TRAFFIC => Body::Traffic(read(body)?),
        STATE => Body::State(read(body)?),
        _ => Body::Unknown(kind),
    })
}

fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    postcard::take_from_bytes(bytes).ok().filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value)
}
