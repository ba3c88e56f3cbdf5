//! `/system/clock/set`: the time of day. It moves no time: what runs out runs out when it would have.
//!
//! Time zones are kept and shown; the twin's days are UTC's in all of them (a guess, listed).

use std::time::Duration;

use super::{Device, Reply, request::Request, scheduler::since_1970, spec::Spec, system::date_time, trap::Trap};

impl Device {
    /// Sets the date, the time, or both; the rest of the menu as any other.
    pub(super) fn set_clock(&mut self, spec: &Spec, request: &Request) -> Result<Reply, Trap> {
        let shown = date_time(self.epoch + self.now);
        let (date, time) = shown.split_once(' ').unwrap_or_default();
        let (date, time) = (request.get("date").unwrap_or(date), request.get("time").unwrap_or(time));
        let wrong = if request.get("date").is_some() { "date" } else { "time" };
        let wanted = since_1970(date, time).ok_or_else(|| Trap::InvalidValue(wrong.to_owned()))?;
        let mut rest = request.clone();
        rest.arguments.retain(|(name, _)| name != "date" && name != "time");
        let reply = self.set(spec, &rest)?;
        if request.get("date").or_else(|| request.get("time")).is_some() {
            let milliseconds = |moment: Duration| i64::try_from(moment.as_millis()).unwrap_or(i64::MAX);
            self.shift_clock(self.now, milliseconds(wanted) - milliseconds(self.epoch + self.now));
        }
        Ok(reply)
    }
}
