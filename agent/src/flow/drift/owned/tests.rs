use super::*;
use crate::flow::change_set::row::Content;
use shared::{change_set::Confirm, drift::Policy, ids::ChangeSetId};

const MENU: &str = "/ip/firewall/filter";

fn words() -> MenuWords {
    let writable = ["action", "comment", "disabled", "dst-port"].map(str::to_owned).to_vec();
    MenuWords { path: MENU.to_owned(), writable, ordered: true, single: false, unset: true }
}

fn pairs(text: &str) -> Vec<Attribute> {
    text.split_whitespace().filter_map(|word| word.split_once('=')).map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
}

/// `was` is nothing for a row that is made; `after` is nothing for one that goes, `name=` for no value.
fn change(id: &str, key: &str, was: Option<&str>, after: Option<&str>) -> Change {
    let end = |text: &str| End::Present {
        attributes: pairs(text).into_iter().map(|(n, v)| (n, Some(v).filter(|v| !v.is_empty()))).collect(),
        place: None,
    };
    let pair = RowPair {
        item: "1".to_owned(),
        menu: MENU.to_owned(),
        key: pairs(key),
        was: was.map(|was| Content { id: "*1".to_owned(), attributes: pairs(was) }),
        before: was.map_or(End::Absent, end),
        after: after.map_or(End::Absent, end),
        drift: Policy::Report,
    };
    Change {
        id: ChangeSetId::new(id).expect("an id"),
        before: Vec::new(),
        after: Vec::new(),
        rows: vec![pair],
        menus: vec![words()],
        confirm: Confirm::USUAL,
        origin: Origin::Order,
    }
}

fn made() -> Change {
    change("c1", "comment=bulkhead:row/t/1", None, Some("action=drop dst-port=22 comment=bulkhead:row/t/1"))
}

/// Each owned row: who left it so, its key, what is wanted.
fn shown(owned: &Owned) -> Vec<String> {
    let row = |row: &OwnedRow| {
        let words =
            |pairs: Vec<(&String, &str)>| pairs.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join(" ");
        let key = words(row.key.iter().map(|(n, v)| (n, v.as_str())).collect());
        let wanted = words(row.wanted.iter().map(|(n, v)| (n, v.as_deref().unwrap_or_default())).collect());
        format!("{}: {key}: {wanted}", row.change_set)
    };
    owned.rows.iter().map(row).collect()
}

fn folded(changes: &[Change]) -> Vec<String> {
    shown(&fold(Owned::default(), changes))
}

#[test]
fn a_row_that_was_made_is_owned_as_it_was_asked_for_and_in_force() {
    let expected = "c1: comment=bulkhead:row/t/1: action=drop dst-port=22 comment=bulkhead:row/t/1 disabled=no";
    assert_eq!(folded(&[made()]), [expected]);
}

#[test]
fn a_later_change_of_the_same_row_goes_before_an_earlier_one() {
    let was = "action=drop dst-port=22 comment=bulkhead:row/t/1";
    let by_mark = change("c2", "comment=bulkhead:row/t/1", Some(was), Some("dst-port=23"));
    let by_port = change("c2", "dst-port=22", Some(was), Some("dst-port=23"));
    for later in [by_mark, by_port] {
        let expected = "c2: comment=bulkhead:row/t/1: action=drop comment=bulkhead:row/t/1 disabled=no dst-port=23";
        assert_eq!(folded(&[made(), later]), [expected]);
    }
}

#[test]
fn a_row_that_is_named_anew_is_found_by_its_new_name() {
    let first = change("c1", "comment=web", Some("action=accept comment=web"), Some("action=drop"));
    let second = change("c2", "action=drop", Some("action=drop comment=web"), Some("comment=www action=drop"));
    assert_eq!(folded(&[first.clone(), second]), ["c2: action=drop: comment=www action=drop"]);
    let renamed = change("c2", "comment=web", Some("action=drop comment=web"), Some("comment=www"));
    assert_eq!(folded(&[first, renamed]), ["c2: comment=www: action=drop comment=www"]);
}

#[test]
fn what_is_removed_is_owned_no_more_and_its_menu_is_not_read_for_it() {
    let gone = change("c2", "comment=bulkhead:row/t/1", Some("action=drop comment=bulkhead:row/t/1"), None);
    assert_eq!(fold(Owned::default(), &[made(), gone]), Owned::default());
}

#[test]
fn what_is_put_back_changes_nothing_of_it_and_what_is_accepted_only_what_is_wanted() {
    let was = "action=drop dst-port=22 comment=bulkhead:row/t/1";
    let of = |origin| Change { origin, ..change("c2", "comment=bulkhead:row/t/1", Some(was), Some("dst-port=23")) };
    assert_eq!(folded(&[made(), of(Origin::PutBack)]), folded(&[made()]));
    let accepted = folded(&[made(), of(Origin::Accepted)]);
    assert!(accepted[0].starts_with("c1: ") && accepted[0].ends_with("dst-port=23"), "{accepted:?}");
}

#[test]
fn a_row_that_is_made_again_is_made_whole() {
    let touched =
        change("c1", "comment=web", Some("action=accept dst-port=80 comment=web"), Some("action=drop dst-port="));
    let owned = fold(Owned::default(), &[touched]);
    assert_eq!(owned.rows[0].whole, pairs("comment=web action=drop"));
}
