//! What the connection table remembers of a packet.

use std::net::{IpAddr, SocketAddr};

use shared::routeros::{
    trace::{NatState, Packet},
    value::RowId,
};

use super::port::protocol_number;
use crate::device::{Device, connections::table, row::Row};

/// Source and destination of one direction of a connection, with ports where the protocol has them.
pub(in crate::device) type Tuple = (SocketAddr, SocketAddr);

/// What is known of a packet's connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Remembered {
    pub(super) id: Option<RowId>,
    pub(super) mark: Option<String>,
    pub(super) fasttrack: bool,
    pub(super) nat: Vec<NatState>,
    /// What dstnat makes of the destination.
    pub(super) destination: Option<(IpAddr, Option<u16>)>,
    /// What srcnat makes of the source.
    pub(super) source: Option<(IpAddr, Option<u16>)>,
    reply: bool,
}

impl Remembered {
    /// What to tell of it.
    pub(super) fn note(&self) -> Option<String> {
        self.id.map(|id| format!("{} of the connection {id}", if self.reply { "a reply" } else { "a packet" }))
    }
}

impl Device {
    /// What the table holds of a packet's connection, in either direction.
    pub(super) fn remembered(&self, packet: &Packet) -> Option<Remembered> {
        let wanted = tuple(packet);
        let rows = self.store(table(packet.dst)).rows.iter();
        let mut same = rows.filter(|row| protocol_number(row.text("protocol")) == protocol_number(&packet.protocol));
        same.find_map(|row| {
            let (there, back) = (end_points(row, "src-address", "dst-address")?, replies(row)?);
            let reply = if wanted == there {
                false
            } else if wanted == back {
                true
            } else {
                return None;
            };
            // The other direction, turned round, is what this packet becomes.
            let (from, to) = if reply { (there.1, there.0) } else { (back.1, back.0) };
            let port = |place: SocketAddr| (place.port() != 0).then(|| place.port());
            let changed = |now: SocketAddr, then: SocketAddr| (now != then).then(|| (then.ip(), port(then)));
            let flag = |name: &str| row.get(name) == Some("true");
            let nat = [(NatState::Srcnat, "srcnat"), (NatState::Dstnat, "dstnat")];
            Some(Remembered {
                id: Some(row.id),
                mark: row.get("connection-mark").filter(|mark| !mark.is_empty()).map(str::to_owned),
                fasttrack: flag("fasttrack"),
                nat: nat.into_iter().filter(|(_, name)| flag(name)).map(|(state, _)| state).collect(),
                destination: changed(wanted.1, to),
                source: changed(wanted.0, from),
                reply,
            })
        })
    }

    /// The row of a packet's connection.
    pub(in crate::device) fn connection_of(&self, packet: &Packet) -> Option<RowId> {
        self.remembered(packet).and_then(|remembered| remembered.id)
    }

    /// A row of the connection table of an address' family.
    pub(super) fn connection(&self, like: IpAddr, id: Option<RowId>) -> Option<&Row> {
        id.and_then(|id| self.store(table(like)).row(id))
    }
}

/// A packet's two ends.
pub(in crate::device) fn tuple(packet: &Packet) -> Tuple {
    let end = |address, port: Option<u16>| SocketAddr::new(address, port.unwrap_or(0));
    (end(packet.src, packet.src_port), end(packet.dst, packet.dst_port))
}

fn end_points(row: &Row, from: &str, to: &str) -> Option<Tuple> {
    Some((place(row.text(from))?, place(row.text(to))?))
}

fn replies(row: &Row) -> Option<Tuple> {
    end_points(row, "reply-src-address", "reply-dst-address")
}

/// `address:port`, or an address alone.
fn place(text: &str) -> Option<SocketAddr> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, 0)))
}
