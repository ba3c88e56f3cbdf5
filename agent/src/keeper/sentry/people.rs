//! What others say to the sentry: people who engage and release, the engine before and after a change.

use super::{Beats, End, Sentry};
use crate::{
    flow::vif::kill_switch::Event,
    io::store::StoreError,
    keeper::{Answer, Order},
};
use shared::{change_set::Refusal, ids::VifId};

impl Sentry {
    /// An order while the router answers.
    pub(super) async fn ordered(&mut self, order: Order, beats: &mut Beats) -> Result<(), End> {
        let now = self.clock.now();
        match order {
            Order::Engage(vif, answer) => {
                let closed = match self.person(&vif, Event::Engage) {
                    // The gate first: no disk is waited for.
                    Ok(moved) => self.enforce(moved, now).await,
                    Err(refusal) => {
                        reply(answer, Err(refusal));
                        return Ok(());
                    }
                };
                let held = self.journal.hold(&vif, self.clock.unix_millis());
                let shut = closed.is_ok() && self.is_shut(&vif);
                reply(answer, held.map_err(|error| not_kept(&error)).and(shut.then_some(()).ok_or_else(away)));
                closed
            }
            Order::Release(vif, answer) => {
                let released = self.release(&vif);
                let moved = match released {
                    Ok(moved) => moved,
                    Err(refusal) => {
                        reply(answer, Err(refusal));
                        return Ok(());
                    }
                };
                reply(answer, Ok(()));
                self.tell(moved);
                self.follow(now).await
            }
            Order::Shut(vif, answer) => {
                self.take_vifs();
                if !self.watch.change(&vif, true) {
                    reply(answer, Err(unknown(&vif)));
                    return Ok(());
                }
                let closed = self.enforce(Vec::new(), now).await;
                let shut = closed.is_ok() && self.is_shut(&vif);
                reply(answer, shut.then_some(()).ok_or_else(away));
                closed
            }
            Order::Changed => {
                self.watch.changed();
                self.take_vifs();
                beats.gates = now;
                Ok(())
            }
            Order::Refresh | Order::Reassert => {
                beats.gates = now;
                Ok(())
            }
            Order::Watch(_) => Ok(()),
        }
    }

    /// An order while the router does not answer.
    pub(super) fn ordered_apart(&mut self, order: Order) {
        match order {
            Order::Engage(vif, answer) => {
                let moved = self.person(&vif, Event::Engage);
                let held = moved.and_then(|moved| {
                    self.tell(moved);
                    self.journal.hold(&vif, self.clock.unix_millis()).map_err(|error| not_kept(&error))
                });
                reply(answer, held.and(Err(away())));
            }
            Order::Release(vif, answer) => {
                let released = self.release(&vif).map(|moved| self.tell(moved));
                reply(answer, released);
            }
            Order::Shut(_, answer) => reply(answer, Err(away())),
            Order::Changed => {
                self.watch.changed();
                self.take_vifs();
            }
            Order::Refresh | Order::Reassert | Order::Watch(_) => {}
        }
    }

    fn release(&mut self, vif: &VifId) -> Result<Vec<super::Moved>, Refusal> {
        // The disk first: a hold that cannot be forgotten would come back with the next start.
        self.journal.release(vif).map_err(|error| not_kept(&error))?;
        self.person(vif, Event::Release)
    }

    fn person(&mut self, vif: &VifId, event: Event) -> Result<Vec<super::Moved>, Refusal> {
        if self.watch.vifs().all(|known| known.spec.id != *vif) {
            self.take_vifs();
        }
        let (now, at) = (self.clock.now().duration_since(self.epoch), self.clock.unix_millis());
        self.watch.person(vif, event, now, at).ok_or_else(|| unknown(vif))
    }

    fn is_shut(&self, vif: &VifId) -> bool {
        let found = self.watch.vifs().find(|own| own.spec.id == *vif);
        found.is_some_and(|vif| self.enforcer.gates().is_shut(vif))
    }
}

fn reply(answer: Answer, what: Result<(), Refusal>) {
    // Whoever asked may have gone.
    let _gone = answer.send(what);
}

fn unknown(vif: &VifId) -> Refusal {
    Refusal::new("unknown_vif", format!("there is no VIF `{vif}` on this router"), "Look at the router's VIFs.")
}

fn away() -> Refusal {
    let hint = "Its lease runs out within 30 s, and the gate stays closed when the router answers again.";
    Refusal::new("router_unreachable", "the router does not answer; whether the gate is closed is not known yet", hint)
}

fn not_kept(error: &StoreError) -> Refusal {
    Refusal::new(
        "storage",
        format!("the agent's database failed: {error}"),
        "The gate is closed as long as the agent runs; free some space on the agent's disk, then try again.",
    )
}
