//! Carries changes out: the sequence of reads and writes, with every decision in [`crate::flow::change_set`].
//!
//! One change at a time. Before the first write the journal holds both ends of the change; from then on the router is
//! made to converge to one of them, and the outcome is only said after a read over a new sign-in. Whatever happens
//! between (a refusal, a cut, a stall, the agent's death, the router's reboot), the change ends wholly there, wholly
//! undone, or is said not to be.

mod desk;
mod gates;
mod look;
mod put_back;
mod refusals;
mod rings;
mod secrets;
mod undo;
mod verify;

pub use desk::{Desk, Word};
pub use gates::Shut;
pub use put_back::PutBack;
pub use verify::Renewed;

use crate::{
    flow::{
        change_set::{Change, Direction, Left, Sight, Write, left, plan, row::secret::Taken},
        vif::address_plan::Pools,
    },
    io::{
        clock::Clock,
        router::{RouterPort, Rows},
        store::{StoreError, journal::Journal},
    },
};
use desk::{Said, Tray};
use refusals::{foreign_edit, stopped, storage};
use shared::{
    change_set::{Operation, Outcome, Phase, Plan, Refusal, Report},
    ids::{ChangeSetId, VifId},
    wire::ChangeOrder,
};
use std::time::Duration;

/// How often undoing is tried again while the router answers and refuses, before what is left is said to be left.
const UNDO_ROUNDS: u32 = 3;

/// How often the end of a change is tried to be journaled while the database cannot be written.
const JOURNAL_AGAIN: Duration = Duration::from_secs(1);

/// Whom each report is told.
type Tell = Box<dyn FnMut(&Change, &Report) + Send>;

/// The engine of one router.
pub struct Engine {
    router: RouterPort,
    journal: Journal,
    pools: Pools,
    clock: Clock,
    tell: Tell,
    desk: Desk,
    tray: Tray,
    renew: Option<Box<dyn FnMut() -> Renewed + Send>>,
    shut: Option<Box<dyn FnMut(VifId) -> Shut + Send>>,
}

/// A change that was taken and is in the journal, and where it stands.
#[derive(Debug, Clone)]
pub struct Begun {
    change: Change,
    direction: Direction,
    /// Where its rows are, as far as they were read or made.
    rows: Rows,
    taken: Taken,
    /// What is said of it.
    pub report: Report,
}

/// Why a converging run stopped.
enum Stopped {
    /// The router refused a write, or was not as it should be afterwards.
    Refused(Refusal),
    /// The session broke or fell silent: what the last write did is not known before the next read.
    Lost(Refusal),
}

impl Engine {
    /// An engine that tells of each step through `tell`.
    pub fn new(
        router: RouterPort,
        journal: Journal,
        pools: Pools,
        clock: Clock,
        tell: impl FnMut(&Change, &Report) + Send + 'static,
    ) -> Self {
        let (desk, tray) = desk::desk();
        Self { router, journal, pools, clock, tell: Box::new(tell), desk, tray, renew: None, shut: None }
    }

    /// Has a change that the controller keeps wait for a new connection to the broker, which `renew` brings about.
    #[must_use]
    pub fn with_link(mut self, renew: impl FnMut() -> Renewed + Send + 'static) -> Self {
        self.renew = Some(Box::new(renew));
        self
    }

    /// Where words about the change under way are handed in.
    pub fn desk(&self) -> Desk {
        self.desk.clone()
    }

    /// What an order would write now.
    ///
    /// # Errors
    /// The refusal that the controller shows.
    pub async fn plan(&mut self, order: &ChangeOrder) -> Result<Plan, Refusal> {
        let sight = self.look(order).await?;
        let change = self.decide(order, &sight)?;
        let (rings, lacks) = self.rings(!change.rows.is_empty()).await?;
        let mut plan = plan(&change, &sight, &self.pools);
        plan.rings = rings;
        plan.warnings.extend(lacks);
        Ok(plan)
    }

    /// Takes an order: checks it against the plan that was shown and writes it to the journal.
    ///
    /// # Errors
    /// The refusal that the controller shows; nothing was written anywhere then.
    pub async fn begin(&mut self, order: &ChangeOrder, shown: Option<[u8; 32]>) -> Result<Begun, Refusal> {
        let sight = self.look(order).await?;
        let change = self.decide(order, &sight)?;
        let planned = plan(&change, &sight, &self.pools);
        if shown.is_some_and(|hash| hash != planned.read_hash) {
            let message = "the router has changed since the plan was made";
            return Err(Refusal::new("stale_plan", message, "Look at the new plan and confirm that one."));
        }
        let report = Report {
            id: change.id.clone(),
            phase: Phase::Applying,
            revision: 0,
            done: 0,
            total: count(planned.operations.len()),
            current: String::new(),
            outcome: None,
            error: None,
            differs: Vec::new(),
            evidence: Vec::new(),
            deadline: None,
            undone_by: None,
            at: self.clock.unix_millis(),
        };
        self.journal.begin(&change, &report).map_err(|error| storage(&error))?;
        Ok(Begun { change, direction: Direction::Forward, rows: Rows::default(), taken: Taken::default(), report })
    }

    /// The change that an earlier agent did not finish, if any, turned the way it has to go.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn unfinished(&self) -> Result<Option<Begun>, StoreError> {
        let Some((change, direction, mut report)) = self.journal.open_change()? else { return Ok(None) };
        let direction = if direction == Direction::Back { Direction::Back } else { change.resume() };
        if direction == Direction::Back && report.error.is_none() {
            report.error = Some(Refusal::new(
                "interrupted",
                "the agent was restarted in the middle of the change",
                "Everything is being undone; try again afterwards.",
            ));
        }
        // Steps are told and not journaled, so the journal's revision is behind what was told: go on in the next block.
        report.revision = (report.revision | 0xFFFF).saturating_add(1);
        self.journal.take_up(direction, &report)?;
        Ok(Some(Begun { change, direction, rows: Rows::default(), taken: Taken::default(), report }))
    }

    /// Carries a begun change to its end. Comes back only then, however long the router is away.
    pub async fn carry_out(&mut self, mut begun: Begun) -> Report {
        let mut rounds = 0;
        loop {
            match self.converge(&mut begun).await {
                Ok(()) if begun.direction == Direction::Back => {
                    return self.end(begun, Outcome::Reverted, Vec::new()).await;
                }
                Ok(()) => return self.end(begun, Outcome::Confirmed, Vec::new()).await,
                Err(Stopped::Refused(refusal) | Stopped::Lost(refusal)) if begun.direction == Direction::Forward => {
                    tracing::warn!(change_set = %begun.change.id, %refusal, "the change failed; undoing it");
                    begun.direction = Direction::Back;
                    begun.taken = Taken::default();
                    begun.report.error = Some(refusal);
                }
                Err(Stopped::Refused(refusal)) => {
                    rounds += 1;
                    tracing::warn!(change_set = %begun.change.id, %refusal, rounds, "undoing was refused");
                    if rounds >= UNDO_ROUNDS
                        && self.disarm(&begun).await.is_ok()
                        && let Ok(sight) = self.router.read_anew(&begun.change.menus).await
                    {
                        let differs = left_of(&begun, &sight).findings();
                        let outcome = if differs.is_empty() { Outcome::Reverted } else { Outcome::PartlyReverted };
                        return self.end(begun, outcome, differs).await;
                    }
                }
                Err(Stopped::Lost(refusal)) => {
                    tracing::warn!(change_set = %begun.change.id, %refusal, "the router is away while undoing");
                    begun.report.outcome = Some(Outcome::Unknown);
                    self.say(&mut begun, Phase::RollingBack, "waiting for the router");
                    self.router.reachable().await;
                    begun.report.outcome = None;
                }
            }
        }
    }

    /// One run towards the change's end: arm, read, write what is left, read back over a new sign-in, disarm.
    async fn converge(&mut self, begun: &mut Begun) -> Result<(), Stopped> {
        match begun.direction {
            Direction::Forward => {
                self.arm(begun).await?;
                let left = self.left(begun).await?;
                if let Some(foreign) = left.foreign.first() {
                    return Err(Stopped::Refused(foreign_edit(foreign)));
                }
                self.shut_gates(begun).await?;
                self.write_on(begun, &left).await?;
                self.kept(begun).await?;
            }
            Direction::Back => {
                self.end_lost_hold(begun).await?;
                let left = self.left(begun).await?;
                if begun.report.undone_by.is_none() {
                    begun.report.undone_by = Some(self.undone_by(begun, &left).await?);
                }
                self.shut_gates(begun).await?;
                self.write_back(begun, &left).await?;
                self.read_back(begun).await?;
            }
        }
        self.disarm(begun).await
    }

    async fn left(&mut self, begun: &mut Begun) -> Result<Left, Stopped> {
        let sight = self.router.read(&begun.change.menus).await.map_err(stopped)?;
        begun.rows = Rows::of(&sight.isolation);
        let left = left_of(begun, &sight);
        begun.report.total = count(left.writes.len());
        begun.report.done = 0;
        Ok(left)
    }

    /// Writes towards what was asked for, and stops at the first write that is refused. Each chunk is under Safe Mode
    /// until a new sign-in has shown what was written so far.
    async fn write_on(&mut self, begun: &mut Begun, left: &Left) -> Result<(), Stopped> {
        for chunk in left.writes.chunks(rings::CHUNK) {
            let hold = self.hold(begun).await?;
            for write in chunk {
                self.called_off(begun).map_err(Stopped::Refused)?;
                self.say(begun, Phase::Applying, &described(&write.operation()));
                self.write(begun, write).await?;
            }
            if hold.is_some() {
                self.router.read_anew(&[]).await.map_err(stopped)?;
            }
            self.let_go(hold).await?;
        }
        self.say(begun, Phase::Verifying, "reading back over a new sign-in");
        self.read_back(begun).await
    }

    /// Writes towards what was there, and goes on past what is refused.
    async fn write_back(&mut self, begun: &mut Begun, left: &Left) -> Result<(), Stopped> {
        let mut refused = None;
        for write in &left.writes {
            self.say(begun, Phase::RollingBack, &described(&write.operation()));
            match self.write(begun, write).await {
                Ok(()) => {}
                Err(Stopped::Refused(refusal)) => refused = refused.or(Some(refusal)),
                Err(lost) => return Err(lost),
            }
        }
        self.say(begun, Phase::RollingBack, "reading back over a new sign-in");
        refused.map_or(Ok(()), |refusal| Err(Stopped::Refused(refusal)))
    }

    async fn write(&mut self, begun: &mut Begun, write: &Write) -> Result<(), Stopped> {
        self.router.write(write, &mut begun.rows).await.map_err(stopped)?;
        if let Write::Row(step) = write {
            begun.taken.take(&step.item, step.properties().into_iter());
        }
        begun.report.done += 1;
        Ok(())
    }

    /// Reads the router over a new sign-in and finds it as it should be.
    async fn read_back(&mut self, begun: &Begun) -> Result<(), Stopped> {
        let sight = self.router.read_anew(&begun.change.menus).await.map_err(stopped)?;
        match left_of(begun, &sight).findings().first() {
            None => Ok(()),
            Some(finding) => Err(Stopped::Refused(Refusal::new(
                "not_as_written",
                format!("after writing, the router is not as it should be: {finding}"),
                "Somebody else may be changing the router; try again when nobody is.",
            ))),
        }
    }

    /// Journals and tells where a change is. A phase that is not in the journal would still be found by a read, so a
    /// full disk does not stop an undo.
    fn say(&mut self, begun: &mut Begun, phase: Phase, current: &str) {
        begun.report.phase = phase;
        begun.report.revision += 1;
        current.clone_into(&mut begun.report.current);
        begun.report.at = self.clock.unix_millis();
        if let Err(error) = self.journal.progress(begun.direction, &begun.report) {
            tracing::error!(%error, "the journal could not be written");
        }
        (self.tell)(&begun.change, &begun.report);
    }

    /// Closes the journal and says how the change ended, in this order: an agent that starts with an open journal undoes
    /// the change, whatever was said of it. As long as the end cannot be written, as on a full disk, it is not known.
    async fn end(&mut self, mut begun: Begun, outcome: Outcome, differs: Vec<String>) -> Report {
        let phase = begun.report.phase;
        loop {
            begun.report.phase = Phase::Ended;
            begun.report.revision += 1;
            begun.report.outcome = Some(outcome);
            begun.report.differs.clone_from(&differs);
            begun.report.current.clear();
            begun.report.at = self.clock.unix_millis();
            let Err(error) = self.journal.end(&begun.change, begun.direction, &begun.report) else { break };
            tracing::error!(%error, "the end of a change cannot be journaled; trying again");
            begun.report.outcome = Some(Outcome::Unknown);
            begun.report.phase = phase;
            begun.report.current = format!("waiting to write the end down: {error}");
            (self.tell)(&begun.change, &begun.report);
            self.clock.sleep(JOURNAL_AGAIN).await;
        }
        tracing::info!(change_set = %begun.change.id, ?outcome, "the change has ended");
        (self.tell)(&begun.change, &begun.report);
        begun.report
    }

    /// What the journal knows of a change set.
    ///
    /// # Errors
    /// `unknown_change_set`, or `storage`.
    pub fn show(journal: &Journal, id: &ChangeSetId) -> Result<Report, Refusal> {
        journal.report(id).map_err(|error| storage(&error))?.ok_or_else(|| {
            let message = format!("the agent does not know the change set `{id}`");
            Refusal::new("unknown_change_set", message, "It was never taken by this agent; send it again.")
        })
    }
}

fn left_of(begun: &Begun, sight: &Sight) -> Left {
    left(&begun.change, begun.direction, sight, &begun.taken)
}

fn described(operation: &Operation) -> String {
    let mark = operation.attributes.iter().find(|(name, _)| name == "comment").map_or("", |(_, mark)| mark);
    format!("{}/{} {mark}", operation.menu, format!("{:?}", operation.verb).to_lowercase())
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
