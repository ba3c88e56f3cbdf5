//! The rows of the connection tables: made when a modelled packet passes, renewed by those that follow, gone when they
//! were idle too long, are removed, or the router restarts.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use shared::routeros::{
    trace::Packet,
    value::{RowId, format_duration, parse_duration},
};

use super::{
    Device, Fields,
    live::whole_seconds,
    row::{Origin, Row},
    trace::{Tuple, tuple},
};

/// Those of a fresh device, where `/ip/firewall/connection/tracking` says nothing else.
const ESTABLISHED: Duration = Duration::from_secs(86_400);

const TABLES: [&str; 2] = ["/ip/firewall/connection", "/ipv6/firewall/connection"];

/// The connection table of an address' family.
pub(super) fn table(like: IpAddr) -> &'static str {
    TABLES[usize::from(like.is_ipv6())]
}

impl Device {
    /// The connection of a packet that passes, `left` as it leaves: a new row, or the one that is there, used now.
    pub(super) fn keep_connection(&mut self, packet: &Packet, left: &Packet) -> RowId {
        let (there, on) = (tuple(packet), tuple(left));
        let expires = self.now + self.established_timeout();
        let menu = table(packet.dst);
        let found = self.store(menu).rows.iter().find(|row| is_of(row, there)).map(|row| row.id);
        let id = found.unwrap_or_else(|| {
            let mark = left.connection_mark.clone();
            let origin = Origin::Dynamic("connection".to_owned());
            self.store_mut(menu).insert(None, "", origin, columns(&packet.protocol, there, on, mark))
        });
        if let Some(row) = self.connection_mut(packet.dst, id) {
            row.expires = Some(expires);
        }
        id
    }

    /// A row of the connection table, to renew it: its use is no change that a listener hears of.
    pub(super) fn connection_mut(&mut self, like: IpAddr, id: RowId) -> Option<&mut Row> {
        self.stores.get_mut(table(like))?.rows.iter_mut().find(|row| row.id == id)
    }

    /// Whether a connection is still in the table.
    pub(super) fn is_tracked(&self, like: IpAddr, id: RowId) -> bool {
        self.store(table(like)).row(id).is_some()
    }

    /// A connection that its ends have closed.
    pub(super) fn close_connection(&mut self, like: IpAddr, id: RowId) {
        self.store_mut(table(like)).remove(id);
    }

    /// Forgets connections that were idle too long.
    pub(super) fn forget_idle_connections(&mut self) {
        let now = self.now;
        for menu in TABLES {
            let Some(store) = self.stores.get_mut(menu) else { continue };
            let before = store.rows.len();
            store.rows.retain(|row| row.expires.is_none_or(|at| at > now));
            store.changes += u64::from(store.rows.len() != before);
        }
    }

    /// What a print of a connection computes anew each time.
    pub(super) fn connection_counters(&self, row: &Row) -> Fields {
        let [there, back] = &row.meters;
        let idle = row.expires.map(|at| format_duration(whole_seconds(at.saturating_sub(self.now))));
        let fields = [
            ("timeout", idle.unwrap_or_else(|| format_duration(ESTABLISHED))),
            ("orig-bytes", there.bytes().to_string()),
            ("orig-packets", there.packets().to_string()),
            ("orig-fasttrack-bytes", "0".to_owned()),
            ("orig-fasttrack-packets", "0".to_owned()),
            ("orig-rate", "0".to_owned()),
            ("repl-bytes", back.bytes().to_string()),
            ("repl-packets", back.packets().to_string()),
            ("repl-fasttrack-bytes", "0".to_owned()),
            ("repl-fasttrack-packets", "0".to_owned()),
            ("repl-rate", "0".to_owned()),
        ];
        fields.map(|(name, value)| (name.to_owned(), value)).into()
    }

    pub(super) fn established_timeout(&self) -> Duration {
        let text = self.setting("/ip/firewall/connection/tracking", "tcp-established-timeout");
        parse_duration(text).unwrap_or(ESTABLISHED)
    }
}

fn is_of(row: &Row, (src, dst): Tuple) -> bool {
    row.get("src-address") == Some(&*written(src)) && row.get("dst-address") == Some(&*written(dst))
}

fn columns(protocol: &str, there: Tuple, on: Tuple, mark: Option<String>) -> BTreeMap<String, String> {
    let flag = |set: bool| set.to_string();
    let values = [
        ("protocol", protocol.to_owned()),
        ("src-address", written(there.0)),
        ("dst-address", written(there.1)),
        ("reply-src-address", written(on.1)),
        ("reply-dst-address", written(on.0)),
        ("tcp-state", "established".to_owned()),
        ("assured", flag(true)),
        ("confirmed", flag(true)),
        ("seen-reply", flag(true)),
        ("srcnat", flag(there.0 != on.0)),
        ("dstnat", flag(there.1 != on.1)),
    ];
    let mut columns: BTreeMap<String, String> =
        values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    if !matches!(protocol, "tcp" | "6") {
        columns.remove("tcp-state");
    }
    columns.extend(mark.map(|mark| ("connection-mark".to_owned(), mark)));
    columns
}

/// `address:port`, the address alone where there is no port.
fn written(place: SocketAddr) -> String {
    if place.port() == 0 { place.ip().to_string() } else { place.to_string() }
}
