//! The router as the engine and the keeper need it: whole snapshots, single writes, one batch per poll.

mod link;

use super::{
    routeros::{Client, CommandError, Counted, Listener, Sentence, Target, TookEffect},
    store::Store,
};
use crate::flow::{
    change_set::converge::{Anchor, Step},
    object::{Menu, Object, Row, Snapshot},
    vif::{kill_switch::LEASE, objects::OPEN_LIST},
};
use link::Link;
use shared::routeros::value::format_duration;
use std::collections::BTreeMap;

/// Why something was not read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// The router said no; nothing happened.
    #[error("{0}")]
    Refused(String),
    /// It is not known what happened.
    #[error("{0}")]
    Lost(String),
}

impl Failed {
    /// The words for people.
    pub fn message(&self) -> &str {
        match self {
            Self::Refused(message) | Self::Lost(message) => message,
        }
    }
}

impl From<CommandError> for Failed {
    fn from(error: CommandError) -> Self {
        match error.took_effect() {
            TookEffect::No if matches!(error, CommandError::Trap(_)) => Self::Refused(error.to_string()),
            TookEffect::No | TookEffect::Unknown => Self::Lost(error.to_string()),
        }
    }
}

/// Where our rows are: their ids by mark, kept up while steps are carried out.
#[derive(Debug, Default)]
pub struct Rows {
    ids: BTreeMap<(Menu, String), String>,
}

impl Rows {
    /// Those of a snapshot.
    pub fn of(router: &Snapshot) -> Self {
        let mut ids = BTreeMap::new();
        for menu in Menu::ALL.into_iter().filter(|menu| menu.is_written()) {
            for row in router.static_rows(menu) {
                if let Some(mark) = row.mark() {
                    ids.entry((menu, mark.to_owned())).or_insert_with(|| row.id().to_owned());
                }
            }
        }
        Self { ids }
    }

    fn anchor<'a>(&'a self, menu: Menu, before: Option<&'a Anchor>) -> Option<&'a str> {
        match before? {
            Anchor::Foreign(id) => Some(id),
            Anchor::Mark(mark) => self.ids.get(&(menu, mark.clone())).map(String::as_str),
        }
    }
}

/// The router over its API. Clones share the session.
#[derive(Clone)]
pub struct RouterPort {
    link: Link,
}

impl RouterPort {
    /// Starts to keep a session with a router. Must be called on a tokio runtime. Without a host in the target it
    /// waits for [`RouterPort::move_to`]; a certificate that is seen first is remembered in the store.
    pub fn start(target: Target, store: Store) -> Self {
        Self { link: Link::start(target, store) }
    }

    /// The router is at this address now.
    pub fn move_to(&self, host: &str) {
        self.link.move_to(host);
    }

    /// Waits for a session.
    pub async fn reachable(&self) {
        self.link.connected().await;
    }

    /// All menus of [`Menu::ALL`] in one pipelined batch, over the standing session.
    ///
    /// # Errors
    /// [`Failed::Lost`] without a session; else what the first menu that failed said.
    pub async fn read(&self) -> Result<Snapshot, Failed> {
        read_menus(&self.session()?).await
    }

    /// The same over a sign-in made for it: proof that somebody who comes now gets in and sees the same.
    ///
    /// # Errors
    /// [`Failed::Lost`] where the sign-in fails; else as [`RouterPort::read`].
    pub async fn read_anew(&self) -> Result<Snapshot, Failed> {
        let signed_in = Client::connect(&self.link.target()).await;
        let (client, _) = signed_in.map_err(|error| Failed::Lost(error.to_string()))?;
        read_menus(&client).await
    }

    /// Starts to listen to a menu.
    ///
    /// # Errors
    /// [`Failed`]
    pub async fn listen(&self, command: Sentence) -> Result<Listener, Failed> {
        Ok(self.session()?.listen(command).await?)
    }

    /// What the standing session has done so far, where there is one.
    pub fn counted(&self) -> Option<Counted> {
        self.link.client().map(|client| client.counted())
    }

    fn session(&self) -> Result<Client, Failed> {
        self.link.client().ok_or_else(|| Failed::Lost(self.link.failure()))
    }

    /// One write.
    ///
    /// # Errors
    /// [`Failed`]; after [`Failed::Lost`] only a read tells whether it took effect.
    pub async fn write(&self, step: &Step, rows: &mut Rows) -> Result<(), Failed> {
        let answer = self.session()?.run(sentence(step, rows)).await?;
        match step {
            Step::Add { object, .. } => {
                let id = answer.ret().map(|id| String::from_utf8_lossy(id).into_owned()).unwrap_or_default();
                rows.ids.insert((object.menu, object.mark.clone()), id);
            }
            Step::Remove { menu, mark, .. } => {
                rows.ids.remove(&(*menu, mark.clone()));
            }
            Step::Set { .. } | Step::Move { .. } => {}
        }
        Ok(())
    }

    /// Rows of several commands at once, in their order.
    ///
    /// # Errors
    /// The first command that failed.
    pub async fn batch(&self, commands: Vec<Sentence>) -> Result<Vec<Vec<Row>>, Failed> {
        rows_of(&self.session()?, commands).await
    }
}

/// Adds the lease that opens a gate. The address is what the accept matches, the mark is ours.
pub fn open_gate(address: &str, mark: &str) -> Sentence {
    Sentence::new("/ip/firewall/address-list/add")
        .attribute("list", OPEN_LIST)
        .attribute("address", address)
        .attribute("timeout", format_duration(LEASE))
        .attribute("comment", mark)
}

/// Refreshes leases: `set` takes a list of ids (manual, "API").
pub fn renew_gates(ids: &[&str]) -> Sentence {
    Sentence::new("/ip/firewall/address-list/set")
        .attribute(".id", ids.join(","))
        .attribute("timeout", format_duration(LEASE))
}

/// Takes a lease away.
pub fn close_gate(leased: &Row) -> Sentence {
    Sentence::new("/ip/firewall/address-list/remove").attribute(".id", leased.id())
}

/// `print` of a menu with these properties.
pub fn print(path: &str, properties: &str) -> Sentence {
    Sentence::new(format!("{path}/print")).attribute(".proplist", properties)
}

async fn read_menus(client: &Client) -> Result<Snapshot, Failed> {
    let commands = Menu::ALL.iter().map(|menu| print(menu.path(), menu.properties())).collect();
    let rows = rows_of(client, commands).await?;
    Ok(Snapshot::new(Menu::ALL.into_iter().zip(rows)))
}

async fn rows_of(client: &Client, commands: Vec<Sentence>) -> Result<Vec<Vec<Row>>, Failed> {
    let answers = client.run_all(commands).await.into_iter();
    // Each sentence goes as its row comes: there may be ten thousand of them.
    answers.map(|answer| Ok(answer?.rows.into_iter().map(|sentence| row(&sentence)).collect())).collect()
}

/// A row from an answer.
pub fn row(sentence: &Sentence) -> Row {
    Row::new(sentence.attributes().map(|(name, value)| (String::from_utf8_lossy(name), String::from_utf8_lossy(value))))
}

fn sentence(step: &Step, rows: &Rows) -> Sentence {
    let path = step.menu().path();
    match step {
        Step::Add { object, before } => {
            let add = arguments(Sentence::new(format!("{path}/add")), object);
            rows.anchor(object.menu, before.as_ref()).map_or(add.clone(), |id| add.attribute("place-before", id))
        }
        Step::Set { id, object, enable } => {
            let set = arguments(Sentence::new(format!("{path}/set")).attribute(".id", id), object);
            if *enable { set.attribute("disabled", "no") } else { set }
        }
        Step::Move { menu, id, before, .. } => {
            let moved = Sentence::new(format!("{path}/move")).attribute("numbers", id);
            rows.anchor(*menu, before.as_ref()).map_or(moved.clone(), |id| moved.attribute("destination", id))
        }
        Step::Remove { id, .. } => Sentence::new(format!("{path}/remove")).attribute(".id", id),
    }
}

fn arguments(sentence: Sentence, object: &Object) -> Sentence {
    object.arguments().fold(sentence, |sentence, (name, value)| sentence.attribute(name, value))
}
