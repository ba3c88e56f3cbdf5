//! What is asked of the router and not waited for: probes through tunnels, and connections that are forgotten.
//!
//! A ping that nobody answers takes a second, a large connection table more. Both run beside everything else, so that no
//! gate waits for them.

use super::{Failed, RouterPort};
use crate::{
    flow::vif::gate::purge,
    io::{
        clock::{self, Instant},
        routeros::{Answer, Client, CommandError, Sentence},
    },
};
use shared::{net::InterfaceName, routeros::value::parse_duration};
use std::{net::Ipv4Addr, time::Duration};
use tokio::task::JoinSet;

/// How long the router may take over its connection table.
const PURGE: Duration = Duration::from_secs(60);

/// What is under way. Dropping it ends the waiting, not what the router does.
#[derive(Debug, Default)]
pub struct Errands {
    running: JoinSet<Done>,
}

/// An errand that has ended.
#[derive(Debug)]
pub enum Done {
    /// A probe.
    Probed {
        /// Through which tunnel.
        interface: InterfaceName,
        /// The time there and back; nothing where it was lost.
        came_back: Option<Duration>,
        /// When that was known.
        at: Instant,
    },
    /// Connections were removed.
    Purged {
        /// Of which services.
        services: Vec<Ipv4Addr>,
        /// Whether they were, or why not.
        result: Result<(), Failed>,
    },
}

impl Errands {
    /// The next that ends; waits for ever where none is under way.
    pub async fn next(&mut self) -> Done {
        loop {
            match self.running.join_next().await {
                Some(Ok(done)) => return done,
                Some(Err(error)) => tracing::error!(%error, "an errand ended early"),
                None => std::future::pending().await,
            }
        }
    }
}

impl RouterPort {
    /// Sends one probe through a tunnel.
    ///
    /// # Errors
    /// [`Failed::Lost`] without a session.
    pub fn probe(&self, errands: &mut Errands, interface: &InterfaceName, target: Ipv4Addr) -> Result<(), Failed> {
        let (session, interface) = (self.session()?, interface.clone());
        // `/ping` left the tree in 7.23, `/tool/ping` is in all versions. It knows no routing table, but an interface.
        let ping = Sentence::new("/tool/ping")
            .attribute("address", target.to_string())
            .attribute("interface", interface.as_str())
            .attribute("count", "1");
        errands.running.spawn(async move {
            let answer = session.run(ping).await;
            if let Err(error) = &answer {
                tracing::warn!(%interface, %error, "a probe could not be sent");
            }
            Done::Probed { interface, came_back: answer.ok().as_ref().and_then(came_back), at: clock::now() }
        });
        Ok(())
    }

    /// Has the router forget the connections of services, beside everything else.
    ///
    /// # Errors
    /// [`Failed::Lost`] without a session.
    pub fn purge(&self, errands: &mut Errands, services: Vec<Ipv4Addr>) -> Result<(), Failed> {
        let (session, script) = (self.session()?, purge(&services));
        errands.running.spawn(async move { Done::Purged { services, result: forget(&session, script).await } });
        Ok(())
    }
}

/// The script's own errors come as what it puts out.
async fn forget(session: &Client, script: String) -> Result<(), Failed> {
    let execute = Sentence::new("/execute").attribute("script", script).attribute("as-string", "");
    let answer = session.with_timeout(PURGE).run(execute).await.map_err(|error: CommandError| Failed::from(error))?;
    match answer.ret() {
        None | Some(b"") => Ok(()),
        Some(said) => Err(Failed::Refused(String::from_utf8_lossy(said).into_owned())),
    }
}

/// The round trip in a ping's one row; nothing where it has a `status`, such as `timeout`.
fn came_back(answer: &Answer) -> Option<Duration> {
    let row = answer.rows.last()?;
    parse_duration(row.get("time")).ok().filter(|_| row.get("status").is_empty() && !row.get("time").is_empty())
}
