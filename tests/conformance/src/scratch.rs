//! Scratch rows: how they are marked, found and removed.
//!
//! A scratch row carries the comment `bulkhead:conformance/<check>`; what has a name is named `bh-conf-…`. Nothing else
//! is ever removed.

use bulkhead_agent::{
    flow::object::CONFORMANCE,
    io::routeros::{Client, CommandError, Sentence},
};

use crate::check::Stop;
use shared::routeros::model::Row;

/// What every name of ours begins with.
pub const NAME: &str = "bh-conf-";
/// A chain that nothing jumps to.
pub const CHAIN: &str = "bh-conf";

/// Every menu that checks write to, those that name others before those that are named.
pub const MENUS: [&str; 36] = [
    "/container",
    "/ip/firewall/filter",
    "/ip/firewall/nat",
    "/ip/firewall/mangle",
    "/ip/firewall/raw",
    "/ipv6/firewall/filter",
    "/ipv6/firewall/mangle",
    "/ipv6/firewall/raw",
    "/ip/firewall/address-list",
    "/ipv6/firewall/address-list",
    "/routing/rule",
    "/ip/route",
    "/ip/address",
    "/ipv6/address",
    "/interface/bridge/vlan",
    "/interface/bridge/port",
    "/interface/list/member",
    "/interface/wireguard/peers",
    "/queue/simple",
    "/queue/tree",
    "/ip/dhcp-client",
    "/ip/dhcp-server",
    "/ip/dhcp-server/lease",
    "/ip/dhcp-server/network",
    "/ip/dns/static",
    "/ip/pool",
    "/tool/netwatch",
    "/system/scheduler",
    "/system/script",
    "/interface/vlan",
    "/interface/veth",
    "/interface/wireguard",
    "/interface/bridge",
    "/interface/list",
    "/routing/table",
    "/user/group",
];

/// The comment of a check's rows.
pub fn mark(id: &str) -> String {
    format!("{CONFORMANCE}{id}")
}

/// A row that is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Where.
    pub menu: &'static str,
    /// Its id.
    pub id: String,
    /// Its comment, or its name where it has none.
    pub what: String,
}

/// All rows of ours that are on the router.
///
/// # Errors
/// [`Stop::Lost`] when the connection does not hold. A menu that the router does not have, or does not show to this
/// user, holds nothing of ours.
pub async fn find(client: &Client) -> Result<Vec<Left>, Stop> {
    let print = |menu: &str| Sentence::new(format!("{menu}/print")).attribute(".proplist", ".id,name,comment,dynamic");
    let answers = client.run_all(MENUS.iter().map(|menu| print(menu)).collect()).await;
    let mut found = Vec::new();
    for (menu, answer) in MENUS.iter().zip(answers) {
        let rows = match answer {
            Ok(answer) => answer.rows,
            Err(CommandError::Trap(_)) => continue,
            Err(error) => return Err(Stop::Lost(format!("{menu}/print: {error}"))),
        };
        found.extend(rows.iter().filter_map(|row| ours(menu, row)));
    }
    Ok(found)
}

fn ours(menu: &'static str, row: &Row) -> Option<Left> {
    let text = |name: &str| row.find(name).map(str::to_owned).unwrap_or_default();
    let (name, comment) = (text("name"), text("comment"));
    let marked = comment.starts_with(CONFORMANCE);
    let named = name.starts_with(NAME) && text("dynamic") != "true";
    let what = if marked { comment } else { name };
    (marked || named).then(|| Left { menu, id: text(".id"), what })
}

/// Removes rows of ours; gives those that would not go, with the router's reason.
///
/// # Errors
/// [`Stop::Lost`] when the connection does not hold.
pub async fn remove(client: &Client, rows: &[Left]) -> Result<Vec<(Left, String)>, Stop> {
    let mut stayed = Vec::new();
    for row in rows {
        let command = Sentence::new(format!("{}/remove", row.menu)).attribute(".id", &row.id);
        match client.run(command).await {
            Ok(_) => {}
            // It went with another, or by itself.
            Err(CommandError::Trap(traps)) if traps.iter().any(|trap| trap.message.starts_with("no such item")) => {}
            Err(CommandError::Trap(traps)) => stayed.push((row.clone(), crate::check::joined(&traps))),
            Err(error) => return Err(Stop::Lost(format!("{}/remove: {error}", row.menu))),
        }
    }
    Ok(stayed)
}
