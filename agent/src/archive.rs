//! What VIFs carried, from memory and the flash together: takes what is counted, and answers for any span.
//!
//! The flash is written once a quarter of an hour and at a clean end. A power cut of the router takes the time since with
//! it, at most a quarter of an hour. An agent that dies alone loses the finest steps, which are in memory only, and
//! nothing else: the router counts on, and what it counted meanwhile is spread over that time.

use crate::{
    flow::{
        history::{Amount, Block, FINE_MS, MINUTE_MS, MINUTES, Memory, QUARTER_MS, Series, span::Points, sums},
        traffic::{
            Counters,
            ledger::{Grown, Ledger, Moment},
            rules::Counted,
        },
        vif::Vif,
    },
    io::store::{Store, StoreError, journal::Journal},
};
use shared::{
    change_set::Refusal,
    ids::VifId,
    vif::{History, Span, Traffic},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Between two attempts to write, on the monotonic clock: a clock that jumps, or a disk that is full, makes no others.
const BREATH_MS: u64 = 300_000;
/// And at the latest, however often the clock is set back.
const LATEST_MS: u64 = 1_200_000;

/// The traffic of all VIFs of a router. Clones share it.
#[derive(Clone)]
pub struct Archive {
    store: Store,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    vifs: BTreeMap<VifId, (u32, i64)>,
    /// Whether the journal's VIFs were seen in this run: later ones are made in it.
    kept: bool,
    ledger: Ledger,
    memory: Memory,
    tried_ms: Option<u64>,
}

impl Archive {
    /// The archive in a database.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn open(store: Store) -> Result<Self, StoreError> {
        let (vifs, (ledger, quarter, minutes)) = (store.traffic_vifs()?, store.traffic_ledger()?);
        let mut memory = Memory::default();
        if !minutes.is_empty() {
            memory.put_minutes(BTreeMap::from([(quarter, minutes)]));
        }
        let inner = Inner { vifs, kept: false, ledger: Ledger::read(&ledger), memory, tried_ms: None };
        Ok(Self { store, inner: Arc::new(Mutex::new(inner)) })
    }

    /// Takes the VIFs that there are: new ones get an account, the history of those that are gone goes with them. Gives
    /// them with their numbers; a VIF that has none, because the flash has no room, is not counted.
    pub fn keep<'a>(&self, vifs: &'a [Vif]) -> Vec<(u32, &'a Vif)> {
        let mut inner = self.inner();
        for id in self.gone(&inner, vifs) {
            // Where it cannot be written now it is tried again the next time.
            if self.store.remove_traffic_vif(&id).inspect_err(failed).is_ok() {
                inner.forget(&id);
            }
        }
        let made_now = inner.kept;
        for vif in vifs {
            let (id, made) = (&vif.spec.id, vif.created_at);
            if inner.vifs.get(id).is_none_or(|(_, known)| *known != made)
                && let Ok(number) = self.store.add_traffic_vif(id, made).inspect_err(failed)
            {
                inner.forget(id);
                inner.vifs.insert(id.clone(), (number, made));
                inner.ledger.open(number, made_now);
            }
        }
        let numbers: Vec<u32> = inner.vifs.values().map(|(number, _)| *number).collect();
        for number in numbers {
            inner.ledger.open(number, false);
        }
        inner.kept = true;
        vifs.iter().filter_map(|vif| Some((inner.vifs.get(&vif.spec.id)?.0, vif))).collect()
    }

    /// Those whose traffic is kept and that are no VIFs any more. The journal has the last word: who could not read it
    /// knows of none.
    fn gone(&self, inner: &Inner, vifs: &[Vif]) -> Vec<VifId> {
        let is_one = |id: &VifId, vifs: &[Vif]| vifs.iter().any(|vif| vif.spec.id == *id);
        let missing: Vec<VifId> = inner.vifs.keys().filter(|id| !is_one(id, vifs)).cloned().collect();
        if missing.is_empty() {
            return missing;
        }
        let journal = Journal::new(self.store.clone()).vifs();
        journal.map_or_else(|_| Vec::new(), |kept| missing.into_iter().filter(|id| !is_one(id, &kept)).collect())
    }

    /// Takes what rules counted at a moment, `now` in Unix milliseconds; gives what each VIF has carried since.
    pub fn take(&self, counted: Vec<Counted>, moment: Moment, now: i64) -> BTreeMap<VifId, Grown> {
        let mut inner = self.inner();
        let grown = inner.ledger.look(counted, moment);
        for (vif, Grown { amount, over_ms, .. }) in &grown {
            // A moment in which nothing came is none.
            if *over_ms > 0 || *amount != Amount::default() {
                inner.memory.take(*vif, *amount, now, *over_ms);
            }
        }
        let of = |number: &u32| grown.get(number).copied();
        inner.vifs.iter().filter_map(|(id, (number, _))| Some((id.clone(), of(number)?))).collect()
    }

    /// Adds what a VIF's interface has grown by: what it dropped and failed at.
    pub fn take_interface(&self, vif: u32, grown: Counters) {
        let service = grown.turned();
        let (drops, errors) = ([service.rx_drops, service.tx_drops], [service.rx_errors, service.tx_errors]);
        self.inner().ledger.interface(vif, drops, errors);
    }

    /// The totals of each VIF since it was made.
    pub fn totals(&self) -> BTreeMap<VifId, Traffic> {
        let inner = self.inner();
        inner.vifs.iter().map(|(id, (number, _))| (id.clone(), inner.ledger.total(*number))).collect()
    }

    /// Writes what is complete when it is time to; `ms` is of a monotonic clock.
    pub fn write_when_due(&self, ms: u64, now: i64) {
        let mut inner = self.inner();
        let since = ms.saturating_sub(*inner.tried_ms.get_or_insert(ms));
        if since >= LATEST_MS || (since >= BREATH_MS && inner.memory.is_due(now)) {
            inner.tried_ms = Some(ms);
            self.write_down(&mut inner, now);
        }
    }

    /// Writes everything, at a clean end.
    pub fn write(&self, now: i64) {
        self.write_down(&mut self.inner(), now);
    }

    fn write_down(&self, inner: &mut Inner, now: i64) {
        let over = inner.memory.take_minutes(now);
        let (none, rest) = (Block::new(), inner.memory.minutes().first_key_value());
        let rest = rest.map_or((0, &none), |(quarter, block)| (*quarter, block));
        if let Err(error) = self.store.write_traffic(&over, &inner.ledger.kept(), rest) {
            failed(&error);
            inner.memory.put_minutes(over);
        }
    }

    /// What a VIF carried in a span that ends `now`, Unix milliseconds.
    ///
    /// # Errors
    /// `unknown_vif`, `storage`
    pub fn history(&self, vif: &VifId, span: Span, now: i64) -> Result<History, Refusal> {
        let inner = self.inner();
        let Some((number, _)) = inner.vifs.get(vif).copied() else {
            let message = format!("the agent keeps no VIF `{vif}`");
            return Err(Refusal::new("unknown_vif", message, "Refresh the list: it may be gone already."));
        };
        let mut points = Points::new(span, now);
        let filled = match span {
            Span::Hour => {
                let recent = inner.memory.recent(number);
                for (at, cell) in recent {
                    points.add(at.saturating_mul(FINE_MS), cell);
                }
                Ok(())
            }
            Span::Day => self.minutes(&inner.memory, number, &mut points),
            Span::Week | Span::Month | Span::Quarter => self.quarters(&inner.memory, number, &mut points),
        };
        filled.map_err(|error| Refusal::new("storage", error.to_string(), "Free space on the router's disk."))?;
        Ok(points.history(vif.clone()))
    }

    fn minutes(&self, memory: &Memory, vif: u32, points: &mut Points) -> Result<(), StoreError> {
        let kept = self.store.traffic_minutes(points.quarters(), vif)?;
        for block in kept.iter().chain(memory.minutes().values()) {
            for (minute, cell) in block.get(&vif).into_iter().flatten() {
                points.add(minute.saturating_mul(MINUTE_MS), *cell);
            }
        }
        Ok(())
    }

    fn quarters(&self, memory: &Memory, vif: u32, points: &mut Points) -> Result<(), StoreError> {
        let range = points.quarters();
        let sum = |block: &Block| {
            let (minute, _) = block.get(&vif)?.first_key_value()?;
            Some((minute.div_euclid(MINUTES), *sums(block).get(&vif)?))
        };
        let kept: Series = self.store.traffic_minutes(range.clone(), vif)?.iter().filter_map(sum).collect();
        // As long as there are minutes of a quarter, they are the truth about it.
        self.store.traffic_quarters(range, vif, |quarter, cell| {
            if !kept.contains_key(&quarter) {
                points.add(quarter.saturating_mul(QUARTER_MS), cell);
            }
        })?;
        for (quarter, cell) in kept.into_iter().chain(memory.minutes().values().filter_map(sum)) {
            points.add(quarter.saturating_mul(QUARTER_MS), cell);
        }
        Ok(())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Each change of it is whole before anything could panic.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn forget(&mut self, id: &VifId) {
        if let Some((number, _)) = self.vifs.remove(id) {
            self.ledger.close(number);
            self.memory.forget(number);
        }
    }
}

fn failed(error: &StoreError) {
    tracing::error!(%error, "what VIFs carried could not be written");
}

#[cfg(test)]
mod tests;
