use super::*;
use crate::{
    flow::{
        change_set::{
            Origin,
            row::{End, RowPair},
        },
        drift::OwnedRow,
    },
    io::store::Store,
};
use shared::{
    change_set::{Confirm, MenuWords, Outcome, Phase},
    drift::Policy,
    ids::ChangeSetId,
};

fn change(n: u32, after: End) -> Change {
    let pair = RowPair {
        item: "1".to_owned(),
        menu: "/ip/pool".to_owned(),
        key: vec![("name".to_owned(), format!("p{n}"))],
        was: None,
        before: End::Absent,
        after,
        drift: Policy::Report,
    };
    let words =
        MenuWords { path: "/ip/pool".to_owned(), writable: Vec::new(), ordered: false, single: false, unset: false };
    Change {
        id: ChangeSetId::new(format!("c{n}")).expect("an id"),
        before: Vec::new(),
        after: Vec::new(),
        rows: vec![pair],
        menus: vec![words],
        confirm: Confirm::USUAL,
        origin: Origin::Order,
    }
}

fn present() -> End {
    End::Present { attributes: Vec::new(), place: None }
}

fn report(change: &Change, outcome: Option<Outcome>) -> Report {
    Report {
        id: change.id.clone(),
        phase: if outcome.is_some() { Phase::Ended } else { Phase::Applying },
        revision: 1,
        done: 0,
        total: 0,
        current: String::new(),
        outcome,
        error: None,
        differs: Vec::new(),
        evidence: Vec::new(),
        deadline: None,
        undone_by: None,
        at: 0,
    }
}

fn end(journal: &Journal, change: &Change, direction: Direction) {
    journal.begin(change, &report(change, None)).expect("begun");
    journal.end(change, direction, &report(change, Some(Outcome::Confirmed))).expect("ended");
}

#[test]
fn rows_are_owned_while_their_change_is_kept_however_long_ago_that_was() {
    let journal = Journal::new(Store::in_memory().expect("a store"));
    let names = || journal.owned().expect("owned").rows.iter().map(OwnedRow::subject).collect::<Vec<_>>();
    let name = |n: u32| format!("/ip/pool {}:name=p{n}", format!("p{n}").len());
    end(&journal, &change(1, present()), Direction::Forward);
    end(&journal, &change(2, present()), Direction::Back);
    end(&journal, &change(3, present()), Direction::Forward);
    let open = change(4, present());
    journal.begin(&open, &report(&open, None)).expect("begun");
    assert_eq!(names(), [name(1), name(3)], "what was undone or is under way is not owned");
    journal.end(&open, Direction::Back, &report(&open, Some(Outcome::Reverted))).expect("ended");
    for n in 10..400 {
        end(&journal, &change(n, End::Absent), Direction::Forward);
    }
    assert_eq!(journal.change(&open.id), Ok(None), "it is too old to be kept");
    assert_eq!(names(), [name(1), name(3)]);
    assert_eq!(journal.owned().expect("owned").menus.len(), 1);
    let number = journal.fresh_number().expect("a number");
    assert_eq!(number, 395);
}
