//! A thread that lets the kernel follow the twin, and tells the twin what the kernel knows: counters, and whether the
//! tunnel's peer answers.

use crate::{
    clock,
    kernel::{Kernel, rows::Rows},
    namespace::Namespace,
    network,
};
use anyhow::bail;
use bulkhead_flows::Bench;
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

/// How often counters go back to the twin.
const COUNT_EVERY_MS: u64 = 500;

/// The thread, as others see it.
pub(crate) struct Follower {
    /// Whether the tunnel's peer answers.
    pub(crate) alive: Arc<AtomicBool>,
    /// While it is set the kernel does not follow.
    pub(crate) frozen: Arc<AtomicBool>,
    /// Whether a gate that was open has been shut by its rules, as the kill switch does, since this was last unset.
    pub(crate) engaged: Arc<AtomicBool>,
    rounds: Arc<AtomicU64>,
    /// Somebody waits for a round.
    asked: Arc<AtomicBool>,
    ends: Arc<AtomicBool>,
    failed: Arc<Mutex<Option<String>>>,
}

impl Follower {
    /// Begins to follow.
    ///
    /// # Errors
    /// The thread does not start.
    pub(crate) fn start(bench: &Arc<Bench>, kernel: &Arc<Mutex<Kernel>>, router: &Namespace) -> anyhow::Result<Self> {
        let follower = Self {
            alive: Arc::default(),
            frozen: Arc::default(),
            engaged: Arc::default(),
            rounds: Arc::default(),
            asked: Arc::default(),
            ends: Arc::default(),
            failed: Arc::default(),
        };
        network::probe_tunnel(router, super::TUNNEL, &follower.alive, &follower.ends)?;
        let (bench, kernel) = (bench.clone(), kernel.clone());
        let (alive, frozen, rounds) = (follower.alive.clone(), follower.frozen.clone(), follower.rounds.clone());
        let engaged = follower.engaged.clone();
        let (ends, failed, asked) = (follower.ends.clone(), follower.failed.clone(), follower.asked.clone());
        thread::Builder::new().name("follower".to_owned()).spawn(move || {
            let mut changes = bench.twin.changes();
            let (mut counted, mut said, mut open) = (clock::now(), None, BTreeSet::new());
            while !ends.load(Ordering::SeqCst) {
                clock::pause(2);
                if frozen.load(Ordering::SeqCst) {
                    continue;
                }
                let lives = alive.load(Ordering::SeqCst);
                if said != Some(lives) {
                    said = Some(lives);
                    // An interface that is gone has no peer to tell of.
                    let _ = bench.twin.set_peer(super::TUNNEL, lives);
                }
                if !asked.swap(false, Ordering::SeqCst) && !changes.has_changed().unwrap_or(false) {
                    continue;
                }
                changes.borrow_and_update();
                let mut kernel = kernel.lock().unwrap_or_else(PoisonError::into_inner);
                // Somebody may have frozen all while this waited.
                if frozen.load(Ordering::SeqCst) {
                    continue;
                }
                let rows = Rows::of(&bench.twin);
                if shut(&rows, &mut open) {
                    engaged.store(true, Ordering::SeqCst);
                }
                let mut done = kernel.apply(&rows);
                if done.is_ok() && clock::millis_since(counted) > COUNT_EVERY_MS {
                    counted = clock::now();
                    done = kernel.count(&bench.twin);
                }
                drop(kernel);
                if let Err(error) = done {
                    *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("{error:#}"));
                    return;
                }
                rounds.fetch_add(1, Ordering::SeqCst);
            }
        })?;
        Ok(follower)
    }

    /// Waits until all that the twin has now is carried out.
    ///
    /// # Errors
    /// A row that the kernel cannot carry out.
    pub(crate) fn settle(&self) -> anyhow::Result<()> {
        // One round may be under way with rows that were read before.
        let wanted = self.rounds.load(Ordering::SeqCst) + 2;
        let done = clock::until(20_000, || {
            self.asked.store(true, Ordering::SeqCst);
            self.rounds.load(Ordering::SeqCst) >= wanted || self.failure().is_some()
        });
        match self.failure() {
            Some(failure) => bail!("the kernel cannot follow the router: {failure}"),
            None if done => Ok(()),
            None => bail!("the kernel has not followed the router for 20 s"),
        }
    }

    fn failure(&self) -> Option<String> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the threads.
    pub(crate) fn end(&self) {
        self.ends.store(true, Ordering::SeqCst);
    }
}

/// Whether a gate's rule is on that was off before; `open` are those that are off. One that is made anew is made shut, which
/// is no news.
fn shut(rows: &Rows, open: &mut BTreeSet<String>) -> bool {
    let gates = rows.menu("/ip/firewall/filter").iter().filter(|row| row.text("comment").ends_with("/gate-out"));
    let (off, on): (Vec<_>, Vec<_>) = gates.partition(|row| row.is("disabled"));
    let shut = on.iter().any(|row| open.contains(row.text(".id")));
    *open = off.iter().map(|row| row.text(".id").to_owned()).collect();
    shut
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::rows::Row;

    #[test]
    fn a_gate_that_is_switched_on_is_news_and_one_that_is_made_on_is_none() {
        let gate = |id: &str, disabled: &str| {
            let comment = "bulkhead:vif/tor-1/gate-out".to_owned();
            let words = [(".id", id.to_owned()), ("disabled", disabled.to_owned()), ("comment", comment)];
            Row(words.map(|(name, value)| (name.to_owned(), value)).into())
        };
        let mut open = BTreeSet::new();
        let mut see = |row| shut(&Rows([("/ip/firewall/filter", vec![row])].into()), &mut open);
        assert!(!see(gate("*1", "false")), "made shut");
        assert!(!see(gate("*1", "true")));
        assert!(see(gate("*1", "false")));
        assert!(!see(gate("*1", "false")), "no longer news");
        assert!(!see(gate("*1", "true")) && !see(gate("*2", "false")), "another one");
    }
}
