mod table;

use super::{heard::STALE_RETRIES, validate::Validation, *};
use shared::{
    change_set::{Phase, Resource, Verb},
    ids::VifId,
    wire::Reply,
};

fn id() -> ChangeSetId {
    ChangeSetId::new("c1").unwrap()
}

fn fresh(plan_only: bool) -> ChangeSet {
    let item = Item {
        id: "1".into(),
        name: String::new(),
        depends_on: vec![],
        resource: Resource::VifRemove(VifId::new("tor").unwrap()),
    };
    let new = New {
        id: id(),
        name: "Remove tor".into(),
        router: RouterId::new("r1").unwrap(),
        items: vec![item],
        exactly: None,
        confirm: Confirm { keep: Keep::Agent, ..Confirm::USUAL },
        goes_on: if plan_only { GoesOn::Preview } else { GoesOn::Through },
        who: "ann".into(),
    };
    ChangeSet::new(new, "vif", 1)
}

fn plan() -> Plan {
    let operation = shared::change_set::Operation {
        verb: Verb::Remove,
        menu: "/ip/route".into(),
        attributes: vec![],
        before: vec![],
        item: String::new(),
    };
    Plan { read_hash: [7; 32], operations: vec![operation], warnings: vec![], rings: vec![] }
}

fn report(revision: u32, phase: Phase, outcome: Option<Outcome>) -> Report {
    Report {
        id: id(),
        phase,
        revision,
        done: 1,
        total: 2,
        current: String::new(),
        outcome,
        error: None,
        differs: vec![],
        evidence: vec![],
        deadline: None,
        undone_by: None,
        at: 0,
    }
}

fn validating(plan_only: bool) -> ChangeSet {
    let mut change_set = fresh(plan_only);
    change_set.begin(vec![], 2);
    change_set
}

fn applying() -> ChangeSet {
    let mut change_set = validating(false);
    change_set.answered(Answer::Reply(Reply::Plan(plan())), 3);
    change_set.ordered = true;
    change_set
}

fn refused(code: &str) -> Answer {
    Answer::Reply(Reply::Refused(Refusal::new(code, "no", "do")))
}

fn silence() -> Answer {
    Answer::Silence(Refusal::new("no_answer", "no", "do"))
}

#[test]
fn the_usual_way_needs_one_wish_and_ends_with_the_agents_word() {
    let mut change_set = fresh(false);
    assert_eq!(change_set.ask(), None);
    change_set.begin(vec![], 2);
    assert!(matches!(change_set.ask(), Some(Request::Plan(_))));
    change_set.answered(Answer::Reply(Reply::Plan(plan())), 3);
    assert!(matches!(change_set.ask(), Some(Request::Apply(_, Some(hash))) if hash == [7; 32]));
    change_set.ordered = true;
    change_set.answered(Answer::Reply(Reply::Report(report(1, Phase::Applying, None))), 4);
    change_set.reported(report(2, Phase::Verifying, None), 5);
    assert_eq!(change_set.state, State::Verifying);
    change_set.reported(report(3, Phase::Ended, Some(Outcome::Confirmed)), 6);
    assert_eq!((change_set.state, change_set.outcome), (State::Active, Some(Outcome::Confirmed)));
    let states: Vec<State> = change_set.history.iter().map(|step| step.state).collect();
    let expected =
        [State::Draft, State::Validating, State::Previewing, State::Applying, State::Verifying, State::Active];
    assert_eq!(states, expected);
}

#[test]
fn a_plan_waits_for_its_person_when_that_was_asked_for() {
    let mut change_set = validating(true);
    change_set.answered(Answer::Reply(Reply::Plan(plan())), 3);
    assert_eq!((change_set.state, change_set.ask()), (State::Previewing, None));
    change_set.person(Event::Confirm, "ann", 4).unwrap();
    assert_eq!(change_set.state, State::Applying);
}

#[test]
fn silence_while_validating_is_an_error_and_while_applying_is_not() {
    let mut change_set = validating(false);
    change_set.answered(silence(), 3);
    assert_eq!(change_set.state, State::Error);
    assert_eq!(change_set.error.map(|error| error.code).as_deref(), Some("no_answer"));

    let mut change_set = applying();
    change_set.answered(silence(), 3);
    assert_eq!((change_set.state, change_set.outcome), (State::Applying, None));
    assert!(matches!(change_set.ask(), Some(Request::Show(_))));
}

#[test]
fn an_order_that_never_arrived_is_given_again() {
    let mut change_set = applying();
    change_set.answered(refused("unknown_change_set"), 3);
    assert!(matches!(change_set.ask(), Some(Request::Apply(..))));
}

#[test]
fn a_stale_plan_is_made_anew_but_not_for_ever() {
    let mut change_set = applying();
    for round in 1..=STALE_RETRIES {
        change_set.answered(refused("stale_plan"), 4);
        assert_eq!((change_set.state, change_set.stale), (State::Validating, round));
        change_set.answered(Answer::Reply(Reply::Plan(plan())), 5);
        change_set.ordered = true;
    }
    change_set.answered(refused("stale_plan"), 6);
    assert_eq!(change_set.state, State::Error);
}

#[test]
fn every_end_is_said_as_the_agent_said_it() {
    for (outcome, state) in [
        (Some(Outcome::Confirmed), State::Active),
        (Some(Outcome::Reverted), State::Error),
        (Some(Outcome::PartlyReverted), State::Error),
        (Some(Outcome::Unknown), State::Error),
        (None, State::Error),
    ] {
        let mut change_set = applying();
        change_set.reported(report(9, Phase::Ended, outcome), 7);
        assert_eq!(change_set.state, state, "{outcome:?}");
        assert_eq!(change_set.outcome, Some(outcome.unwrap_or(Outcome::Unknown)));
    }
}

#[test]
fn an_older_word_a_late_word_and_a_word_about_another_change_are_not_heard() {
    let mut change_set = applying();
    change_set.reported(report(5, Phase::Verifying, None), 4);
    let before = change_set.clone();
    change_set.reported(report(5, Phase::Ended, Some(Outcome::Reverted)), 5);
    change_set.reported(report(4, Phase::Applying, None), 5);
    let other = Report { id: ChangeSetId::new("c2").unwrap(), ..report(9, Phase::Ended, None) };
    change_set.reported(other, 5);
    assert_eq!(change_set, before);
    change_set.reported(report(6, Phase::Ended, Some(Outcome::Confirmed)), 6);
    change_set.reported(report(7, Phase::Ended, Some(Outcome::Unknown)), 7);
    assert_eq!(change_set.outcome, Some(Outcome::Confirmed));
}

#[test]
fn what_the_agent_finds_in_a_plan_is_shown_at_its_field() {
    let mut change_set = validating(false);
    change_set.answered(refused("name_taken"), 3);
    let shown = view(&change_set);
    assert_eq!(shown.state, State::Invalid);
    assert_eq!(shown.stages[0].findings[0].field.as_deref(), Some("name"));
    assert_eq!(shown.legal_events, [Event::Edit, Event::Cancel]);
}

#[test]
fn a_person_can_do_what_the_table_and_this_version_allow() {
    let mut change_set = fresh(true);
    assert_eq!(change_set.person(Event::Confirm, "ann", 2), Err(Declined::Illegal));
    assert_eq!(change_set.person(Event::Edit, "ann", 2), Err(Declined::NotAvailable), "an edit says what it edits");
    change_set.person(Event::Cancel, "ann", 2).unwrap();
    assert_eq!((change_set.state, change_set.queued), (State::Idle, false));
    for event in change_set.legal() {
        assert!(next(change_set.state, event).is_some());
    }
}

#[test]
fn a_change_that_the_agent_knows_is_tried_again_under_an_id_of_its_own() {
    let mut change_set = applying();
    change_set.reported(report(2, Phase::Ended, Some(Outcome::Reverted)), 4);
    assert_eq!(change_set.legal(), [Event::Retry, Event::Reset]);
    change_set.person(Event::Retry, "ann", 5).unwrap();
    assert_eq!((change_set.state, change_set.order_id().as_str()), (State::Validating, "c1-r1"));
    assert_eq!(ChangeSet::first_id(&change_set.order_id()), Some(id()));
    // What the agent says of the first attempt is not heard any more.
    let before = change_set.clone();
    change_set.reported(report(9, Phase::Ended, Some(Outcome::Confirmed)), 6);
    assert_eq!(change_set, before);

    let mut refused_at_once = applying();
    refused_at_once.answered(refused("busy"), 4);
    refused_at_once.person(Event::Retry, "ann", 5).unwrap();
    assert_eq!(refused_at_once.order_id(), id(), "the agent does not know it");
}

#[test]
fn what_was_closed_and_is_edited_is_something_new_to_the_agent() {
    let mut change_set = applying();
    change_set.reported(report(2, Phase::Ended, Some(Outcome::PartlyReverted)), 4);
    change_set.person(Event::Reset, "ann", 5).unwrap();
    let edit = Edit { version: 0, name: None, items: None, exactly: None, confirm: None };
    change_set.edit(edit, "ann", 6).unwrap();
    assert_eq!((change_set.state, change_set.order_id().as_str()), (State::Draft, "c1-r1"));
}

#[test]
fn where_a_person_has_to_look_the_agents_later_word_is_told() {
    let mut change_set = applying();
    change_set.reported(report(2, Phase::Ended, Some(Outcome::Unknown)), 4);
    change_set.reported(report(3, Phase::Ended, Some(Outcome::Reverted)), 5);
    assert_eq!((change_set.state, change_set.outcome), (State::Error, Some(Outcome::Reverted)));
}

#[test]
fn what_nobody_knows_is_neither_tried_again_nor_forgotten() {
    let mut change_set = applying();
    change_set.reported(report(2, Phase::Ended, Some(Outcome::Unknown)), 4);
    assert_eq!(change_set.legal(), [Event::ForceRollback, Event::Reset]);
}

fn verifying(keep: Keep, evidence: &[Evidence]) -> ChangeSet {
    let mut change_set = applying();
    change_set.confirm.keep = keep;
    change_set.reported(Report { evidence: evidence.to_vec(), ..report(2, Phase::Verifying, None) }, 4);
    change_set
}

#[test]
fn the_controller_keeps_what_is_its_to_keep_once_router_and_broker_let_the_agent_in() {
    for (evidence, asks) in [
        (vec![], false),
        (vec![Evidence::SignIn], false),
        (vec![Evidence::SignIn, Evidence::Link], true),
        (vec![Evidence::SignIn, Evidence::Link, Evidence::Controller], false),
    ] {
        for (keep, mine) in [(Keep::Controller, true), (Keep::Person, false), (Keep::Agent, false)] {
            let request = verifying(keep, &evidence).ask();
            assert_eq!(request == Some(Request::Keep(id(), false)), asks && mine, "{keep:?} {evidence:?}");
        }
    }
}

#[test]
fn a_person_keeps_a_change_and_it_is_kept_when_the_agent_says_so() {
    let mut change_set = verifying(Keep::Person, &[Evidence::SignIn, Evidence::Link]);
    change_set.person(Event::Keep, "bob", 5).unwrap();
    assert_eq!((change_set.state, change_set.ask()), (State::Verifying, Some(Request::Keep(id(), true))));
    assert_eq!(change_set.person(Event::Keep, "bob", 6), Err(Declined::NotAvailable), "once is enough");
    let heard = Report { evidence: vec![Evidence::Person], ..report(3, Phase::Verifying, None) };
    change_set.answered(Answer::Reply(Reply::Report(heard)), 7);
    assert!(matches!(change_set.ask(), Some(Request::Show(_))));
    change_set.reported(report(4, Phase::Ended, Some(Outcome::Confirmed)), 8);
    assert_eq!(change_set.state, State::Active);
    assert!(change_set.history.iter().any(|step| step.by == "bob" && step.event == Some(Event::Keep)));
}

#[test]
fn what_was_not_kept_in_time_or_called_off_is_rolled_back() {
    let undone = Refusal::new("deadline", "nobody kept it", "again");
    let mut late = verifying(Keep::Person, &[Evidence::SignIn]);
    late.reported(Report { error: Some(undone.clone()), ..report(3, Phase::RollingBack, None) }, 5);
    assert_eq!(late.state, State::Rollback);
    late.reported(Report { error: Some(undone), ..report(4, Phase::Ended, Some(Outcome::Reverted)) }, 6);
    assert_eq!((late.state, late.outcome), (State::RolledBack, Some(Outcome::Reverted)));
    assert_eq!(late.error.map(|error| error.code).as_deref(), Some("deadline"));

    let mut called_off = verifying(Keep::Person, &[]);
    called_off.person(Event::Roll, "ann", 5).unwrap();
    assert_eq!((called_off.state, called_off.ask()), (State::Rollback, Some(Request::Roll(id()))));
    called_off.answered(silence(), 6);
    assert_eq!(called_off.ask(), Some(Request::Roll(id())), "it is said until it is heard");
    called_off.answered(Answer::Reply(Reply::Report(report(5, Phase::RollingBack, None))), 7);
    assert_eq!(called_off.ask(), Some(Request::Show(id())));
    called_off.reported(report(6, Phase::Ended, Some(Outcome::PartlyReverted)), 8);
    assert_eq!(called_off.state, State::Error);
    assert!(called_off.legal().contains(&Event::ForceRollback));
}

#[test]
fn a_kept_change_is_undone_as_long_as_the_agent_can() {
    let mut change_set = applying();
    change_set.reported(report(3, Phase::Ended, Some(Outcome::Confirmed)), 4);
    change_set.person(Event::Undo, "ann", 5).unwrap();
    assert_eq!((change_set.state, change_set.ask()), (State::Rollback, Some(Request::Roll(id()))));
    let mut superseded = change_set.clone();
    superseded.answered(refused("superseded"), 6);
    assert_eq!((superseded.state, superseded.outcome), (State::Active, Some(Outcome::Confirmed)), "it is still kept");
    assert_eq!(superseded.error.as_ref().map(|error| error.code.as_str()), Some("superseded"));
    assert_eq!(superseded.legal(), [], "what others have built on is not undone any more");
    change_set.answered(Answer::Reply(Reply::Report(report(4, Phase::RollingBack, None))), 6);
    change_set.reported(report(5, Phase::Ended, Some(Outcome::Reverted)), 7);
    assert_eq!(change_set.state, State::RolledBack);
}

#[test]
fn two_who_edit_at_once_do_not_overwrite_each_other() {
    let mut change_set = fresh(true);
    change_set.queued = false;
    let edit =
        |version, name: &str| Edit { version, name: Some(name.into()), items: None, exactly: None, confirm: None };
    change_set.edit(edit(0, "first"), "ann", 2).unwrap();
    assert_eq!(change_set.edit(edit(0, "second"), "bob", 3), Err(Declined::Outrun));
    assert_eq!((change_set.name.as_str(), change_set.version, change_set.items.len()), ("first", 1, 1));
    let mut running = applying();
    assert_eq!(running.edit(edit(0, "late"), "bob", 3), Err(Declined::Illegal));
}

fn looked_at(risk: Risk, order: &[&str]) -> Validation {
    Validation {
        stages: vec![],
        diff: vec![],
        operations: 1,
        risk,
        reasons: vec!["it could".into()],
        order: order.iter().map(|&id| id.to_owned()).collect(),
        estimated_ms: 0,
    }
}

#[test]
fn what_could_cut_somebody_off_is_kept_by_a_person_and_goes_in_the_order_of_the_stages() {
    let mut change_set = validating(false);
    change_set.confirm.keep = Keep::Controller;
    let second = Item { id: "2".into(), ..change_set.items[0].clone() };
    change_set.items.push(second);
    change_set.looked(&looked_at(Risk::Normal, &["2", "1"]), Vec::new(), 3);
    assert_eq!((change_set.state, change_set.confirm.keep), (State::Validating, Keep::Controller));
    assert_eq!(change_set.items.iter().map(|item| item.id.as_str()).collect::<Vec<_>>(), ["2", "1"]);
    change_set.looked(&looked_at(Risk::High, &["2", "1"]), Vec::new(), 4);
    assert_eq!(change_set.confirm.keep, Keep::Person);
    assert_eq!(view(&change_set).reasons, ["it could"]);
}

#[test]
fn a_high_risk_wants_to_be_acknowledged() {
    let mut change_set = validating(true);
    change_set.risk = Risk::High;
    change_set.answered(Answer::Reply(Reply::Plan(plan())), 3);
    change_set.person(Event::Confirm, "ann", 4).unwrap();
    assert_eq!((change_set.state, change_set.ask()), (State::Confirming, None));
    change_set.person(Event::Acknowledge, "ann", 5).unwrap();
    assert!(matches!(change_set.ask(), Some(Request::Apply(..))));
}

#[test]
fn a_change_set_reads_back_as_it_was_written() {
    let mut change_set = applying();
    change_set.reported(report(2, Phase::Verifying, None), 4);
    let text = serde_json::to_string(&change_set).unwrap();
    assert_eq!(serde_json::from_str::<ChangeSet>(&text).unwrap(), change_set);
}

#[test]
fn what_is_not_known_while_the_router_is_away_is_said_and_taken_back_when_it_is_known() {
    let mut change_set = applying();
    change_set.reported(report(1, Phase::RollingBack, Some(Outcome::Unknown)), 4);
    assert_eq!((change_set.state, change_set.outcome), (State::Applying, Some(Outcome::Unknown)));
    change_set.reported(report(2, Phase::RollingBack, None), 5);
    assert_eq!(change_set.outcome, None);
    change_set.reported(report(3, Phase::Ended, Some(Outcome::Reverted)), 6);
    assert_eq!((change_set.state, change_set.outcome), (State::Error, Some(Outcome::Reverted)));
}
