//! The verifier on the twin: an agent without a controller puts right whatever somebody does to a VIF's isolation, and
//! shuts the gate of one that nothing of its own can put right.

mod random;

use crate::drift::bed::{BY_ORDER, Warded, until, value};
use bulkhead_flows::{Bench, create};
use shared::notice::Severity;
use std::time::Duration;

const FILTER: &str = "/ip/firewall/filter";
const RAW: &str = "/ip/firewall/raw";
const MANGLE: &str = "/ip/firewall/mangle";
const NAT: &str = "/ip/firewall/nat";
const RULE: &str = "/routing/rule";
const LIST: &str = "/interface/list";
const MEMBER: &str = "/interface/list/member";
const PORT: &str = "/interface/bridge/port";
const BRIDGE_VLAN: &str = "/interface/bridge/vlan";
const ROUTE: &str = "/ip/route";
const OPEN: &str = "/ip/firewall/address-list";
const VIF: &str = "bulkhead:vif/tor-1/";

/// A router with one VIF that was verified and whose gate is open.
pub(crate) async fn ready() -> anyhow::Result<(Bench, Warded)> {
    let bench = Bench::new().await?;
    let warded = Warded::kept(&bench, BY_ORDER).await?;
    warded.change(&create("c1", "tor")?).await?;
    until("a gate that is open", || is_open(&bench)).await?;
    until("a verification that found nothing", || is_whole(&warded)).await?;
    Ok((bench, warded))
}

pub(crate) fn is_open(bench: &Bench) -> bool {
    let off = |part: &str| value(bench, FILTER, &format!("{VIF}{part}"), "disabled").as_deref() == Some("true");
    off("gate-out") && off("gate-in") && value(bench, OPEN, &format!("{VIF}lease"), "address").is_some()
}

fn is_whole(warded: &Warded) -> bool {
    warded.verdict("tor-1").ok().flatten().is_some_and(|verdict| verdict.isolation.ok && verdict.isolation.traced > 60)
}

fn id(bench: &Bench, menu: &str, comment: &str) -> String {
    value(bench, menu, comment, ".id").expect("a row")
}

/// What somebody does.
enum Deed {
    /// To a row of ours.
    Remove(&'static str, &'static str),
    Set(&'static str, &'static str, &'static [(&'static str, &'static str)]),
    /// Below all.
    Sink(&'static str, &'static str),
}
use Deed::{Remove, Set, Sink};

fn whose(part: &str) -> String {
    if part.starts_with("base/") { format!("bulkhead:{part}") } else { format!("{VIF}{part}") }
}

fn done(bench: &Bench, deed: &Deed) {
    let twin = &bench.twin;
    match deed {
        Remove(menu, part) => {
            let id = id(bench, menu, &whose(part));
            twin.run(menu, "remove", &[(".id", &*id)]).expect("removed");
        }
        Set(menu, part, values) => {
            let id = id(bench, menu, &whose(part));
            let words: Vec<(&str, &str)> = [(".id", &*id)].into_iter().chain(values.iter().copied()).collect();
            twin.run(menu, "set", &words).expect("set");
        }
        Sink(menu, part) => {
            let id = id(bench, menu, &whose(part));
            twin.run(menu, "move", &[("numbers", &*id)]).expect("moved");
        }
    }
}

const DEEDS: &[Deed] = &[
    Remove(FILTER, "private"),
    Remove(FILTER, "gate-out"),
    Remove(FILTER, "gate-in"),
    Remove(RULE, "rule-interface"),
    Remove(FILTER, "base/closed"),
    Remove(RAW, "raw-stray"),
    Remove(RULE, "rule"),
    Remove(FILTER, "base/output-errors"),
    Remove(ROUTE, "blackhole"),
    Remove(MEMBER, "vlan-member"),
    Remove("/ipv6/firewall/raw", "base/raw-in"),
    Remove(MANGLE, "base/mangle-mark"),
    Sink(FILTER, "base/jump-forward-in"),
    Sink(MANGLE, "tripwire-out"),
    Sink(RULE, "rule"),
    Set(FILTER, "base/jump-forward-in", &[("disabled", "yes")]),
    Set(RAW, "raw-spoofed", &[("disabled", "yes")]),
    Set(MANGLE, "base/mangle-mark", &[("new-connection-mark", "x")]),
    Set(RULE, "rule", &[("disabled", "yes")]),
    Set(PORT, "bridge-port", &[("disabled", "yes")]),
    // Narrowed, so that it is no longer for all that it was for.
    Set(FILTER, "base/jump-forward-in", &[("src-address", "10.9.9.9")]),
    Set(RAW, "raw-stray", &[("protocol", "tcp")]),
    Set(RULE, "rule", &[("dst-address", "10.9.9.0/24")]),
    Set(LIST, "egress-list", &[("include", "WAN")]),
    Set(LIST, "base/list", &[("exclude", "LAN")]),
    Set(PORT, "bridge-port", &[("pvid", "7")]),
    Set(PORT, "bridge-port", &[("ingress-filtering", "no"), ("frame-types", "admit-all")]),
    Set(BRIDGE_VLAN, "bridge-vlan", &[("untagged", "bh-tor,ether5")]),
    Set(BRIDGE_VLAN, "bridge-vlan", &[("vlan-ids", "7")]),
    Set("/interface/vlan", "vlan", &[("vlan-id", "7")]),
    Set("/ip/address", "address", &[("address", "172.16.99.1/30")]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_does_to_rows_of_ours_is_put_right_with_no_controller_anywhere() -> anyhow::Result<()> {
    for deeds in DEEDS.chunks(3) {
        let (bench, warded) = ready().await?;
        let before = bench.export();
        for deed in deeds {
            done(&bench, deed);
            let what = match deed {
                Remove(menu, part) => format!("{menu} {part} back"),
                Set(menu, part, values) => format!("{menu} {part} without {values:?}"),
                Sink(menu, part) => format!("{menu} {part} in its place"),
            };
            // Whoever keeps the gate shuts a drop that was made anew, and opens it again.
            until(&what, || is_open(&bench) && bench.export() == before).await?;
        }
        until("a verification that found nothing", || is_whole(&warded)).await?;
        let notices = warded.notices()?;
        for code in ["isolation_broken", "isolation_repaired"] {
            assert!(notices.iter().any(|notice| notice.code == code), "{code}: {notices:#?}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_row_on_top_of_ours_is_named_and_ends_up_below() -> anyhow::Result<()> {
    let (bench, warded) = ready().await?;
    for (menu, words) in [
        (FILTER, &[("chain", "forward"), ("action", "accept")][..]),
        (RAW, &[("chain", "prerouting"), ("action", "notrack")]),
        (MANGLE, &[("chain", "prerouting"), ("action", "mark-connection"), ("new-connection-mark", "x")]),
        (NAT, &[("chain", "srcnat"), ("action", "accept")]),
        (RULE, &[("action", "lookup"), ("table", "main")]),
        ("/ipv6/firewall/filter", &[("chain", "forward"), ("action", "accept")]),
    ] {
        let before = bench.export();
        let first = bench.twin.rows(menu);
        let get = |row: &[(String, String)], name: &str| {
            row.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap_or_default()
        };
        // The installer's row stands above ours, and is not the verifier's.
        let ours = |comment: &str| comment.starts_with("bulkhead:vif/") || comment.starts_with("bulkhead:base/");
        let top = first.iter().find(|row| ours(&get(row, "comment"))).map(|row| get(row, ".id")).expect("a row");
        let words: Vec<(&str, &str)> =
            words.iter().copied().chain([("place-before", &*top), ("comment", "mine")]).collect();
        bench.twin.run(menu, "add", &words).expect("added");
        let without = || {
            let mut export = bench.export();
            let rows = export.get_mut(menu).expect("rows");
            rows.retain(|row| row.get("comment").is_none_or(|comment| comment != "mine"));
            (export, bench.twin.rows(menu))
        };
        let below = || {
            let (export, rows) = without();
            let at = |is_it: &dyn Fn(&str) -> bool| rows.iter().rposition(|row| is_it(&get(row, "comment")));
            export == before && at(&|comment| comment == "mine") > at(&|comment| ours(comment))
        };
        until(&format!("{menu}: ours above"), below).await?;
        let named = |text: &str| text.contains(menu) && text.contains("`mine` stands above");
        let notices = warded.notices()?;
        assert!(notices.iter().any(|notice| named(&notice.message)), "{menu}: {notices:#?}");
        until("a verification that found nothing", || is_whole(&warded)).await?;
    }
    Ok(())
}

/// A connection keeps the addresses that it began with as long as it lives, whatever stands above that rule by then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_forget_what_they_took_from_a_row_that_stood_above_ours() -> anyhow::Result<()> {
    let (bench, warded) = ready().await?;
    let connections = |of_service: bool| {
        let rows = bench.twin.rows("/ip/firewall/connection");
        let is_of = |row: &&Vec<(String, String)>| row.iter().any(|(_, value)| value.starts_with("172.16.64.2"));
        rows.iter().filter(|row| is_of(row) == of_service).count()
    };
    bench.twin.set_traffic("bh-v100", 8_000, 8_000)?;
    bench.twin.set_traffic("bridge", 8_000, 8_000)?;
    until("connections", || {
        bench.twin.advance(Duration::from_millis(500));
        connections(true) > 0 && connections(false) > 0
    })
    .await?;
    bench.twin.set_traffic("bh-v100", 0, 0)?;
    // Whole all the time: what is verified is no reason to forget any.
    let _ = warded.verify("tor-1").await?;
    assert!(connections(true) > 0 && is_whole(&warded));
    let top = id(&bench, NAT, &format!("{VIF}masquerade"));
    let words = [("chain", "srcnat"), ("action", "accept"), ("place-before", &*top)];
    bench.twin.run(NAT, "add", &words).expect("added");
    until("connections of the service forgotten", || connections(true) == 0).await?;
    assert!(connections(false) > 0, "nobody else's");
    until("a verification that found nothing", || is_whole(&warded)).await?;
    assert!(is_open(&bench), "nothing leaked");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interface_that_was_made_again_is_referred_to_again() -> anyhow::Result<()> {
    let (bench, warded) = ready().await?;
    let before = bench.export();
    let row = bench.twin.rows("/interface/wireguard").into_iter().next().expect("a tunnel");
    let get = |name: &str| row.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let (name, comment) = (get("name").expect("a name"), get("comment").unwrap_or_default());
    let key = get("private-key").unwrap_or_default();
    bench.twin.run("/interface/wireguard", "remove", &[(".id", &*get(".id").expect("an id"))]).expect("removed");
    assert_ne!(value(&bench, MEMBER, &format!("{VIF}egress-member"), "interface"), Some(name.clone()), "a dead id");
    // As often as the agent may look meanwhile: it cannot name what is not there, and must not give up.
    for _ in 0..5 {
        let _ = warded.verify("tor-1").await?;
    }
    let mut words = vec![("name", &*name)];
    words.extend([("comment", &*comment), ("private-key", &*key)].into_iter().filter(|(_, value)| !value.is_empty()));
    bench.twin.run("/interface/wireguard", "add", &words).expect("added");
    let ours = |export: &bulkhead_twin::device::export::Export| {
        [ROUTE, MEMBER, FILTER, MANGLE].map(|menu| export.get(menu).cloned())
    };
    until("the new interface in the place of the old", || ours(&bench.export()) == ours(&before)).await?;
    until("a verification that found nothing", || is_whole(&warded)).await
}

/// Rows of somebody else's among what is ours, that Bulkhead must not remove.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_somebody_elses_and_lets_packets_out_has_the_gate_shut_until_it_goes() -> anyhow::Result<()> {
    let (bench, warded) = ready().await?;
    for (menu, words) in [
        (MEMBER, &[("list", "bh-100-egress"), ("interface", "ether1")][..]),
        (ROUTE, &[("routing-table", "bh-100"), ("dst-address", "203.0.113.0/24"), ("gateway", "ether1")]),
        (ROUTE, &[("dst-address", "172.16.64.2/32"), ("gateway", "ether1")]),
        (OPEN, &[("list", "bh-open"), ("address", "172.16.64.0/24")]),
    ] {
        let words: Vec<(&str, &str)> = words.iter().copied().chain([("comment", "mine")]).collect();
        bench.twin.run(menu, "add", &words).expect("added");
        until(&format!("{menu} {words:?}: shut"), || {
            let on = |part: &str| value(&bench, FILTER, &format!("{VIF}{part}"), "disabled").as_deref() != Some("true");
            on("gate-out") && on("gate-in") && value(&bench, OPEN, &format!("{VIF}lease"), "address").is_none()
        })
        .await?;
        let verdict = warded.verdict("tor-1")?.expect("a verdict");
        assert!(verdict.shut.is_some_and(|text| text.contains("`mine`") && text.contains(menu)), "{words:?}");
        let notices = warded.notices()?;
        let last = notices.iter().rfind(|notice| notice.code == "isolation_broken").expect("a line");
        assert_eq!(last.severity, Severity::Critical);
        assert!(value(&bench, menu, "mine", ".id").is_some(), "nobody else's row is removed");
        let id = id(&bench, menu, "mine");
        bench.twin.run(menu, "remove", &[(".id", &*id)]).expect("removed");
        until(&format!("{menu} {words:?}: open again"), || is_open(&bench)).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verification_that_is_asked_for_is_answered_when_it_is_done() -> anyhow::Result<()> {
    let (bench, warded) = ready().await?;
    let at = |warded: &Warded| warded.verdict("tor-1").map(|verdict| verdict.expect("a verdict").isolation.verified_at);
    let before = at(&warded)?;
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    assert_eq!(warded.verify("tor-1").await?, Ok(()));
    assert!(at(&warded)? > before);
    assert_eq!(warded.verify("nobody").await?.expect_err("refused").code, "unknown_vif");
    bench.twin.fault(bulkhead_twin::fault::Fault::now(bulkhead_twin::fault::FaultKind::Disconnect));
    let lost = warded.verify("tor-1").await?;
    assert!(lost.is_ok() || lost.is_err_and(|refusal| refusal.code == "router_unreachable"));
    Ok(())
}
