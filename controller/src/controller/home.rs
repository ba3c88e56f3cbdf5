//! Commands of home automation, taken off the bus and answered there.

use super::Controller;
use crate::{
    flow::{
        change_set::GoesOn,
        home::{self, Command, Wish},
    },
    io::mqtt::{Received, Sending},
    problem::Problem,
};
use serde_json::{Value, json};
use shared::{
    ids::RouterId,
    topic::{Home, Noun},
};

/// Who a change set of home automation says made it. It never proves a password: it cannot switch a kill switch off.
const WHO: &str = "home-automation";

impl Controller {
    /// Takes a command. It is carried out apart, because the answer of an agent comes by the same way.
    pub(super) fn home_command(&self, router: RouterId, noun: Noun, message: &Received) {
        if message.payload.is_empty() {
            return;
        }
        if message.retained {
            // It would be given again with every connection.
            tracing::warn!(topic = message.topic, "a command that was sent to be kept was not taken, and cleared");
            self.publish(&message.topic, Vec::new(), true);
            return;
        }
        let open = self.inner.setup.as_ref().map(|setup| setup.home_commands.clone()).unwrap_or_default();
        let command = home::read(noun, &message.payload, &open);
        let controller = self.clone();
        tokio::spawn(async move {
            let Command { id, wish } = command;
            let done = match wish {
                Ok(wish) => controller.carry_out(&router, wish).await,
                Err(problem) => Err(problem),
            };
            let answer = match done {
                Ok(change_set) => json!({"id": id, "ok": true, "change_set": change_set}),
                Err(problem) => json!({"id": id, "ok": false, "problem": problem}),
            };
            let topic = Home::Result(router, noun).to_string();
            controller.publish(&topic, answer.to_string().into_bytes(), false);
        });
    }

    async fn carry_out(&self, router: &RouterId, wish: Wish) -> Result<Value, Problem> {
        match wish {
            Wish::Refresh => self.refresh(router).await.map(|()| Value::Null),
            Wish::Create(new) => Ok(json!(self.create_vif(router, new, GoesOn::Through, &WHO.into()).await?)),
            Wish::Remove(vif) => Ok(json!(self.remove_vif(router, &vif, GoesOn::Through, &WHO.into()).await?)),
        }
    }

    fn publish(&self, topic: &str, payload: Vec<u8>, retain: bool) {
        let sending = Sending { retain, ..Sending::default() };
        let sent = self.inner.bus.link().map(|link| link.send(topic, payload, sending));
        if let Some(Err(error)) = sent {
            tracing::warn!(%error, topic, "an answer to home automation was lost");
        }
    }
}
