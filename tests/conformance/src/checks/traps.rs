//! Refusals: their texts, and which of them carry a category.

use super::form::{Part, Refused};
use crate::check::{Check, Evidence};

const QUOTED: Evidence = Evidence::Sourced("manual, \"REST API\", error texts");
const CATEGORIES: Evidence = Evidence::Guess(1, "which traps carry a category");

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::refused(
            "trap-no-such-command",
            "An unknown command is `no such command`.",
            QUOTED,
            text(&["/interface/vlan/explode"], "no such command"),
        ),
        Check::refused(
            "category-no-such-command",
            "An unknown command has category 0.",
            CATEGORIES,
            category(&["/interface/vlan/explode"], Some(0)),
        ),
        Check::refused(
            "trap-no-such-prefix",
            "A command of an unknown menu is `no such command prefix`.",
            QUOTED,
            text(&["/no/such/menu/print"], "no such command prefix"),
        ),
    ]
}

const fn text(words: &'static [&'static str], text: &'static str) -> Refused {
    Refused { words, on_bridge: false, part: Part::Text(text) }
}

const fn category(words: &'static [&'static str], category: Option<u8>) -> Refused {
    Refused { words, on_bridge: false, part: Part::Category(category) }
}
