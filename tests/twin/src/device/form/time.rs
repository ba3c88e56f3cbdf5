//! Durations, dates and times of day.

use std::time::Duration;

use shared::routeros::value::parse_duration;

/// A bound of a duration as a refusal names it: `00:00:10`, `1d00:00:00`, `00:00:00.200`.
pub(super) fn bound(milliseconds: u64) -> String {
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let days = if days > 0 { format!("{days}d") } else { String::new() };
    let rest = if rest > 0 { format!(".{rest:03}") } else { String::new() };
    format!("{days}{hours:02}:{minutes:02}:{:02}{rest}", seconds % 60)
}

/// A time of day `HH:MM:SS`, from anything that reads as one.
pub(super) fn clock(text: &str) -> Option<String> {
    const DAY: Duration = Duration::from_secs(86_400);
    let time = parse_duration(text).ok().filter(|time| *time < DAY)?.as_secs();
    Some(format!("{:02}:{:02}:{:02}", time / 3600, time / 60 % 60, time % 60))
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// `2026-09-28`, as all versions from 7.10 print it; `sep/28/2026`, as they did before, is still understood.
pub(super) fn date(text: &str) -> Option<String> {
    let (year, month, day) = match text.split(['-', '/']).collect::<Vec<_>>()[..] {
        [month, day, year] if text.contains('/') => {
            (year, MONTHS.iter().position(|name| *name == month.to_ascii_lowercase())? + 1, day)
        }
        [year, month, day] => (year, month.parse().ok()?, day),
        _ => return None,
    };
    let (year, day): (u32, u32) = (year.parse().ok()?, day.parse().ok()?);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let good = (1970..2100).contains(&year) && (1..=12).contains(&month) && (1..=length).contains(&day);
    good.then(|| format!("{year:04}-{month:02}-{day:02}"))
}
