//! The list and what is written about it.

use std::{collections::BTreeSet, path::Path};

use bulkhead_conformance::{
    check::{Area, Check, Evidence},
    checks, report,
};

#[test]
fn ids_are_kebab_case_and_unique_and_promises_are_sentences() {
    let mut ids = BTreeSet::new();
    for Check { id, promise, .. } in checks::all() {
        assert!(ids.insert(id), "{id} twice");
        assert!(id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{id}");
        assert!(promise.ends_with('.') && !promise.contains('\n'), "{id}: {promise}");
    }
}

#[test]
fn what_reads_runs_before_what_writes() {
    let writes: Vec<bool> = checks::all().iter().map(|check| check.writes).collect();
    assert!(writes.is_sorted());
}

#[test]
fn every_area_has_its_checks() {
    let areas: BTreeSet<Area> = checks::all().iter().map(|check| check.area).collect();
    assert_eq!(areas.len(), 18);
}

/// The guesses that the twin's README lists: a number, or each letter of a number.
fn guesses() -> BTreeSet<String> {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../twin/README.md")).unwrap();
    let section = readme.split("\n## Guesses\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let label = |line: &str| line.trim_start_matches([' ', '-']).split_once(". ").map(|(label, _)| label.to_owned());
    let labels: Vec<String> = section
        .lines()
        .filter_map(label)
        .filter(|label| label.starts_with(|c: char| c.is_ascii_digit()) && label.len() < 5)
        .collect();
    let has_letters =
        |label: &String| label.bytes().all(|byte| byte.is_ascii_digit()) && labels.contains(&format!("{label}a"));
    let (headings, claims): (Vec<String>, Vec<String>) = labels.iter().cloned().partition(has_letters);
    let unique: BTreeSet<String> = claims.iter().cloned().collect();
    assert_eq!(unique.len(), claims.len(), "a guess is listed twice");
    for claim in &claims {
        let number = claim.trim_end_matches(|c: char| c.is_ascii_lowercase());
        assert!(claim == number || headings.iter().any(|heading| heading == number), "{claim} is under no {number}");
    }
    unique
}

#[test]
fn every_guess_of_the_twin_has_a_check_or_a_reason_why_it_has_none() {
    let asked: BTreeSet<String> = checks::all()
        .iter()
        .filter_map(|check| match check.evidence {
            Evidence::Guess(guess, _) => Some(guess.to_owned()),
            Evidence::Sourced(_) | Evidence::Seen(_) => None,
        })
        .collect();
    let reasons = checks::NOT_TESTABLE.iter().flat_map(|(_, guesses)| *guesses);
    let excused: BTreeSet<String> = reasons.map(|guess| (*guess).to_owned()).collect();
    let guesses = guesses();
    assert!(guesses.len() > 100, "the list of guesses was not found");
    let missing: Vec<_> = guesses.iter().filter(|n| !asked.contains(*n) && !excused.contains(*n)).collect();
    assert!(
        missing.is_empty(),
        "guesses without a check: give them one, or a line in checks::NOT_TESTABLE: {missing:?}"
    );
    let unknown: Vec<_> = asked.union(&excused).filter(|n| !guesses.contains(*n)).collect();
    assert!(unknown.is_empty(), "checks about guesses that the twin's README does not list: {unknown:?}");
    let both: Vec<_> = asked.intersection(&excused).collect();
    assert!(both.is_empty(), "guesses that have a check and an excuse: {both:?}");
}

#[test]
fn the_list_is_a_table_with_a_row_for_each_check() {
    let list = report::list(&checks::all());
    let rows = list.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, checks::all().len());
}
