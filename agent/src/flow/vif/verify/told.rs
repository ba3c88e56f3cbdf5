//! What differs, in words.

use crate::flow::drift::Finding;
use shared::drift::{Altered, Difference};

/// Characters of a value that a sentence shows.
const SHOWN: usize = 60;

/// One sentence about a row of ours.
pub(super) fn sentence(finding: &Finding) -> String {
    let mark = finding.row.first().map_or("", |(_, mark)| mark.as_str());
    let menu = &finding.menu;
    match &finding.difference {
        Difference::Missing(_) => format!("{menu} lacks `{mark}`"),
        Difference::Moved => format!("{menu} has `{mark}` in the wrong place"),
        Difference::Surplus => format!("{menu} still has `{mark}`"),
        Difference::Altered(all) => {
            format!("{menu} has `{mark}` with {}", all.iter().map(altered).collect::<Vec<_>>().join(", "))
        }
    }
}

fn altered(one: &Altered) -> String {
    let word = |value: &Option<String>| match value {
        Some(value) => format!("`{}`", value.chars().take(SHOWN).collect::<String>()),
        None => "nothing".to_owned(),
    };
    format!("{} {} instead of {}", one.property, word(&one.found), word(&one.wanted))
}
