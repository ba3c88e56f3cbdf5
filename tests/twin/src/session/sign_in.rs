//! How a session comes to its user.

use shared::routeros::sentence::Sentence;

use super::{Next, Session, answer::Answer};
use crate::{device::trap::Trap, text};

impl Session {
    /// Where a peer that is still to sign in comes from, by the user whom it names.
    pub(super) fn source_of(&self, sentence: &Sentence) -> (std::net::IpAddr, String) {
        let name = sentence.get("name").map(text::from_wire).unwrap_or_default();
        (self.router.device().modelled_source(&name, &self.router.agent_user), name)
    }

    pub(super) async fn sign_in(&mut self, sentence: &Sentence, answer: Answer) -> Next {
        let value = |name| sentence.get(name).map(text::from_wire);
        let (Some(name), Some(password)) = (value("name"), value("password")) else {
            return self.old_sign_in(sentence, answer).await;
        };
        let signed_in = {
            let now = self.router.clock.now();
            let mut device = self.router.device();
            device.settle(now);
            let source = device.modelled_source(&name, &self.router.agent_user);
            if !device.serves(self.service.name(), source) {
                return Next::Cut;
            }
            let caller = device.sign_in(&name, source, |stored| stored == password);
            caller.map(|mut caller| {
                let id = device.signed_in(&name, source, self.service.name());
                caller.session = Some(id);
                (caller, id)
            })
        };
        self.leave();
        self.router.notify();
        match signed_in {
            Ok(caller) => {
                self.active.send_replace(Some(caller.1));
                self.caller = Some(caller);
                self.say(answer.done(None)).await
            }
            Err(trap) => self.say(answer.trap(&trap)).await,
        }
    }

    /// The sign-in before 6.43: the challenge is still given, but no answer to it is good enough since 6.45.1.
    async fn old_sign_in(&mut self, sentence: &Sentence, answer: Answer) -> Next {
        if sentence.attributes().next().is_some() {
            return self.say(answer.trap(&Trap::WrongPassword)).await;
        }
        let challenge = self.router.clock.now().as_nanos();
        self.say(answer.done(Some(&format!("{challenge:032x}")))).await
    }
}
