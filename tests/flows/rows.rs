//! Rows of any menu, changed and undone: what is asked for is there, what is undone is as it was, and what somebody
//! else did meanwhile is not touched.

use bulkhead_flows::{
    Agent, Bench,
    orders::{create, delete, order, unset, update},
};
use bulkhead_twin::device::export::Export;
use shared::change_set::{Attribute, Evidence, Outcome, Position, Refusal, Ring, Verb};

const FILTER: &str = "/ip/firewall/filter";

/// A router with five rules of its own in the input chain.
async fn ready() -> anyhow::Result<(Bench, Agent, Export)> {
    let bench = Bench::new().await?;
    for port in ["21", "22", "23", "24", "25"] {
        let rule =
            [("chain", "input"), ("protocol", "tcp"), ("dst-port", port), ("action", "accept"), ("comment", port)];
        bench.twin.run(FILTER, "add", &rule).expect("added");
    }
    let agent = bench.agent().await?;
    let before = bench.export();
    Ok((bench, agent, before))
}

fn key(comment: &str) -> Vec<Attribute> {
    vec![("comment".to_owned(), comment.to_owned())]
}

/// The comments of the static rules that are not the installer's or the factory's, in their order.
fn comments(bench: &Bench) -> Vec<String> {
    let rows = bench.twin.rows(FILTER);
    let value = |row: &[(String, String)], name: &str| {
        row.iter().find(|(known, _)| known == name).map_or_else(String::new, |(_, value)| value.clone())
    };
    rows.iter()
        .filter(|row| value(row, "dynamic") != "true")
        .map(|row| value(row, "comment"))
        .filter(|comment| !comment.is_empty() && !comment.contains("installer") && !comment.contains("defconf"))
        .collect()
}

fn id_of(bench: &Bench, comment: &str) -> String {
    let rows = bench.twin.rows(FILTER);
    let value = |row: &[(String, String)], name: &str| {
        row.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    rows.iter()
        .find(|row| value(row, "comment").as_deref() == Some(comment))
        .and_then(|row| value(row, ".id"))
        .expect("a row")
}

#[tokio::test]
async fn a_row_is_made_where_it_was_asked_for_and_undone_without_a_trace() -> anyhow::Result<()> {
    let (bench, mut agent, before) = ready().await?;
    for (position, expected) in [
        (None, ["21", "22", "23", "24", "25", "bulkhead:row/t/1"]),
        (Some(Position::First), ["bulkhead:row/t/1", "21", "22", "23", "24", "25"]),
        (Some(Position::Last), ["21", "22", "23", "24", "25", "bulkhead:row/t/1"]),
        (Some(Position::Before(key("23"))), ["21", "22", "bulkhead:row/t/1", "23", "24", "25"]),
        (Some(Position::After(key("23"))), ["21", "22", "23", "bulkhead:row/t/1", "24", "25"]),
    ] {
        let order = order(vec![create("1", FILTER, &[("chain", "input"), ("action", "log")], position.clone())]);
        let report = agent.change(&order).await?;
        assert_eq!((report.outcome, report.evidence), (Some(Outcome::Confirmed), vec![Evidence::SignIn]));
        assert_eq!(comments(&bench), expected, "{position:?}");
        let begun = agent.engine.reopen(&order.id).await?;
        let report = agent.engine.carry_out(begun).await;
        assert_eq!(report.outcome, Some(Outcome::Reverted), "{report:?}");
        assert_eq!(bench.export(), before, "{position:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_row_is_altered_moved_and_put_back() -> anyhow::Result<()> {
    let (bench, mut agent, before) = ready().await?;
    let item = update(
        "1",
        FILTER,
        key("23"),
        &[("dst-port", "2323"), ("src-address", "192.168.88.0/24")],
        Some(Position::First),
    );
    let order = order(vec![unset(item, "comment")]);
    let plan = agent.engine.plan(&order).await?;
    let verbs: Vec<Verb> = plan.operations.iter().map(|operation| operation.verb).collect();
    assert_eq!(verbs, [Verb::Set, Verb::Set, Verb::Move]);
    assert_eq!(plan.operations[0].before, [("dst-port".to_owned(), "23".to_owned())]);
    let report = agent.change(&order).await?;
    assert_eq!(report.outcome, Some(Outcome::Confirmed), "{report:?}");
    assert_eq!(comments(&bench), ["21", "22", "24", "25"]);
    let again = agent.engine.plan(&order).await;
    assert!(again.is_err_and(|refusal| refusal.code == "no_such_row"), "its key is gone");
    let begun = agent.engine.reopen(&order.id).await?;
    let report = agent.engine.carry_out(begun).await;
    assert_eq!((report.outcome, report.undone_by), (Some(Outcome::Reverted), Some(Ring::Journal)));
    assert_eq!(bench.export(), before);
    Ok(())
}

#[tokio::test]
async fn a_removed_row_comes_back_whole_and_in_its_place() -> anyhow::Result<()> {
    let (bench, mut agent, before) = ready().await?;
    let order =
        order(vec![delete("1", FILTER, key("22")), delete("2", FILTER, key("23")), delete("3", FILTER, key("25"))]);
    assert_eq!(agent.change(&order).await?.outcome, Some(Outcome::Confirmed));
    assert_eq!(comments(&bench), ["21", "24"]);
    let begun = agent.engine.reopen(&order.id).await?;
    let report = agent.engine.carry_out(begun).await;
    assert_eq!(report.outcome, Some(Outcome::Reverted), "{report:?}");
    assert_eq!(bench.export(), before);
    Ok(())
}

#[tokio::test]
async fn what_is_there_already_is_not_written_again() -> anyhow::Result<()> {
    let (bench, mut agent, _) = ready().await?;
    let items = || {
        vec![
            create("1", FILTER, &[("chain", "input"), ("action", "log"), ("comment", "mine")], Some(Position::First)),
            create("2", "/ip/firewall/address-list", &[("list", "guests"), ("address", "192.168.99.0/24")], None),
            update("3", "/ip/dns", Vec::new(), &[("servers", "9.9.9.9"), ("cache-max-ttl", "7d")], None),
        ]
    };
    let first = order(items());
    assert_eq!(agent.change(&first).await?.outcome, Some(Outcome::Confirmed));
    assert_eq!(comments(&bench)[0], "bulkhead:row/t/1 mine");
    let plan = agent.engine.plan(&order(items())).await?;
    assert_eq!(plan.operations, []);
    Ok(())
}

#[tokio::test]
async fn two_hundred_rules_are_reordered_by_the_least_moves() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    for n in 0..200 {
        let rule = [("chain", "forward"), ("action", "log"), ("comment", &*format!("r{n}"))];
        bench.twin.run(FILTER, "add", &rule).expect("added");
    }
    bench.twin.run(FILTER, "add", &[("chain", "forward"), ("action", "drop"), ("comment", "final")]).expect("added");
    let mut agent = bench.agent().await?;
    // The last ten come first; all two hundred are named.
    let wanted: Vec<usize> = (190..200).chain(0..190).collect();
    let items = wanted.iter().rev().scan("final".to_owned(), |below, n| {
        let item = update(&n.to_string(), FILTER, key(&format!("r{n}")), &[], Some(Position::Before(key(below))));
        *below = format!("r{n}");
        Some(item)
    });
    let order = order(items.collect());
    let plan = agent.engine.plan(&order).await?;
    assert_eq!(plan.operations.len(), 10, "ten moves bring ten rules up");
    assert!(plan.operations.iter().all(|operation| operation.verb == Verb::Move));
    assert_eq!(agent.change(&order).await?.outcome, Some(Outcome::Confirmed));
    let names: Vec<String> = wanted.iter().map(|n| format!("r{n}")).chain(["final".to_owned()]).collect();
    assert_eq!(comments(&bench), names);
    Ok(())
}

#[tokio::test]
async fn a_row_that_somebody_else_altered_is_left_as_they_want_it() -> anyhow::Result<()> {
    let (bench, mut agent, _) = ready().await?;
    let order = order(vec![
        update("1", FILTER, key("22"), &[("action", "drop")], None),
        update("2", FILTER, key("23"), &[("action", "drop")], None),
    ]);
    assert_eq!(agent.change(&order).await?.outcome, Some(Outcome::Confirmed));
    let refused = |result: Result<_, Refusal>| result.err().map(|refusal| refusal.code);
    let id = id_of(&bench, "23");
    bench.twin.run(FILTER, "set", &[(".id", &*id), ("action", "reject")]).expect("set");
    assert_eq!(refused(agent.engine.reopen(&order.id).await.map(drop)).as_deref(), Some("superseded"));
    Ok(())
}

#[tokio::test]
async fn rows_that_keep_vifs_apart_are_out_of_reach() -> anyhow::Result<()> {
    let (_bench, mut agent, _) = ready().await?;
    for item in [
        update("1", FILTER, key("bulkhead:installer/api"), &[("action", "drop")], None),
        delete("1", FILTER, key("bulkhead:installer/api")),
    ] {
        let refusal = agent.engine.plan(&order(vec![item])).await.expect_err("refused");
        assert_eq!(refusal.code, "isolation_row");
    }
    for (key, code) in [
        (key("99"), "no_such_row"),
        (vec![("chain".to_owned(), "input".to_owned())], "ambiguous_key"),
        (Vec::new(), "no_key"),
    ] {
        let item = update("1", FILTER, key, &[("action", "drop")], None);
        assert_eq!(agent.engine.plan(&order(vec![item])).await.expect_err("refused").code, code);
    }
    Ok(())
}
