//! The agent's link to the broker goes through its own router's firewall, and comes back when that lets it.

use crate::demo;
use support::api::Administrator;

const FILTER: &str = "/ip/firewall/filter";
const CONNECTIONS: &str = "/ip/firewall/connection";

#[tokio::test]
async fn a_rule_that_drops_what_is_forwarded_takes_the_agent_off_the_bus_and_its_removal_brings_it_back()
-> anyhow::Result<()> {
    let demo = demo().await?;
    let mut administrator = Administrator::of(demo.router()).await?;
    // As the factory's router does, it has fasttracked the link: with the rule alone it would live on.
    let first = administrator.ask(&[&format!("{FILTER}/print"), "?dynamic=false", "=.proplist=.id"]).await?;
    let place = first[0][1].replace("=.id=", "=place-before=");
    let added = administrator
        .ask(&[&format!("{FILTER}/add"), "=chain=forward", "=action=drop", "=dst-address=192.168.88.2", &place])
        .await?;
    let rule = added[0][1].replace("=ret=", "=.id=");
    for connection in administrator.ids(CONNECTIONS).await? {
        administrator.ask(&[&format!("{CONNECTIONS}/remove"), &format!("=.id={connection}")]).await?;
    }

    demo.rest.router_is("r1", "offline").await?;
    let dropped = administrator.ask(&[&format!("{FILTER}/print"), &rule.replacen('=', "?", 1), "=stats="]).await?;
    assert!(!dropped[0].contains(&"=bytes=0".to_owned()), "the rule counts what it drops: {dropped:?}");

    administrator.ask(&[&format!("{FILTER}/remove"), &rule]).await?;
    demo.rest.router_is("r1", "online").await?;
    let router = demo.rest.get("/api/v1/routers/r1").await?;
    assert_eq!(router["api"]["connected"], true, "its API session was never concerned: {router}");
    Ok(())
}
