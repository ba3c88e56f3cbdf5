//! How files look: size, names, what must not stand in them.

use crate::{
    none,
    source::{self, has_extension},
};

/// Beyond it there is almost always a second idea in the file.
const MOST_LINES: usize = 400;
/// Beyond it somebody should look whether there is one.
const TYPICAL_LINES: usize = 250;

/// Files that people write and read; data and what others wrote are none.
fn written_by_people(path: &str) -> bool {
    has_extension(path, &["rs", "py", "js", "mjs", "css", "html", "sh", "sql"]) && !path.contains("/vendor/")
        || path.starts_with("scripts/")
        || path.starts_with(".ci/")
}

#[test]
fn one_idea_a_file() {
    let sizes: Vec<(String, usize)> = source::files()
        .into_iter()
        .filter(|file| written_by_people(&file.path))
        .map(|file| (file.path, file.text.lines().count()))
        .collect();
    for (path, lines) in sizes.iter().filter(|(_, lines)| (TYPICAL_LINES + 1..=MOST_LINES).contains(lines)) {
        support::say(&format!("long: {path}: {lines} lines"));
    }
    let over: Vec<_> =
        sizes.iter().filter(|(_, n)| *n > MOST_LINES).map(|(path, n)| format!("{path}: {n} lines")).collect();
    none(&format!("more than {MOST_LINES} lines: find the second idea and give it its own file:"), &over);
}

#[test]
fn modules_are_foo_rs_with_foo_beside_it() {
    let found: Vec<_> =
        source::rust().into_iter().map(|file| file.path).filter(|path| path.ends_with("/mod.rs")).collect();
    none("use foo.rs with foo/:", &found);
}

#[test]
fn no_file_is_named_for_nothing() {
    const NAMES: [&str; 10] =
        ["util", "utils", "common", "helper", "helpers", "manager", "handler", "handlers", "base", "misc"];
    let found: Vec<_> = source::rust()
        .into_iter()
        .map(|file| file.path)
        .filter(|path| path.trim_end_matches(".rs").split('/').any(|part| NAMES.contains(&part)))
        .collect();
    none("name a file for what it is about:", &found);
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here, so that this file does not find itself.
    let markers = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
        concat!("unimplemented", "!("),
        concat!("todo", "!("),
        concat!("#[ig", "nore"),
    ];
    let mut found = Vec::new();
    for file in source::files().iter().filter(|file| written_by_people(&file.path)) {
        for (index, line) in file.text.lines().enumerate() {
            found.extend(
                markers.iter().filter(|m| line.contains(**m)).map(|m| format!("{}:{}: {m}", file.path, index + 1)),
            );
        }
    }
    none("finish it, or write an issue about it:", &found);
}

#[test]
fn product_code_does_not_panic_on_purpose() {
    const PRODUCT: [&str; 5] =
        ["agent/src/", "controller/src/", "shared/src/", "tests/twin/src/", "tests/conformance/src/"];
    let found: Vec<_> = source::rust()
        .iter()
        .filter(|file| PRODUCT.iter().any(|part| file.path.starts_with(part)))
        .flat_map(|file| file.holding(&[".unwrap()", ".expect(", "panic!(", "unreachable!("]))
        .collect();
    none("return an error that says what to do next:", &found);
}

#[test]
fn product_code_does_not_know_that_it_is_tested() {
    let found: Vec<_> = source::rust()
        .iter()
        .filter(|file| file.path.contains("/src/"))
        .flat_map(|file| file.holding(&["cfg!(test)", "cfg(not(test))", "cfg!(debug_assertions)"]))
        .collect();
    none("what is tested must be what runs:", &found);
}
