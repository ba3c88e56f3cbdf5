//! What somebody else does to rows that a change left as they should be: told once, put back where that is wanted, and
//! left alone where they insist.

pub(crate) mod bed;

use bed::{BY_EVENT, BY_ORDER, BY_PERIOD, Warded, alter, reconciled, until, value};
use bulkhead_flows::{
    Bench,
    orders::{create, delete, order, update},
};
use bulkhead_twin::fault::{Fault, FaultKind};
use shared::{
    change_set::{Attribute, Position},
    drift::{Altered, Difference, Drift, Policy, State},
    wire::ChangeOrder,
};

const FILTER: &str = "/ip/firewall/filter";
const LIST: &str = "/ip/firewall/address-list";
const MARK: &str = "bulkhead:row/t/1";

fn key(comment: &str) -> Vec<Attribute> {
    vec![("comment".to_owned(), comment.to_owned())]
}

/// A rule between others.
fn rule() -> ChangeOrder {
    let rule = [("chain", "input"), ("protocol", "tcp"), ("dst-port", "22"), ("action", "drop")];
    order(vec![create("1", FILTER, &rule, Some(Position::Before(key("23"))))])
}

/// Waits until everything was compared once more, so that the order of the rules is known.
async fn compared(bench: &Bench) -> anyhow::Result<()> {
    let looks = || bench.twin.recorded().iter().filter(|words| words.contains(&"?#!".to_owned())).count();
    let seen = looks();
    until("two comparisons", || looks() > seen + 1).await
}

async fn ready() -> anyhow::Result<Bench> {
    let bench = Bench::new().await?;
    for port in ["21", "22", "23", "24", "25"] {
        let rule =
            [("chain", "input"), ("protocol", "tcp"), ("dst-port", port), ("action", "accept"), ("comment", port)];
        bench.twin.run(FILTER, "add", &rule).expect("added");
    }
    Ok(bench)
}

fn altered(property: &str, wanted: Option<&str>, found: Option<&str>) -> Difference {
    let text = |value: Option<&str>| value.map(str::to_owned);
    Difference::Altered(vec![Altered { property: property.to_owned(), wanted: text(wanted), found: text(found) }])
}

#[tokio::test]
async fn a_row_that_somebody_alters_is_told_once_and_left_as_they_want_it() -> anyhow::Result<()> {
    let bench = ready().await?;
    let warded = Warded::start(&bench, BY_EVENT).await?;
    let order = rule();
    warded.change(&order).await?;
    alter(&bench, FILTER, MARK, "dst-port", "2222");
    let drift = warded.one("the other port").await?;
    assert_eq!((&*drift.menu, &drift.row), (FILTER, &key(MARK)));
    assert_eq!(drift.item, Some((order.id, "1".to_owned())));
    assert_eq!(drift.difference, altered("dst-port", Some("22"), Some("2222")));
    assert_eq!((drift.policy, drift.state), (Policy::Report, State::Open));

    // Something else happens there, so that everything is compared once more: the same drift, and no word of it.
    let words = warded.told()?.len();
    alter(&bench, FILTER, "21", "dst-port", "2121");
    alter(&bench, FILTER, MARK, "disabled", "yes");
    let two =
        |open: &[Drift]| matches!(open, [one] if matches!(&one.difference, Difference::Altered(all) if all.len() == 2));
    assert_ne!(warded.until("both properties in one drift", two).await?[0].id, drift.id);
    assert_eq!(warded.told()?.len(), words + 1, "the rule that is not ours is no drift");
    assert_eq!(value(&bench, FILTER, MARK, "dst-port").as_deref(), Some("2222"), "nothing was put back");

    alter(&bench, FILTER, MARK, "disabled", "no");
    alter(&bench, FILTER, MARK, "dst-port", "22");
    warded.none("it is as it was").await?;
    let gone = warded.told()?.pop().expect("a word");
    assert!(gone.drifts.iter().all(|drift| drift.state == State::Gone) && !gone.drifts.is_empty(), "{gone:?}");
    Ok(())
}

#[tokio::test]
async fn a_row_that_is_removed_moved_or_renamed_is_told_as_what_it_is() -> anyhow::Result<()> {
    let bench = ready().await?;
    let warded = Warded::start(&bench, BY_PERIOD).await?;
    warded.change(&rule()).await?;
    let guest = update("2", FILTER, key("25"), &[("action", "reject")], None);
    warded.change(&order(vec![guest])).await?;
    compared(&bench).await?;

    let id = |comment: &str| value(&bench, FILTER, comment, ".id").expect("a row");
    let moved = |to: &str| bench.twin.run(FILTER, "move", &[("numbers", &id(MARK)), ("destination", &id(to))]);
    // Another rule between ours and the one below is nobody's drift, and neither is one that goes.
    let place = id("23");
    let new = [("chain", "input"), ("action", "log"), ("comment", "new"), ("place-before", &*place)];
    bench.twin.run(FILTER, "add", &new).expect("added");
    bench.twin.run(FILTER, "remove", &[(".id", &*id("22"))]).expect("removed");
    moved("25").expect("moved");
    let drift = warded.one("the move").await?;
    assert_eq!((&drift.row, &drift.difference), (&key(MARK), &Difference::Moved));
    moved("24").expect("moved");
    moved("23").expect("moved");
    warded.none("it is back above 23").await?;

    alter(&bench, FILTER, "25", "comment", "none of yours");
    let drift = warded.one("the renamed row").await?;
    assert_eq!(drift.row, key("25"));
    assert_eq!(drift.difference, altered("comment", Some("25"), Some("none of yours")));
    alter(&bench, FILTER, "none of yours", "comment", "25");
    warded.none("its name is back").await?;

    bench.twin.run(FILTER, "remove", &[(".id", &*id(MARK))]).expect("removed");
    let drift = warded.one("the removed row").await?;
    let Difference::Missing(lost) = &drift.difference else { panic!("{drift:?}") };
    assert!(lost.contains(&("dst-port".to_owned(), "22".to_owned())), "{lost:?}");
    Ok(())
}

#[tokio::test]
async fn a_move_that_nobody_tells_of_is_found_by_the_order_of_the_rows() -> anyhow::Result<()> {
    let bench = ready().await?;
    let warded = Warded::start(&bench, BY_ORDER).await?;
    warded.change(&rule()).await?;
    compared(&bench).await?;
    let id = |comment: &str| value(&bench, FILTER, comment, ".id").expect("a row");
    let moved = |to: &str| bench.twin.run(FILTER, "move", &[("numbers", &id(MARK)), ("destination", &id(to))]);
    moved("25").expect("moved");
    assert_eq!(warded.one("the move").await?.difference, Difference::Moved);
    moved("23").expect("moved");
    warded.none("it is back above 23").await
}

#[tokio::test]
async fn what_the_router_does_not_tell_is_found_by_the_period() -> anyhow::Result<()> {
    let bench = ready().await?;
    for _ in 0..200 {
        bench.twin.fault(Fault::new(FaultKind::Trap, "/ip/firewall/filter/listen"));
    }
    let warded = Warded::start(&bench, BY_PERIOD).await?;
    warded.change(&rule()).await?;
    alter(&bench, FILTER, MARK, "action", "accept");
    warded.one("the other action").await?;
    let listens = bench.twin.recorded().iter().filter(|words| words[0] == "/ip/firewall/filter/listen").count();
    assert!(listens > 0, "it was tried");
    Ok(())
}

#[tokio::test]
async fn a_menu_is_listened_to_once_and_only_where_something_is_owned() -> anyhow::Result<()> {
    let bench = ready().await?;
    let warded = Warded::start(&bench, BY_PERIOD).await?;
    warded.change(&rule()).await?;
    let guests = create("9", LIST, &[("list", "guests"), ("address", "192.168.99.0/24")], None);
    warded.change(&order(vec![guests])).await?;
    alter(&bench, LIST, "bulkhead:row/t/9", "list", "family");
    warded.one("the other list").await?;
    let recorded = bench.twin.recorded();
    let mut listens: Vec<&str> =
        recorded.iter().map(|words| words[0].as_str()).filter(|command| command.ends_with("/listen")).collect();
    listens.sort_unstable();
    assert_eq!(listens, ["/ip/firewall/address-list/listen", "/ip/firewall/filter/listen"]);
    Ok(())
}

#[tokio::test]
async fn a_drift_outlives_agent_and_boot_without_another_word() -> anyhow::Result<()> {
    let bench = ready().await?;
    let warded = Warded::start(&bench, BY_EVENT).await?;
    warded.change(&rule()).await?;
    alter(&bench, FILTER, MARK, "dst-port", "2222");
    let drift = warded.one("the other port").await?;
    let words = warded.told()?.len();
    drop(warded);
    let before = value(&bench, FILTER, MARK, ".id");
    bench.twin.reboot();
    let again = Warded::start(&bench, BY_EVENT).await?;
    assert_ne!(value(&bench, FILTER, MARK, ".id"), before, "ids are others after a boot");
    // A second drift shows that the first was compared too.
    alter(&bench, FILTER, MARK, "action", "accept");
    again.until("another difference", |open| open.len() == 1 && open[0].id != drift.id).await?;
    let told = again.told()?;
    assert!(told.len() <= words + 1, "{told:#?}");
    Ok(())
}

#[tokio::test]
async fn what_is_to_be_put_back_is_put_back() -> anyhow::Result<()> {
    let bench = ready().await?;
    let warded = Warded::start(&bench, BY_PERIOD).await?;
    warded.change(&reconciled(rule())).await?;
    compared(&bench).await?;
    alter(&bench, FILTER, MARK, "dst-port", "2222");
    until("the port is back", || value(&bench, FILTER, MARK, "dst-port").as_deref() == Some("22")).await?;
    warded.none("it is as it should be").await?;
    let before = bench.export();
    let id = value(&bench, FILTER, MARK, ".id").expect("a row");
    bench.twin.run(FILTER, "remove", &[(".id", &*id)]).expect("removed");
    until("it is back in its place", || bench.export() == before).await?;
    warded.none("it is as it should be").await?;
    let (id, to) =
        (value(&bench, FILTER, MARK, ".id").expect("a row"), value(&bench, FILTER, "21", ".id").expect("a row"));
    bench.twin.run(FILTER, "move", &[("numbers", &*id), ("destination", &*to)]).expect("moved");
    until("it is back in its place", || bench.export() == before).await?;
    warded.none("it is as it should be").await?;
    assert_eq!(bench.twin.rows("/system/script"), Vec::<Vec<(String, String)>>::new(), "no ring is left behind");
    Ok(())
}

#[tokio::test]
async fn a_writer_who_insists_is_left_alone_after_three_rounds_until_a_person_acts() -> anyhow::Result<()> {
    let bench = ready().await?;
    let warded = Warded::start(&bench, BY_EVENT).await?;
    warded.change(&reconciled(rule())).await?;
    let puts = || {
        let recorded = bench.twin.recorded();
        recorded.iter().filter(|words| words[0] == "/ip/firewall/filter/set").count()
    };
    for round in 1..=3 {
        alter(&bench, FILTER, MARK, "dst-port", &format!("{round}"));
        until("it is put back", || value(&bench, FILTER, MARK, "dst-port").as_deref() == Some("22")).await?;
        warded.none("it is as it should be").await?;
    }
    let done = puts();
    alter(&bench, FILTER, MARK, "dst-port", "4");
    let fighting = |open: &[Drift]| open.len() == 1 && open[0].state == State::Fighting;
    warded.until("the end of it", fighting).await?;
    alter(&bench, FILTER, MARK, "dst-port", "5");
    let drift = warded.until("another value", |open| {
        fighting(open) && open[0].difference == altered("dst-port", Some("22"), Some("5"))
    });
    let drift = drift.await?.remove(0);
    assert_eq!(puts(), done, "nothing more is written");

    assert_eq!(warded.reconcile(&drift.id).await?, Ok(()));
    until("a person had it put back", || value(&bench, FILTER, MARK, "dst-port").as_deref() == Some("22")).await?;
    warded.none("it is as it should be").await?;
    alter(&bench, FILTER, MARK, "dst-port", "6");
    until("it is put back again", || value(&bench, FILTER, MARK, "dst-port").as_deref() == Some("22")).await
}

#[tokio::test]
async fn what_a_person_accepts_is_wanted_from_then_on() -> anyhow::Result<()> {
    let bench = ready().await?;
    let warded = Warded::start(&bench, BY_PERIOD).await?;
    warded.change(&rule()).await?;
    alter(&bench, FILTER, MARK, "dst-port", "2222");
    let drift = warded.one("the other port").await?;
    assert_eq!(warded.accept(&drift.id).await?, Ok(()));
    let last = warded.told()?.pop().expect("a word");
    assert_eq!(last.drifts.first().map(|drift| drift.state), Some(State::Accepted));
    alter(&bench, FILTER, MARK, "dst-port", "22");
    let drift = warded.one("what was wanted once").await?;
    assert_eq!(drift.difference, altered("dst-port", Some("2222"), Some("22")));
    assert_eq!(warded.accept(&drift.id).await?, Ok(()));

    compared(&bench).await?;
    let (id, to) =
        (value(&bench, FILTER, MARK, ".id").expect("a row"), value(&bench, FILTER, "21", ".id").expect("a row"));
    bench.twin.run(FILTER, "move", &[("numbers", &*id), ("destination", &*to)]).expect("moved");
    let drift = warded.one("the move").await?;
    assert_eq!(warded.accept(&drift.id).await?, Ok(()));
    bench.twin.run(FILTER, "remove", &[(".id", &*id)]).expect("removed");
    let drift = warded.one("the removed row").await?;
    assert_eq!(warded.accept(&drift.id).await?, Ok(()));
    warded.none("nothing is owned any more").await?;
    assert_eq!(warded.accept(&drift.id).await?.map_err(|refusal| refusal.code), Err("unknown_drift".to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_row_is_owned_as_the_last_change_left_it_and_not_once_it_was_undone() -> anyhow::Result<()> {
    let bench = ready().await?;
    let warded = Warded::start(&bench, BY_EVENT).await?;
    warded.change(&rule()).await?;
    let second = order(vec![update(
        "1",
        FILTER,
        key(MARK),
        &[("dst-port", "2222"), ("comment", "bulkhead:row/t/1 mine")],
        None,
    )]);
    warded.change(&second).await?;
    let mut engine = warded.engine.lock().await;
    let begun = engine.reopen(&second.id).await?;
    engine.carry_out(begun).await;
    drop(engine);
    warded.changed().await?;
    alter(&bench, FILTER, MARK, "action", "accept");
    let drift = warded.one("the other action alone").await?;
    assert_eq!(drift.difference, altered("action", Some("drop"), Some("accept")));
    warded.change(&order(vec![delete("1", FILTER, key(MARK))])).await?;
    warded.none("a removed row is nobody's").await
}

#[tokio::test]
async fn an_agent_that_is_killed_while_it_puts_back_ends_where_it_should() -> anyhow::Result<()> {
    let commands = ["/ip/firewall/filter/set", "/system/script/add", "/safe-mode/take", "/safe-mode/release", "/login"];
    for command in commands {
        let bench = ready().await?;
        let warded = Warded::start(&bench, BY_EVENT).await?;
        warded.change(&reconciled(rule())).await?;
        alter(&bench, FILTER, MARK, "dst-port", "2222");
        until("it is put back once", || value(&bench, FILTER, MARK, "dst-port").as_deref() == Some("22")).await?;
        warded.none("it is as it should be").await?;
        let before = bench.export();
        let seen = bench.twin.recorded().len();
        bench.twin.fault(Fault::new(FaultKind::Stall, command));
        alter(&bench, FILTER, MARK, "dst-port", "2222");
        let hangs = || bench.twin.recorded()[seen..].iter().any(|words| words[0] == command);
        until(&format!("it hangs at {command}"), hangs).await?;
        drop(warded);
        bench.twin.clear_faults();
        let again = Warded::start(&bench, BY_EVENT).await?;
        until(&format!("as it should be after {command}"), || bench.export() == before).await?;
        again.none("it is as it should be").await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_isolates_a_vif_is_put_back_whatever_anybody_asked_for() -> anyhow::Result<()> {
    let bench = ready().await?;
    let warded = Warded::start(&bench, BY_EVENT).await?;
    warded.change(&bulkhead_flows::create("c1", "tor")?).await?;
    let listens = || bench.twin.recorded().iter().any(|words| words[0] == "/ip/firewall/filter/listen");
    until("its rules are listened to", listens).await?;
    let before = bench.export();
    // Not its gate, which is the keeper's to switch.
    let mark = "bulkhead:vif/tor-1/private";
    let id = value(&bench, FILTER, mark, ".id").expect("a rule of the VIF");
    for edit in ["disable", "remove"] {
        let id = value(&bench, FILTER, mark, ".id").unwrap_or_else(|| id.clone());
        bench.twin.run(FILTER, edit, &[(".id", &*id)]).expect("edited");
        until(&format!("as it was after {edit}"), || bench.export() == before).await?;
        warded.none("it is as it should be").await?;
    }
    let found = warded.told()?.into_iter().flat_map(|report| report.drifts).find(|drift| drift.state == State::Open);
    let found = found.expect("it was told");
    assert_eq!((found.policy, found.vif.map(String::from).as_deref()), (Policy::Reconcile, Some("tor-1")));
    Ok(())
}
