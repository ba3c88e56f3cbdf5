use super::*;
use shared::{
    drift::{Difference, Policy},
    ids::ChangeSetId,
};

fn finding(menu: &str, difference: Difference) -> Finding {
    Finding {
        menu: menu.to_owned(),
        row: vec![("name".to_owned(), "x".to_owned())],
        item: Some((ChangeSetId::new("c1").expect("an id"), "1".to_owned())),
        vif: None,
        difference,
        policy: Policy::Report,
    }
}

fn gone() -> Difference {
    Difference::Missing(Vec::new())
}

#[test]
fn a_drift_is_news_when_it_comes_when_it_changes_and_when_it_goes_and_not_between() {
    let mut book = Book::default();
    let quiet = Fights::default();
    let states = |news: &[Drift]| news.iter().map(|drift| drift.state).collect::<Vec<_>>();
    let found = [finding("/a", Difference::Moved)];
    let news = book.compared(&found, |_| true, &quiet, 1);
    assert_eq!(states(&news), [State::Open]);
    assert_eq!(book.compared(&found, |_| true, &quiet, 2), []);
    // Nobody looked at its menu.
    assert_eq!(book.compared(&[], |_| false, &quiet, 3), []);
    let mut fights = Fights::default();
    while fights.round(&found[0].subject(), 4) {}
    let news = book.compared(&found, |_| true, &fights, 4);
    assert_eq!((states(&news), news[0].first_seen, news[0].last_seen), (vec![State::Fighting], 1, 4));
    // Another difference of the same row is another drift.
    let news = book.compared(&[finding("/a", gone())], |_| true, &quiet, 5);
    assert_eq!(states(&news), [State::Open, State::Gone]);
    assert_eq!(states(&book.compared(&[], |_| true, &quiet, 6)), [State::Gone]);
    assert_eq!(book, Book::default());
}

#[test]
fn what_was_written_down_is_no_news_to_the_next_agent() {
    let found = [finding("/a", Difference::Moved), finding("/b", gone())];
    let mut book = Book::default();
    book.compared(&found, |_| true, &Fights::default(), 1);
    let mut next = Book::new(book.drifts().cloned());
    assert_eq!(next.compared(&found, |_| true, &Fights::default(), 2), []);
}

#[test]
fn a_report_holds_what_lasts_and_what_has_just_ended_as_far_as_one_message_carries() {
    let mut book = Book::default();
    let long = |n: usize| Difference::Missing(vec![(n.to_string(), "x".repeat(1_000))]);
    let found: Vec<Finding> = (0..200).map(|n| finding("/a", long(n))).collect();
    let news = book.compared(&found, |_| true, &Fights::default(), 1);
    let report = book.report(&news, 1);
    assert!(report.drifts.len() > 90 && report.more > 0);
    assert_eq!(report.drifts.len() + report.more as usize, 200);
    let news = book.compared(&found[..1], |_| true, &Fights::default(), 2);
    let report = book.report(&news[..3], 2);
    assert_eq!(report.drifts.iter().filter(|drift| drift.state == State::Gone).count(), 3);
    assert_eq!(report.drifts.len(), 4);
}
