//! After the last write: evidence is gathered while the deadline runs.
//!
//! | keeper of the change | stays when |
//! | --- | --- |
//! | the agent | the router let it in anew and showed what was written |
//! | the controller | and the broker did, and the controller said so over that new connection |
//! | a person | and the person said so |

use super::{Begun, Engine, Said, Stopped, Word};
use crate::io::clock::{Instant, after};
use shared::change_set::{Confirm, Evidence, Keep, Phase, Refusal, Report};
use std::{future::pending, pin::Pin, time::Duration};

/// Ends when there is a new connection to the broker.
pub type Renewed = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Engine {
    /// Waits for whoever has to keep the change.
    ///
    /// # Errors
    /// Why it has to be undone.
    pub(super) async fn kept(&mut self, begun: &mut Begun) -> Result<(), Stopped> {
        give(begun, Evidence::SignIn);
        if begun.change.confirm.keep == Keep::Agent {
            return Ok(());
        }
        let mut deadline = self.deadline(begun, begun.change.confirm.deadline_s);
        self.arm_again(begun).await?;
        let mut renewed = self.renew.as_mut().map(|renew| renew());
        self.say(begun, Phase::Verifying, "waiting for a new connection to the broker");
        while !is_kept(begun, self.renew.is_some()) {
            let link = async {
                match renewed.as_mut() {
                    Some(renewed) => renewed.as_mut().await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = link => {
                    renewed = None;
                    give(begun, Evidence::Link);
                    self.say(begun, Phase::Verifying, "waiting for the word that it stays");
                }
                () = self.clock.sleep(deadline.duration_since(self.clock.now())) => {
                    return Err(Stopped::Refused(expired(begun)));
                }
                said = self.tray.words.recv() => match said {
                    None => pending().await,
                    Some(said) => {
                        let before = deadline;
                        self.heard(begun, said, &mut deadline).map_err(Stopped::Refused)?;
                        if deadline != before {
                            self.arm_again(begun).await?;
                        }
                    }
                },
            }
        }
        self.say(begun, Phase::Verifying, "reading back once more");
        self.read_back(begun).await
    }

    /// Whether somebody calls the change off between two writes.
    ///
    /// # Errors
    /// That they do.
    pub(super) fn called_off(&mut self, begun: &mut Begun) -> Result<(), Refusal> {
        while let Ok(said) = self.tray.words.try_recv() {
            let mut deadline = self.clock.now();
            self.heard(begun, said, &mut deadline)?;
        }
        Ok(())
    }

    fn heard(&mut self, begun: &mut Begun, said: Said, deadline: &mut Instant) -> Result<(), Refusal> {
        if said.id != begun.report.id {
            answer(said, Err(other(begun)));
            return Ok(());
        }
        let verifying = begun.report.phase == Phase::Verifying;
        match said.word {
            Word::Roll => {
                answer(said, Ok(begun.report.clone()));
                return Err(Refusal::new("called_off", "the change was called off", "Nothing of it stays."));
            }
            Word::Keep { .. } if !verifying => answer(said, Err(too_early())),
            Word::Keep { person } => {
                give(begun, if person { Evidence::Person } else { Evidence::Controller });
                self.say(begun, Phase::Verifying, "keeping");
                answer(said, Ok(begun.report.clone()));
            }
            Word::Extend(seconds) if !Confirm::DEADLINES.contains(&seconds) => {
                let message = format!("{seconds} s is no deadline between 15 s and an hour");
                answer(said, Err(Refusal::new("malformed", message, "Ask for 15 to 3600 seconds.")));
            }
            Word::Extend(seconds) => {
                begun.change.confirm.deadline_s = seconds;
                if verifying {
                    *deadline = self.deadline(begun, seconds);
                    self.say(begun, Phase::Verifying, "waiting for the word that it stays");
                }
                answer(said, Ok(begun.report.clone()));
            }
        }
        Ok(())
    }

    fn deadline(&self, begun: &mut Begun, seconds: u32) -> Instant {
        begun.report.deadline = Some(self.clock.unix_millis() + i64::from(seconds) * 1000);
        after(self.clock.now(), Duration::from_secs(seconds.into()))
    }
}

/// Whether all that has to speak for the change has.
fn is_kept(begun: &Begun, link_matters: bool) -> bool {
    let has = |evidence| begun.report.evidence.contains(&evidence);
    let linked = !link_matters || has(Evidence::Link);
    linked
        && match begun.change.confirm.keep {
            Keep::Agent => true,
            Keep::Controller => has(Evidence::Controller) || has(Evidence::Person),
            Keep::Person => has(Evidence::Person),
        }
}

fn give(begun: &mut Begun, evidence: Evidence) {
    if !begun.report.evidence.contains(&evidence) {
        begun.report.evidence.push(evidence);
    }
}

fn answer(said: Said, with: Result<Report, Refusal>) {
    // Who asked may have given up waiting.
    let _ = said.answer.send(with);
}

fn expired(begun: &Begun) -> Refusal {
    let seconds = begun.change.confirm.deadline_s;
    let lacks = match (begun.report.evidence.contains(&Evidence::Link), begun.change.confirm.keep) {
        (false, _) => "the broker did not let the agent in anew",
        (true, Keep::Person) => "nobody said that it stays",
        (true, Keep::Controller | Keep::Agent) => "the controller did not say that it stays",
    };
    Refusal::new(
        "deadline",
        format!("within {seconds} s of the last write {lacks}"),
        "The change was undone. If it was right, make it again and keep it in time, or give it a longer deadline.",
    )
}

fn other(begun: &Begun) -> Refusal {
    Refusal::new("busy", format!("the change {} is under way", begun.report.id), "Wait for its end, then try again.")
}

fn too_early() -> Refusal {
    Refusal::new("too_early", "the change is still being written", "Wait until it is being verified.")
}
