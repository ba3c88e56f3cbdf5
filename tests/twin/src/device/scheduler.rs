//! `/system/scheduler`: what runs at a time of day, again and again, or once after each start (manual, "Scheduler").
//!
//! A schedule runs as its owner with its own policy. Where device-mode forbids the scheduler, none does.

use std::{collections::BTreeMap, time::Duration};

use shared::routeros::value::{RowId, parse_duration};

use super::{Device, row::Row, system::date_time};

/// After a start, before `start-time=startup` runs (manual, "Scheduler").
const STARTUP: Duration = Duration::from_secs(3);

/// When schedules run next.
#[derive(Debug, Default)]
pub(super) struct Schedules {
    seen: u64,
    planned: BTreeMap<RowId, Plan>,
}

#[derive(Debug)]
struct Plan {
    /// What the moment was computed from.
    said: [String; 4],
    next: Option<Duration>,
}

impl Device {
    /// When the next schedule runs. What was added or changed is planned anew.
    pub(super) fn next_schedule(&mut self) -> Option<Duration> {
        let changes = self.store("/system/scheduler").changes;
        if self.schedules.seen != changes {
            self.plan();
            self.schedules.seen = self.store("/system/scheduler").changes;
        }
        if self.forbids("scheduler") {
            return None;
        }
        self.schedules.planned.values().filter_map(|plan| plan.next).min()
    }

    fn plan(&mut self) {
        let rows: Vec<(RowId, [String; 4])> =
            self.store("/system/scheduler").rows.iter().map(|row| (row.id, said(row))).collect();
        self.schedules.planned.retain(|id, _| rows.iter().any(|(row, _)| row == id));
        for (id, said) in rows {
            if self.schedules.planned.get(&id).is_some_and(|plan| plan.said == said) {
                continue;
            }
            self.begin_today(id);
            let row = self.store("/system/scheduler").row(id);
            let next = row.and_then(|row| self.first_run(row));
            let said = row.map_or(said, self::said);
            self.schedules.planned.insert(id, Plan { said, next });
            self.show(id, next, None);
        }
    }

    /// A schedule that names no date or time begins now.
    fn begin_today(&mut self, id: RowId) {
        let now = date_time(self.epoch + self.now);
        let Some((date, time)) = now.split_once(' ') else { return };
        if let Some(row) = self.store_mut("/system/scheduler").row_mut(id) {
            let startup = row.text("start-time") == "startup";
            row.attributes.entry("start-time".to_owned()).or_insert_with(|| time.to_owned());
            if !startup {
                row.attributes.entry("start-date".to_owned()).or_insert_with(|| date.to_owned());
            }
        }
    }

    /// The first moment after now at which a schedule runs.
    fn first_run(&self, row: &Row) -> Option<Duration> {
        if row.is_disabled() {
            return None;
        }
        let interval = parse_duration(row.text("interval")).unwrap_or_default();
        let start = if row.text("start-time") == "startup" {
            i128::try_from((self.booted + STARTUP).as_millis()).ok()?
        } else {
            let wall = since_1970(row.text("start-date"), row.text("start-time"))?;
            i128::try_from(wall.as_millis()).ok()? - i128::try_from(self.epoch.as_millis()).ok()?
        };
        let (now, step) = (i128::try_from(self.now.as_millis()).ok()?, i128::try_from(interval.as_millis()).ok()?);
        let at = match (start > now, step) {
            (true, _) => start,
            (false, 0) => return None,
            (false, step) => start + ((now - start) / step + 1) * step,
        };
        u64::try_from(at).ok().map(Duration::from_millis)
    }

    /// Runs the schedules whose moment has come.
    pub(super) fn run_schedules(&mut self) {
        let now = self.now;
        if self.forbids("scheduler") {
            return;
        }
        let due: Vec<RowId> = self
            .schedules
            .planned
            .iter()
            .filter(|(_, plan)| plan.next.is_some_and(|next| next <= now))
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            let Some(row) = self.store("/system/scheduler").row(id).cloned() else { continue };
            let interval = parse_duration(row.text("interval")).unwrap_or_default();
            let plan = self.schedules.planned.get_mut(&id);
            let next = plan.and_then(|plan| {
                plan.next = plan.next.map(|next| next + interval).filter(|_| !interval.is_zero());
                plan.next
            });
            let count: u64 = row.derived.get("run-count").and_then(|count| count.parse().ok()).unwrap_or(0);
            self.show(id, next, Some(count + 1));
            let owner = self.owner_of(&row);
            self.start_event(row.text("on-event"), &owner, "scheduler");
        }
    }

    /// What a schedule tells of itself. Where there is no next run, none is shown.
    fn show(&mut self, id: RowId, next: Option<Duration>, count: Option<u64>) {
        let next = next.map(|next| date_time(self.epoch + next));
        let Some(row) = self.store_mut("/system/scheduler").live_mut(id) else { return };
        match next {
            Some(next) => drop(row.derived.insert("next-run", next)),
            None => drop(row.derived.remove("next-run")),
        }
        match count {
            Some(count) => drop(row.derived.insert("run-count", count.to_string())),
            None => drop(row.derived.entry("run-count").or_insert_with(|| "0".to_owned())),
        }
    }

    /// After a start everything is planned anew, and nothing has run yet.
    pub(super) fn forget_schedules(&mut self) {
        self.schedules = Schedules::default();
        for row in &mut self.store_mut("/system/scheduler").rows {
            row.derived.remove("run-count");
        }
    }
}

fn said(row: &Row) -> [String; 4] {
    ["start-date", "start-time", "interval", "disabled"].map(|name| row.text(name).to_owned())
}

/// A date and a time of day as the duration since 1970, by the civil calendar's rules.
pub(super) fn since_1970(date: &str, time: &str) -> Option<Duration> {
    let mut parts = date.split('-').map(|part| part.parse::<u64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years that begin in March have their leap day at the end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    let since = days.checked_sub(719_468)? * 86_400;
    Some(Duration::from_secs(since) + parse_duration(time).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_and_its_text_are_the_same_moment() {
        for text in ["1970-01-01 00:00:00", "2000-02-29 00:00:00", "2026-09-28 16:48:57", "2100-03-01 00:00:00"] {
            let (date, time) = text.split_once(' ').unwrap();
            assert_eq!(since_1970(date, time).map(date_time).as_deref(), Some(text));
        }
        assert_eq!(since_1970("startup", "x"), None);
    }
}
