//! Counting what VIFs carry: what a poll asks for, and what becomes of the answers.

use super::Polling;
use crate::{
    archive::Archive,
    flow::{
        object::Row,
        traffic::{
            Counters, Meter, Reading,
            ledger::{Grown, Moment},
            rate,
            rules::{ACCEPTS, ALL, CHAIN, MOVING, RAW, Rules},
        },
        vif::Vif,
    },
    io::{
        clock::{Clock, Instant},
        router::print,
        routeros::Sentence,
    },
};
use shared::{
    ids::VifId,
    router::{Interface, TrafficSample},
    routeros::value::parse_duration,
    vif::Traffic,
};
use std::{collections::BTreeMap, time::Duration};

const FILTER: &str = "/ip/firewall/filter";

/// What is known of the router's counters.
pub(super) struct Counting {
    archive: Archive,
    clock: Clock,
    meter: Meter,
    filter: Rules,
    raw: Rules,
    /// Moments are told from here on.
    began: Instant,
}

/// What a poll asks for beside the rest. Drops wait for the next look at everything: what came meanwhile is in it.
pub(super) fn commands(whole: bool, vifs: &[Vif]) -> Vec<Sentence> {
    if vifs.is_empty() {
        return Vec::new();
    }
    if whole {
        let raw = RAW.iter().fold(print("/ip/firewall/raw", ALL), |print, words| print.query(words));
        return vec![print(FILTER, ALL).query(CHAIN), raw];
    }
    vec![print(FILTER, MOVING).query(CHAIN).query(ACCEPTS)]
}

impl Counting {
    /// Nothing is known yet.
    pub(super) fn new(archive: Archive, clock: Clock) -> Self {
        let (meter, began) = (Meter::default(), clock.now());
        Self { archive, clock, meter, filter: Rules::default(), raw: Rules::default(), began }
    }

    /// What rules counted, into the archive; gives what each VIF has carried since the look before.
    fn rules(
        &mut self,
        vifs: &[(u32, &Vif)],
        whole: bool,
        answers: &[Vec<Row>],
        uptime: Duration,
    ) -> BTreeMap<VifId, Grown> {
        let none = Vec::new();
        let (filter, raw) = (answers.first().unwrap_or(&none), answers.get(1).unwrap_or(&none));
        if whole {
            self.filter.learn(filter, vifs);
            self.raw.learn(raw, vifs);
        }
        let counted = [self.filter.counted(filter), self.raw.counted(raw)].concat();
        let moment = Moment { ms: self.ms(), uptime_s: uptime.as_secs() };
        self.archive.take(counted, moment, self.clock.unix_millis())
    }

    /// What interfaces counted since the look before, where there was one.
    fn interfaces(&mut self, vifs: &[(u32, &Vif)], rows: &[Row]) -> Option<Reading> {
        let counters = rows.iter().map(|row| (row.get("name").to_owned(), Counters::read(row)));
        let reading = self.meter.look(counters, self.ms())?;
        for (number, vif) in vifs {
            if let Some(grown) = reading.grown.get(&vif.interface()) {
                self.archive.take_interface(*number, *grown);
            }
        }
        Some(reading)
    }

    /// After a look: writes what is due, and gives the totals.
    pub(super) fn end(&self, now: i64) -> BTreeMap<VifId, Traffic> {
        self.archive.write_when_due(self.ms(), now);
        self.archive.totals()
    }

    /// The router is lost: another session has other ids, and what passes meanwhile cannot be put into a rate.
    pub(super) fn forget(&mut self) {
        self.meter.forget();
        self.filter.forget();
        self.raw.forget();
    }

    fn ms(&self) -> u64 {
        u64::try_from(self.clock.now().duration_since(self.began).as_millis()).unwrap_or(u64::MAX)
    }
}

impl Polling {
    /// Takes what a look at the router says of its counters, and tells the rates.
    pub(super) fn count(&mut self, vifs: &[Vif], whole: bool, answers: &[Vec<Row>], resource: Option<&Row>) {
        let archive = self.counting.archive.clone();
        let numbered = archive.keep(vifs);
        // Without the uptime a counter that began anew could be taken for one that grew: nothing is counted then, and
        // the next look brings it.
        let uptime = resource.and_then(|row| parse_duration(row.get("uptime")).ok());
        let carried = uptime.map(|uptime| self.counting.rules(&numbered, whole, answers, uptime)).unwrap_or_default();
        let Some(reading) = self.counting.interfaces(&numbered, self.interfaces.rows()) else { return };
        let mut sample = TrafficSample {
            at: self.clock.unix_millis(),
            over_ms: u32::try_from(reading.over_ms).unwrap_or(u32::MAX),
            interfaces: Vec::new(),
            vifs: Vec::new(),
        };
        self.board.with(|sight| {
            for interface in sight.interfaces().iter().filter(|interface| is_of_interest(interface, vifs)) {
                if let Some(grown) = reading.grown.get(interface.name.as_str()) {
                    sample.interfaces.push((interface.name.clone(), grown.rate(reading.over_ms)));
                }
            }
        });
        for vif in vifs {
            if let Some(grown) = carried.get(&vif.spec.id).filter(|grown| grown.now) {
                let rate = rate(grown.amount.rx_bytes, grown.amount.tx_bytes, grown.over_ms);
                sample.vifs.push((vif.spec.id.clone(), rate));
            }
        }
        self.board.traffic(sample);
    }
}

/// Whether an interface's traffic is worth a line in the plot: a VIF leaves by it, or it carries traffic and is no
/// bridge, which would show what its ports show once more.
fn is_of_interest(interface: &Interface, vifs: &[Vif]) -> bool {
    let used = vifs.iter().any(|vif| *vif.spec.egress.interface() == interface.name);
    used || (interface.running && interface.kind != "bridge")
}
