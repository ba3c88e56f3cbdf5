//! A router's rows as RouterOS clients see them that we did not write.

use serde_json::Value;
use std::{path::Path, process::Command};
use support::{demo::Router, outside};

/// The menus in which a VIF has rows of its own.
pub(crate) const OF_A_VIF: [&str; 11] = [
    "/interface/veth",
    "/interface/bridge/port",
    "/interface/bridge/vlan",
    "/interface/vlan",
    "/ip/address",
    "/ip/route",
    "/routing/table",
    "/routing/rule",
    "/ip/firewall/raw",
    "/ip/firewall/nat",
    "/ip/firewall/filter",
];

/// Reads menus with `librouteros` or `routeros_api`: an object of lists, by menu.
pub(crate) async fn read(python: &Path, client: &str, router: &Router, menus: &[&str]) -> anyhow::Result<Value> {
    let (host, port) = router.api.rsplit_once(':').unwrap_or((&router.api, "8728"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("system/rows.py");
    let mut command = Command::new(python);
    command.arg(script).args([client, host, port, &router.username, &router.password]).args(menus);
    Ok(serde_json::from_str(&outside::run(&mut command).await?)?)
}

/// The rows of a menu that carry a VIF's mark.
pub(crate) fn marked<'a>(rows: &'a Value, menu: &str, vif: &str) -> Vec<&'a Value> {
    let mark = format!("bulkhead:vif/{vif}");
    let list = rows[menu].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter(|row| row["comment"].as_str().is_some_and(|comment| comment.starts_with(&mark))).collect()
}
