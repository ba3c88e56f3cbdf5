//! What of the router's rows is given to programs of their own.

use anyhow::Context as _;
use bulkhead_twin::Twin;
use shared::routeros::value::parse_duration;
use std::{collections::BTreeMap, fmt::Write as _};

/// A tunnel's settings in WireGuard's own words.
///
/// # Errors
/// The router has no such tunnel.
pub(super) fn tunnel_settings(twin: &Twin, name: &str) -> anyhow::Result<String> {
    let rows = |menu| twin.rows(menu).into_iter().map(|row| row.into_iter().collect::<BTreeMap<_, _>>());
    let text = |row: &BTreeMap<String, String>, name: &str| row.get(name).cloned().unwrap_or_default();
    let tunnel = rows("/interface/wireguard").find(|row| text(row, "name") == name).context("no such tunnel")?;
    let mut settings = format!(
        "[Interface]\nPrivateKey = {}\nListenPort = {}\n",
        text(&tunnel, "private-key"),
        text(&tunnel, "listen-port")
    );
    for peer in rows("/interface/wireguard/peers").filter(|row| text(row, "interface") == name) {
        let kept = parse_duration(&text(&peer, "persistent-keepalive")).map_or(0, |kept| kept.as_secs());
        writeln!(
            settings,
            "[Peer]\nPublicKey = {}\nAllowedIPs = {}\nEndpoint = {}:{}\nPersistentKeepalive = {kept}",
            text(&peer, "public-key"),
            text(&peer, "allowed-address"),
            text(&peer, "endpoint-address"),
            text(&peer, "endpoint-port"),
        )?;
    }
    Ok(settings)
}
