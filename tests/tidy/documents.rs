//! Documents that name files which are not there are worse than none.

use crate::{none, source};

const DOCUMENTS: [&str; 7] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "tests/twin/README.md",
    "tests/conformance/README.md",
    "tests/lab/README.md",
];

#[test]
fn every_link_to_a_file_leads_to_one() {
    let mut findings = Vec::new();
    for file in source::files().iter().filter(|file| DOCUMENTS.contains(&file.path.as_str())) {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for target in links(&file.text) {
            let path = target.split('#').next().unwrap_or_default();
            if !path.is_empty() && !path.contains(':') && !source::root().join(folder).join(path).exists() {
                findings.push(format!("{}: {target}", file.path));
            }
        }
    }
    none("a link leads nowhere:", &findings);
}

#[test]
fn every_path_in_the_code_map_is_there() {
    let Some(text) = source::files().into_iter().find(|file| file.path == "ARCHITECTURE.md").map(|file| file.text)
    else {
        panic!("ARCHITECTURE.md is missing")
    };
    let rows: Vec<&str> = section(&text, "## Code map").lines().filter(|line| line.starts_with("| `")).collect();
    let paths = rows.iter().filter_map(|row| row.split('|').nth(1)).flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let findings: Vec<_> = paths.filter(|path| !source::root().join(path).exists()).map(str::to_owned).collect();
    assert!(rows.len() > 5, "the code map has no rows");
    none("the code map names what is not there:", &findings);
}

#[test]
fn every_module_is_in_the_code_map() {
    const LAYERS: [&str; 7] = [
        "shared/src/",
        "agent/src/",
        "agent/src/flow/",
        "agent/src/io/",
        "controller/src/",
        "controller/src/flow/",
        "controller/src/io/",
    ];
    // What only declares modules, starts a program or is a test says nothing of its own.
    const FRAMES: [&str; 5] = ["lib.rs", "main.rs", "flow.rs", "io.rs", "tests.rs"];
    let files = source::files();
    let map = files.iter().find(|file| file.path == "ARCHITECTURE.md").map(|file| section(&file.text, "## Code map"));
    let told = |path: &str| map.is_some_and(|map| map.contains(&format!("`{path}`")));
    let in_a_layer = |path: &str| {
        LAYERS
            .iter()
            .any(|layer| path.strip_prefix(layer).is_some_and(|name| !name.contains('/') && !FRAMES.contains(&name)))
    };
    let findings: Vec<_> = files
        .iter()
        .map(|file| file.path.as_str())
        .filter(|path| source::has_extension(path, &["rs"]) && in_a_layer(path) && !told(path))
        .map(str::to_owned)
        .collect();
    none("say in ARCHITECTURE.md's code map what it is:", &findings);
}

/// From a heading to the next one of its rank.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let from = text.find(heading).map_or(text.len(), |at| at + heading.len());
    let rest = &text[from..];
    rest.find("\n## ").map_or(rest, |end| &rest[..end])
}

/// The targets of `[text](target)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ', '\n']).next())
}
