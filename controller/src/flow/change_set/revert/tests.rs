use super::*;
use crate::flow::change_set::{GoesOn, New};
use shared::change_set::{Confirm, MenuWords};
use shared::ids::{RouterId, VifId};
use shared::net::InterfaceName;
use shared::vif::{Egress, KillSwitchMode, VifName};

fn pairs(words: &[(&str, &str)]) -> Vec<Attribute> {
    words.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn operation(verb: Verb, item: &str, attributes: &[(&str, &str)], before: &[(&str, &str)]) -> Operation {
    let (attributes, before) = (pairs(attributes), pairs(before));
    Operation { verb, menu: "/ip/firewall/filter".into(), attributes, before, item: item.into() }
}

fn item(id: &str, operation: &str, key: &str, attributes: &str) -> String {
    format!(
        r#"{{"id": "{id}", "resource": "/ip/firewall/filter", "operation": "{operation}", "key": {key}, "attributes": {attributes}}}"#
    )
}

/// A kept change that made, altered and removed a row.
fn kept(operations: Vec<Operation>) -> ChangeSet {
    let items = [
        item("a", "create", "{}", r#"{"chain": "input"}"#),
        item("b", "update", r#"{"chain": "forward", "dst-port": "22"}"#, r#"{"dst-port": "2222", "log": "yes"}"#),
        item("c", "delete", r#"{"comment": "old"}"#, "{}"),
    ];
    let asked = serde_json::from_str::<Vec<asked::AskedItem>>(&format!("[{}]", items.join(","))).unwrap();
    let new = New {
        id: ChangeSetId::new("c1").unwrap(),
        name: "house".into(),
        router: RouterId::new("r1").unwrap(),
        items: asked::items(&asked, "house").unwrap(),
        exactly: None,
        confirm: Confirm::USUAL,
        goes_on: GoesOn::Draft,
        who: "ann".into(),
    };
    let mut change_set = ChangeSet::new(new, "rest", 1);
    change_set.menus = vec![MenuWords {
        path: "/ip/firewall/filter".into(),
        writable: vec![],
        ordered: true,
        single: false,
        unset: true,
    }];
    change_set.state = State::Active;
    change_set.plan = Some(Plan { read_hash: [7; 32], operations, warnings: vec![], rings: vec![] });
    change_set
}

fn everything() -> Vec<Operation> {
    vec![
        operation(Verb::Add, "a", &[("chain", "input"), ("comment", "bulkhead:row/house/a")], &[]),
        operation(Verb::Set, "b", &[("dst-port", "2222"), ("log", "yes")], &[("dst-port", "22")]),
        operation(Verb::Remove, "c", &[], &[("chain", "forward"), ("comment", "old")]),
    ]
}

fn rows(items: &[Item]) -> Vec<&RowChange> {
    let row = |item| match item {
        &Item { resource: Resource::Row(ref row), .. } => row,
        Item { resource, .. } => panic!("{resource:?}"),
    };
    items.iter().map(row).collect()
}

#[test]
fn what_was_made_goes_what_was_altered_is_as_it_was_and_what_went_comes_again() {
    let (items, _) = inverse(&kept(everything()), "Revert: house", None).unwrap();
    let rows = rows(&items);
    assert_eq!(
        rows.iter().map(|row| row.operation).collect::<Vec<_>>(),
        [RowOperation::Create, RowOperation::Update, RowOperation::Delete]
    );
    // The one that had no mark gets one: we write no row without.
    assert_eq!(rows[0].key, pairs(&[("comment", "bulkhead:row/revert-house/1")]));
    assert_eq!(rows[0].attributes, pairs(&[("chain", "forward"), ("comment", "bulkhead:row/revert-house/1 old")]));
    // It is found by what it is now.
    assert_eq!(rows[1].key, pairs(&[("chain", "forward"), ("dst-port", "2222")]));
    assert_eq!((&rows[1].attributes, &rows[1].unset), (&pairs(&[("dst-port", "22")]), &vec!["log".to_owned()]));
    assert_eq!(rows[2].key, pairs(&[("comment", "bulkhead:row/house/a")]));
}

#[test]
fn a_row_that_had_a_mark_has_it_again() {
    let gone = operation(Verb::Remove, "c", &[], &[("comment", "bulkhead:row/house/old mine")]);
    let (items, _) = inverse(&kept(vec![gone]), "Revert", None).unwrap();
    assert_eq!(rows(&items)[0].key, pairs(&[("comment", "bulkhead:row/house/old")]));
    assert_eq!(rows(&items)[0].attributes, pairs(&[("comment", "bulkhead:row/house/old mine")]));
}

#[test]
fn what_others_have_set_since_is_told_at_its_field_and_nothing_else_is() {
    let (_, reverts) = inverse(&kept(everything()), "Revert", None).unwrap();
    let told = |now: &[(&str, &str)]| -> Vec<String> {
        let back = operation(Verb::Set, "2", &[("dst-port", "22"), ("log", "")], now);
        let plan = Plan { read_hash: [8; 32], operations: vec![back], warnings: vec![], rings: vec![] };
        let line = |finding: FindingView| format!("{} {}", finding.code, finding.field.unwrap_or_default());
        reverts.moved_on(&plan).into_iter().map(line).collect()
    };
    assert_eq!(told(&[("dst-port", "2222"), ("log", "yes")]), [""; 0]);
    assert_eq!(told(&[("dst-port", "2200"), ("log", "yes")]), ["moved_on dst-port"]);
}

#[test]
fn a_place_that_is_not_known_any_more_is_told() {
    let (_, reverts) = inverse(&kept(everything()), "Revert", None).unwrap();
    let again = operation(Verb::Add, "1", &[("chain", "forward")], &[]);
    let plan = Plan { read_hash: [8; 32], operations: vec![again], warnings: vec![], rings: vec![] };
    assert_eq!(reverts.moved_on(&plan)[0].code, "place_unknown");
}

/// A kept change about a VIF that was like `was`.
fn kept_vif(resource: Resource, was: Option<VifSpec>) -> ChangeSet {
    let item = Item { id: "1".into(), name: String::new(), depends_on: vec![], resource };
    ChangeSet { items: vec![item], was, ..kept(vec![]) }
}

fn tor(egress: &str) -> VifSpec {
    VifSpec {
        id: VifId::new("tor-1").unwrap(),
        name: VifName::new("tor").unwrap(),
        egress: Egress::Interface(InterfaceName::new(egress).unwrap()),
        kill_switch: KillSwitchMode::Block,
        resolver: None,
        ports: vec![],
    }
}

#[test]
fn a_vif_that_was_made_goes_one_that_was_altered_is_as_it_was_and_one_that_went_is_made_again() {
    let (was, is) = (tor("wg-old"), tor("wg-new"));
    let id = is.id.clone();
    for (done, back) in [
        (Resource::VifCreate(is.clone()), Resource::VifRemove(id.clone())),
        (Resource::VifUpdate(is.clone()), Resource::VifUpdate(was.clone())),
        (Resource::VifRemove(id.clone()), Resource::VifCreate(was.clone())),
    ] {
        let (items, _) = inverse(&kept_vif(done, Some(was.clone())), "Revert", None).unwrap();
        assert_eq!(items.iter().map(|item| &item.resource).collect::<Vec<_>>(), [&back]);
    }
    for done in [Resource::VifUpdate(is), Resource::VifRemove(id)] {
        assert_eq!(inverse(&kept_vif(done, None), "Revert", None).unwrap_err().code, "not_revertible");
    }
}

#[test]
fn what_later_changes_altered_of_a_vif_stays() {
    let (was, did) = (tor("wg-old"), tor("wg-new"));
    let now = VifSpec { resolver: Some([10, 64, 0, 1].into()), ..did.clone() };
    let kept = kept_vif(Resource::VifUpdate(did), Some(was.clone()));
    let (items, _) = inverse(&kept, "Revert", Some(&now)).unwrap();
    assert_eq!(items[0].resource, Resource::VifUpdate(VifSpec { resolver: now.resolver, ..was }));
}

#[test]
fn only_what_is_in_force_and_did_something_can_be_taken_back() {
    let code = |change_set: &ChangeSet| inverse(change_set, "Revert", None).unwrap_err().code;
    assert_eq!(code(&kept(vec![])), "not_revertible");
    assert_eq!(code(&kept(vec![operation(Verb::Set, "nobody's", &[], &[])])), "not_revertible");
    let mut undone = kept(everything());
    undone.state = State::RolledBack;
    assert_eq!(code(&undone), "not_kept");
}
