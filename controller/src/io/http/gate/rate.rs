//! How often somebody may try to sign in.
//!
//! Each attempt counts before it is made, per address and per name, and success takes the count back. After five, the
//! wait doubles with each: up to a quarter of an hour for an address, up to a minute for a name, so that nobody can
//! lock another one out for long.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
};

const FREE: u32 = 5;
const LONGEST_ADDRESS_MS: i64 = 15 * 60 * 1000;
const LONGEST_NAME_MS: i64 = 60 * 1000;
/// Who kept quiet for so long begins anew.
const FORGET_MS: i64 = 60 * 60 * 1000;
/// The most keys; beyond it the oldest go.
const CAPACITY: usize = 10_000;

/// Whose attempts are counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// An IPv4 address, or the /64 of an IPv6 one: that is what one subscriber has.
    Address(IpAddr),
    Name(String),
}

#[derive(Debug, Clone, Copy)]
struct Count {
    attempts: u32,
    last: i64,
}

/// The counts.
#[derive(Debug, Default)]
pub(in crate::io::http) struct Attempts {
    counts: BTreeMap<Key, Count>,
}

impl Attempts {
    /// Counts an attempt at `now` (Unix milliseconds).
    ///
    /// # Errors
    /// The seconds to wait, at least 1; the attempt is not to be made and does not count.
    pub(in crate::io::http) fn attempt(&mut self, address: IpAddr, name: &str, now: i64) -> Result<(), u64> {
        self.counts.retain(|_, count| now - count.last < FORGET_MS);
        let keys = keys(address, name);
        let wait = keys.iter().filter_map(|key| Some(self.counts.get(key)?.wait(key, now))).max().unwrap_or(0);
        if wait > 0 {
            return Err(u64::try_from(wait).unwrap_or(0).div_ceil(1000));
        }
        for key in keys {
            let count = self.counts.entry(key).or_insert(Count { attempts: 0, last: now });
            *count = Count { attempts: count.attempts.saturating_add(1), last: now };
        }
        while self.counts.len() > CAPACITY {
            let oldest = self.counts.iter().min_by_key(|(_, count)| count.last).map(|(key, _)| key.clone());
            oldest.and_then(|key| self.counts.remove(&key));
        }
        Ok(())
    }

    /// The attempt was right.
    pub(in crate::io::http) fn passed(&mut self, address: IpAddr, name: &str) {
        for key in keys(address, name) {
            self.counts.remove(&key);
        }
    }
}

impl Count {
    fn wait(self, key: &Key, now: i64) -> i64 {
        let Some(over) = self.attempts.checked_sub(FREE) else { return 0 };
        let longest = if matches!(key, Key::Address(_)) { LONGEST_ADDRESS_MS } else { LONGEST_NAME_MS };
        let pause = 1000_i64.checked_shl(over.min(20)).map_or(longest, |pause| pause.min(longest));
        // A clock that was set back must not lock anybody out.
        (self.last + pause - now).min(pause)
    }
}

fn keys(address: IpAddr, name: &str) -> [Key; 2] {
    let address = match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    };
    [Key::Address(address), Key::Name(name.trim().chars().take(60).collect())]
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "192.0.2.1";

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn worn_out(address: &str, name: &str) -> Attempts {
        let mut attempts = Attempts::default();
        for _ in 0..5 {
            attempts.attempt(ip(address), name, 0).unwrap();
        }
        attempts
    }

    #[test]
    fn five_attempts_are_free_and_then_each_wait_doubles() {
        let mut attempts = worn_out(HERE, "anna");
        let mut now = 0;
        for expected in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            assert_eq!(attempts.attempt(ip(HERE), "anna", now), Err(expected));
            now += i64::try_from(expected).unwrap() * 1000;
            assert_eq!(attempts.attempt(ip(HERE), "anna", now), Ok(()));
        }
    }

    #[test]
    fn a_name_is_protected_from_many_addresses_for_at_most_a_minute() {
        let mut attempts = Attempts::default();
        let mut refused = 0;
        for n in 0..250_u8 {
            let address = IpAddr::from([198, 51, 100, n]);
            refused += u32::from(attempts.attempt(address, "anna", i64::from(n)).is_err());
        }
        assert_eq!(refused, 245);
        assert_eq!(attempts.attempt(ip(HERE), "anna", 61_000), Ok(()));
    }

    #[test]
    fn an_address_is_slowed_down_over_many_names() {
        let mut attempts = worn_out(HERE, "a");
        assert!(attempts.attempt(ip(HERE), "b", 10).is_err());
        assert!(attempts.attempt(ip("192.0.2.2"), "c", 10).is_ok());
    }

    #[test]
    fn one_subscriber_of_ipv6_is_one_address() {
        let mut attempts = worn_out("2001:db8::1", "a");
        assert!(attempts.attempt(ip("2001:db8::ffff"), "b", 10).is_err());
        assert!(attempts.attempt(ip("2001:db8:0:1::1"), "b", 10).is_ok());
    }

    #[test]
    fn success_and_an_hour_of_quiet_begin_anew() {
        let mut attempts = worn_out(HERE, "anna");
        attempts.passed(ip(HERE), "anna");
        assert_eq!(attempts.attempt(ip(HERE), "anna", 1), Ok(()));
        let mut attempts = worn_out(HERE, "anna");
        assert_eq!(attempts.attempt(ip(HERE), "anna", FORGET_MS), Ok(()));
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out() {
        let mut attempts = worn_out(HERE, "anna");
        assert_eq!(attempts.attempt(ip(HERE), "anna", -86_400_000), Err(1));
    }
}
