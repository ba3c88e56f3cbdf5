//! What is known of one egress: whether it runs, whether probes come back, and how old its handshake is.
//!
//! A WireGuard interface runs on when its peer is dead, and it shakes hands about every two minutes, with traffic alone: an
//! age of more than three minutes says that nobody answers only where something was sent. Where probes go out that is
//! always so. They find out much sooner; the age is for probes that something near answers in the peer's place.

use super::kill_switch::Egress;
use crate::flow::object::Row;
use shared::{routeros::value::parse_duration, vif::Gateway};
use std::time::Duration;

/// A handshake that is older than this is no sign of life (WireGuard's REJECT_AFTER_TIME).
pub const HANDSHAKE_LIMIT: Duration = Duration::from_secs(180);

/// Probes that may be lost in a row before an egress counts as silent.
pub const GRACE: u32 = 2;

/// How soon the next probe goes where the last one was lost or the egress has yet to show itself.
pub const SOONER: Duration = Duration::from_secs(2);

/// Whether the interface runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Link {
    /// Nobody knows.
    #[default]
    Unknown,
    /// There is no such interface.
    Missing,
    /// It does not run, or is disabled.
    Down,
    /// It runs.
    Up,
}

/// One egress.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tunnel {
    link: Link,
    /// Whether a probe ended since the link is up.
    probed: bool,
    lost: u32,
    latency_us: Option<u32>,
    checked_at: Option<i64>,
    handshake_s: Option<u32>,
    /// Looks in a row at which the handshake was too old although something had been sent.
    stale: u32,
    /// What the interface had sent by the last look.
    sent: Option<u64>,
}

impl Tunnel {
    /// The link as it was last heard or read. One that comes up has to show itself anew.
    pub fn link(&mut self, link: Link) {
        if self.link != link {
            *self = Self { link, checked_at: self.checked_at, ..Self::default() };
        }
    }

    /// Whether a probe is worth sending: one through an interface that does not run says nothing new.
    pub fn is_up(&self) -> bool {
        self.link == Link::Up
    }

    /// Whether a probe has ended since the link is up.
    pub fn has_been_probed(&self) -> bool {
        self.probed
    }

    /// A probe ended: the time there and back, or nothing where it was lost. `now` is Unix milliseconds. One that was on
    /// its way when the link fell counts for nothing.
    pub fn probed(&mut self, came_back: Option<Duration>, now: i64) {
        if !self.is_up() {
            return;
        }
        self.probed = true;
        self.checked_at = Some(now);
        self.latency_us = came_back.map(|time| u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
        self.lost = if came_back.is_some() { 0 } else { self.lost.saturating_add(1) };
    }

    /// The age of the youngest handshake of its peers, and the bytes that the interface sent so far.
    pub fn shook_hands(&mut self, age: Option<Duration>, sent: u64, probing: bool) {
        let grew = probing || self.sent.is_some_and(|before| sent > before);
        let old = age.is_some_and(|age| age > HANDSHAKE_LIMIT);
        self.handshake_s = age.map(|age| u32::try_from(age.as_secs()).unwrap_or(u32::MAX));
        self.sent = Some(sent);
        self.stale = match (old, grew) {
            (false, _) => 0,
            (true, true) => self.stale.saturating_add(1),
            (true, false) => self.stale,
        };
    }

    /// What a kill switch sees.
    pub fn egress(&self, probing: bool) -> Egress {
        match self.link {
            Link::Unknown => Egress::Unknown,
            Link::Missing => Egress::Missing,
            Link::Down => Egress::Down,
            Link::Up if self.lost.max(self.stale) >= GRACE => Egress::Silent,
            Link::Up if probing && !self.probed => Egress::Unproven,
            Link::Up if self.lost.max(self.stale) > 0 => Egress::Quiet,
            Link::Up => Egress::Good,
        }
    }

    /// How long after the last probe the next one goes. A `settled` egress is one on which nobody waits.
    pub fn pause(&self, every: Duration, settled: bool) -> Duration {
        if self.probed && self.lost == 1 {
            // The second decides: it is not waited for.
            Duration::ZERO
        } else if settled {
            every
        } else {
            every.min(SOONER)
        }
    }

    /// What is said of it.
    pub fn gateway(&self) -> Gateway {
        Gateway {
            latency_us: self.latency_us,
            lost: self.lost,
            handshake_s: self.handshake_s,
            checked_at: self.checked_at,
        }
    }
}

/// The age of the youngest handshake of an interface's peers, and what they were sent; nothing where it has none.
pub fn peers(rows: &[Row], interface: &str) -> Option<(Option<Duration>, u64)> {
    let mine = || rows.iter().filter(|row| row.get("interface") == interface && !row.is("disabled"));
    mine().next()?;
    let age = |row: &Row| Some(row.get("last-handshake")).filter(|age| !age.is_empty()).map(parse_duration)?.ok();
    let sent = mine().filter_map(|row| row.get("tx").parse::<u64>().ok()).fold(0, u64::saturating_add);
    Some((mine().filter_map(age).min(), sent))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(12);

    fn up() -> Tunnel {
        let mut tunnel = Tunnel::default();
        tunnel.link(Link::Up);
        tunnel
    }

    #[test]
    fn a_link_that_is_not_up_says_so_at_once_and_without_grace() {
        for (link, seen) in
            [(Link::Unknown, Egress::Unknown), (Link::Missing, Egress::Missing), (Link::Down, Egress::Down)]
        {
            let mut tunnel = up();
            tunnel.probed(Some(MS), 1);
            tunnel.link(link);
            assert_eq!((tunnel.egress(true), tunnel.egress(false)), (seen, seen));
            tunnel.probed(Some(MS), 2);
            assert_eq!(tunnel.egress(true), seen, "a probe that was on its way proves nothing");
            assert_eq!(tunnel.gateway(), Gateway { checked_at: Some(1), ..Gateway::default() });
        }
    }

    #[test]
    fn one_lost_probe_is_quiet_two_in_a_row_are_silence_and_one_that_comes_back_ends_it() {
        let mut tunnel = up();
        assert_eq!(tunnel.egress(true), Egress::Unproven);
        assert_eq!(tunnel.egress(false), Egress::Good, "nobody asks for more than that it runs");
        let steps = [
            (Some(MS), Egress::Good),
            (None, Egress::Quiet),
            (Some(MS), Egress::Good),
            (None, Egress::Quiet),
            (None, Egress::Silent),
            (None, Egress::Silent),
            (Some(MS), Egress::Good),
        ];
        for (at, (came_back, seen)) in steps.into_iter().enumerate() {
            tunnel.probed(came_back, 7);
            assert_eq!(tunnel.egress(true), seen, "step {at}");
        }
        let gateway = Gateway { latency_us: Some(12_000), lost: 0, handshake_s: None, checked_at: Some(7) };
        assert_eq!(tunnel.gateway(), gateway);
    }

    #[test]
    fn a_link_that_came_back_has_to_show_itself_anew() {
        let mut tunnel = up();
        tunnel.probed(Some(MS), 1);
        tunnel.link(Link::Up);
        assert_eq!(tunnel.egress(true), Egress::Good, "it never fell");
        tunnel.link(Link::Down);
        tunnel.link(Link::Up);
        assert_eq!(tunnel.egress(true), Egress::Unproven);
    }

    #[test]
    fn an_old_handshake_is_silence_only_where_something_was_sent() {
        let old = Some(HANDSHAKE_LIMIT + Duration::from_secs(1));
        let mut idle = up();
        for _ in 0..9 {
            idle.shook_hands(old, 500, false);
        }
        assert_eq!(idle.egress(false), Egress::Good, "nothing was sent that could have been answered");
        idle.shook_hands(old, 501, false);
        assert_eq!(idle.egress(false), Egress::Quiet);
        idle.shook_hands(old, 502, false);
        assert_eq!(idle.egress(false), Egress::Silent);
        idle.shook_hands(Some(HANDSHAKE_LIMIT), 503, false);
        assert_eq!(idle.egress(false), Egress::Good);

        let mut probed = up();
        probed.probed(Some(MS), 1);
        probed.shook_hands(old, 0, true);
        probed.shook_hands(old, 0, true);
        assert_eq!(probed.egress(true), Egress::Silent, "something near answers in the peer's place");
        assert_eq!(probed.gateway().handshake_s, Some(181));
        probed.shook_hands(None, 0, true);
        assert_eq!(probed.egress(true), Egress::Good, "no WireGuard, no handshake to be old");
    }

    #[test]
    fn the_youngest_handshake_of_an_interfaces_own_peers_counts() {
        let peer = |interface: &str, age: &str, sent: &str| {
            Row::new([("interface", interface), ("last-handshake", age), ("tx", sent), ("disabled", "false")])
        };
        let rows = [peer("wg1", "4m2s", "5"), peer("wg1", "1m3s", "7"), peer("wg1", "", "1"), peer("wg2", "1s", "9")];
        assert_eq!(peers(&rows, "wg1"), Some((Some(Duration::from_secs(63)), 13)));
        assert_eq!(peers(&rows[2..3], "wg1"), Some((None, 1)), "it never shook hands");
        assert_eq!(peers(&rows, "ether1"), None);
    }

    #[test]
    fn the_probe_that_decides_is_sent_at_once_and_a_closed_gate_does_not_wait_long() {
        let every = Duration::from_secs(5);
        let mut tunnel = up();
        assert_eq!(tunnel.pause(every, false), SOONER);
        tunnel.probed(Some(MS), 1);
        assert_eq!((tunnel.pause(every, true), tunnel.pause(every, false)), (every, SOONER));
        tunnel.probed(None, 2);
        assert_eq!(tunnel.pause(every, true), Duration::ZERO);
        tunnel.probed(None, 3);
        assert_eq!(tunnel.pause(every, false), SOONER);
        assert_eq!(tunnel.pause(Duration::from_secs(1), false), Duration::from_secs(1));
    }
}
