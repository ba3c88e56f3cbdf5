//! The writes of a plan as people know them: a line each, with what was beside what will be.

use super::word;
use crate::{cli::output, view::OperationView};
use shared::change_set::Verb;

/// `~ /ip/dns set servers=9.9.9.9 (was 1.1.1.1)  (item)`
pub(super) fn line(operation: &OperationView) -> String {
    let sign = match operation.verb {
        Verb::Add => '+',
        Verb::Set => '~',
        Verb::Remove => '-',
        Verb::Move => '>',
    };
    let was = |name: &str| operation.before.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let pair = |(name, value): &(String, String)| match was(name).filter(|_| operation.verb == Verb::Set) {
        Some(was) => format!("{name}={} (was {})", quoted(value), quoted(was)),
        None => format!("{name}={}", quoted(value)),
    };
    let held = operation.before.iter().filter(|_| matches!(operation.verb, Verb::Remove | Verb::Move));
    let mut words: Vec<String> = held.chain(operation.own()).map(pair).collect();
    words.extend(operation.place());
    if !operation.item.is_empty() {
        words.push(format!(" ({})", operation.item));
    }
    output::harmless(&format!("{sign} {} {} {}", operation.menu, word(&operation.verb), words.join(" ")))
}

fn quoted(value: &str) -> String {
    let plain = !value.is_empty() && !value.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"');
    if plain { value.to_owned() } else { format!("{value:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_what_was_beside_what_will_be() {
        let operation = |verb, attributes: &[(&str, &str)], before: &[(&str, &str)]| OperationView {
            verb,
            menu: "/ip/dns".into(),
            attributes: attributes.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            before: before.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            item: "1".into(),
        };
        for (verb, attributes, before, expected) in [
            (
                Verb::Set,
                &[("servers", "9.9.9.9")][..],
                &[("servers", "1.1.1.1")][..],
                "~ /ip/dns set servers=9.9.9.9 (was 1.1.1.1)  (1)",
            ),
            (Verb::Add, &[("name", "a b")], &[], "+ /ip/dns add name=\"a b\"  (1)"),
            (Verb::Remove, &[], &[("comment", "x")], "- /ip/dns remove comment=x  (1)"),
            (
                Verb::Add,
                &[("name", "a"), ("place-before", "(row “drop all”)")],
                &[],
                "+ /ip/dns add name=a above row “drop all”  (1)",
            ),
            (Verb::Move, &[], &[("comment", "x")], "> /ip/dns move comment=x to the end  (1)"),
        ] {
            assert_eq!(line(&operation(verb, attributes, before)), expected);
        }
    }
}
