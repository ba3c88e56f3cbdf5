use super::*;
use crate::{
    io::http::{gate::Caller, page::Look},
    view::{ChangeError, HistoryView, OperationView, PlanView, ProgressView, StageView, iso},
};
use axum::http::HeaderMap;
use shared::change_set::{Event, Outcome, Verb};

fn change(state: Stage) -> ChangeSetView {
    let operation = |verb, menu: &str| OperationView {
        verb,
        menu: menu.into(),
        attributes: vec![("name".into(), "bh-v100".into()), ("comment".into(), "<b>".into())],
        before: vec![],
        item: String::new(),
    };
    ChangeSetView {
        id: "c1".into(),
        name: "Create VIF tor".into(),
        router: "r1".into(),
        source: "vif".into(),
        created_by: "anna".into(),
        created_at: iso(0),
        state,
        outcome: None,
        risk: Risk::Low,
        reasons: Vec::new(),
        confirm: crate::view::ConfirmView { deadline_s: 120, keep: Keep::Agent },
        deadline: None,
        evidence: Vec::new(),
        undone_by: None,
        reverts: None,
        version: 0,
        stages: Vec::new(),
        plan: Some(PlanView {
            operations: vec![operation(Verb::Add, "/interface/vlan"), operation(Verb::Remove, "/ip/route")],
            warnings: Vec::new(),
            rings: Vec::new(),
        }),
        ensure: "present".to_owned(),
        items: Vec::new(),
        progress: None,
        error: None,
        differs: Vec::new(),
        history: vec![HistoryView { at: iso(0), state: Stage::Draft, event: None, by: "anna".into() }],
        legal_events: state.legal(),
        step_up_events: Vec::new(),
    }
}

fn shown(change: ChangeSetView) -> String {
    let caller = Caller::nobody();
    let frame = Frame::of(Some(&caller), Look::of(&HeaderMap::new()), "/change-sets/c1");
    page(frame, change, "Attic".into()).render().unwrap()
}

#[test]
fn progress_is_told_in_numbers_and_words() {
    let mut change = change(Stage::Applying);
    change.progress =
        Some(ProgressView { phase: Phase::Applying, done: 12, total: 31, current: "/ip/route add".into() });
    let page = shown(change);
    assert!(page.contains("<strong>12 of 31</strong>: <code>/ip/route add</code>"), "{page}");
    assert!(page.contains("<noscript><meta http-equiv=\"refresh\" content=\"2\"></noscript>"));
}

#[test]
fn a_page_that_waits_for_nobody_does_not_load_itself_again() {
    for state in Stage::ALL {
        assert_eq!(shown(change(state)).contains("http-equiv"), state.is_processing(), "{state:?}");
    }
    // A draft that goes on by itself is one that nobody has to validate.
    let mut queued = change(Stage::Draft);
    queued.legal_events.retain(|&event| event != Event::Validate);
    assert!(shown(queued).contains("http-equiv"));
}

#[test]
fn the_diff_can_be_seen_and_heard_and_holds_no_markup() {
    let page = shown(change(Stage::Previewing));
    assert!(page.contains("<span class=\"hidden-text\">add </span><span class=\"menu\">/interface/vlan</span>"));
    assert!(page.contains(">−</span>") && page.contains(">+</span>"));
    assert!(!page.contains("<b>"));
}

#[test]
fn what_changes_is_shown_with_what_it_was_and_a_deadline_with_whom_it_waits_for() {
    let mut change = change(Stage::Verifying);
    change.deadline = Some(iso(0));
    change.confirm.keep = Keep::Person;
    if let Some(plan) = &mut change.plan {
        plan.operations = vec![OperationView {
            verb: Verb::Set,
            menu: "/ip/dns".into(),
            attributes: vec![("servers".into(), "9.9.9.9".into()), ("comment".into(), String::new())],
            before: vec![("servers".into(), "1.1.1.1".into()), ("comment".into(), "mine".into())],
            item: "1".into(),
        }];
    }
    let page = shown(change);
    for text in ["<del>1.1.1.1</del> 9.9.9.9", "<del>mine</del> (nothing)", "Undone at", "it waits for you to keep it"]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
}

#[test]
fn each_state_has_the_buttons_of_what_a_person_may_do() {
    for state in Stage::ALL {
        let page = shown(change(state));
        for event in Event::ALL {
            let Some((word, ..)) = words::action(event) else { continue };
            let legal =
                state.legal().iter().any(|&legal| words::action(legal).is_some_and(|(other, ..)| other == word));
            assert_eq!(page.contains(&format!("name=\"event\" value=\"{word}\"")), legal, "{state:?} {word}");
        }
    }
}

#[test]
fn a_failure_says_what_to_do_and_how_it_ended() {
    let mut change = change(Stage::Error);
    change.outcome = Some(Outcome::PartlyReverted);
    change.error = Some(ChangeError {
        code: "no_answer".into(),
        message: "The agent did not answer.".into(),
        hint: "Look at the router.".into(),
    });
    change.differs = vec!["/ip/route *5".into()];
    let page = shown(change);
    for text in ["The agent did not answer.", "Look at the router.", "Partly reverted.", "/ip/route *5"] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn a_finding_names_its_field_and_leads_back_to_the_form() {
    let mut change = change(Stage::Invalid);
    let finding = FindingView {
        code: "name_taken".into(),
        item: Some("vif".into()),
        field: Some("name".into()),
        message: "The name is taken.".into(),
        hint: "Choose another.".into(),
        trace: Some(TraceRequest {
            src: "172.16.63.2".into(),
            dst: "172.16.63.1".into(),
            dst_port: Some(8729),
            ..TraceRequest::default()
        }),
    };
    change.stages = vec![StageView { name: "conflicts".into(), status: StageStatus::Failed, findings: vec![finding] }];
    change.items = vec![crate::view::ItemView {
        id: "vif".into(),
        name: "tor".into(),
        resource: "vif".into(),
        operation: "create".into(),
        key: None,
        attributes: serde_json::json!({"name": "tor", "egress": {"interface": "wg vpn"}}),
        position: None,
        drift: None,
        depends_on: Vec::new(),
    }];
    let page = shown(change);
    assert!(page.contains("Field <code>name</code>") && page.contains("Choose another."));
    assert!(page.contains("href=\"/routers/r1/add-vif?name=tor&#38;egress=wg%20vpn\""), "{page}");
    let packet = "/routers/r1/trace?src=172.16.63.2&#38;dst=172.16.63.1&#38;dst_port=8729&#38;change_set=";
    assert!(page.contains(packet), "{page}");
}
