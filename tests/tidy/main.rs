//! What a reviewer would otherwise have to look for: layering, size, names, licences, links. No tool but cargo.
//!
//! Each rule is a test that lists every place where it is broken, with what to do instead.

mod documents;
mod layers;
mod licences;
mod migrations;
mod shape;
mod source;
mod words;

/// Fails with all findings at once, so that one run shows the whole work.
fn none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}\n  {}\n", findings.join("\n  "));
}
