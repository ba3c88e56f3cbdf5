//! What is told of a kill switch's transitions.

use super::{Egress, State, Way};
use shared::notice::Severity;

/// One transition in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// How much it matters.
    pub severity: Severity,
    /// Stable, `lower_snake`.
    pub code: &'static str,
    /// One sentence, after the VIF's name.
    pub message: String,
}

/// What is told when a kill switch goes from one state and way to another; nothing where neither is another. `egress` and
/// `other` are names of interfaces.
pub fn told(from: (State, Way), to: (State, Way), seen: Egress, egress: &str, other: Option<&str>) -> Option<Told> {
    let (before, after) = (from.0, to.0);
    let moved = std::mem::discriminant(&before) != std::mem::discriminant(&after);
    if !moved && from.1 == to.1 {
        return None;
    }
    let tell = |severity, code, message: String| Some(Told { severity, code, message });
    if to.1 == Way::Other && from.1 != Way::Other {
        let other = other.unwrap_or("another way");
        let message = format!("has engaged and falls back to {other}: {} ({egress})", seen.reason());
        return tell(Severity::Warning, "kill_switch_fallback", message);
    }
    match after {
        State::Unchecked => None,
        State::Armed => {
            tell(Severity::Info, "kill_switch_armed", format!("is armed and its gate open: {egress} is good"))
        }
        State::Suspect => {
            tell(Severity::Info, "kill_switch_suspect", format!("is suspicious: {} ({egress})", seen.reason()))
        }
        State::Engaged if before.is_held() => tell(
            Severity::Info,
            "kill_switch_released",
            "was released; its gate opens once the egress has shown itself".to_owned(),
        ),
        State::Engaged => {
            tell(Severity::Warning, "kill_switch_engaged", format!("is engaged: {} ({egress})", seen.reason()))
        }
        // What a fallback lost while the own egress recovers closes the gate.
        State::Recovering(_) if !moved => tell(
            Severity::Warning,
            "kill_switch_engaged",
            format!("is engaged: {egress} recovers, the other way is not good"),
        ),
        State::Recovering(_) => tell(
            Severity::Info,
            "kill_switch_recovering",
            format!("recovers: {egress} is good again, not yet for long enough"),
        ),
        State::Held | State::HeldOff => {
            tell(Severity::Warning, "kill_switch_held", "was engaged by a person".to_owned())
        }
        State::Off if before.is_held() => tell(
            Severity::Critical,
            "kill_switch_released",
            "was released and is switched off: nothing protects this VIF".to_owned(),
        ),
        State::Off => {
            tell(Severity::Critical, "kill_switch_off", "is switched off: nothing protects this VIF".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn every_transition_has_its_code_and_standing_still_has_none() {
        let recovering = State::Recovering(Duration::ZERO);
        let table = [
            ((State::Unchecked, Way::Closed), (State::Armed, Way::Own), Some("kill_switch_armed")),
            ((State::Armed, Way::Own), (State::Suspect, Way::Own), Some("kill_switch_suspect")),
            ((State::Suspect, Way::Own), (State::Engaged, Way::Closed), Some("kill_switch_engaged")),
            ((State::Engaged, Way::Closed), (recovering, Way::Closed), Some("kill_switch_recovering")),
            ((recovering, Way::Closed), (State::Armed, Way::Own), Some("kill_switch_armed")),
            ((State::Armed, Way::Own), (State::Engaged, Way::Other), Some("kill_switch_fallback")),
            ((State::Engaged, Way::Closed), (State::Engaged, Way::Other), Some("kill_switch_fallback")),
            ((State::Engaged, Way::Other), (State::Engaged, Way::Closed), Some("kill_switch_engaged")),
            ((State::Engaged, Way::Other), (recovering, Way::Other), Some("kill_switch_recovering")),
            ((recovering, Way::Other), (recovering, Way::Closed), Some("kill_switch_engaged")),
            ((State::Armed, Way::Own), (State::Held, Way::Closed), Some("kill_switch_held")),
            ((State::Held, Way::Closed), (State::Engaged, Way::Closed), Some("kill_switch_released")),
            ((State::HeldOff, Way::Closed), (State::Off, Way::Own), Some("kill_switch_released")),
            ((State::Armed, Way::Own), (State::Off, Way::Own), Some("kill_switch_off")),
            ((State::Armed, Way::Own), (State::Armed, Way::Own), None),
            ((recovering, Way::Closed), (State::Recovering(Duration::MAX), Way::Closed), None),
            ((State::Engaged, Way::Other), (State::Engaged, Way::Other), None),
        ];
        for (from, to, code) in table {
            let told = told(from, to, Egress::Down, "wg-vpn", Some("wg-two"));
            assert_eq!(told.as_ref().map(|told| told.code), code, "{from:?} to {to:?}");
            assert!(told.is_none_or(|told| !told.message.ends_with('.')), "the sentence is ended by whoever says it");
        }
    }
}
