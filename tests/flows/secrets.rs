//! Values that the agent writes and cannot read: they are kept, altered, brought back and never touched where they are
//! somebody else's.

use bulkhead_flows::{
    Agent, Bench,
    orders::{create, delete, order, update},
};
use bulkhead_twin::device::export::Export;
use shared::change_set::{Attribute, Item, Outcome, Verb};

const WIREGUARD: &str = "/interface/wireguard";
const OURS: &str = "bulkhead:row/t/wg";
const OLD: &str = "AHmHuKuqyXSTsDEvmFOPeFpWZPvQyqPEFSDCWCPfbHg=";
const NEW: &str = "cIq0WqMrNDYJHOcuNDBUJyTPcsCmHmzCaGoDJ1qLbHY=";

async fn ready() -> anyhow::Result<(Bench, Agent, Export)> {
    let bench = Bench::new().await?;
    let agent = bench.agent().await?;
    let before = bench.export();
    Ok((bench, agent, before))
}

/// What a row of the menu has under a name, as somebody sees it who may see everything.
fn value(bench: &Bench, interface: &str, name: &str) -> Option<String> {
    let rows = bench.twin.rows(WIREGUARD);
    let has = |row: &[Attribute], name: &str| row.iter().find(|(known, _)| known == name).map(|(_, v)| v.clone());
    rows.iter().find(|row| has(row, "name").as_deref() == Some(interface)).and_then(|row| has(row, name))
}

fn tunnel(key: &str) -> Item {
    create("wg", WIREGUARD, &[("name", "wg-ours"), ("private-key", key)], None)
}

fn mark() -> Vec<Attribute> {
    vec![("comment".to_owned(), OURS.to_owned())]
}

#[tokio::test]
async fn a_secret_is_written_kept_and_not_written_again() -> anyhow::Result<()> {
    let (bench, mut agent, before) = ready().await?;
    let first = order(vec![tunnel(OLD)]);
    let report = agent.change(&first).await?;
    assert_eq!(report.outcome, Some(Outcome::Confirmed), "{report:?}");
    assert_eq!(value(&bench, "wg-ours", "private-key").as_deref(), Some(OLD));
    assert_eq!(agent.engine.plan(&order(vec![tunnel(OLD)])).await?.operations, []);

    let begun = agent.engine.reopen(&first.id).await?;
    let report = agent.engine.carry_out(begun).await;
    assert_eq!(report.outcome, Some(Outcome::Reverted), "{report:?}");
    assert_eq!(bench.export(), before);
    Ok(())
}

#[tokio::test]
async fn a_secret_that_was_altered_comes_back() -> anyhow::Result<()> {
    let (bench, mut agent, _) = ready().await?;
    assert_eq!(agent.change(&order(vec![tunnel(OLD)])).await?.outcome, Some(Outcome::Confirmed));
    // By its mark, and by its name.
    let named = update("1", WIREGUARD, vec![("name".to_owned(), "wg-ours".to_owned())], &[("private-key", NEW)], None);
    for item in [tunnel(NEW), named] {
        alters(&bench, &mut agent, item).await?;
    }
    Ok(())
}

/// The item writes the new key, once, and undone brings the old one back.
async fn alters(bench: &Bench, agent: &mut Agent, item: Item) -> anyhow::Result<()> {
    let altered = order(vec![item.clone()]);
    let plan = agent.engine.plan(&altered).await?;
    assert_eq!(plan.operations.len(), 1);
    assert_eq!(plan.operations[0].verb, Verb::Set);
    assert_eq!(plan.operations[0].attributes, [("private-key".to_owned(), "(hidden)".to_owned())]);
    assert_eq!(agent.change(&altered).await?.outcome, Some(Outcome::Confirmed));
    assert_eq!(value(bench, "wg-ours", "private-key").as_deref(), Some(NEW));
    assert_eq!(agent.engine.plan(&order(vec![item])).await?.operations, []);

    let begun = agent.engine.reopen(&altered.id).await?;
    assert_eq!(agent.engine.carry_out(begun).await.outcome, Some(Outcome::Reverted));
    assert_eq!(value(bench, "wg-ours", "private-key").as_deref(), Some(OLD));
    Ok(())
}

#[tokio::test]
async fn a_change_that_fails_after_a_secret_brings_it_back() -> anyhow::Result<()> {
    let (bench, mut agent, _) = ready().await?;
    assert_eq!(agent.change(&order(vec![tunnel(OLD)])).await?.outcome, Some(Outcome::Confirmed));
    let before = bench.export();
    // The address that the second item wants is none of this router's business until it is written.
    let refused = create("bad", "/ip/address", &[("address", "192.0.2.1/24"), ("interface", "nowhere")], None);
    for items in [vec![tunnel(NEW), refused.clone()], vec![delete("wg", WIREGUARD, mark()), refused]] {
        let report = agent.change(&order(items)).await?;
        assert_eq!(report.outcome, Some(Outcome::Reverted), "{report:?}");
        assert_eq!(value(&bench, "wg-ours", "private-key").as_deref(), Some(OLD));
        assert_eq!(bench.export(), before);
    }
    Ok(())
}

#[tokio::test]
async fn an_agent_that_is_killed_after_a_secret_brings_it_back() -> anyhow::Result<()> {
    let (bench, mut agent, _) = ready().await?;
    assert_eq!(agent.change(&order(vec![tunnel(OLD)])).await?.outcome, Some(Outcome::Confirmed));
    let slow = order(vec![tunnel(NEW)]);
    let begun = agent.begin(&slow).await?;
    let carried = tokio::time::timeout(std::time::Duration::from_secs(60), async {
        tokio::select! {
            _ = agent.engine.carry_out(begun) => {}
            () = async {
                while value(&bench, "wg-ours", "private-key").as_deref() != Some(NEW) {
                    tokio::task::yield_now().await;
                }
            } => {}
        }
    });
    carried.await?;
    drop(agent);
    let mut agent = bench.agent().await?;
    if let Some(begun) = agent.engine.unfinished()? {
        assert_eq!(agent.engine.carry_out(begun).await.outcome, Some(Outcome::Reverted));
        assert_eq!(value(&bench, "wg-ours", "private-key").as_deref(), Some(OLD));
    } else {
        anyhow::bail!("the change had ended before it was cut");
    }
    Ok(())
}

#[tokio::test]
async fn a_secret_that_somebody_else_wrote_is_neither_overwritten_nor_removed() -> anyhow::Result<()> {
    let (bench, mut agent, before) = ready().await?;
    let theirs = || vec![("name".to_owned(), "wg-vpn".to_owned())];
    for item in [delete("1", WIREGUARD, theirs()), update("1", WIREGUARD, theirs(), &[("private-key", NEW)], None)] {
        let refused = agent.engine.plan(&order(vec![item])).await;
        assert!(refused.is_err_and(|refusal| refusal.code == "secret_unknown"));
    }
    let other = order(vec![update("1", WIREGUARD, theirs(), &[("mtu", "1380")], None)]);
    assert_eq!(agent.change(&other).await?.outcome, Some(Outcome::Confirmed));
    let begun = agent.engine.reopen(&other.id).await?;
    assert_eq!(agent.engine.carry_out(begun).await.outcome, Some(Outcome::Reverted));
    assert_eq!(bench.export(), before);
    Ok(())
}

#[tokio::test]
async fn what_was_made_without_a_secret_can_go_unless_routeros_made_one_up() -> anyhow::Result<()> {
    let (bench, mut agent, before) = ready().await?;
    let peer = || {
        let peer = [("interface", "wg-ours"), ("public-key", NEW), ("allowed-address", "10.9.0.0/24")];
        create("peer", "/interface/wireguard/peers", &peer, None)
    };
    let both = order(vec![create("wg", WIREGUARD, &[("name", "wg-ours")], None), peer()]);
    assert_eq!(agent.change(&both).await?.outcome, Some(Outcome::Confirmed));
    let gone = vec![("comment".to_owned(), "bulkhead:row/t/peer".to_owned())];
    let report = agent.change(&order(vec![delete("peer", "/interface/wireguard/peers", gone)])).await?;
    assert_eq!(report.outcome, Some(Outcome::Confirmed), "{report:?}");
    let refused = agent.engine.plan(&order(vec![delete("wg", WIREGUARD, mark())])).await;
    assert!(refused.is_err_and(|refusal| refusal.code == "secret_unknown"));
    let begun = agent.engine.reopen(&both.id).await;
    assert!(begun.is_err(), "the peer is gone");
    assert_ne!(bench.export(), before);
    Ok(())
}
