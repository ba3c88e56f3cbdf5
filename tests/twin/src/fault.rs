//! Faults on demand: what happens to the n-th sentence from now that matches.

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The session's connection is cut.
    Disconnect,
    /// The session stays open and says nothing any more, to this sentence and all that follow.
    Stall,
    /// The sentence is answered with a trap.
    Trap,
    /// The answer takes longer.
    Delay,
    /// Nothing from the session's client arrives any longer, not even its end: half open.
    HalfOpen,
    /// The router restarts.
    Reboot,
    /// The power goes and comes back: no clean end, and what was written last may be lost.
    PowerCut,
    /// The time of day jumps, as when a time server has set it. No time passes.
    ClockJump,
    /// All counters fall to zero.
    CounterReset,
}

impl FaultKind {
    /// Whether it happens to the device, not to a session.
    pub fn is_of_the_device(self) -> bool {
        matches!(self, Self::CounterReset | Self::ClockJump) || self.ends_sessions()
    }

    /// Whether the device goes down.
    pub fn ends_sessions(self) -> bool {
        matches!(self, Self::Reboot | Self::PowerCut)
    }
}

/// Before or after the command took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// The command does not take effect (after a delay it does).
    #[default]
    Before,
    /// The command takes effect, and its answer is what goes wrong.
    After,
}

/// A fault that is waiting for its sentence. It strikes once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// Only sentences whose command begins with this path count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Which matching sentence it strikes; the next is the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// Before or after the command took effect.
    #[serde(default)]
    pub when: When,
    /// Text of the trap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Milliseconds of the delay; of a restart or a power cut, how long the router is down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// Of a power cut: what was configured within so many milliseconds before it is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lose_ms: Option<u64>,
    /// Of a jump of the clock: by how many milliseconds, backward when below zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_ms: Option<i64>,
}

impl Fault {
    /// A fault of a kind at the next sentence whose command begins with `command`.
    pub fn new(kind: FaultKind, command: &str) -> Self {
        Self { command: Some(command.to_owned()), ..Self::now(kind) }
    }

    /// A fault of a kind at the next sentence; one of the device happens at once.
    pub fn now(kind: FaultKind) -> Self {
        Self { kind, command: None, nth: None, when: When::Before, message: None, ms: None, lose_ms: None, by_ms: None }
    }

    /// Whether it concerns the device rather than a sentence and so need not wait for one.
    pub fn is_immediate(&self) -> bool {
        self.kind.is_of_the_device() && self.command.is_none() && self.nth.is_none()
    }
}

/// The faults that are waiting.
#[derive(Debug, Default)]
pub struct Faults {
    waiting: Vec<Fault>,
}

impl Faults {
    /// Lets a fault wait for its sentence.
    pub fn arm(&mut self, fault: Fault) {
        self.waiting.push(fault);
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Those that have not struck yet, `nth` counted from now.
    pub fn waiting(&self) -> &[Fault] {
        &self.waiting
    }

    /// Counts a sentence; gives the fault that strikes it.
    pub fn strike(&mut self, command: &str) -> Option<Fault> {
        let mut struck = None;
        for (at, fault) in self.waiting.iter_mut().enumerate() {
            if !fault.command.as_deref().is_none_or(|prefix| command.starts_with(prefix)) {
                continue;
            }
            let left = fault.nth.unwrap_or(1).saturating_sub(1);
            if left == 0 && struck.is_none() {
                struck = Some(at);
            } else {
                fault.nth = Some(left.max(1));
            }
        }
        struck.map(|at| self.waiting.remove(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_its_nth_matching_sentence_and_only_once() {
        let mut faults = Faults::default();
        faults.arm(Fault { nth: Some(2), ..Fault::new(FaultKind::Trap, "/ip/route/") });
        let struck: Vec<bool> = ["/ip/route/add", "/ip/address/add", "/ip/route/print", "/ip/route/add"]
            .iter()
            .map(|command| faults.strike(command).is_some())
            .collect();
        assert_eq!(struck, [false, false, true, false]);
        assert!(faults.waiting().is_empty());
    }
}
