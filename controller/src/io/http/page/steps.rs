//! The stepper: the way that a change went, and the way that is before it.

use super::words;
use shared::change_set::State;

/// The way of a change that goes well. `confirming` is on it only where a risk had to be acknowledged.
const WAY: [State; 7] = [
    State::Draft,
    State::Validating,
    State::Previewing,
    State::Confirming,
    State::Applying,
    State::Verifying,
    State::Active,
];

/// One step.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) word: &'static str,
    pub(super) class: String,
    pub(super) icon: &'static str,
    pub(super) spins: bool,
    pub(super) now: bool,
    /// What a screen reader hears beside the word.
    pub(super) spoken: &'static str,
}

/// The steps of a change that entered `visited` in this order and is in `state` now.
pub(super) fn steps(visited: &[State], state: State) -> Vec<Step> {
    let mut way: Vec<(State, bool)> = Vec::new();
    for &seen in visited.iter().filter(|&&seen| seen != state) {
        if !way.iter().any(|&(known, _)| known == seen) {
            way.push((seen, true));
        }
    }
    let mut list: Vec<Step> = way.into_iter().map(|(seen, _)| done(seen)).collect();
    list.push(now(state));
    if let Some(place) = WAY.iter().position(|&on_way| on_way == state) {
        let ahead = WAY[place + 1..].iter().filter(|&&next| next != State::Confirming);
        list.extend(ahead.map(|&next| ahead_of(next)));
    }
    list
}

fn done(state: State) -> Step {
    let good = WAY.contains(&state);
    Step {
        word: words::state(state).word,
        class: if good { "done" } else { "" }.to_owned(),
        icon: if good { "good" } else { "dot" },
        spins: false,
        now: false,
        spoken: ", done",
    }
}

fn now(state: State) -> Step {
    let tone = words::state(state);
    let class = format!("now {}", if state.is_processing() { "" } else { tone.class });
    let spins = state.is_processing();
    Step {
        word: tone.word,
        class: class.trim_end().to_owned(),
        icon: if spins { "wait" } else { tone.icon },
        spins,
        now: true,
        spoken: "",
    }
}

fn ahead_of(state: State) -> Step {
    Step {
        word: words::state(state).word,
        class: String::new(),
        icon: "dot",
        spins: false,
        now: false,
        spoken: ", to come",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn shown(visited: &[State], state: State) -> String {
        let steps = steps(visited, state);
        let text = steps.iter().map(|step| match (step.now, step.class.as_str()) {
            (true, _) => format!("[{}]", step.word),
            (false, "done") => format!("✓{}", step.word),
            (false, _) => step.word.to_owned(),
        });
        text.collect::<Vec<_>>().join(" ")
    }

    fn check(visited: &[State], state: State, expected: &Expect) {
        expected.assert_eq(&shown(visited, state));
    }

    #[test]
    fn the_way_so_far_and_the_way_ahead_are_shown() {
        use State as S;
        check(&[], S::Draft, &expect!["[Draft] Validating Preview Applying Verifying Active"]);
        let applying = [S::Draft, S::Validating, S::Previewing, S::Applying];
        check(&applying, S::Applying, &expect!["✓Draft ✓Validating ✓Preview [Applying] Verifying Active"]);
        let active = [S::Draft, S::Validating, S::Previewing, S::Applying, S::Verifying, S::Active];
        check(&active, S::Active, &expect!["✓Draft ✓Validating ✓Preview ✓Applying ✓Verifying [Active]"]);
    }

    #[test]
    fn a_way_that_was_left_shows_where() {
        use State as S;
        let failed = [S::Draft, S::Validating, S::Previewing, S::Applying, S::Error];
        check(&failed, S::Error, &expect!["✓Draft ✓Validating ✓Preview ✓Applying [Failed]"]);
        check(&[S::Draft, S::Validating, S::Invalid], S::Invalid, &expect!["✓Draft ✓Validating [Findings]"]);
        let again = [S::Draft, S::Validating, S::Error, S::Validating, S::Previewing];
        check(&again, S::Previewing, &expect!["✓Draft ✓Validating Failed [Preview] Applying Verifying Active"]);
    }

    #[test]
    fn each_of_the_twelve_states_is_the_current_step_once() {
        for state in State::ALL {
            assert_eq!(steps(&[], state).iter().filter(|step| step.now).count(), 1, "{state:?}");
            assert_eq!(steps(&State::ALL, state).iter().filter(|step| step.now).count(), 1, "{state:?}");
        }
    }
}
