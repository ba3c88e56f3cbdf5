//! `bulkhead router export`: what a router has, as a file for `bulkhead change plan`.

use super::output;
use crate::{flow::change_set::written, view::ExportView};
use serde_json::json;
use std::fmt::Write as _;

/// The file as TOML, with what is not in it said at its head.
pub(super) fn toml(found: &ExportView) -> String {
    let mut text = String::from(
        "# What the router has, as a change that asks for just that: planned as it stands it has nothing to do.\n\
         # Edit values, leave items out, set an item's operation to \"delete\". Passwords and keys are not in it.\n",
    );
    for left in &found.left_out {
        let rows = if left.rows == 1 { "row" } else { "rows" };
        let _ = writeln!(text, "# Not in it: {} {rows} of {} that {}.", left.rows, left.menu, left.why);
    }
    text + &written::text([("name", json!(found.name)), ("router", json!(found.router))], &found.items)
}

/// Writes the file to standard output.
pub(super) fn print(found: &ExportView, json: bool) -> anyhow::Result<()> {
    if json {
        return output::json(found);
    }
    output::text(&toml(found))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{LeftOutView, NewChangeSet};
    use serde_json::Value;

    #[test]
    fn the_file_reads_back_as_what_was_exported() {
        let item = json!({"id": "ip.dns.1", "resource": "/ip/dns", "operation": "update",
            "attributes": {"servers": "9.9.9.9,1.1.1.1", "comment": "a \"b\" \\ ü\nnext 'c'"}});
        let keyed = json!({"id": "a", "resource": "/ip/pool", "operation": "update", "key": {"name": "p"}});
        let found = ExportView {
            name: "r1-as-it-is".to_owned(),
            router: "r1".to_owned(),
            items: vec![
                serde_json::from_value(item).expect("an item"),
                serde_json::from_value(keyed).expect("an item"),
            ],
            left_out: vec![LeftOutView { menu: "/ip/route".to_owned(), rows: 1, why: "are there twice".to_owned() }],
        };
        let text = toml(&found);
        assert!(text.contains("# Not in it: 1 row of /ip/route that are there twice.\n"), "{text}");
        let mut read: Value = ::toml::from_str(&text).expect("TOML");
        assert_eq!(read["router"], "r1");
        read.as_object_mut().expect("a table").remove("router");
        let read: NewChangeSet = serde_json::from_value(read).expect("a change set");
        assert_eq!(read.items, found.items);
    }
}
