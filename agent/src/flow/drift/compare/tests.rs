use super::*;
use shared::{change_set::Attribute, drift::Policy, ids::ChangeSetId};

const MENU: &str = "/ip/address";

fn words() -> MenuWords {
    let writable = ["address", "comment", "disabled", "network", "timeout"].map(str::to_owned).to_vec();
    MenuWords { path: MENU.to_owned(), writable, ordered: false, single: false, unset: false }
}

fn pairs(text: &str) -> Vec<Attribute> {
    text.split_whitespace().filter_map(|word| word.split_once('=')).map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
}

fn owned(key: &str, wanted: &str) -> Owned {
    let wanted: Vec<(String, Option<String>)> =
        pairs(wanted).into_iter().map(|(n, v)| (n, Some(v).filter(|v| !v.is_empty()))).collect();
    let whole = wanted.iter().filter_map(|(n, v)| Some((n.clone(), v.clone()?))).collect();
    let row = OwnedRow {
        change_set: ChangeSetId::new("c1").expect("an id"),
        item: "1".to_owned(),
        menu: MENU.to_owned(),
        key: pairs(key),
        wanted,
        whole,
        policy: Policy::Report,
    };
    Owned { rows: vec![row], menus: vec![words()] }
}

/// What is found among these rows, by what differs.
fn found(owned: &Owned, rows: &[&str], ids: &BTreeMap<String, String>) -> Vec<String> {
    let rows: Vec<Row> = rows.iter().map(|row| Row::new(pairs(row))).collect();
    let reading = Reading::new([(MENU.to_owned(), rows)]);
    let menus: Vec<&MenuWords> = owned.menus.iter().collect();
    let said = |finding: Finding| match finding.difference {
        Difference::Altered(all) => {
            let one = |one: &Altered| {
                let text = |value: &Option<String>| value.clone().unwrap_or_default();
                format!("{} {}>{}", one.property, text(&one.wanted), text(&one.found))
            };
            all.iter().map(one).collect::<Vec<_>>().join(", ")
        }
        other @ (Difference::Missing(_) | Difference::Moved | Difference::Surplus) => format!("{other:?}"),
    };
    compare(owned, &menus, &reading, ids, &BTreeMap::new()).findings.into_iter().map(said).collect()
}

#[test]
fn values_are_compared_by_meaning_and_only_those_that_a_change_was_about() {
    let mine = owned(
        "comment=bulkhead:row/t/1",
        "address=10.0.0.1/32 disabled=no timeout=7d comment=bulkhead:row/t/1 network=",
    );
    let right = ".id=*1 address=10.0.0.1 timeout=1w comment=bulkhead:row/t/1";
    for (row, expected) in [
        (right.to_owned(), vec![]),
        (format!("{right} interface=ether9"), vec![]),
        (format!("{right} disabled=true"), vec!["disabled no>true"]),
        (format!("{right} network=10.0.0.0"), vec!["network >10.0.0.0"]),
        (right.replace("1w", "2w"), vec!["timeout 7d>2w"]),
        (right.replace("10.0.0.1", "*1A"), vec!["address 10.0.0.1/32>*1A"]),
    ] {
        assert_eq!(found(&mine, &[&row, ".id=*2 address=10.9.9.9"], &BTreeMap::new()), expected, "{row}");
    }
}

#[test]
fn a_row_is_gone_when_neither_its_key_nor_its_id_is_there() {
    let mine = owned("address=10.0.0.1/24", "network=10.0.0.0");
    let ids = BTreeMap::from([(mine.rows[0].subject(), "*7".to_owned())]);
    let renamed = ".id=*7 address=10.0.0.2/24 network=10.0.0.0";
    assert_eq!(found(&mine, &[renamed], &ids), ["address 10.0.0.1/24>10.0.0.2/24"]);
    assert_eq!(found(&mine, &[renamed], &BTreeMap::new()), [r#"Missing([("network", "10.0.0.0")])"#]);
    assert_eq!(found(&mine, &[".id=*8 address=10.0.0.1/24 network=10.0.0.0"], &ids), Vec::<String>::new());
    // What RouterOS made itself is nobody's row.
    let dynamic = ".id=*9 address=10.0.0.1/24 network=10.0.0.0 dynamic=true";
    assert_eq!(found(&mine, &[dynamic], &BTreeMap::new()).len(), 1);
}

#[test]
fn of_several_that_answer_to_a_key_the_one_that_is_most_alike_is_ours() {
    let mine = owned("network=10.0.0.0", "address=10.0.0.1/24 network=10.0.0.0");
    let rows = [".id=*1 address=10.0.0.9/24 network=10.0.0.0", ".id=*2 address=10.0.0.1/24 network=10.0.0.0"];
    assert_eq!(found(&mine, &rows, &BTreeMap::new()), Vec::<String>::new());
}
