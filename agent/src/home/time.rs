//! Times as people and home automation read them.

const MS_PER_DAY: i64 = 86_400_000;

/// Unix milliseconds as ISO 8601 in UTC, in the proleptic Gregorian calendar: `2026-11-22T22:11:54.123Z`.
pub(super) fn iso(unix_millis: i64) -> String {
    let (year, month, day) = date(unix_millis.div_euclid(MS_PER_DAY));
    let of_day = unix_millis.rem_euclid(MS_PER_DAY);
    let (hours, minutes) = (of_day / 3_600_000, of_day / 60_000 % 60);
    let (seconds, millis) = (of_day / 1000 % 60, of_day % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z")
}

/// Year, month and day of a day counted from 1970-01-01.
///
/// Counted in years that begin in March, so that the leap day is the last of its year, and in eras of 400 years, after
/// which the calendar repeats.
fn date(day: i64) -> (i64, i64, i64) {
    const ERA: i64 = 146_097;
    let from_march_of_year_0 = day + 719_468;
    let (era, of_era) = (from_march_of_year_0.div_euclid(ERA), from_march_of_year_0.rem_euclid(ERA));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day_of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_are_written_as_they_are() {
        for (unix_millis, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_735_689_599_999, "2024-12-31T23:59:59.999Z"),
            (1_735_689_600_000, "2025-01-01T00:00:00.000Z"),
            (1_790_000_000_123, "2026-09-21T14:13:20.123Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(iso(unix_millis), expected);
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut last = date(-800_000);
        for day in -799_999..800_000 {
            let next = date(day);
            let (year, month, of_month) = last;
            let first_of_next = if month == 12 { (year + 1, 1, 1) } else { (year, month + 1, 1) };
            assert!(
                next == (year, month, of_month + 1) || next == first_of_next && of_month >= 28,
                "{last:?} {next:?}"
            );
            last = next;
        }
    }

    #[test]
    fn no_number_is_too_large_to_be_written() {
        for unix_millis in [i64::MIN, i64::MAX] {
            assert!(iso(unix_millis).ends_with('Z'));
        }
    }
}
