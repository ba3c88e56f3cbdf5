//! What each VIF carried since it was made, from what its rules counted at each look.
//!
//! A counter says what passed since it began, and it begins anew at a boot, with the row, and when somebody resets it:
//!
//! | seen                                       | grown by         |
//! | ------------------------------------------ | ---------------- |
//! | the same row, not lower                    | the difference   |
//! | the router's uptime fell: it was booted    | what it says now |
//! | another id under the same mark: made anew  | what it says now |
//! | a lower counter: reset                     | what it says now |
//! | a row that was not seen before             | what it says now |
//!
//! What passed between the last look and such a beginning cannot be known and is left out. Nothing is ever made up: what
//! a counter says did pass, and totals never fall. What was last seen is kept with the totals, so that an agent that
//! starts again goes on where the last one wrote, without a gap as long as the router is up.

use super::rules::Counted;
use crate::flow::history::Amount;
use serde::{Deserialize, Serialize};
use shared::vif::Traffic;
use std::collections::BTreeMap;

/// The form in which it is kept.
const FORM: u8 = 1;

/// What is known of all VIFs, by their number in the database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    accounts: BTreeMap<u32, Account>,
    /// The router's uptime at the last look, in seconds.
    uptime_s: u64,
    /// The last look of this run, in milliseconds of a monotonic clock.
    #[serde(skip)]
    looked_ms: Option<u64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Account {
    total: Total,
    /// By the rule's part.
    rows: BTreeMap<String, Last>,
    /// When rules that let pass were last seen, by the router's uptime in seconds; not before the first time.
    seen_s: Option<u64>,
    /// The same in this run, in milliseconds of a monotonic clock.
    #[serde(skip)]
    seen_ms: Option<u64>,
    /// It was made in this run: what its rules have counted, they have since the look before.
    #[serde(skip)]
    fresh: bool,
}

/// [`Traffic`] as it is kept; apart from it, so that its fields may change their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Total {
    bytes: [u64; 2],
    packets: [u64; 2],
    drops: [u64; 2],
    errors: [u64; 2],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Last {
    id: String,
    bytes: u64,
    packets: u64,
}

/// When a look was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// On a monotonic clock, in milliseconds.
    pub ms: u64,
    /// By the router's uptime, in seconds.
    pub uptime_s: u64,
}

/// What a VIF carried since the look before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grown {
    /// How much.
    pub amount: Amount,
    /// In how many milliseconds.
    pub over_ms: u64,
    /// Whether the look before was in this run: only then it is a rate of now.
    pub now: bool,
}

impl Ledger {
    /// One that was kept; an empty one where it cannot be read.
    pub fn read(kept: &[u8]) -> Self {
        let body = kept.split_first().filter(|(form, _)| **form == FORM).map(|(_, body)| body);
        body.and_then(|body| postcard::from_bytes(body).ok()).unwrap_or_default()
    }

    /// As it is kept.
    pub fn kept(&self) -> Vec<u8> {
        postcard::to_extend(self, vec![FORM]).unwrap_or_default()
    }

    /// Opens an account for a VIF that has none. `made_now`: it was made in this run.
    pub fn open(&mut self, vif: u32, made_now: bool) {
        self.accounts.entry(vif).or_insert_with(|| Account { fresh: made_now, ..Account::default() });
    }

    /// Closes an account.
    pub fn close(&mut self, vif: u32) {
        self.accounts.remove(&vif);
    }

    /// The totals of a VIF; `rx` is towards the service.
    pub fn total(&self, vif: u32) -> Traffic {
        let total = self.accounts.get(&vif).map(|account| account.total).unwrap_or_default();
        let ([rx_bytes, tx_bytes], [rx_packets, tx_packets]) = (total.bytes, total.packets);
        let ([rx_drops, tx_drops], [rx_errors, tx_errors]) = (total.drops, total.errors);
        Traffic { rx_bytes, tx_bytes, rx_packets, tx_packets, rx_drops, tx_drops, rx_errors, tx_errors }
    }

    /// Takes a look at rules. What it does not show is as it was.
    pub fn look(&mut self, counted: Vec<Counted>, moment: Moment) -> BTreeMap<u32, Grown> {
        let booted = moment.uptime_s < self.uptime_s;
        let mut grown = BTreeMap::<u32, Amount>::new();
        let mut passing = Vec::new();
        for row in counted {
            let Some(account) = self.accounts.get_mut(&row.role.vif) else { continue };
            let amount = grown.entry(row.role.vif).or_default();
            let (role, (bytes, packets)) = (&row.role, account.since(&row, booted));
            let at = usize::from(!role.towards);
            if role.passes {
                passing.push(role.vif);
                account.total.bytes[at] = account.total.bytes[at].saturating_add(bytes);
                account.total.packets[at] = account.total.packets[at].saturating_add(packets);
                *amount = amount.plus(passed(role.towards, bytes, packets));
            } else {
                account.total.drops[at] = account.total.drops[at].saturating_add(packets);
                *amount = amount.plus(Amount { drops: packets, ..Amount::default() });
            }
            account.rows.insert(row.role.part, Last { id: row.id, bytes: row.bytes, packets: row.packets });
        }
        // Without a rule that lets pass no time was measured: what was dropped meanwhile is in the totals alone.
        let spans = grown.into_iter().filter(|(vif, _)| passing.contains(vif)).filter_map(|(vif, amount)| {
            let (over_ms, now) = self.accounts.get(&vif)?.span(moment, booted, self.looked_ms)?;
            Some((vif, Grown { amount, over_ms, now }))
        });
        let spans = spans.collect();
        for vif in passing {
            if let Some(account) = self.accounts.get_mut(&vif) {
                (account.seen_s, account.seen_ms, account.fresh) = (Some(moment.uptime_s), Some(moment.ms), false);
            }
        }
        (self.uptime_s, self.looked_ms) = (moment.uptime_s, Some(moment.ms));
        spans
    }

    /// Adds what a VIF's interface dropped and failed at, seen from the service.
    pub fn interface(&mut self, vif: u32, drops: [u64; 2], errors: [u64; 2]) {
        let Some(account) = self.accounts.get_mut(&vif) else { return };
        let add = |total: &mut [u64; 2], more: [u64; 2]| {
            *total = [total[0].saturating_add(more[0]), total[1].saturating_add(more[1])];
        };
        add(&mut account.total.drops, drops);
        add(&mut account.total.errors, errors);
    }
}

impl Account {
    /// What a row counted since it was last seen.
    fn since(&self, row: &Counted, booted: bool) -> (u64, u64) {
        let now = (row.bytes, row.packets);
        match self.rows.get(&row.role.part) {
            Some(last) if booted || last.id != row.id => now,
            // Both counters of a row begin together.
            Some(last) => row.bytes.checked_sub(last.bytes).zip(row.packets.checked_sub(last.packets)).unwrap_or(now),
            None => now,
        }
    }

    /// The milliseconds since the rules were last seen, and whether that was in this run. Nothing the first time.
    fn span(&self, moment: Moment, booted: bool, looked_ms: Option<u64>) -> Option<(u64, bool)> {
        let since_boot = moment.uptime_s.saturating_mul(1000);
        let (over_ms, now) = match (self.seen_ms, self.seen_s) {
            (Some(seen), _) => (moment.ms.saturating_sub(seen), true),
            (None, Some(seen)) if !booted => (moment.uptime_s.saturating_sub(seen).saturating_mul(1000), false),
            (None, Some(_)) => (since_boot, false),
            // At the look before there was no such VIF.
            (None, None) if self.fresh => (moment.ms.saturating_sub(looked_ms?), true),
            (None, None) => return None,
        };
        Some((if booted { over_ms.min(since_boot) } else { over_ms }, now))
    }
}

fn passed(towards: bool, bytes: u64, packets: u64) -> Amount {
    if towards {
        Amount { rx_bytes: bytes, rx_packets: packets, ..Amount::default() }
    } else {
        Amount { tx_bytes: bytes, tx_packets: packets, ..Amount::default() }
    }
}

#[cfg(test)]
mod tests;
