//! `/tool/netwatch`: hosts that are probed, and scripts that run when one comes up or goes down (manual, "Netwatch").
//!
//! Probes of the types simple and icmp are carried out, by what the world answers to pings; rows of other types stay
//! `unknown`. Scripts run as `*sys`, which may read, write, test and reboot.

use std::{collections::BTreeMap, time::Duration};

use shared::routeros::value::{RowId, parse_bool, parse_duration};

use super::{Device, caller::Caller, row::Row, system::date_time};

const MENU: &str = "/tool/netwatch";

/// What a watch's scripts may do (manual, "Netwatch").
const POLICIES: [&str; 4] = ["read", "write", "test", "reboot"];

/// What is planned, and what was found.
#[derive(Debug, Default)]
pub(super) struct Watches {
    seen: u64,
    rows: BTreeMap<RowId, Watch>,
}

#[derive(Debug)]
struct Watch {
    /// A change of any of these begins anew.
    said: [String; 6],
    next: Next,
    up: Option<bool>,
    done: u64,
    failed: u64,
}

/// What comes next for a watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Nothing,
    /// A probe goes out.
    Probe(Duration),
    /// No answer has come in time to the probe of the other moment.
    TimeOut(Duration, Duration),
}

impl Next {
    fn at(self) -> Option<Duration> {
        match self {
            Self::Nothing => None,
            Self::Probe(at) | Self::TimeOut(at, _) => Some(at),
        }
    }
}

impl Device {
    /// When something happens to a watch next. What was added or changed is planned anew.
    pub(super) fn next_watch(&mut self) -> Option<Duration> {
        let changes = self.store(MENU).changes;
        if self.watches.seen != changes {
            self.plan_watches();
            self.watches.seen = self.store(MENU).changes;
        }
        self.watches.rows.values().filter_map(|watch| watch.next.at()).min()
    }

    fn plan_watches(&mut self) {
        let rows: Vec<(RowId, [String; 6], bool)> =
            self.store(MENU).rows.iter().map(|row| (row.id, said(row), is_probed(row))).collect();
        self.watches.rows.retain(|id, _| rows.iter().any(|(row, ..)| row == id));
        for (id, said, probed) in rows {
            if self.watches.rows.get(&id).is_some_and(|watch| watch.said == said) {
                continue;
            }
            let delay = |name: &str| self.store(MENU).row(id).map_or(Duration::ZERO, |row| span(row, name));
            let first = (self.now + delay("start-delay")).max(self.booted + delay("startup-delay"));
            let next = if probed { Next::Probe(first) } else { Next::Nothing };
            self.watches.rows.insert(id, Watch { said, next, up: None, done: 0, failed: 0 });
            self.show_watch(id, true);
        }
    }

    /// Carries out the probes whose moment has come.
    pub(super) fn run_watches(&mut self) {
        let now = self.now;
        let due = |watch: &Watch| watch.next.at().is_some_and(|at| at <= now);
        let due: Vec<(RowId, Next)> =
            self.watches.rows.iter().filter(|(_, watch)| due(watch)).map(|(id, watch)| (*id, watch.next)).collect();
        for (id, next) in due {
            let Some(row) = self.store(MENU).row(id).cloned() else { continue };
            let interval = span(&row, "interval").max(Duration::from_millis(10));
            match next {
                Next::Nothing => {}
                Next::Probe(at) if self.reaches(row.text("host")) => self.found(&row, true, at + interval),
                Next::Probe(at) => {
                    if let Some(watch) = self.watches.rows.get_mut(&id) {
                        watch.next = Next::TimeOut(at + span(&row, "timeout").max(Duration::from_millis(10)), at);
                    }
                }
                Next::TimeOut(at, probed) => self.found(&row, false, at.max(probed + interval)),
            }
        }
    }

    /// A probe has its answer, or has none.
    fn found(&mut self, row: &Row, up: bool, next: Duration) {
        let Some(watch) = self.watches.rows.get_mut(&row.id) else { return };
        let before = watch.up.replace(up);
        watch.next = Next::Probe(next);
        watch.done += 1;
        watch.failed += u64::from(!up);
        self.show_watch(row.id, before != Some(up));
        let (script, ignored) =
            if up { ("up-script", "ignore-initial-up") } else { ("down-script", "ignore-initial-down") };
        let ignored = before.is_none() && parse_bool(row.text(ignored)) == Some(true);
        let caller =
            Caller { policies: POLICIES.iter().map(|&policy| policy.to_owned()).collect(), ..Caller::router() };
        let changed = (before != Some(up) && !ignored).then_some(script);
        for source in changed.into_iter().chain(["test-script"]).map(|name| row.text(name)) {
            if !source.is_empty() {
                self.start_event(source, &caller, "netwatch");
            }
        }
    }

    fn show_watch(&mut self, id: RowId, since: bool) {
        let now = date_time(self.epoch + self.now);
        let Some(watch) = self.watches.rows.get(&id) else { return };
        let status = match watch.up {
            None => "unknown",
            Some(true) => "up",
            Some(false) => "down",
        };
        let (done, failed) = (watch.done.to_string(), watch.failed.to_string());
        let Some(row) = self.store_mut(MENU).live_mut(id) else { return };
        row.derived.extend([("status", status.to_owned()), ("done-tests", done), ("failed-tests", failed)]);
        if since {
            row.derived.insert("since", now);
        }
    }

    /// After a start everything is unknown.
    pub(super) fn forget_watches(&mut self) {
        self.watches = Watches::default();
    }

    /// Whether a host answers: the inside of a veth while a container uses it, others as pings find them.
    fn reaches(&self, host: &str) -> bool {
        let host = host.split(['@', '%']).next().unwrap_or_default();
        let veths = self.store("/interface").rows.iter().filter(|row| row.kind == "veth");
        let mut inside =
            veths.filter(|row| row.text("address").split(',').any(|own| own.split('/').next() == Some(host)));
        match inside.next() {
            Some(veth) => veth.is("running"),
            None => self.answers_ping(None, host),
        }
    }
}

fn is_probed(row: &Row) -> bool {
    !row.is_disabled() && matches!(row.text("type"), "" | "simple" | "icmp")
}

fn said(row: &Row) -> [String; 6] {
    ["host", "type", "interval", "disabled", "start-delay", "startup-delay"].map(|name| row.text(name).to_owned())
}

fn span(row: &Row, name: &str) -> Duration {
    parse_duration(row.text(name)).unwrap_or_default()
}
