//! The query words against a second reading of the manual's text ("API", section "Queries"), written on its own: a stack
//! with nothing but true at its bottom, however deep one looks.

use bulkhead_twin::device::query::Query;
use proptest::prelude::*;

/// The properties of the row that is asked about.
const ROW: [(&str, &str); 4] = [("a", "1"), ("b", "20"), ("c", "word"), ("d", "true")];

/// Deep enough that no generated query sees the bottom.
const DEPTH: usize = 400;

fn evaluate(words: &[String]) -> bool {
    let mut stack = vec![true; DEPTH];
    let value = |name: &str| ROW.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    for word in words {
        if let Some(operations) = word.strip_prefix('#') {
            operate(&mut stack, operations);
        } else if let Some(name) = word.strip_prefix('-') {
            stack.push(value(name).is_none());
        } else if let Some((name, wanted)) = word.strip_prefix('<').and_then(|rest| rest.split_once('=')) {
            stack.push(value(name).is_some_and(|value| less(value, wanted)));
        } else if let Some((name, wanted)) = word.strip_prefix('>').and_then(|rest| rest.split_once('=')) {
            stack.push(value(name).is_some_and(|value| less(wanted, value)));
        } else {
            let word = word.strip_prefix('=').unwrap_or(word);
            stack.push(match word.split_once('=') {
                Some((name, wanted)) => value(name).is_some_and(|value| value == wanted),
                None => value(word).is_some(),
            });
        }
    }
    !stack.contains(&false)
}

fn less(one: &str, other: &str) -> bool {
    match (one.parse::<i64>(), other.parse::<i64>()) {
        (Ok(one), Ok(other)) => one < other,
        _ => one < other,
    }
}

fn operate(stack: &mut Vec<bool>, operations: &str) {
    let signs: Vec<char> = operations.chars().collect();
    let mut at = 0;
    while at < signs.len() {
        let digits: String = signs[at..].iter().take_while(|sign| sign.is_ascii_digit()).collect();
        if !digits.is_empty() {
            let index: usize = digits.parse().unwrap();
            let copy = stack.iter().rev().nth(index).copied().unwrap_or(true);
            at += digits.len();
            if at == signs.len() {
                *stack = vec![true; DEPTH];
                stack.push(copy);
                return;
            }
            stack.push(copy);
            // A point after an index only ends it.
            at += usize::from(signs[at] == '.');
            continue;
        }
        let top = stack.pop().unwrap();
        match signs[at] {
            '!' => stack.push(!top),
            '&' => {
                let second = stack.pop().unwrap();
                stack.push(second & top);
            }
            '|' => {
                let second = stack.pop().unwrap();
                stack.push(second | top);
            }
            _ => stack.extend([top, top]),
        }
        at += 1;
    }
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[abcdx]".prop_map(|name| name),
        "-[abcdx]".prop_map(|name| name),
        "=?[abcdx]=(1|20|word|other|)".prop_map(|word| word),
        "[<>][abcdx]=(1|3|20|word|zebra|)".prop_map(|word| word),
        "#[!&|.0-3]{0,6}".prop_map(|word| word),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_query_keeps_what_a_second_reading_of_the_manual_keeps(words in prop::collection::vec(word(), 0..9)) {
        let query = Query::parse(&words).unwrap();
        let kept = query.keeps(|name| ROW.iter().find(|(key, _)| *key == name).map(|(_, value)| *value));
        prop_assert_eq!(kept, evaluate(&words), "{:?}", words);
    }
}

#[test]
fn sizes_are_compared_by_what_they_say() {
    let cases = [
        ("9", "<", "10", true),
        ("word", "<", "zebra", true),
        ("1d", ">", "23h", true),
        ("10.0.0.9", "<", "10.0.0.10", true),
        ("2026-01-02", ">", "2026-01-01", true),
    ];
    for (value, sign, wanted, expected) in cases {
        let query = Query::parse(&[format!("{sign}x={wanted}")]).unwrap();
        assert_eq!(query.keeps(|_| Some(value)), expected, "{value} {sign} {wanted}");
    }
    assert!(Query::parse(&["#&?".to_owned()]).is_err());
    assert!(Query::parse(&[">x".to_owned()]).is_err());
    assert!(Query::parse(&[String::new()]).is_err());
}
