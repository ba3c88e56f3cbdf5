use super::*;

const ITEM: &str = "[[items]]\nid = \"1\"\nresource = \"/ip/dns\"\noperation = \"update\"\n";

/// What is said of a text that is no change.
fn said(text: &str) -> String {
    let form = WriteForm { text: text.to_owned(), version: 0, action: String::new() };
    let problem = form.asked("r1").expect_err(text);
    form.errors(&problem).of("text").unwrap_or_default().to_owned()
}

#[test]
fn what_is_no_change_is_said_with_its_line() {
    for (text, line, word) in [
        ("name = ", "Line 1 is no TOML: ", "quoted"),
        (&format!("name = \"x\"\ncolour = \"red\"\n{ITEM}"), "Line 2: That is no change: ", "unknown field `colour`"),
        (&format!("name = \"x\"\n{ITEM}atributes = {{ a = \"b\" }}\n"), "Line 6: ", "unknown field `atributes`"),
        (&format!("name = \"x\"\n{ITEM}\n{ITEM}depends_on = 7\n"), "Line 11: ", "invalid type"),
        (&format!("name = \"x\"\nrouter = \"attic\"\n{ITEM}"), "Line 2: ", "`r1`"),
        (&format!("name = 7\n{ITEM}"), "Line 1: ", "invalid type"),
        (ITEM, "That is no change: ", "missing field `name`"),
    ] {
        let said = said(text);
        assert!(said.starts_with(line) && said.contains(word), "{text}: {said}");
    }
}

#[test]
fn what_is_a_change_is_one_of_the_page() {
    let form =
        WriteForm { text: format!("name = \"x\"\nleft_out = []\nrouter = \"r1\"\n{ITEM}"), ..WriteForm::default() };
    let asked = form.asked("r1").expect("a change");
    assert_eq!((asked.name.as_str(), asked.source.as_str(), asked.items.len()), ("x", "page", 1));
}
