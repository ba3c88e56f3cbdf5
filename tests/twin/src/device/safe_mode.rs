//! Safe mode over the API, from 7.18: changes that are taken back unless somebody says to keep them (manual,
//! "Configuration Management" and "Console"; what is over the API was seen by tik4net's live tests on 7.23.2).
//!
//! One session holds it. What anybody changes meanwhile is floating: unrolled when the holder's session ends without
//! a word. `/quit` is a word: it keeps the changes.

use std::time::Duration;

use shared::routeros::value::RowId;

use super::{Device, Fields, Reply, caller::Caller, request::Request, trap::Trap};

/// From the end of the holder's connection to the unroll (about 2 s, seen on 7.23.2).
const NOTICED: Duration = Duration::from_secs(2);

/// How long a session may be half open before the router gives it up (manual, "Console", of the terminal: "TCP timeout
/// is 9 minutes"; that the API is the same is a guess).
pub const HALF_OPEN: Duration = Duration::from_secs(9 * 60);

/// Who holds safe mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hold {
    /// The row in `/user/active`; nothing for the router itself.
    session: Option<RowId>,
    user: String,
    /// `api`
    owner: String,
    /// When it is unrolled, once the holder is gone.
    ends: Option<Duration>,
}

impl Device {
    /// `take`, `release`, `unroll` and `toggle` of `/safe-mode`.
    pub(super) fn safe_mode(&mut self, caller: &Caller, request: &Request) -> Result<Reply, Trap> {
        match request.verb.as_str() {
            "take" => self.take_safe_mode(caller, request.get("on-error").unwrap_or("ask"))?,
            // A release from any session ends a hold (tik4net's live tests); of an unroll that is a guess.
            "release" => self.release(),
            "unroll" => self.unroll(),
            "toggle" if self.holds(caller) => self.release(),
            "toggle" => self.take_safe_mode(caller, "ask")?,
            _ => return Err(Trap::NoSuchCommand),
        }
        Ok(Reply::Done(None))
    }

    /// What `print` and `get` show, which is another thing for each session.
    pub(super) fn safe_mode_fields(&self, caller: &Caller) -> Fields {
        let hold = self.history.hold.as_ref();
        let values = [
            ("enabled", hold.is_some().to_string()),
            ("user", hold.map(|hold| hold.user.clone()).unwrap_or_default()),
            ("current", self.holds(caller).to_string()),
            ("owner", hold.map(|hold| hold.owner.clone()).unwrap_or_default()),
        ];
        values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn holds(&self, caller: &Caller) -> bool {
        self.history.hold.as_ref().is_some_and(|hold| hold.session == caller.session)
    }

    /// The console asks whoever would take it over: unroll, release or leave it. Over the API there is nobody to ask.
    fn take_safe_mode(&mut self, caller: &Caller, on_error: &str) -> Result<(), Trap> {
        if self.holds(caller) {
            return Ok(());
        }
        match on_error {
            "release" => self.release(),
            "unroll" => self.unroll(),
            "abort" | "ask" if self.history.hold.is_some() => {
                return Err(Trap::failure("safe mode is held by another session"));
            }
            "abort" | "ask" => {}
            _ => return Err(Trap::NoMatch("on-error".to_owned())),
        }
        let via =
            caller.session.and_then(|id| self.store("/user/active").row(id)).map(|row| row.text("via").to_owned());
        self.history.hold = Some(Hold {
            session: caller.session,
            user: caller.user.clone(),
            owner: via.unwrap_or_default(),
            ends: None,
        });
        Ok(())
    }

    fn release(&mut self) {
        self.history.hold = None;
        self.keep_floating();
    }

    fn unroll(&mut self) {
        self.history.hold = None;
        self.undo_floating();
    }

    /// A session has said `/quit`: what it did under safe mode is kept (manual, "Console").
    pub fn quits(&mut self, session: RowId) {
        if self.history.hold.as_ref().is_some_and(|hold| hold.session == Some(session)) {
            self.release();
        }
    }

    /// A session's connection has ended.
    pub(super) fn hold_lost(&mut self, session: RowId) {
        self.end_hold(session, Some(self.now + NOTICED));
    }

    /// Nothing of a session's packets arrives any longer, not even that it has ended.
    pub fn half_open(&mut self, now: Duration, session: RowId) {
        self.end_hold(session, Some(now + HALF_OPEN));
    }

    /// A session is heard again.
    pub fn heard(&mut self, session: RowId) {
        self.end_hold(session, None);
    }

    fn end_hold(&mut self, session: RowId, ends: Option<Duration>) {
        if let Some(hold) = self.history.hold.as_mut().filter(|hold| hold.session == Some(session)) {
            hold.ends = ends;
        }
    }

    /// When safe mode is unrolled because its holder is gone.
    pub(super) fn next_unroll(&self) -> Option<Duration> {
        self.history.hold.as_ref().and_then(|hold| hold.ends)
    }

    /// Unrolls when the moment has come.
    pub(super) fn run_unroll(&mut self) {
        if self.next_unroll().is_some_and(|moment| moment <= self.now) {
            self.unroll();
        }
    }
}
