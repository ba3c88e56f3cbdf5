//! One listener for each menu that something is owned in.

use crate::io::{
    router::{RouterPort, row_of},
    routeros::{Listener, Sentence},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    future::pending,
};
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinSet},
};

/// The listeners. They end with this.
pub(super) struct Ears {
    /// Each gives its menu when it ends.
    listening: JoinSet<String>,
    menus: BTreeMap<String, AbortHandle>,
    sender: mpsc::Sender<String>,
    receiver: mpsc::Receiver<String>,
}

impl Default for Ears {
    fn default() -> Self {
        // One waiting word for each menu would do; more only wait for it to be taken.
        let (sender, receiver) = mpsc::channel(64);
        Self { listening: JoinSet::new(), menus: BTreeMap::new(), sender, receiver }
    }
}

impl Ears {
    /// Listens to these menus and to no others. One that cannot be listened to is compared each period alone.
    pub(super) async fn follow(&mut self, router: &RouterPort, menus: &BTreeSet<String>) {
        self.menus.retain(|menu, task| {
            let stays = menus.contains(menu) && !task.is_finished();
            if !stays {
                task.abort();
            }
            stays
        });
        let new: Vec<&String> = menus.iter().filter(|menu| !self.menus.contains_key(*menu)).collect();
        for menu in new {
            // Without a list of properties: nobody says that what is not on it is told of.
            let command = Sentence::new(format!("{menu}/listen"));
            let Ok(listener) = router.listen(command).await else { return };
            let task = self.listening.spawn(pass_on(listener, menu.clone(), self.sender.clone()));
            self.menus.insert(menu.clone(), task);
        }
    }

    /// Ends all.
    pub(super) fn close(&mut self) {
        self.menus.clear();
        self.listening.abort_all();
    }

    /// The next menu that something happened in; nothing when a listener has ended.
    pub(super) async fn heard(&mut self) -> Option<String> {
        tokio::select! {
            menu = self.receiver.recv() => menu,
            Some(ended) = self.listening.join_next() => {
                if let Ok(menu) = ended {
                    tracing::debug!(menu, "no events any more; comparing each period");
                }
                None
            }
            else => pending().await,
        }
    }
}

async fn pass_on(mut listener: Listener, menu: String, heard: mpsc::Sender<String>) -> String {
    while let Some(Ok(event)) = listener.next().await {
        // What RouterOS makes itself is nobody's configuration: routes that come and go, leases that are refreshed.
        if row_of(&event).is("dynamic") {
            continue;
        }
        if heard.send(menu.clone()).await.is_err() {
            break;
        }
    }
    menu
}
