//! Menus of one set of values.

use std::time::Duration;

use shared::routeros::value::format_duration;

use super::{Device, Fields, caller::Caller, live::whole_seconds, spec::Spec};

/// The processor, as `/system/resource` and images name it.
pub(super) const ARCHITECTURE: &str = "arm64";

/// `total-memory`, in bytes.
const MEMORY: u64 = 1_073_741_824;

impl Device {
    /// The values of a single menu: what was set, over what is so by itself, over the defaults.
    pub(super) fn render_single(&self, caller: &Caller, spec: &Spec) -> Fields {
        if spec.path == "/safe-mode" {
            return self.safe_mode_fields(caller);
        }
        let mut fields: Fields =
            spec.defaults.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let set = self.singles.get(&spec.path);
        let given = self
            .own_values(&spec.path)
            .into_iter()
            .chain(set.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
        for (name, value) in given {
            match fields.iter_mut().find(|(key, _)| *key == name) {
                Some(field) => field.1 = value,
                None => fields.push((name, value)),
            }
        }
        fields.retain(|(name, _)| !spec.hidden.contains(&name.as_str()));
        fields
    }

    /// Sets values of a single menu that no command could.
    pub(super) fn put_single(&mut self, menu: &str, values: &[(&str, &str)]) {
        let single = self.singles.entry(menu.to_owned()).or_default();
        single.extend(values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    }

    pub(super) fn single(&self, menu: &str) -> Fields {
        self.singles.get(menu).into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    fn own_values(&self, menu: &str) -> Fields {
        let uptime = format_duration(whole_seconds(self.now.saturating_sub(self.booted)));
        let (date, time) = {
            let text = date_time(self.epoch + self.now);
            text.split_once(' ').map(|(date, time)| (date.to_owned(), time.to_owned())).unwrap_or_default()
        };
        if menu == "/system/device-mode" {
            return self.mode_fields();
        }
        let cpu = self.world.cpu_percent.unwrap_or(3).to_string();
        let memory = match self.world.memory_percent {
            Some(percent) => MEMORY / 100 * (100 - percent.min(100)) + MEMORY % 100 * (100 - percent.min(100)) / 100,
            None => 687_116_288,
        }
        .to_string();
        let version = format!("{} (stable)", self.version());
        let values: Vec<(&str, &str)> = match menu {
            "/system/resource" => vec![
                ("uptime", &uptime),
                ("version", &version),
                ("build-time", super::factory::BUILT),
                ("factory-software", "7.5"),
                ("free-memory", &memory),
                ("total-memory", "1073741824"),
                ("cpu", "ARM64"),
                ("cpu-count", "4"),
                ("cpu-frequency", "1400"),
                ("cpu-load", &cpu),
                ("free-hdd-space", "1020000000"),
                ("total-hdd-space", "1073741824"),
                ("write-sect-since-reboot", "0"),
                ("write-sect-total", "0"),
                ("bad-blocks", "0"),
                ("architecture-name", ARCHITECTURE),
                ("board-name", "RB5009UG+S+"),
                ("platform", "MikroTik"),
            ],
            "/system/clock" => {
                vec![("time", &time), ("date", &date), ("gmt-offset", "+00:00"), ("dst-active", "false")]
            }
            "/system/routerboard" => vec![
                ("routerboard", "true"),
                ("model", "RB5009UG+S+"),
                ("serial-number", "BULKHEADTWIN"),
                ("firmware-type", "70x0"),
                ("current-firmware", "7.16.2"),
                ("upgrade-firmware", "7.16.2"),
            ],
            "/ip/dns" => vec![("dynamic-servers", self.peer_dns()), ("cache-used", "42")],
            _ => Vec::new(),
        };
        values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

/// `2026-09-28 16:48:57` of a duration since 1970 (UTC), by the civil calendar's rules.
pub fn date_time(since_1970: Duration) -> String {
    let seconds = since_1970.as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let (mut year, mut left) = (1970, days);
    while left >= 365 + u64::from(is_leap(year)) {
        left -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02} {:02}:{:02}:{:02}", left + 1, rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_calendar() {
        let cases = [
            (0, "1970-01-01 00:00:00"),
            (951_782_400, "2000-02-29 00:00:00"),
            (1_790_614_137, "2026-09-28 16:48:57"),
            (4_107_542_399, "2100-02-28 23:59:59"),
            (4_107_542_400, "2100-03-01 00:00:00"),
        ];
        for (seconds, text) in cases {
            assert_eq!(date_time(Duration::from_secs(seconds)), text);
        }
    }
}
