//! What changes by itself: counters, ages, rates, pings.

use std::time::Duration;

use shared::routeros::value::{format_duration, parse_duration};

use super::{
    Device, Fields, Reply, Stream, clients::LEASES, meter::Meter, request::Request, row::Row, spec::Spec, trap::Trap,
};

impl Device {
    /// The properties of a row that a print computes anew each time.
    pub(super) fn volatile(&self, spec: &Spec, row: &Row) -> Fields {
        let [rx, tx] = &row.meters;
        let field = |name: &str, value: String| (name.to_owned(), value);
        match spec.path.as_str() {
            "/interface" => {
                let zero = [
                    "rx-drop",
                    "tx-drop",
                    "tx-queue-drop",
                    "rx-error",
                    "tx-error",
                    "fp-rx-byte",
                    "fp-tx-byte",
                    "fp-rx-packet",
                    "fp-tx-packet",
                ];
                let mut fields = vec![
                    field("rx-byte", rx.bytes().to_string()),
                    field("tx-byte", tx.bytes().to_string()),
                    field("rx-packet", rx.packets().to_string()),
                    field("tx-packet", tx.packets().to_string()),
                ];
                fields.extend(zero.map(|name| field(name, "0".to_owned())));
                fields
            }
            "/interface/wireguard/peers" => {
                let interface = row.text("interface");
                let age = self
                    .handshake_age(interface)
                    .map(|age| field("last-handshake", format_duration(whole_seconds(age))));
                let meters = self.interface(interface).map_or_else(Default::default, |row| row.meters);
                let mut fields =
                    vec![field("rx", meters[0].bytes().to_string()), field("tx", meters[1].bytes().to_string())];
                fields.extend(age);
                fields
            }
            path if path.ends_with("/firewall/address-list") => row
                .expires
                .map(|at| field("timeout", format_duration(whole_seconds(at.saturating_sub(self.now)))))
                .into_iter()
                .collect(),
            LEASES => self.lease_fields(row),
            path if path.ends_with("/firewall/connection") => self.connection_counters(row),
            path if path.contains("/firewall/") && spec.needs.contains(&"chain") => {
                vec![field("bytes", rx.bytes().to_string()), field("packets", rx.packets().to_string())]
            }
            _ => Fields::new(),
        }
    }

    pub(super) fn monitor(&self, request: &Request) -> Result<Reply, Trap> {
        let names: Vec<String> = request
            .get("interface")
            .or_else(|| request.rows())
            .unwrap_or_default()
            .split(',')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        if names.is_empty() {
            return Err(Trap::Missing("interface".to_owned()));
        }
        if names.iter().any(|name| name != "aggregate" && self.interface(name).is_none()) {
            return Err(Trap::NoMatch("interface".to_owned()));
        }
        if request.switch("once") {
            let rows = names.iter().filter_map(|name| self.monitor_row(name)).collect();
            return Ok(Reply::Rows(rows));
        }
        let interval = period(request, "interval", Duration::from_secs(1))?;
        let rounds = match request.get("duration") {
            Some(_) => Some(
                u64::try_from(period(request, "duration", interval)?.as_millis() / interval.as_millis().max(1))
                    .unwrap_or(0)
                    .max(1),
            ),
            None => None,
        };
        Ok(Reply::Stream(Stream::Monitor { names, interval, rounds }))
    }

    /// The rates of an interface at this moment; nothing when it is gone.
    pub fn monitor_row(&self, name: &str) -> Option<Fields> {
        let rate = |row: &Row, at: usize| if row.is("running") { row.meters[at].rate.at(self.now) } else { 0 };
        let rows = &self.store("/interface").rows;
        let (rx, tx) = if name == "aggregate" {
            (rows.iter().map(|row| rate(row, 0)).sum(), rows.iter().map(|row| rate(row, 1)).sum())
        } else {
            let row = self.interface(name)?;
            (rate(row, 0), rate(row, 1))
        };
        let packets = |bps: u64| {
            let mut second = Meter::default();
            second.set_bytes(bps / 8);
            second.packets()
        };
        let values = [
            ("name", name.to_owned()),
            ("rx-packets-per-second", packets(rx).to_string()),
            ("rx-bits-per-second", rx.to_string()),
            ("fp-rx-packets-per-second", "0".to_owned()),
            ("fp-rx-bits-per-second", "0".to_owned()),
            ("rx-drops-per-second", "0".to_owned()),
            ("rx-errors-per-second", "0".to_owned()),
            ("tx-packets-per-second", packets(tx).to_string()),
            ("tx-bits-per-second", tx.to_string()),
            ("fp-tx-packets-per-second", "0".to_owned()),
            ("fp-tx-bits-per-second", "0".to_owned()),
            ("tx-drops-per-second", "0".to_owned()),
            ("tx-queue-drops-per-second", "0".to_owned()),
            ("tx-errors-per-second", "0".to_owned()),
        ];
        Some(values.map(|(name, value)| (name.to_owned(), value)).into())
    }

    /// The row of the `seq`-th packet of a ping, of which `received` came back before.
    pub fn ping_row(&self, request: &Request, seq: u64, received: u64) -> (Fields, bool) {
        let host = request.get("address").unwrap_or_default();
        let alive = self.answers_ping(request.get("interface"), host);
        let received = received + u64::from(alive);
        let field = |name: &str, value: String| (name.to_owned(), value);
        let mut fields = vec![field("seq", seq.to_string()), field("host", host.to_owned())];
        let rtt = format!("{}ms{}us", 9 + seq % 5, 100 + (seq * 37) % 800);
        if alive {
            fields.extend([field("size", "56".to_owned()), field("ttl", "57".to_owned()), field("time", rtt)]);
        } else {
            fields.push(field("status", self.silence(request, host).to_owned()));
        }
        let sent = seq + 1;
        fields.extend([
            field("sent", sent.to_string()),
            field("received", received.to_string()),
            field("packet-loss", ((sent - received) * 100 / sent).to_string()),
        ]);
        if received > 0 {
            fields.extend(
                [("min-rtt", "9ms100us"), ("avg-rtt", "11ms"), ("max-rtt", "13ms900us")]
                    .map(|(name, value)| field(name, value.to_owned())),
            );
        }
        (fields, alive)
    }

    /// Whether a host answers: through the given interface, else through the one to which the main table leads. What
    /// is not on a connected network, or is behind a tunnel, is on the Internet.
    pub(super) fn answers_ping(&self, interface: Option<&str>, host: &str) -> bool {
        let alive = |row: &Row| {
            row.is("running")
                && (row.kind != "wg"
                    || (self.world.peered.contains_key(row.name()) && !self.world.silent.contains_key(row.name())))
        };
        let own = |row: &Row| row.text("address").split('/').next() == Some(host);
        if self.store("/ip/address").rows.iter().any(own) {
            return true;
        }
        let Some(via) = interface.map(str::to_owned).or_else(|| self.way_to(host)) else { return false };
        let Some(row) = self.interface(&via).filter(|row| alive(row)) else { return false };
        self.world.wan.internet || (row.kind != "wg" && self.is_near(host))
    }

    /// Why a ping was not answered: nobody did, or there was no way to ask.
    fn silence(&self, request: &Request, host: &str) -> &'static str {
        if request.get("interface").is_some() || self.way_to(host).is_some() { "timeout" } else { "no route to host" }
    }
}

pub(super) fn ping(request: &Request) -> Result<Reply, Trap> {
    request.get("address").filter(|address| !address.is_empty()).ok_or_else(|| Trap::Missing("address".to_owned()))?;
    let interval = period(request, "interval", Duration::from_secs(1))?;
    let count = request
        .get("count")
        .map(|count| count.parse().map_err(|_| Trap::InvalidValue("count".to_owned())))
        .transpose()?;
    Ok(Reply::Stream(Stream::Ping { interval, count }))
}

/// A time between rows, at least a hundredth of a second: without any, an answer that goes on would do nothing else.
pub(super) fn period(request: &Request, name: &str, otherwise: Duration) -> Result<Duration, Trap> {
    let value = request
        .get(name)
        .map(|text| parse_duration(text).map_err(|_| Trap::InvalidValue(name.to_owned())))
        .transpose()?;
    Ok(value.unwrap_or(otherwise).max(Duration::from_millis(10)))
}

pub(super) fn whole_seconds(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs())
}
