//! What a check works with. Its scratch rows go when it ends, however it ends.

use std::{cell::RefCell, time::Duration};

use bulkhead_agent::io::routeros::{Answer, Client, CommandError, Listener, Sentence, Target, Trap};
use shared::routeros::{model::Row, schema::Version};

use crate::{
    check::Stop,
    checks::form::BRIDGE,
    facts::Facts,
    raw::Raw,
    scratch::{self, Left, NAME},
};

/// A router that checks are run against.
#[derive(Debug)]
pub struct Router {
    /// How to get in, for sessions of a check's own.
    pub target: Target,
    /// The session that most checks share.
    pub client: Client,
    /// Which router it is.
    pub facts: Facts,
    /// An image that the router may fetch for a scratch container; without one no image is fetched.
    pub image: Option<String>,
}

impl Router {
    /// Connects, signs in and looks which router it is.
    ///
    /// # Errors
    /// [`Stop`]
    pub async fn connect(target: Target) -> Result<Self, Stop> {
        let (client, _) = Client::connect(&target).await?;
        let facts = Facts::read(&client).await?;
        Ok(Self { target, client, facts, image: None })
    }
}

/// The place of one check at a router.
#[derive(Debug)]
pub struct Bench<'a> {
    /// The router.
    pub router: &'a Router,
    id: &'static str,
    made: RefCell<Vec<Left>>,
}

impl<'a> Bench<'a> {
    /// A place for the check of this id.
    pub fn new(router: &'a Router, id: &'static str) -> Self {
        Self { router, id, made: RefCell::default() }
    }

    /// The router's version.
    pub fn version(&self) -> Version {
        self.router.facts.number()
    }

    /// The comment of this check's rows.
    pub fn mark(&self) -> String {
        scratch::mark(self.id)
    }

    /// Carries out a command, given as words: `/interface/print`, `=.proplist=name`, `?type=bridge`.
    ///
    /// # Errors
    /// [`Stop`], a refusal too.
    pub async fn run(&self, words: &[&str]) -> Result<Answer, Stop> {
        self.router.client.run(sentence(words)).await.map_err(|error| Stop::of(words.join(" "), error))
    }

    /// Carries out a command that may be refused.
    ///
    /// # Errors
    /// [`Stop::Lost`] alone.
    pub async fn attempt(&self, words: &[&str]) -> Result<Result<Answer, Vec<Trap>>, Stop> {
        match self.router.client.run(sentence(words)).await {
            Ok(answer) => Ok(Ok(answer)),
            Err(CommandError::Trap(traps)) => Ok(Err(traps)),
            Err(error) => Err(Stop::of(words.join(" "), error)),
        }
    }

    /// Adds a scratch row to a menu, with this check's comment unless one is given; gives its id.
    ///
    /// # Errors
    /// [`Stop`], a refusal too.
    pub async fn add(&self, menu: &'static str, words: &[&str]) -> Result<String, Stop> {
        self.attempt_add(menu, words)
            .await?
            .map_err(|traps| Stop::Refused { command: format!("{menu}/add {}", words.join(" ")), traps })
    }

    /// Adds a scratch row that may be refused.
    ///
    /// # Errors
    /// [`Stop::Lost`], also for a menu in which nobody would look for what was left.
    pub async fn attempt_add(&self, menu: &'static str, words: &[&str]) -> Result<Result<String, Vec<Trap>>, Stop> {
        if !scratch::MENUS.contains(&menu) {
            return Err(Stop::Lost(format!("{menu} is not among scratch::MENUS, so nothing is added there")));
        }
        let command = format!("{menu}/add");
        let comment = format!("=comment={}", self.mark());
        let mut all = vec![command.as_str()];
        all.extend(words);
        if !words.iter().any(|word| word.starts_with("=comment=")) {
            all.push(&comment);
        }
        let answer = match self.attempt(&all).await? {
            Ok(answer) => answer,
            Err(traps) => return Ok(Err(traps)),
        };
        let id = answer.ret().map(|id| String::from_utf8_lossy(id).into_owned()).unwrap_or_default();
        self.adopt(menu, &id);
        Ok(Ok(id))
    }

    /// Takes a scratch row in that came in another way, so that it goes with the check.
    pub fn adopt(&self, menu: &'static str, id: &str) {
        self.made.borrow_mut().push(Left { menu, id: id.to_owned(), what: self.mark() });
    }

    /// Rows of a menu: a print with these words.
    ///
    /// # Errors
    /// [`Stop`]
    pub async fn rows(&self, menu: &str, words: &[&str]) -> Result<Vec<Row>, Stop> {
        let command = format!("{menu}/print");
        let all: Vec<&str> = [command.as_str()].into_iter().chain(words.iter().copied()).collect();
        Ok(self.run(&all).await?.rows)
    }

    /// The row of this id.
    ///
    /// # Errors
    /// [`Stop`], also when it is not there.
    pub async fn row(&self, menu: &str, id: &str) -> Result<Row, Stop> {
        let rows = self.rows(menu, &[&format!("?.id={id}")]).await?;
        let missing = || Stop::Refused {
            command: format!("{menu}/print ?.id={id}"),
            traps: vec![Trap { category: None, message: "no row of the id that add returned".to_owned() }],
        };
        rows.into_iter().next().ok_or_else(missing)
    }

    /// A property of the row of this id; `None` where it is absent.
    ///
    /// # Errors
    /// [`Stop`]
    pub async fn value(&self, menu: &str, id: &str, name: &str) -> Result<Option<String>, Stop> {
        Ok(self.row(menu, id).await?.find(name).map(str::to_owned))
    }

    /// Starts an endless command.
    ///
    /// # Errors
    /// [`Stop::Lost`]
    pub async fn listen(&self, words: &[&str]) -> Result<Listener, Stop> {
        self.router.client.listen(sentence(words)).await.map_err(|error| Stop::of(words.join(" "), error))
    }

    /// A session of the check's own, signed in.
    ///
    /// # Errors
    /// [`Stop::Lost`]
    pub async fn session(&self) -> Result<Raw, Stop> {
        Raw::signed_in(&self.router.target).await
    }

    /// A scratch bridge without ports, `bh-conf-bridge`.
    ///
    /// # Errors
    /// [`Stop`]
    pub async fn bridge(&self) -> Result<&'static str, Stop> {
        let (menu, words) = BRIDGE;
        self.add(menu, words).await?;
        Ok("bh-conf-bridge")
    }

    /// Scratch VLAN interfaces on a scratch bridge, disabled, with these names behind `bh-conf-`; gives their ids.
    ///
    /// # Errors
    /// [`Stop`]
    pub async fn vlans(&self, names: &[&str]) -> Result<Vec<String>, Stop> {
        let bridge = self.bridge().await?;
        let mut ids = Vec::new();
        for (at, name) in names.iter().enumerate() {
            let words = [
                format!("=name={NAME}{name}"),
                format!("=interface={bridge}"),
                format!("=vlan-id={}", 3990 + at),
                "=disabled=yes".to_owned(),
            ];
            ids.push(self.add("/interface/vlan", &words.each_ref().map(String::as_str)).await?);
        }
        Ok(ids)
    }

    /// Waits until something holds; whether it came to that within `bound`. Asks every tenth of a second.
    ///
    /// # Errors
    /// [`Stop`]
    pub async fn until<F>(&self, bound: Duration, holds: impl Fn() -> F) -> Result<bool, Stop>
    where
        F: Future<Output = Result<bool, Stop>>,
    {
        const PAUSE: Duration = Duration::from_millis(100);
        for _ in 0..bound.as_millis() / PAUSE.as_millis() {
            if holds().await? {
                return Ok(true);
            }
            tokio::time::sleep(PAUSE).await;
        }
        holds().await
    }

    /// Whether nobody but sessions of this run's user over the API is signed in: what others change meanwhile would be
    /// undone with what is ours.
    ///
    /// # Errors
    /// [`Stop::Unsupported`] when somebody is.
    pub async fn alone(&self) -> Result<(), Stop> {
        let rows = self.rows("/user/active", &["=.proplist=name,via"]).await?;
        let text = |row: &Row, name: &str| row.find(name).map(str::to_owned).unwrap_or_default();
        let ours = |row: &Row| text(row, "name") == self.router.target.username && text(row, "via").starts_with("api");
        match rows.iter().find(|row| !ours(row)) {
            None => Ok(()),
            Some(row) => Err(Stop::Unsupported(format!(
                "{} is signed in by {}, and what is changed there meanwhile could be undone",
                text(row, "name"),
                text(row, "via")
            ))),
        }
    }

    /// Removes what this check made, the last first; gives what would not go.
    ///
    /// # Errors
    /// [`Stop::Lost`]
    pub async fn clear(self) -> Result<Vec<(Left, String)>, Stop> {
        let rows: Vec<Left> = self.made.into_inner().into_iter().rev().collect();
        scratch::remove(&self.router.client, &rows).await
    }
}

fn sentence(words: &[&str]) -> Sentence {
    Sentence::from_words(words)
}
