//! Kill switch of one VIF: the machine, without router and clock.
//!
//! The static layer (blackhole, closed chain, the way out named in the accept) holds without any agent. This is the
//! layer above it: the accept also wants a lease, an entry of `bh-open` that lives 30 s and that is refreshed only
//! while the egress is known to be good, and two drop rules above it are in force otherwise. What is not known counts as
//! bad, at once.
//!
//! | state        | good                         | quiet   | silent  | down    | missing | unproven | unknown | leaks | engage | release |
//! | ------------ | ---------------------------- | ------- | ------- | ------- | ------- | -------- | ------- | ----- | ------ | ------- |
//! | `unchecked` | armed | engaged | engaged | engaged | engaged | unchecked | engaged | engaged | held | unchecked |
//! | `armed` | armed | suspect | engaged | engaged | engaged | engaged | engaged | engaged | held | armed |
//! | `suspect` | armed | suspect | engaged | engaged | engaged | engaged | engaged | engaged | held | suspect |
//! | `engaged` | recovering | engaged | engaged | engaged | engaged | engaged | engaged | engaged | held | engaged |
//! | `recovering` | armed once [`HOLD`] is over, else recovering | engaged | engaged | engaged | engaged | engaged | engaged | engaged | held | recovering |
//! | `held` | held | held | held | held | held | held | held | held | held | engaged |
//! | `held_off` | held_off | held_off | held_off | held_off | held_off | held_off | held_off | held_off | held_off | off |
//! | `off` | off | off | off | off | off | off | off | off | held_off | off |
//!
//! The gate is open in `armed`, `suspect` and `off`, and closed in all others; in `engaged` and `recovering` a VIF that
//! falls back goes another way while that one is good ([`way`]). Grace is in what is seen: a link that is lost has none,
//! silence has one probe (`quiet`).

mod words;

use shared::vif::KillSwitchState;
use std::time::Duration;
pub use words::{Told, told};

/// How long a lease lives on the router without being refreshed.
pub const LEASE: Duration = Duration::from_secs(30);

/// How long an egress that was bad has to be good before the gate opens again.
pub const HOLD: Duration = Duration::from_secs(3);

/// What is known of an egress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Egress {
    /// It runs, and what was sent through it came back.
    Good,
    /// The last probe was lost, those before came back.
    Quiet,
    /// It runs, and nothing comes back.
    Silent,
    /// It is there and does not run, or somebody switched it off.
    Down,
    /// There is no such interface.
    Missing,
    /// It runs; no probe has ended yet.
    Unproven,
    /// The router was not asked, or did not answer.
    Unknown,
    /// Whatever it is: the verifier found a way past it.
    Leaks,
}

impl Egress {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Good, Self::Quiet, Self::Silent, Self::Down, Self::Missing, Self::Unproven, Self::Unknown, Self::Leaks];

    /// What is said of it, for people.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Good => "the egress is good",
            Self::Quiet => "a probe through the egress was lost",
            Self::Silent => "nothing comes back through the egress",
            Self::Down => "the egress is down",
            Self::Missing => "the egress is not on the router",
            Self::Unproven => "no probe has come back through the egress yet",
            Self::Unknown => "the router could not be asked",
            Self::Leaks => "isolation is broken: something could leave by another way",
        }
    }
}

/// What happens to a kill switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// The egress was looked at.
    Seen(Egress),
    /// A person engages it.
    Engage,
    /// A person lets it go.
    Release,
}

/// Where a kill switch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Nothing was seen yet: closed, and no news.
    Unchecked,
    /// The egress is good.
    Armed,
    /// It lost a probe; the gate is still open.
    Suspect,
    /// It is bad.
    Engaged,
    /// It is good again since that moment of the monotonic clock.
    Recovering(Duration),
    /// A person engaged it; underneath it blocks.
    Held,
    /// A person engaged it; underneath it is off.
    HeldOff,
    /// It was asked not to be there.
    Off,
}

impl State {
    /// Before anything is known. `off`: the VIF wants no kill switch; `held`: a person engaged it, before a restart too.
    pub fn initial(off: bool, held: bool) -> Self {
        match (off, held) {
            (false, false) => Self::Unchecked,
            (false, true) => Self::Held,
            (true, false) => Self::Off,
            (true, true) => Self::HeldOff,
        }
    }

    /// Whether a person holds it.
    pub fn is_held(self) -> bool {
        matches!(self, Self::Held | Self::HeldOff)
    }

    /// Whether the own egress may be used.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Armed | Self::Suspect | Self::Off)
    }

    /// Its word on the wire.
    pub fn word(self) -> KillSwitchState {
        match self {
            Self::Armed => KillSwitchState::Armed,
            Self::Suspect => KillSwitchState::Suspect,
            Self::Unchecked | Self::Engaged | Self::Held | Self::HeldOff => KillSwitchState::Engaged,
            Self::Recovering(_) => KillSwitchState::Recovering,
            Self::Off => KillSwitchState::Off,
        }
    }
}

/// The next state, `now` on the monotonic clock.
#[must_use]
pub fn next(state: State, event: Event, now: Duration) -> State {
    use Egress::{Down, Good, Leaks, Missing, Quiet, Silent, Unknown, Unproven};
    use Event::{Engage, Release, Seen};
    match (state, event) {
        (State::HeldOff, Release) => State::Off,
        (State::Off, Engage) => State::HeldOff,
        (State::Held | State::HeldOff, Seen(_) | Engage)
        | (State::Off, Seen(_) | Release)
        | (State::Unchecked, Seen(Unproven) | Release)
        | (State::Armed | State::Suspect | State::Engaged | State::Recovering(_), Release) => state,
        (State::Unchecked | State::Armed | State::Suspect | State::Engaged | State::Recovering(_), Engage) => {
            State::Held
        }
        (State::Held, Release)
        | (State::Unchecked, Seen(Quiet | Silent | Down | Missing | Unknown | Leaks))
        | (State::Armed | State::Suspect, Seen(Silent | Down | Missing | Unproven | Unknown | Leaks))
        | (State::Engaged | State::Recovering(_), Seen(Quiet | Silent | Down | Missing | Unproven | Unknown | Leaks)) => {
            State::Engaged
        }
        (State::Unchecked | State::Armed | State::Suspect, Seen(Good)) => State::Armed,
        (State::Armed | State::Suspect, Seen(Quiet)) => State::Suspect,
        (State::Engaged, Seen(Good)) => State::Recovering(now),
        (State::Recovering(since), Seen(Good)) if now.saturating_sub(since) >= HOLD => State::Armed,
        (State::Recovering(since), Seen(Good)) => State::Recovering(since),
    }
}

/// By which way packets may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// None: the gate is closed.
    Closed,
    /// The VIF's own egress.
    Own,
    /// The egress of the VIF that it falls back to.
    Other,
}

/// The way for a state. `other` is the state of the VIF that it falls back to, where it has one: a VIF that is held, or
/// whose own egress is not known to be good, carries nobody.
#[must_use]
pub fn way(state: State, other: Option<State>) -> Way {
    match (state, other) {
        (State::Armed | State::Suspect | State::Off, _) => Way::Own,
        (State::Engaged | State::Recovering(_), Some(State::Armed | State::Suspect)) => Way::Other,
        (State::Unchecked | State::Engaged | State::Recovering(_) | State::Held | State::HeldOff, _) => Way::Closed,
    }
}

#[cfg(test)]
mod tests;
