//! Rings 2 and 3 on the router: Safe Mode on a connection of its own, and the undo script that the router keeps.

use super::{Failed, RouterPort, print};
use crate::{
    flow::{
        change_set::undo_script,
        object::{Marked, Row},
    },
    io::routeros::{Client, CommandError, Sentence},
};
use shared::routeros::schema::Version;

/// The first version whose Safe Mode programs can use.
const WITH_SAFE_MODE: Version = Version::new(7, 18, 0);

/// What the comments of our undo scripts, and of what runs them, start with.
const MARK: &str = "bulkhead:undo/";
/// Where those are.
const MENUS: [&str; 2] = ["/system/script", "/system/scheduler"];

/// How long after the router's start the script waits for the agent, which undoes the change itself where it can.
const AFTER_A_START: u32 = 180;

/// Safe Mode as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SafeMode {
    /// The version has none (before 7.18).
    Missing,
    /// Nobody holds it.
    Free,
    /// Our user holds it: an earlier session of ours, for the router does not know yet that it is gone.
    Ours,
    /// Somebody else does.
    Foreign,
}

/// Safe Mode, held. Where this is dropped without [`Hold::release`], the connection ends and RouterOS takes back what was
/// done meanwhile.
pub struct Hold {
    client: Client,
    user: String,
}

impl RouterPort {
    /// Who holds Safe Mode.
    ///
    /// # Errors
    /// [`Failed`]
    pub async fn safe_mode(&self) -> Result<SafeMode, Failed> {
        let version = self.batch(vec![print("/system/resource", "version")]).await?.concat();
        let version = version.first().and_then(|row| row.get("version").parse::<Version>().ok());
        if version.is_none_or(|version| version < WITH_SAFE_MODE) {
            return Ok(SafeMode::Missing);
        }
        let rows = self.session()?.run(Sentence::new("/safe-mode/print")).await?.rows;
        let Some(row) = rows.first() else { return Ok(SafeMode::Free) };
        Ok(match (row.is("enabled"), row.get("user") == self.link.target().username) {
            (false, _) => SafeMode::Free,
            (true, true) => SafeMode::Ours,
            (true, false) => SafeMode::Foreign,
        })
    }

    /// Takes Safe Mode on a connection of its own.
    ///
    /// # Errors
    /// [`Failed`], also where somebody was faster.
    pub async fn take_safe_mode(&self) -> Result<Hold, Failed> {
        let target = self.link.target();
        let (client, _) = Client::connect(&target).await.map_err(|error| Failed::Lost(error.to_string()))?;
        client.run(Sentence::new("/safe-mode/take").attribute("on-error", "abort")).await?;
        Ok(Hold { client, user: target.username })
    }

    /// Lets go of a hold of ours whose connection is lost, so that what is undone next is not undone once more.
    ///
    /// # Errors
    /// [`Failed`]
    pub async fn release_lost_hold(&self) -> Result<(), Failed> {
        if self.safe_mode().await? == SafeMode::Ours {
            self.session()?.run(Sentence::new("/safe-mode/release")).await?;
        }
        Ok(())
    }

    /// Whether device-mode lets schedules run. Versions that do not say forbid none.
    ///
    /// # Errors
    /// [`Failed::Lost`]
    pub async fn has_scheduler(&self) -> Result<bool, Failed> {
        match self.batch(vec![print("/system/device-mode", "scheduler")]).await {
            Ok(rows) => Ok(rows.concat().first().is_none_or(|row| matches!(row.get("scheduler"), "" | "true" | "yes"))),
            Err(Failed::Refused(_)) => Ok(true),
            Err(lost) => Err(lost),
        }
    }

    /// Keeps a script on the router that undoes a change in so many seconds unless [`RouterPort::disarm`] comes first.
    /// What waits for that ends when the router starts anew, so a schedule runs the script some time after a start.
    ///
    /// # Errors
    /// [`Failed`]: the script is not armed.
    pub async fn arm(&self, name: &str, source: &str, seconds: u32) -> Result<(), Failed> {
        let session = self.session()?;
        let script = Sentence::new("/system/script/add")
            .attribute("name", name)
            .attribute("policy", "read,write,test")
            .attribute("comment", format!("{MARK}{name}"))
            .attribute("source", source);
        session.run(script).await?;
        let start = Sentence::new("/system/scheduler/add")
            .attribute("name", name)
            .attribute("start-time", "startup")
            .attribute("policy", "read,write,test")
            .attribute("comment", format!("{MARK}{name}"))
            .attribute("on-event", undo_script::watch(name, AFTER_A_START));
        match session.run(start).await {
            // A device that is flagged lets nobody make schedules; that was said with the plan.
            Ok(_) | Err(CommandError::Trap(_)) => {}
            Err(lost) => return Err(lost.into()),
        }
        let watch = Sentence::new("/execute").attribute("script", undo_script::watch(name, seconds));
        match session.run(watch).await {
            Ok(_) => Ok(()),
            Err(error) => {
                // Without its watch the script is only litter.
                let _ = self.disarm(None).await;
                Err(error.into())
            }
        }
    }

    /// Takes our undo scripts away, but for one. What waits for them finds nothing and does nothing.
    ///
    /// # Errors
    /// [`Failed`]: a script may still be there.
    pub async fn disarm(&self, but: Option<&str>) -> Result<(), Failed> {
        let session = self.session()?;
        let read = self.batch(MENUS.map(|menu| print(menu, ".id,name,comment")).to_vec()).await?;
        let ours = MENUS.into_iter().zip(&read).flat_map(|(menu, rows)| {
            let gone = rows.iter().filter(|row| is_ours(row) && Some(row.get("name")) != but);
            gone.map(move |row| Sentence::new(format!("{menu}/remove")).attribute(".id", row.id()))
        });
        for answer in session.run_all(ours.collect()).await {
            answer?;
        }
        Ok(())
    }

    /// Our undo scripts on the router.
    ///
    /// # Errors
    /// [`Failed`]
    pub async fn armed(&self) -> Result<Vec<Row>, Failed> {
        let rows = self.batch(vec![print("/system/script", ".id,name,comment")]).await?.concat();
        Ok(rows.into_iter().filter(is_ours).collect())
    }
}

fn is_ours(row: &Row) -> bool {
    row.mark().is_some_and(|mark| mark.starts_with(MARK))
}

impl Hold {
    /// Keeps what was done, unless somebody else wrote meanwhile: their writes would be undone with ours later, so the
    /// caller has to know.
    ///
    /// # Errors
    /// [`Failed`]: the hold is lost or was not let go.
    pub async fn release(self) -> Result<Vec<String>, Failed> {
        let history = print("/system/history", "action,by,floating-undo");
        let rows = self.client.run(history).await?.rows;
        self.client.run(Sentence::new("/safe-mode/release")).await?;
        let foreign = |row: &Row| row.is("floating-undo") && row.get("by") != self.user;
        Ok(rows
            .iter()
            .filter(|row| foreign(row))
            .map(|row| format!("{}: {}", row.get("by"), row.get("action")))
            .collect())
    }
}
