//! `/system/clock/set`: the time of day. It moves no time: what runs out runs out when it would have.
//!
//! Time zones are kept and shown; the twin's days are UTC's in all of them (a guess, listed).

use std::time::Duration;

use super::{Device, Reply, request::Request, spec::Spec, system::date_time, trap::Trap};

const DAY: u64 = 86_400;

impl Device {
    /// Sets the date, the time, or both; the rest of the menu as any other.
    pub(super) fn set_clock(&mut self, spec: &Spec, request: &Request) -> Result<Reply, Trap> {
        let wall = (self.epoch + self.now).as_secs();
        let (mut days, mut seconds) = (wall / DAY, wall % DAY);
        if let Some(date) = request.get("date") {
            days = days_of(date).ok_or_else(|| Trap::InvalidValue("date".to_owned()))?;
        }
        if let Some(time) = request.get("time") {
            seconds = seconds_of(time).ok_or_else(|| Trap::InvalidValue("time".to_owned()))?;
        }
        let wanted = i64::try_from(days * DAY + seconds).unwrap_or(i64::MAX);
        let mut rest = request.clone();
        rest.arguments.retain(|(name, _)| name != "date" && name != "time");
        let reply = self.set(spec, &rest)?;
        let by = wanted - i64::try_from(wall).unwrap_or(i64::MAX);
        if by != 0 {
            self.shift_clock(self.now, by.saturating_mul(1000));
        }
        Ok(reply)
    }
}

/// Days since 1970 of `2026-09-28`, as 7.10 and later write dates.
fn days_of(date: &str) -> Option<u64> {
    let mut parts = date.splitn(3, '-').map(|part| part.parse::<u64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    // Routers take years up to 2037 (32-bit time); the loop below is short for a century.
    if !(1970..=2099).contains(&year) {
        return None;
    }
    let text = format!("{year:04}-{month:02}-{day:02}");
    let guess = (year - 1970) * 365;
    (guess..guess + 400).find(|days| date_time(Duration::from_secs(days * DAY)).starts_with(&text))
}

/// Seconds of `04:05:06`.
fn seconds_of(time: &str) -> Option<u64> {
    let parts: Vec<u64> = time.split(':').map(str::parse).collect::<Result<_, _>>().ok()?;
    match parts[..] {
        [hours @ 0..24, minutes @ 0..60, seconds @ 0..60] => Some(hours * 3600 + minutes * 60 + seconds),
        _ => None,
    }
}
