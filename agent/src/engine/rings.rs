//! The rings around a change of rows: what undoes it when the agent cannot.
//!
//! | ring | armed | undoes when |
//! | --- | --- | --- |
//! | journal | before the first write | a write fails, nobody keeps the change, the agent starts and finds it open |
//! | Safe Mode | around every [`CHUNK`] writes until a new sign-in works | the agent dies: its connection ends |
//! | script | before the first write, anew with each deadline | the deadline is half a minute past, or the router has started anew some minutes ago, and the script is still there |
//!
//! A change of VIFs alone has the first: it makes and removes rows of our own, which cut nobody off.

use super::{Begun, Engine, Stopped, foreign_edit, stopped, storage};
use crate::{
    flow::change_set::{Left, Write, undo_script},
    io::router::{
        Failed,
        rings::{Hold, SafeMode},
    },
};
use shared::change_set::{Refusal, Ring};

/// Writes under one hold of Safe Mode: past a hundred entries of its history RouterOS silently keeps everything.
pub(super) const CHUNK: usize = 60;

/// How long after the agent's own undo the router's begins, in seconds, so that they never meet.
const AFTER_THE_DEADLINE: u32 = 30;

impl Engine {
    /// Which rings a change of rows can have here, and what a person should know of those that it cannot.
    pub(super) async fn rings(&mut self, rows: bool) -> Result<(Vec<Ring>, Vec<Refusal>), Refusal> {
        if !rows {
            return Ok((vec![Ring::Journal], Vec::new()));
        }
        let away = |failed: Failed| Refusal::new("router_unreachable", failed.message(), "Try again when it answers.");
        let safe_mode = self.router.safe_mode().await.map_err(away)?;
        let has_scheduler = self.router.has_scheduler().await.map_err(away)?;
        let (mut rings, mut lacks) = (vec![Ring::Journal], Vec::new());
        match safe_mode {
            SafeMode::Foreign => return Err(held()),
            SafeMode::Free | SafeMode::Ours => rings.push(Ring::SafeMode),
            SafeMode::Missing => {
                let message = "This RouterOS has no Safe Mode that programs can use (it came with 7.18).";
                let hint =
                    "If the agent itself dies in the middle of the change, the router undoes it only at the deadline.";
                lacks.push(Refusal::new("no_safe_mode", message, hint));
            }
        }
        rings.push(Ring::Script);
        if !has_scheduler {
            let message = "Device-mode forbids the scheduler, so the router's own undo does not outlive a reboot.";
            let hint = "Should the change cut the agent off and the router reboot before the deadline, nobody undoes it; \
                        `/system/device-mode/update scheduler=yes` allows it.";
            lacks.push(Refusal::new("no_scheduler", message, hint));
        }
        Ok((rings, lacks))
    }

    /// Arms the script before the first write.
    pub(super) async fn arm(&mut self, begun: &Begun) -> Result<(), Stopped> {
        if begun.change.rows.is_empty() {
            return Ok(());
        }
        match self.router.safe_mode().await.map_err(stopped)? {
            SafeMode::Foreign => return Err(Stopped::Refused(held())),
            SafeMode::Ours => self.router.release_lost_hold().await.map_err(stopped)?,
            SafeMode::Missing | SafeMode::Free => {}
        }
        self.arm_again(begun).await
    }

    /// Arms the script for the deadline as it is now, in place of the one before.
    pub(super) async fn arm_again(&mut self, begun: &Begun) -> Result<(), Stopped> {
        if begun.change.rows.is_empty() {
            return Ok(());
        }
        let round = self.journal.arm(&begun.change.id).map_err(|error| Stopped::Refused(storage(&error)))?;
        let name = undo_script::name(&begun.change.id, round);
        let source = undo_script::source(&begun.change, &name);
        let seconds = begun.change.confirm.deadline_s.saturating_add(AFTER_THE_DEADLINE);
        self.router.arm(&name, &source, seconds).await.map_err(stopped)?;
        self.router.disarm(Some(&name)).await.map_err(stopped)
    }

    /// Takes Safe Mode before a chunk of writes; nothing where there is none to take.
    pub(super) async fn hold(&mut self, begun: &Begun) -> Result<Option<Hold>, Stopped> {
        if begun.change.rows.is_empty() || self.router.safe_mode().await.map_err(stopped)? == SafeMode::Missing {
            return Ok(None);
        }
        self.router.take_safe_mode().await.map(Some).map_err(stopped)
    }

    /// Lets go of Safe Mode once a new sign-in has shown that the router is within reach.
    pub(super) async fn let_go(&mut self, hold: Option<Hold>) -> Result<(), Stopped> {
        let Some(hold) = hold else { return Ok(()) };
        match hold.release().await.map_err(stopped)?.first() {
            None => Ok(()),
            Some(entry) => Err(Stopped::Refused(foreign_edit(entry))),
        }
    }

    /// Ends a hold whose connection is lost, before anything is undone: RouterOS would take the undo back with the rest.
    pub(super) async fn end_lost_hold(&mut self, begun: &Begun) -> Result<(), Stopped> {
        if begun.change.rows.is_empty() {
            return Ok(());
        }
        self.router.release_lost_hold().await.map_err(stopped)
    }

    /// Takes the script away: from then on nothing undoes the change by itself.
    pub(super) async fn disarm(&mut self, begun: &Begun) -> Result<(), Stopped> {
        if begun.change.rows.is_empty() {
            return Ok(());
        }
        self.router.disarm(None).await.map_err(stopped)
    }

    /// Who undoes a change, as its undo begins: the script takes itself away at its end; where that is still there and
    /// nothing is left to do, RouterOS itself did it (or nothing had been written yet).
    pub(super) async fn undone_by(&mut self, begun: &Begun, left: &Left) -> Result<Ring, Stopped> {
        let armed = self.journal.armed(&begun.change.id).map_err(|error| Stopped::Refused(storage(&error)))?;
        if begun.change.rows.is_empty() || armed == 0 {
            return Ok(Ring::Journal);
        }
        let there = !self.router.armed().await.map_err(stopped)?.is_empty();
        let nothing_seen = !left.writes.iter().any(Write::can_be_seen);
        Ok(match (there, nothing_seen) {
            (false, _) => Ring::Script,
            (true, true) => Ring::SafeMode,
            (true, false) => Ring::Journal,
        })
    }
}

fn held() -> Refusal {
    Refusal::new(
        "safe_mode_held",
        "somebody holds Safe Mode on the router",
        "Ask them to end it: what is changed now would be undone with theirs.",
    )
}
