//! Every state with everything that can happen in it: what it comes to is a table that people can read.
//!
//! A line says in which states something comes to what: to another state; `=` where the state stays and something is
//! noted; `n/a` where the state would allow what a person does and this change set does not; `outrun` where somebody
//! edited it meanwhile. In all states that a line does not name, what a person does is illegal, and what agent and
//! stages say changes nothing at all. What is refused changes nothing either, not even a note.

use super::*;

/// Where a change set may be. `queued` is a draft that waits for its turn, `risky` a preview of a high risk, `undoing` the
/// roll-back of what was kept, `forced` that of what nobody knows. What is in `error` was wholly undone, undone in part, is not known, or has not begun
/// because the router was `away`.
const PLACES: [&str; 19] = [
    "idle",
    "draft",
    "queued",
    "validating",
    "invalid",
    "previewing",
    "risky",
    "confirming",
    "applying",
    "verifying",
    "active",
    "rollback",
    "undoing",
    "forced",
    "rolled_back",
    "away",
    "reverted",
    "partly",
    "unknown",
];

const TABLE: &str = "
    edit: idle draft queued invalid previewing risky → n/a
    validate: draft → =, queued → n/a
    cancel: draft queued invalid previewing risky → idle, confirming → previewing
    valid: validating → n/a
    findings: validating → n/a
    unreachable: validating → n/a
    confirm: previewing → applying, risky → confirming
    confirm_high_risk: previewing risky → n/a
    acknowledge: confirming → applying
    applied: applying → n/a
    apply_failed: applying verifying → n/a
    keep: verifying → =
    roll: verifying → rollback
    undo: active → rollback
    undone: rollback undoing forced → n/a
    undo_failed: rollback undoing forced → n/a
    superseded: rollback undoing forced → n/a
    retry: away reverted partly → validating, unknown → n/a
    force_rollback: away reverted → n/a, partly unknown → rollback
    reset: away reverted partly unknown → idle
    edit what was seen: idle invalid previewing risky → draft, draft → =
    edit what was older: idle draft invalid previewing risky → outrun
    validate past findings: draft → =, queued → n/a, invalid → draft
    its turn: queued → validating
    stages: sound: validating → =
    stages: high risk: validating → =
    stages: findings: validating → invalid
    answer: plan: validating → previewing
    answer: refused, a finding: validating → invalid, applying verifying rollback undoing forced → error
    answer: refused, busy: validating applying → error
    answer: refused, too_early: validating applying → error
    answer: refused, unknown_change_set: validating rollback undoing forced → error, applying verifying → =
    answer: refused, stale_plan: validating applying verifying rollback undoing forced → error
    answer: refused, superseded: validating applying verifying rollback forced → error, undoing → active
    answer: refused, ring_not_armed: validating applying verifying rollback undoing forced → error
    answer: done: validating → error
    answer: unsupported: validating applying verifying → error
    answer: no report of news: validating → error, rollback undoing forced → =
    answer: what is known: validating forced → error, rollback → =
    answer: undoing: validating → error, applying rollback undoing forced → =, verifying → rollback
    answer: ended, confirmed: validating → error, applying verifying → active, rollback undoing forced → =
    router away: validating → error
    report: writing: applying verifying rollback undoing forced → =
    report: written: applying → verifying, verifying rollback undoing forced → =
    report: undoing: applying rollback undoing forced → =, verifying active → rollback
    report: undoing, unknown: applying rollback undoing forced reverted partly unknown → =, verifying active → rollback
    report: ended, confirmed: applying verifying → active, rollback undoing forced reverted partly unknown → =
    report: ended, reverted: applying → error, verifying rollback undoing forced → rolled_back, reverted partly unknown → =
    report: ended, partly: applying verifying rollback undoing forced → error, reverted partly unknown → =
    report: ended, unknown: applying verifying rollback undoing forced → error, reverted partly unknown → =
    report: ended, nothing said: applying verifying rollback undoing forced → error
    report: an older one:
    report: of another change:";

type Deed = (&'static str, fn(&mut ChangeSet) -> Result<(), Declined>);
type Happening = (&'static str, fn(&mut ChangeSet));

fn rename(version: u32) -> Edit {
    Edit { version, name: Some("other".into()), items: None, exactly: None, confirm: None }
}

fn said(change_set: &mut ChangeSet, reply: Reply) {
    change_set.answered(Answer::Reply(reply), 9);
}

/// The agent's next word on the attempt that counts.
fn word(change_set: &ChangeSet, phase: Phase, outcome: Option<Outcome>) -> Report {
    Report { id: change_set.order_id(), ..report(90, phase, outcome) }
}

fn tells(change_set: &mut ChangeSet, phase: Phase, outcome: Option<Outcome>) {
    let word = word(change_set, phase, outcome);
    change_set.reported(word, 9);
}

/// What people do beside the events of the table of states.
const PEOPLE: [Deed; 3] = [
    ("edit what was seen", |change_set| change_set.edit(rename(change_set.version), "bob", 9)),
    ("edit what was older", |change_set| change_set.edit(rename(change_set.version + 1), "bob", 9)),
    ("validate past findings", |change_set| change_set.force(vec!["lockout".into()], "bob", 9)),
];

/// What the controller and its stages do.
const STAGES: [Happening; 4] = [
    ("its turn", |change_set| {
        change_set.begin(vec![], 9);
    }),
    ("stages: sound", |change_set| {
        change_set.looked(&looked_at(Risk::Normal, &["1"]), Vec::new(), 9);
    }),
    ("stages: high risk", |change_set| {
        change_set.looked(&looked_at(Risk::High, &["1"]), Vec::new(), 9);
    }),
    ("stages: findings", |change_set| {
        change_set.looked(&stopping(), Vec::new(), 9);
    }),
];

/// What the agent answers, or that the router is away.
const ANSWERS: [Happening; 15] = [
    ("answer: plan", |change_set| said(change_set, Reply::Plan(plan()))),
    ("answer: refused, a finding", |change_set| change_set.answered(refused("name_taken"), 9)),
    ("answer: refused, busy", |change_set| change_set.answered(refused("busy"), 9)),
    ("answer: refused, too_early", |change_set| change_set.answered(refused("too_early"), 9)),
    ("answer: refused, unknown_change_set", |change_set| change_set.answered(refused("unknown_change_set"), 9)),
    ("answer: refused, stale_plan", |change_set| change_set.answered(refused("stale_plan"), 9)),
    ("answer: refused, superseded", |change_set| change_set.answered(refused("superseded"), 9)),
    ("answer: refused, ring_not_armed", |change_set| change_set.answered(refused("ring_not_armed"), 9)),
    ("answer: done", |change_set| said(change_set, Reply::Done)),
    ("answer: unsupported", |change_set| said(change_set, Reply::Unsupported("apply".into()))),
    ("answer: no report of news", |change_set| {
        let mut old = word(change_set, Phase::Verifying, None);
        old.revision = 0;
        said(change_set, Reply::Report(old));
    }),
    ("answer: what is known", |change_set| {
        let known = change_set.report.clone().unwrap_or_else(|| report(0, Phase::Applying, None));
        said(change_set, Reply::Report(known));
    }),
    ("answer: undoing", |change_set| {
        let word = word(change_set, Phase::RollingBack, None);
        said(change_set, Reply::Report(word));
    }),
    ("answer: ended, confirmed", |change_set| {
        let word = word(change_set, Phase::Ended, Some(Outcome::Confirmed));
        said(change_set, Reply::Report(word));
    }),
    ("router away", |change_set| change_set.answered(silence(), 9)),
];

/// What the agent tells by itself.
const REPORTS: [Happening; 11] = [
    ("report: writing", |change_set| tells(change_set, Phase::Applying, None)),
    ("report: written", |change_set| tells(change_set, Phase::Verifying, None)),
    ("report: undoing", |change_set| tells(change_set, Phase::RollingBack, None)),
    ("report: undoing, unknown", |change_set| tells(change_set, Phase::RollingBack, Some(Outcome::Unknown))),
    ("report: ended, confirmed", |change_set| tells(change_set, Phase::Ended, Some(Outcome::Confirmed))),
    ("report: ended, reverted", |change_set| tells(change_set, Phase::Ended, Some(Outcome::Reverted))),
    ("report: ended, partly", |change_set| tells(change_set, Phase::Ended, Some(Outcome::PartlyReverted))),
    ("report: ended, unknown", |change_set| tells(change_set, Phase::Ended, Some(Outcome::Unknown))),
    ("report: ended, nothing said", |change_set| tells(change_set, Phase::Ended, None)),
    ("report: an older one", |change_set| {
        change_set.reported(report(0, Phase::Ended, Some(Outcome::Reverted)), 9);
    }),
    ("report: of another change", |change_set| {
        let id = ChangeSetId::new("c2").unwrap();
        change_set.reported(Report { id, ..report(90, Phase::Ended, Some(Outcome::Confirmed)) }, 9);
    }),
];

/// What the stages say of a change that may not go on.
fn stopping() -> Validation {
    use super::super::validate::{CODES, Finding, Severity, Stage};
    let code = CODES.iter().find(|code| code.severity == Severity::Failed && !code.force).expect("a code that stops");
    let finding = Finding::new(code, "It cannot be.", "Leave it out.");
    let stage = Stage { name: code.stage, status: crate::view::StageStatus::Failed, findings: vec![finding] };
    Validation { stages: vec![stage], ..looked_at(Risk::Normal, &["1"]) }
}

/// A change set as it comes to a place on its usual way.
fn at(place: &str) -> ChangeSet {
    let mut draft = fresh(true);
    draft.queued = false;
    draft.confirm.keep = Keep::Person;
    let person = |mut change_set: ChangeSet, event| {
        change_set.person(event, "ann", 5).unwrap();
        change_set
    };
    let then = |mut change_set: ChangeSet, phase, outcome| {
        let revision = change_set.report.as_ref().map_or(1, |report| report.revision + 1);
        change_set.reported(report(revision, phase, outcome), 6);
        change_set
    };
    let begun = || {
        let mut change_set = at("queued");
        change_set.begin(vec![], 4);
        change_set
    };
    match place {
        "idle" => person(draft, Event::Cancel),
        "draft" => draft,
        "queued" => person(draft, Event::Validate),
        "validating" => begun(),
        "invalid" => {
            let mut change_set = begun();
            change_set.answered(refused("name_taken"), 5);
            change_set
        }
        "previewing" | "risky" => {
            let mut change_set = begun();
            change_set.risk = if place == "risky" { Risk::High } else { Risk::Normal };
            change_set.answered(Answer::Reply(Reply::Plan(plan())), 5);
            change_set
        }
        "confirming" => person(at("risky"), Event::Confirm),
        "applying" => {
            let mut change_set = person(at("previewing"), Event::Confirm);
            change_set.ordered = true;
            then(change_set, Phase::Applying, None)
        }
        "verifying" => then(at("applying"), Phase::Verifying, None),
        "active" => then(at("verifying"), Phase::Ended, Some(Outcome::Confirmed)),
        "rollback" => person(at("verifying"), Event::Roll),
        "undoing" => person(at("active"), Event::Undo),
        "forced" => person(at("unknown"), Event::ForceRollback),
        "rolled_back" => then(at("rollback"), Phase::Ended, Some(Outcome::Reverted)),
        "away" => {
            let mut change_set = begun();
            change_set.answered(silence(), 5);
            change_set
        }
        "reverted" => then(at("applying"), Phase::Ended, Some(Outcome::Reverted)),
        "partly" => then(at("applying"), Phase::Ended, Some(Outcome::PartlyReverted)),
        "unknown" => then(at("applying"), Phase::Ended, Some(Outcome::Unknown)),
        other => panic!("no place {other}"),
    }
}

fn name(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

/// What something comes to.
fn comes_to(before: &ChangeSet, happens: impl FnOnce(&mut ChangeSet) -> Result<(), Declined>) -> String {
    let mut after = before.clone();
    let taken = happens(&mut after);
    if taken.is_err() {
        assert_eq!(after, *before, "what is refused changes nothing");
    }
    let mut state = before.state;
    for step in &after.history[before.history.len()..] {
        let event = step.event.expect("each step has an event");
        // A wish is noted; the state follows when its turn has come, or when the agent has heard it.
        if step.state != state || !matches!(event, Event::Validate | Event::Keep) {
            assert_eq!(next(state, event), Some(step.state), "{event:?} leads from {state:?} to {:?}", step.state);
        }
        state = step.state;
    }
    assert_eq!(state, after.state, "every state that it enters is in its history");
    match taken {
        Err(Declined::Illegal) => "illegal".to_owned(),
        Err(Declined::NotAvailable) => "n/a".to_owned(),
        Err(Declined::Outrun) => "outrun".to_owned(),
        Ok(()) if after == *before => ".".to_owned(),
        Ok(()) if after.state == before.state => "=".to_owned(),
        Ok(()) => name(&after.state),
    }
}

fn line(of: &str, usual: &str, happens: &dyn Fn(&mut ChangeSet) -> Result<(), Declined>) -> String {
    let mut ends: Vec<(String, Vec<&str>)> = Vec::new();
    for place in PLACES {
        let end = comes_to(&at(place), happens);
        match ends.iter_mut().find(|(known, _)| *known == end) {
            Some((_, places)) => places.push(place),
            None => ends.push((end, vec![place])),
        }
    }
    let cells =
        ends.iter().filter(|(end, _)| end != usual).map(|(end, places)| format!("{} → {end}", places.join(" ")));
    let cells: Vec<String> = cells.collect();
    format!("{of}: {}", cells.join(", ")).trim_end().to_owned()
}

#[test]
fn everything_that_can_happen_in_every_state_comes_to_what_the_table_says() {
    let mut found = Vec::new();
    for event in Event::ALL {
        found.push(line(&name(&event), "illegal", &|change_set| change_set.person(event, "bob", 9)));
    }
    for (of, deed) in PEOPLE {
        found.push(line(of, "illegal", &deed));
    }
    for (of, happens) in STAGES.into_iter().chain(ANSWERS).chain(REPORTS) {
        let happens = |change_set: &mut ChangeSet| {
            happens(change_set);
            Ok(())
        };
        found.push(line(of, ".", &happens));
    }
    let expected: Vec<&str> = TABLE.trim().lines().map(str::trim).collect();
    assert!(found == expected, "it comes to:\n{}", found.join("\n"));
}

#[test]
fn each_of_the_twelve_states_has_its_place() {
    let states: std::collections::BTreeSet<State> = PLACES.iter().map(|place| at(place).state).collect();
    assert_eq!(states.len(), State::ALL.len());
}
