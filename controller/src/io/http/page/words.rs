//! What states are called in front of people, and how they look: a word, a colour and a sign always go together.

use crate::view::{InterfaceView, KillSwitchModeView, Presence, RouterView, VifView};
use shared::{
    change_set::{Outcome, State, Verb},
    drift,
    notice::Severity,
    routeros::trace::Verdict,
    vif::{Gate, KillSwitchState, VifStatus},
};
use std::fmt::Display;

/// A word with its colour (a class of the style sheet) and its sign (an icon).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tone {
    pub(super) word: &'static str,
    pub(super) class: &'static str,
    pub(super) icon: &'static str,
}

const fn tone(word: &'static str, class: &'static str, icon: &'static str) -> Tone {
    Tone { word, class, icon }
}

/// A message with a title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) class: &'static str,
    pub(super) icon: &'static str,
    pub(super) title: &'static str,
    pub(super) text: String,
}

pub(super) fn health(router: &RouterView) -> Tone {
    match (router.state, router.api.connected) {
        (Presence::Online, true) => tone("Online", "good", "good"),
        (Presence::Online, false) => tone("Router unreachable", "warn", "warn"),
        (Presence::Offline, _) if router.last_seen.is_none() => tone("Waiting for the agent", "", "wait"),
        (Presence::Offline, _) => tone("Offline", "bad", "bad"),
    }
}

pub(super) fn verdict(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Forward => tone("Leaves", "good", "good"),
        Verdict::Local => tone("Reaches the router", "good", "good"),
        Verdict::Drop => tone("Dropped", "bad", "bad"),
        Verdict::Reject => tone("Refused", "bad", "bad"),
        Verdict::Unreachable => tone("No route", "warn", "warn"),
        Verdict::Blackhole => tone("Blackhole", "bad", "bad"),
    }
}

/// What a person should know before they believe what the page shows.
pub(super) fn trouble(router: &RouterView) -> Option<Message> {
    let message = |class, icon, title, text: String| Some(Message { class, icon, title, text });
    match (router.state, router.api.connected) {
        (Presence::Online, true) => None,
        (Presence::Online, false) => {
            let why = router.api.error.as_deref().unwrap_or("It does not answer.");
            let text = format!("{why} The kill switches hold: a gate that nobody keeps open closes by itself.");
            message("warn", "warn", "The agent cannot reach the router.", text)
        }
        (Presence::Offline, _) if router.last_seen.is_none() => message(
            "",
            "info",
            "The agent has not signed in yet.",
            "Put its files on the router, run the script and start the container. This page follows by itself."
                .to_owned(),
        ),
        (Presence::Offline, _) => message(
            "bad",
            "warn",
            "The agent is offline.",
            "What you see is its last word. It goes on guarding the router without the controller, if it runs."
                .to_owned(),
        ),
    }
}

pub(super) fn status(status: VifStatus) -> Tone {
    match status {
        VifStatus::Active => tone("Active", "good", "good"),
        VifStatus::Inactive => tone("Ready, not in use", "", "dot"),
        VifStatus::Failed => tone("Failed", "bad", "bad"),
    }
}

pub(super) fn kill_switch(state: KillSwitchState) -> Tone {
    match state {
        KillSwitchState::Armed => tone("Armed", "good", "shield"),
        KillSwitchState::Suspect => tone("Suspect", "warn", "warn"),
        KillSwitchState::Engaged => tone("Engaged", "bad", "block"),
        KillSwitchState::Recovering => tone("Recovering", "warn", "wait"),
        KillSwitchState::Off => tone("Off", "bad", "warn"),
    }
}

/// What a kill switch does at the moment, in a sentence.
pub(super) fn kill_switch_says(vif: &VifView) -> String {
    let switch = &vif.kill_switch;
    if switch.held {
        return "Closed by hand: nothing leaves until somebody releases it.".to_owned();
    }
    let detour = switch.way.as_ref().filter(|way| **way != vif.egress.interface);
    if let (KillSwitchState::Engaged | KillSwitchState::Recovering, Some(way)) = (switch.state, detour) {
        return format!("The way out is not good: packets take the fallback by {way}.");
    }
    match switch.state {
        KillSwitchState::Armed => "The way out is good. It closes the moment that changes.",
        KillSwitchState::Suspect => "A probe failed. It closes if the next ones fail too.",
        KillSwitchState::Engaged => "Blocking: nothing leaves until the way out is good again.",
        KillSwitchState::Recovering => "The way out is back. It opens when that has lasted.",
        KillSwitchState::Off => "Switched off: while the way out is down packets leave in the clear.",
    }
    .to_owned()
}

/// What a kill switch is there for.
pub(super) fn mode(mode: KillSwitchModeView) -> Tone {
    match mode {
        KillSwitchModeView::Block => tone("Block", "good", "shield"),
        KillSwitchModeView::Fallback => tone("Fallback", "", "shield"),
        KillSwitchModeView::Off => tone("Off: not protected", "bad", "warn"),
    }
}

pub(super) fn gate(gate: Gate) -> Tone {
    match gate {
        Gate::Open => tone("Open", "good", "good"),
        Gate::Closed => tone("Closed", "bad", "lock"),
    }
}

/// The interface that a VIF leaves by.
pub(super) fn egress(name: &str, interfaces: &[InterfaceView]) -> Tone {
    match interfaces.iter().find(|interface| interface.name == name) {
        Some(found) => interface(found),
        None => tone("not found", "warn", "warn"),
    }
}

pub(super) fn interface(interface: &InterfaceView) -> Tone {
    match (interface.disabled, interface.running) {
        (true, _) => tone("disabled", "bad", "bad"),
        (false, true) => tone("running", "good", "good"),
        (false, false) => tone("down", "bad", "bad"),
    }
}

pub(super) fn drift(state: drift::State) -> Tone {
    match state {
        drift::State::Open => tone("Not as it should be", "warn", "warn"),
        drift::State::Reconciling => tone("Being put back", "", "wait"),
        drift::State::Gone => tone("As it should be again", "good", "good"),
        drift::State::Fighting => tone("Left alone: somebody insists", "bad", "block"),
        drift::State::Accepted => tone("Accepted", "good", "good"),
    }
}

/// Whether the gate lets packets on. What lies behind the tunnel is not asked, so nothing is said of it.
pub(super) fn onward(vif: &VifView, egress: Tone) -> Tone {
    if vif.kill_switch.gate == Gate::Open && egress.class == "good" {
        tone("way open", "good", "good")
    } else {
        tone("cut off", "bad", "block")
    }
}

pub(super) fn isolation(vif: &VifView) -> Tone {
    match (&vif.isolation.verified_at, vif.isolation.ok) {
        (None, _) => tone("not verified yet", "", "wait"),
        (Some(_), true) => tone("verified", "good", "good"),
        (Some(_), false) => tone("differs, see below", "bad", "bad"),
    }
}

/// Packets that left where none may.
pub(super) fn tripwires(tripped: Option<u64>) -> Tone {
    match tripped {
        None => tone("not read yet", "", "wait"),
        Some(0) => tone("nothing leaked", "good", "good"),
        Some(_) => tone("something leaked", "bad", "bad"),
    }
}

pub(super) fn severity(severity: Severity) -> Tone {
    match severity {
        Severity::Info => tone("Info", "", "info"),
        Severity::Warning => tone("Warning", "warn", "warn"),
        Severity::Critical => tone("Critical", "bad", "bad"),
    }
}

pub(super) fn state(state: State) -> Tone {
    match state {
        State::Idle => tone("Closed", "", "dot"),
        State::Draft => tone("Draft", "", "dot"),
        State::Validating => tone("Validating", "busy", "wait"),
        State::Invalid => tone("Findings", "warn", "warn"),
        State::Previewing => tone("Preview", "busy", "info"),
        State::Confirming => tone("Confirm", "warn", "warn"),
        State::Applying => tone("Applying", "busy", "wait"),
        State::Verifying => tone("Verifying", "busy", "wait"),
        State::Active => tone("Active", "good", "good"),
        State::Rollback => tone("Rolling back", "busy", "wait"),
        State::RolledBack => tone("Rolled back", "", "good"),
        State::Error => tone("Failed", "bad", "bad"),
    }
}

pub(super) fn state_says(state: State) -> &'static str {
    match state {
        State::Idle => "This change was called off. Nothing was written.",
        State::Draft => "Being edited. Nothing was written.",
        State::Validating => "The agent reads the router and works out what would be written.",
        State::Invalid => "It cannot be done like this. Nothing was written.",
        State::Previewing => "This is what would be written. Nothing was written yet.",
        State::Confirming => "This change has a risk that somebody must accept. Nothing was written yet.",
        State::Applying => "The agent writes to the router. If anything fails, it undoes all of it.",
        State::Verifying => "Everything is written. The agent reads the router back and compares.",
        State::Active => "Done and kept.",
        State::Rollback => "The agent undoes the change.",
        State::RolledBack => "The change was undone, and the router was read back.",
        State::Error => "The change ended early and needs you.",
    }
}

pub(super) fn outcome(outcome: Outcome) -> Message {
    let message = |class, icon, title, text: &str| Message { class, icon, title, text: text.to_owned() };
    match outcome {
        Outcome::Confirmed => {
            message("good", "good", "Confirmed.", "The router was read back: everything is as it was asked for.")
        }
        Outcome::Reverted => {
            message("warn", "info", "Reverted.", "The router was read back: it is wholly as it was before.")
        }
        Outcome::PartlyReverted => {
            message("bad", "warn", "Partly reverted.", "Most of it is undone; what is not is listed below.")
        }
        Outcome::Unknown => message(
            "bad",
            "warn",
            "Unknown.",
            "Nobody can say how far it went. No further change is made until somebody has looked at the router.",
        ),
    }
}

/// What a person can do, with the word of REST, the label and the button's class.
pub(super) fn action(event: shared::change_set::Event) -> Option<(&'static str, &'static str, &'static str)> {
    use shared::change_set::Event as E;
    Some(match event {
        E::Validate => ("validate", "Validate", "main-action"),
        E::Cancel => ("cancel", "Call it off", ""),
        E::Confirm => ("confirm", "Apply now", "main-action"),
        E::Acknowledge => ("acknowledge", "I accept the risk: apply", "danger"),
        E::Keep => ("keep", "Keep it", "main-action"),
        E::Roll | E::Undo | E::ForceRollback => ("rollback", "Undo it", "danger-soft"),
        E::Retry => ("retry", "Try again", "main-action"),
        E::Reset => ("reset", "Close", ""),
        E::Edit
        | E::Valid
        | E::Findings
        | E::Unreachable
        | E::ConfirmHighRisk
        | E::Applied
        | E::ApplyFailed
        | E::Undone
        | E::UndoFailed
        | E::Superseded => return None,
    })
}

/// What brought a change set into a state; nothing was before the first. Who asks for validation waits for its turn.
pub(super) fn happened(event: Option<shared::change_set::Event>, state: State) -> &'static str {
    use shared::change_set::Event as E;
    match event {
        Some(E::Validate) if state == State::Validating => "Validation began",
        None => "Made",
        Some(E::Edit) => "Edited",
        Some(E::Validate) => "Validation asked for",
        Some(E::Cancel) => "Called off",
        Some(E::Valid) => "Validated, nothing stops it",
        Some(E::Findings) => "Validated, something stops it",
        Some(E::Unreachable) => "The router could not be asked",
        Some(E::Confirm) => "Confirmed",
        Some(E::ConfirmHighRisk) => "Confirmed, the risk is high",
        Some(E::Acknowledge) => "Risk accepted",
        Some(E::Applied) => "Everything is written",
        Some(E::ApplyFailed) => "Not applied",
        Some(E::Keep) => "Kept",
        Some(E::Roll) => "Undo begun",
        Some(E::Undo) => "Undo of what was kept begun",
        Some(E::Undone) => "Undone and read back",
        Some(E::UndoFailed) => "Not wholly undone",
        Some(E::Superseded) => "Not undone: others have built on it",
        Some(E::Retry) => "Tried again",
        Some(E::ForceRollback) => "Undo ordered once more",
        Some(E::Reset) => "Closed",
    }
}

/// Sign, class and word of a write.
pub(super) fn verb(verb: Verb) -> (&'static str, &'static str, &'static str) {
    match verb {
        Verb::Add => ("+", "good", "add"),
        Verb::Set => ("~", "warn", "set"),
        Verb::Remove => ("−", "bad", "remove"),
        Verb::Move => ("→", "busy", "move"),
    }
}

/// A rate, in the unit that gives one to three digits before the point.
pub(super) fn bits(bps: u64) -> String {
    let (whole, unit) = scaled(bps, &["bit/s", "kbit/s", "Mbit/s", "Gbit/s"]);
    format!("{whole} {unit}")
}

/// An amount, in powers of 1000.
pub(super) fn bytes(amount: u64) -> String {
    let (whole, unit) = scaled(amount, &["B", "kB", "MB", "GB", "TB"]);
    format!("{whole} {unit}")
}

fn scaled(value: u64, units: &[&'static str]) -> (String, &'static str) {
    let mut scale = 1_u64;
    let mut at = 0;
    while at + 1 < units.len() && value / scale >= 1000 {
        scale *= 1000;
        at += 1;
    }
    let (whole, tenth) = (value / scale, value % scale * 10 / scale);
    let text = if at < 2 { whole.to_string() } else { format!("{whole}.{tenth}") };
    (text, units.get(at).copied().unwrap_or_default())
}

/// An RFC 3339 time for people without JavaScript: to the second, in UTC.
pub(super) fn moment(time: impl Display) -> String {
    let time = time.to_string();
    format!("{} UTC", time.get(..19).unwrap_or(&time).replace('T', " "))
}

/// The last part of a path.
pub(super) fn file_name(path: impl Display) -> String {
    path.to_string().rsplit('/').next().unwrap_or_default().to_owned()
}

/// A time span, in its two largest units.
pub(super) fn span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes} min"),
        (0, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

/// An age: seconds while it is short.
pub(super) fn age(seconds: u64) -> String {
    if seconds < 120 { format!("{seconds} s") } else { span(seconds) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_well() {
        let rates: Vec<String> = [0, 999, 1000, 999_999, 8_040_000, 2_500_000_000].into_iter().map(bits).collect();
        assert_eq!(rates, ["0 bit/s", "999 bit/s", "1 kbit/s", "999 kbit/s", "8.0 Mbit/s", "2.5 Gbit/s"]);
        assert_eq!(bytes(u64::MAX), "18446744.0 TB");
        assert_eq!([59, 3_600, 90_000].map(span), ["0 min", "1 h 0 min", "1 d 1 h"]);
    }

    #[test]
    fn every_event_that_a_person_may_cause_has_a_button() {
        use shared::change_set::Event;
        let words: Vec<_> = Event::ALL.into_iter().filter_map(action).map(|(word, ..)| word).collect();
        for word in ["validate", "confirm", "acknowledge", "keep", "cancel", "rollback", "retry", "reset"] {
            assert!(words.contains(&word), "{word}");
        }
    }
}
