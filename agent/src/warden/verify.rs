//! What the warden makes of a verification: verdicts for the keeper, and lines for people.

use super::{ISOLATION, Warden};
use crate::{
    flow::{
        drift::Finding,
        vif::{
            Vif,
            verify::{Fault, Look, Remedy, verify},
        },
    },
    io::router::{Failed, verification::Read},
    voice::News,
};
use shared::{
    change_set::Refusal,
    drift::{Difference, Drift, State},
    ids::VifId,
    notice::Severity,
    routeros::value::format_duration,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Faults that one line names at most.
const NAMED: usize = 3;

/// What was told of each VIF's isolation.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// When it was last found whole, Unix milliseconds.
    whole: BTreeMap<VifId, i64>,
    /// What is wrong, as it was told.
    told: BTreeMap<VifId, BTreeSet<String>>,
}

/// A verification before anything follows from it.
pub(super) struct Seen {
    look: Look,
    grown: BTreeMap<VifId, u64>,
}

impl Warden {
    /// Reads once, compares, and follows packets. The latter beside everything else that the agent does: it takes a slow
    /// router a while.
    ///
    /// # Errors
    /// [`Failed`]
    pub(super) async fn verify(&mut self) -> Result<(Vec<Finding>, Seen), Failed> {
        let began = self.clock.now();
        let Read { reading, counters } = self.router.read_verification(&self.vifs).await?;
        let vifs = self.vifs.clone();
        let looked = tokio::task::spawn_blocking(move || verify(&vifs, reading)).await;
        let (findings, mut look) = looked.map_err(|error| Failed::Lost(format!("the verification broke: {error}")))?;
        let took = self.clock.now().duration_since(began);
        look.took_ms = u32::try_from(took.as_millis()).unwrap_or(u32::MAX);
        let before = self.tripwires.clone();
        let grown = self.tripwires.read(&self.vifs, counters.iter());
        if self.tripwires != before
            && let Err(error) = self.journal.set_tripwires(&self.tripwires)
        {
            tracing::error!(%error, "what the tripwires counted could not be written down");
        }
        Ok((findings, Seen { look, grown }))
    }

    /// Verifies at once, because somebody asks.
    ///
    /// # Errors
    /// `unknown_vif`, `busy` while a change is under way, `router_unreachable`.
    pub(super) async fn verify_now(&mut self, vif: &VifId) -> Result<(), Refusal> {
        if !self.vifs.iter().any(|known| known.spec.id == *vif) {
            let message = format!("the agent keeps no VIF `{vif}`");
            return Err(Refusal::new("unknown_vif", message, "Refresh the list: it may be gone already."));
        }
        self.next.insert(ISOLATION.to_owned(), self.clock.now());
        match self.turn().await {
            Ok(true) => Ok(()),
            Ok(false) => {
                Err(Refusal::new("busy", "a change is under way on this router", "Wait for its end, then try again."))
            }
            Err(failed) => {
                let message = format!("the router cannot be read: {}", failed.message());
                Err(Refusal::new("router_unreachable", message, "Run `bulkhead-agent check`; it says what is wrong."))
            }
        }
    }

    /// Whether a row names an interface that is not there: writing it would be refused, and that is nobody's fight.
    pub(super) fn waits(&self, drift: &Drift) -> bool {
        let absent = |value: &str| self.absent.contains(value);
        drift.item.is_none()
            && match &drift.difference {
                Difference::Altered(all) => all.iter().any(|one| one.wanted.as_deref().is_some_and(absent)),
                Difference::Missing(row) => row.iter().any(|(_, value)| absent(value)),
                Difference::Moved | Difference::Surplus => false,
            }
    }

    /// Gives verdicts to whoever keeps the gates, and tells what is news.
    pub(super) fn judge(&mut self, seen: Seen) {
        let Seen { mut look, grown } = seen;
        // What somebody insists on is left alone, so nothing but the gate is left.
        for drift in self.book.drifts().filter(|drift| drift.item.is_none() && drift.state == State::Fighting) {
            let text = format!("{} is altered again and again, and left alone now", drift.menu);
            look.faults.push(Fault { vif: drift.vif.clone(), text, remedy: Remedy::Shut });
        }
        self.absent = std::mem::take(&mut look.absent);
        let now = self.clock.unix_millis();
        self.verdicts.send_replace(look.verdicts(&self.vifs, &self.tripwires, now));
        self.record.forget(&self.vifs);
        for vif in &self.vifs {
            let more = grown.get(&vif.spec.id).copied().unwrap_or_default();
            if more > 0 {
                self.voice.news(tripped(vif, more, self.tripwires.total(vif)), now);
            }
            if let Some(news) = self.record.take(vif, &look, more, now) {
                self.voice.news(news, now);
            }
        }
    }
}

impl Record {
    fn forget(&mut self, vifs: &[Vif]) {
        let known = |id: &VifId| vifs.iter().any(|vif| vif.spec.id == *id);
        self.whole.retain(|id, _| known(id));
        self.told.retain(|id, _| known(id));
    }

    /// Takes what was seen of one VIF, and gives the line about it where it is another than last time.
    fn take(&mut self, vif: &Vif, look: &Look, grown: u64, now: i64) -> Option<News> {
        let id = &vif.spec.id;
        let faults: Vec<&Fault> = look.of(vif).collect();
        let texts: BTreeSet<String> = faults.iter().map(|fault| fault.text.clone()).collect();
        let before = self.told.insert(id.clone(), texts.clone()).unwrap_or_default();
        let whole = self.whole.get(id).copied();
        if faults.iter().all(|fault| fault.remedy == Remedy::Say) {
            self.whole.insert(id.clone(), now);
        }
        if texts == before {
            return None;
        }
        let name = &vif.spec.name;
        let (severity, code, message) = if texts.is_empty() {
            (Severity::Info, "isolation_repaired", format!("The isolation of {name} is whole again, as verified."))
        } else {
            let since = match whole.and_then(|at| u64::try_from(now - at).ok()) {
                Some(ms) => format!("for at most {}", format_duration(Duration::from_secs(ms.div_ceil(1000)))),
                None => "since when is not known".to_owned(),
            };
            let worst = faults.iter().map(|fault| fault.remedy).max().unwrap_or(Remedy::Say);
            let severity = if worst == Remedy::Shut { Severity::Critical } else { Severity::Warning };
            let counted = if grown > 0 { format!("{grown} packets") } else { "nothing".to_owned() };
            let message = format!(
                "The isolation of {name} is not whole, {since}; its tripwires counted {counted} meanwhile. {} {}",
                named(&faults),
                done(worst, faults.iter().any(|fault| fault.remedy == Remedy::PutBack))
            );
            (severity, "isolation_broken", message)
        };
        Some(News { severity, code, message, vif: Some(id.clone()), change_set: None })
    }
}

fn named(faults: &[&Fault]) -> String {
    let more = faults.len().saturating_sub(NAMED);
    let more = (more > 0).then(|| format!("And {more} more."));
    faults.iter().take(NAMED).map(|fault| format!("{}.", fault.text)).chain(more).collect::<Vec<_>>().join(" ")
}

fn done(worst: Remedy, ours: bool) -> &'static str {
    match worst {
        Remedy::Shut if ours => "The gate is shut while what is Bulkhead's own is being put right.",
        Remedy::PutBack => "It is being put right.",
        Remedy::Say => "Bulkhead cannot put that right; nothing leaks by it.",
        Remedy::Shut => "Bulkhead cannot put that right, so the gate is shut until somebody does.",
    }
}

fn tripped(vif: &Vif, more: u64, total: u64) -> News {
    let message = format!(
        "The tripwires of {} counted {more} packets that left by another way than its egress ({total} since it was made).",
        vif.spec.name
    );
    News { severity: Severity::Critical, code: "tripwire", message, vif: Some(vif.spec.id.clone()), change_set: None }
}
