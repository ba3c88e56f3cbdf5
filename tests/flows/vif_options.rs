//! VIFs with all that may be asked for: gates, fallbacks, none at all, resolvers and published ports; and what of a router
//! speaks against one.

use bulkhead_flows::{Allowed, BY_THE_TUNNEL, Bench, OTHER_TUNNEL, create, full, order, remove, spec, update};
use bulkhead_twin::fault::{Fault, FaultKind};
use shared::{
    change_set::{Item, Outcome, Plan, Resource},
    ids::VifId,
    net::InterfaceName,
    routeros::trace::{
        ConnectionState::{Established, New},
        NatState, Packet,
    },
    vif::{Egress, KillSwitchMode, VifSpec},
    wire::ChangeOrder,
};

const FILTER: &str = "/ip/firewall/filter";

#[tokio::test]
async fn a_gate_is_made_shut_and_is_the_keepers_to_switch() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    agent.change(&create("c1", "tor")?).await?;
    let gate = |disabled: &str| {
        let rows = bench.twin.rows(FILTER);
        let ids =
            rows.iter().filter(|row| value(row, "comment").contains("/gate-") && value(row, "disabled") == disabled);
        ids.map(|row| value(row, ".id").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(gate("false").len(), 2);
    assert_eq!(bench.twin.rows(FILTER).iter().filter(|row| value(row, "disabled") == "true").count(), 0);
    // Open, it is still as it should be: another change leaves it alone, and so does undoing one.
    bench.twin.run(FILTER, "disable", &[("numbers", &gate("false").join(","))])?;
    let order = create("c2", "dns")?;
    let plan = agent.engine.plan(&order).await?;
    assert!(plan.operations.iter().all(|write| write.attributes.iter().all(|(_, value)| !value.contains("tor-1"))));
    let begun = agent.begin(&order).await?;
    bench.twin.fault(Fault { nth: Some(40), ..Fault::now(FaultKind::Trap) });
    assert_eq!(agent.engine.carry_out(begun).await.outcome, Some(Outcome::Reverted));
    assert_eq!(gate("true").len(), 2, "still open");
    // Gone and made anew, it is shut.
    bench.twin.run(FILTER, "remove", &[("numbers", &gate("true").join(","))])?;
    agent.change(&create("c3", "dns")?).await?;
    assert_eq!((gate("true").len(), gate("false").len()), (0, 4));
    Ok(())
}

/// The rows of a menu whose mark ends with this, and whether each is disabled.
fn switches(bench: &Bench, menu: &str, part: &str) -> Vec<bool> {
    let rows = bench.twin.rows(menu);
    let ours = rows.iter().filter(|row| value(row, "comment").ends_with(part));
    ours.map(|row| value(row, "disabled") == "true").collect()
}

#[tokio::test]
async fn a_vif_that_falls_back_has_both_ways_out_and_one_of_them_in_force() -> anyhow::Result<()> {
    let bench = Bench::with(OTHER_TUNNEL).await?;
    let mut agent = bench.agent().await?;
    agent.change(&through("c1", "dns", "wg-two", KillSwitchMode::Block)?).await?;
    agent.change(&create("c2", "tor")?).await?;
    let before = bench.export();
    let other = VifId::new("dns-1")?;
    let falling = VifSpec { kill_switch: KillSwitchMode::Fallback(other.clone()), ..spec("tor")? };
    assert_eq!(agent.change(&update("c3", falling)?).await?.outcome, Some(Outcome::Confirmed));
    let members = bench.twin.rows("/interface/list/member");
    let ways = members.iter().filter(|row| value(row, "list") == "bh-101-egress").map(|row| value(row, "interface"));
    assert_eq!(ways.collect::<Vec<_>>(), ["wg-vpn", "wg-two"]);
    let route = "/ip/route";
    assert_eq!(
        (switches(&bench, route, "tor-1/route"), switches(&bench, route, "/route-fallback")),
        (vec![false], vec![true])
    );
    // The keeper turns them round; back in mode `block` the one that is left is in force.
    for (part, disabled) in [("tor-1/route", "yes"), ("/route-fallback", "no")] {
        let rows = bench.twin.rows(route);
        let row = rows.iter().find(|row| value(row, "comment").ends_with(part)).expect("a route");
        bench.twin.run(route, "set", &[(".id", value(row, ".id")), ("disabled", disabled)])?;
    }
    assert_eq!(agent.change(&update("c4", spec("tor")?)?).await?.outcome, Some(Outcome::Confirmed));
    assert_eq!(bench.export(), before);
    Ok(())
}

#[tokio::test]
async fn a_fallback_that_would_protect_nothing_is_refused_by_name() -> anyhow::Result<()> {
    let bench = Bench::with(OTHER_TUNNEL).await?;
    let mut agent = bench.agent().await?;
    let to = |name: &str| Ok::<_, anyhow::Error>(KillSwitchMode::Fallback(VifId::new(format!("{name}-1"))?));
    agent.change(&through("c1", "dns", "wg-two", KillSwitchMode::Block)?).await?;
    agent.change(&create("c2", "tor")?).await?;
    agent.change(&through("c3", "web", "wg-vpn", to("dns")?)?).await?;
    let with = |name: &str, kill_switch| Ok::<_, anyhow::Error>(VifSpec { kill_switch, ..spec(name)? });
    let two = |kill_switch| VifSpec {
        egress: Egress::Interface(InterfaceName::new("wg-two").expect("a name")),
        ..with("dns", kill_switch).expect("a VIF")
    };
    let table = [
        (update("x", with("tor", to("nobody")?)?)?, "fallback_unknown"),
        (update("x", with("tor", to("tor")?)?)?, "fallback_to_itself"),
        (update("x", with("tor", to("web")?)?)?, "fallback_unprotected"),
        (through("x", "more", "wg-vpn", to("tor")?)?, "fallback_same_egress"),
        (update("x", two(to("tor")?))?, "fallback_in_use"),
        (update("x", two(KillSwitchMode::Off))?, "fallback_in_use"),
        (remove("x", "dns")?, "fallback_in_use"),
    ];
    for (order, code) in table {
        let refusal = agent.engine.plan(&order).await.expect_err(code);
        assert_eq!(refusal.code, code);
        assert!(!refusal.hint.is_empty());
    }
    // Both at once may go.
    let mut both = remove("c4", "dns")?;
    both.items.push(Item { id: "2".to_owned(), ..remove("x", "web")?.items.remove(0) });
    assert_eq!(agent.change(&both).await?.outcome, Some(Outcome::Confirmed));
    Ok(())
}

/// An order that makes a VIF with another way out and kill switch.
pub(crate) fn through(
    change: &str,
    name: &str,
    egress: &str,
    kill_switch: KillSwitchMode,
) -> anyhow::Result<ChangeOrder> {
    let egress = Egress::Interface(InterfaceName::new(egress)?);
    order(change, Resource::VifCreate(VifSpec { egress, kill_switch, ..spec(name)? }))
}

fn value<'a>(row: &'a [(String, String)], wanted: &str) -> &'a str {
    row.iter().find(|(name, _)| name == wanted).map_or("", |(_, value)| value)
}

#[tokio::test]
async fn without_a_kill_switch_packets_follow_the_routers_own_routes_and_still_reach_no_inner_network()
-> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    agent.change(&create("c1", "tor")?).await?;
    let off = VifSpec { kill_switch: KillSwitchMode::Off, ..spec("tor")? };
    agent.change(&update("c2", off)?).await?;
    assert_eq!(bench.leaks(BY_THE_TUNNEL)?.1, Vec::<String>::new(), "while the tunnel is up its table has a route");
    bench.twin.set_link("wg-vpn", false)?;
    assert!(!bench.leaks(BY_THE_TUNNEL)?.1.is_empty(), "it is the control: packets are seen in the clear");
    let in_the_clear = Allowed { ways: &["ether1"], published: false };
    assert_eq!(bench.leaks(in_the_clear)?.1, Vec::<String>::new());
    agent.change(&update("c3", spec("tor")?)?).await?;
    assert_eq!(bench.leaks(BY_THE_TUNNEL)?.1, Vec::<String>::new());
    Ok(())
}

/// The way of a packet: where it leaves and what it has become there.
fn way(bench: &Bench, words: &str) -> anyhow::Result<String> {
    let of = |name: &str| words.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let number = |name: &str| of(name).map(str::parse).transpose();
    let packet = Packet {
        src: of("src").unwrap_or("172.16.64.2").parse()?,
        dst: of("dst").unwrap_or("203.0.113.9").parse()?,
        protocol: of("protocol").unwrap_or("tcp").to_owned(),
        src_port: Some(number("src-port")?.unwrap_or(40_000)),
        dst_port: Some(number("port")?.unwrap_or(443)),
        in_interface: Some(of("in").unwrap_or("bh-v100").to_owned()),
        src_mac: None,
        connection_state: if of("state") == Some("established") { Established } else { New },
        connection_nat_state: of("nat").map(|_| NatState::Dstnat).into_iter().collect(),
        connection_mark: None,
        packet_mark: None,
        routing_mark: None,
        fasttrack: false,
    };
    let trace = bench.twin.trace(&packet)?;
    let port = trace.packet.dst_port.unwrap_or_default();
    let tripped = trace.steps.iter().any(|step| step.comment.as_deref().is_some_and(|c| c.contains("/tripwire")));
    let out = trace.out_interface.unwrap_or_default();
    Ok(format!("{:?} {out} {}:{port}{}", trace.verdict, trace.packet.dst, if tripped { " tripped" } else { "" }))
}

#[tokio::test]
async fn questions_of_names_go_to_the_resolver_and_published_ports_answer_the_lan_and_nobody_else() -> anyhow::Result<()>
{
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    agent.change(&order("c1", Resource::VifCreate(full("tor")?))?).await?;
    assert_eq!(bench.leaks(Allowed { published: true, ..BY_THE_TUNNEL })?.1, Vec::<String>::new());
    bench.open()?;
    let table = [
        // Wherever it asks, the router too.
        ("dst=8.8.8.8 port=53 protocol=udp", "Forward wg-vpn 10.64.0.1:53"),
        ("dst=172.16.64.1 port=53 protocol=tcp", "Forward wg-vpn 10.64.0.1:53"),
        ("dst=192.168.88.1 port=53 protocol=udp", "Forward wg-vpn 10.64.0.1:53"),
        // The resolver answers questions of names and is no way to anything else.
        ("dst=10.64.0.1 port=443", "Drop  10.64.0.1:443"),
        // From the LAN by the router's own address; with the port that the service listens on.
        ("src=192.168.88.10 dst=192.168.88.1 in=bridge port=8443", "Forward bh-v100 172.16.64.2:443"),
        ("src=192.168.88.10 dst=192.168.88.1 in=bridge port=8444", "Local  192.168.88.1:8444"),
        // Not by the service's own address, and not from the Internet.
        ("src=192.168.88.10 dst=172.16.64.2 in=bridge port=443", "Drop  172.16.64.2:443"),
        ("src=203.0.113.9 dst=198.51.100.20 in=ether1 port=8443", "Drop  198.51.100.20:8443"),
        // Answers go back, trip nothing, and go to the LAN alone.
        ("dst=192.168.88.10 src-port=443 state=established nat=dst", "Forward bridge 192.168.88.10:443"),
        ("dst=192.168.88.10 src-port=444 state=established nat=dst", "Drop  192.168.88.10:443"),
        ("dst=192.168.88.10 src-port=443 state=established", "Drop  192.168.88.10:443"),
        ("dst=192.168.88.10 src-port=443 nat=dst", "Drop  192.168.88.10:443"),
        ("dst=203.0.113.9 src-port=443 state=established nat=dst", "Forward wg-vpn 203.0.113.9:443"),
    ];
    for (words, expected) in table {
        assert_eq!(way(&bench, words)?, expected, "{words}");
    }
    Ok(())
}

#[tokio::test]
async fn answers_for_a_network_that_is_gone_are_not_looked_for_on_the_internet() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    agent.change(&order("c1", Resource::VifCreate(full("tor")?))?).await?;
    bench.open()?;
    let rows = bench.twin.rows("/ip/address");
    let lan = rows.iter().find(|row| value(row, "address").starts_with("192.168.88.1/")).expect("the LAN's address");
    bench.twin.run("/ip/address", "disable", &[("numbers", value(lan, ".id"))])?;
    // Without the firewall, to see what routing alone does: the tunnel's table, and no default route of `main`.
    let rows = bench.twin.rows(FILTER);
    let jumps = rows.iter().filter(|row| value(row, "comment").contains("/jump-forward"));
    let jumps: Vec<&str> = jumps.map(|row| value(row, ".id")).collect();
    bench.twin.run(FILTER, "disable", &[("numbers", &jumps.join(","))])?;
    let answer = "dst=192.168.88.10 src-port=443 state=established nat=dst";
    assert_eq!(way(&bench, answer)?, "Forward wg-vpn 192.168.88.10:443");
    bench.twin.set_link("wg-vpn", false)?;
    assert_eq!(way(&bench, answer)?, "Blackhole  192.168.88.10:443");
    // That is `min-prefix`: without it they follow the default route.
    let rows = bench.twin.rows("/routing/rule");
    let rule = rows.iter().find(|row| value(row, "comment").ends_with("/replies-192")).expect("the rule");
    bench.twin.run("/routing/rule", "unset", &[(".id", value(rule, ".id")), ("value-name", "min-prefix")])?;
    assert_eq!(way(&bench, answer)?, "Forward ether1 192.168.88.10:443 tripped");
    Ok(())
}

#[tokio::test]
async fn what_speaks_against_a_vif_on_this_router_is_told_with_its_plan() -> anyhow::Result<()> {
    for version in ["7.16.2", "7.24"] {
        let bench = Bench::of(version).await?;
        let mut agent = bench.agent().await?;
        let order = order("c1", Resource::VifCreate(full("tor")?))?;
        let codes = |plan: Plan| plan.warnings.into_iter().map(|warning| warning.code).collect::<Vec<_>>();
        let usual = codes(agent.engine.plan(&order).await?);
        bench.twin.run("/ip/settings", "set", &[("rp-filter", "strict")])?;
        bench.twin.run("/tool/romon", "set", &[("enabled", "yes")])?;
        bench.twin.run("/tool/mac-server", "set", &[("allowed-interface-list", "all")])?;
        bench.twin.run("/interface/bridge/settings", "set", &[("use-ip-firewall", "yes")])?;
        let mut found = codes(agent.engine.plan(&order).await?);
        found.retain(|code| !usual.contains(code));
        assert_eq!(
            found,
            ["bridge_firewall", "rp_filter_strict", "mac_server_everywhere", "romon_enabled"],
            "{version}"
        );
        bench.twin.run("/ip/firewall/connection/tracking", "set", &[("enabled", "no")])?;
        assert_eq!(agent.engine.plan(&order).await.expect_err("refused").code, "tracking_off", "{version}");
    }
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    bench.twin.run("/routing/settings", "set", &[("policy-rules", "local,main,user")])?;
    assert_eq!(agent.engine.plan(&create("c1", "tor")?).await.expect_err("refused").code, "policy_rules");
    Ok(())
}
