//! The router as the engine and the keeper need it: whole snapshots, single writes, one batch per poll.

pub mod errands;
pub mod gates;
mod link;
pub mod rings;
pub mod verification;

use super::{
    routeros::{Client, CommandError, Counted, Listener, Sentence, Target, TookEffect},
    store::Store,
};
use crate::flow::{
    change_set::{
        Sight, Write,
        converge::{Anchor, Step},
        row::{self, Reading},
    },
    object::{Marked, Menu, Row, Snapshot},
    vif::{
        Vif,
        around::{self, Around},
    },
};
use link::Link;
use row::converge::{Anchor as RowAnchor, Deed, RowStep};
use shared::change_set::MenuWords;
use std::{borrow::Cow, collections::BTreeMap};

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
#[derive(Debug, Clone, Default)]
pub struct Rows {
    ids: BTreeMap<(Menu, String), String>,
    /// Of rows that were made for items.
    made: BTreeMap<String, String>,
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
        Self { ids, made: BTreeMap::new() }
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

    /// Another session with the same router, for what must not wait for what this one carries. Where the router
    /// moves, each has to be told ([`RouterPort::move_to`]).
    #[must_use]
    pub fn beside(&self) -> Self {
        Self { link: self.link.beside() }
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
    pub async fn read_isolation(&self) -> Result<Snapshot, Failed> {
        self.read(&[]).await.map(|sight| sight.isolation)
    }

    /// What VIFs are verified by, in one batch. Of what may be long, only what concerns them: lists and routes of others
    /// can have a hundred thousand rows.
    ///
    /// # Errors
    /// As [`RouterPort::read_isolation`].
    pub async fn read_verification(&self, vifs: &[Vif]) -> Result<verification::Read, Failed> {
        verification::read(self, vifs).await
    }

    /// The same and the menus of rows, in one batch.
    ///
    /// # Errors
    /// As [`RouterPort::read_isolation`].
    pub async fn read(&self, menus: &[MenuWords]) -> Result<Sight, Failed> {
        read_menus(&self.session()?, menus).await
    }

    /// The rows of menus that somebody configured, without those that RouterOS makes itself: there may be a hundred
    /// thousand routes.
    ///
    /// # Errors
    /// As [`RouterPort::read_isolation`].
    pub async fn read_rows(&self, menus: &[&MenuWords]) -> Result<Reading, Failed> {
        let command =
            |words: &&MenuWords| print(&words.path, &row::properties(words)).query("dynamic=true").query("#!");
        let read = self.batch(menus.iter().map(command).collect()).await?;
        Ok(Reading::new(menus.iter().map(|words| words.path.clone()).zip(read)))
    }

    /// What stands around VIFs. A menu that the router does not have is empty.
    ///
    /// # Errors
    /// [`Failed::Lost`]
    pub async fn read_around(&self) -> Result<Around, Failed> {
        let command = |(path, properties): &(&str, &str)| match *properties {
            "" => Sentence::new(format!("{path}/print")),
            properties => print(path, properties),
        };
        let answers = self.session()?.run_all(around::MENUS.iter().map(command).collect()).await;
        let mut menus = Vec::new();
        for ((path, _), answer) in around::MENUS.iter().zip(answers) {
            let rows = match answer.map_err(Failed::from) {
                Ok(answer) => answer.rows,
                Err(Failed::Refused(why)) => {
                    tracing::info!(path, why, "the router does not show it");
                    Vec::new()
                }
                Err(lost) => return Err(lost),
            };
            menus.push(((*path).to_owned(), rows));
        }
        Ok(Around::new(menus))
    }

    /// The same over a sign-in made for it: proof that somebody who comes now gets in and sees the same.
    ///
    /// # Errors
    /// [`Failed::Lost`] where the sign-in fails; else as [`RouterPort::read`].
    pub async fn read_anew(&self, menus: &[MenuWords]) -> Result<Sight, Failed> {
        let signed_in = Client::connect(&self.link.target()).await;
        let (client, _) = signed_in.map_err(|error| Failed::Lost(error.to_string()))?;
        read_menus(&client, menus).await
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
    pub async fn write(&self, write: &Write, rows: &mut Rows) -> Result<(), Failed> {
        let sentence = match write {
            Write::Object(step) => sentence(step, rows),
            Write::Row(step) => row_sentence(step, rows),
        };
        let answer = self.session()?.run(sentence).await?;
        let id = || answer.ret().map(|id| String::from_utf8_lossy(id).into_owned()).unwrap_or_default();
        match write {
            Write::Object(Step::Add { object, .. }) => {
                rows.ids.insert((object.menu, object.mark.clone()), id());
            }
            Write::Object(Step::Remove { menu, mark, .. }) => {
                rows.ids.remove(&(*menu, mark.clone()));
            }
            Write::Row(RowStep { item, deed: Deed::Add { .. }, .. }) => {
                rows.made.insert(item.clone(), id());
            }
            Write::Object(Step::Set { .. } | Step::Clear { .. } | Step::Shut { .. } | Step::Move { .. })
            | Write::Row(_) => {}
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

/// `print` of a menu with these properties.
pub fn print(path: &str, properties: &str) -> Sentence {
    Sentence::new(format!("{path}/print")).attribute(".proplist", properties)
}

/// Each menu once: one that isolation and rows are in is read with what both have to know.
async fn read_menus(client: &Client, menus: &[MenuWords]) -> Result<Sight, Failed> {
    let isolation = Menu::ALL.iter().map(|menu| {
        let words = menus.iter().find(|words| words.path == menu.path());
        print(menu.path(), &words.map_or_else(|| menu.properties().to_owned(), |words| both(*menu, words)))
    });
    let isolates = |words: &&MenuWords| Menu::ALL.iter().any(|menu| menu.path() == words.path);
    let alone: Vec<&MenuWords> = menus.iter().filter(|words| !isolates(words)).collect();
    let others = alone.iter().map(|words| print(&words.path, &row::properties(words)));
    let mut read = rows_of(client, isolation.chain(others).collect()).await?.into_iter();
    let isolation = Snapshot::new(Menu::ALL.into_iter().zip(read.by_ref()));
    let shared = Menu::ALL.into_iter().filter(|menu| menus.iter().any(|words| words.path == menu.path()));
    let shared = shared.map(|menu| (menu.path().to_owned(), isolation.rows(menu).to_vec())).collect::<Vec<_>>();
    let rows = Reading::new(alone.iter().map(|words| words.path.clone()).zip(read).chain(shared));
    Ok(Sight { isolation, rows, ..Sight::default() })
}

fn both(menu: Menu, words: &MenuWords) -> String {
    let own = row::properties(words);
    let more = menu.properties().split(',').filter(|name| !own.split(',').any(|known| known == *name));
    std::iter::once(own.as_str()).chain(more).collect::<Vec<_>>().join(",")
}

async fn rows_of(client: &Client, commands: Vec<Sentence>) -> Result<Vec<Vec<Row>>, Failed> {
    client.run_all(commands).await.into_iter().map(|answer| Ok(answer?.rows)).collect()
}

/// A row from an event.
pub fn row_of(sentence: &Sentence) -> Row {
    Row::new(sentence.texts())
}

fn sentence(step: &Step, rows: &Rows) -> Sentence {
    let path = step.menu().path();
    match step {
        Step::Add { object, before } => {
            let add = arguments(Sentence::new(format!("{path}/add")), object.made());
            rows.anchor(object.menu, before.as_ref()).map_or(add.clone(), |id| add.attribute("place-before", id))
        }
        Step::Set { id, object, enable } => {
            let set = arguments(Sentence::new(format!("{path}/set")).attribute(".id", id), object.arguments());
            if *enable { set.attribute("disabled", "no") } else { set }
        }
        Step::Clear { id, object, name } => {
            // Menus without an order have no `unset` (schema); there an empty value is none.
            if object.menu.is_ordered() {
                Sentence::new(format!("{path}/unset")).attribute(".id", id).attribute("value-name", name)
            } else {
                Sentence::new(format!("{path}/set")).attribute(".id", id).attribute(name, "")
            }
        }
        Step::Shut { id, .. } => Sentence::new(format!("{path}/set")).attribute(".id", id).attribute("disabled", "no"),
        Step::Move { menu, id, before, .. } => {
            let moved = Sentence::new(format!("{path}/move")).attribute("numbers", id);
            rows.anchor(*menu, before.as_ref()).map_or(moved.clone(), |id| moved.attribute("destination", id))
        }
        Step::Remove { id, .. } => Sentence::new(format!("{path}/remove")).attribute(".id", id),
    }
}

fn arguments<'a>(sentence: Sentence, values: impl Iterator<Item = (&'static str, Cow<'a, str>)>) -> Sentence {
    values.fold(sentence, |sentence, (name, value)| sentence.attribute(name, value.as_bytes()))
}

fn row_sentence(step: &RowStep, rows: &Rows) -> Sentence {
    let command = |verb: &str| Sentence::new(format!("{}/{verb}", step.menu));
    let put = |sentence: Sentence, attributes: &[(String, String)]| {
        attributes.iter().fold(sentence, |sentence, (name, value)| sentence.attribute(name, value))
    };
    let at = |sentence: Sentence, id: &Option<String>| match id {
        Some(id) => sentence.attribute(".id", id),
        None => sentence,
    };
    let beside = |sentence: Sentence, name: &str, before: &Option<RowAnchor>| {
        let id = match before {
            None => None,
            Some(RowAnchor::Row { id, .. }) => Some(id),
            Some(RowAnchor::Item(item)) => rows.made.get(item),
        };
        match id {
            Some(id) => sentence.attribute(name, id),
            None => sentence,
        }
    };
    match &step.deed {
        Deed::Add { attributes, before } => beside(put(command("add"), attributes), "place-before", before),
        Deed::Set { id, attributes, .. } => put(at(command("set"), id), attributes),
        Deed::Unset { id, name, command: true, .. } => at(command("unset"), id).attribute("value-name", name),
        Deed::Unset { id, name, command: false, .. } => at(command("set"), id).attribute(name, ""),
        Deed::Move { id, before, .. } => beside(command("move").attribute("numbers", id), "destination", before),
        Deed::Remove { id, .. } => command("remove").attribute(".id", id),
    }
}
