//! Answers that go on: follow and listen, repeated prints, monitored rates, pings.

use std::{sync::Arc, time::Duration};

use shared::routeros::value::RowId;
use tokio::sync::mpsc;

use super::answer::Answer;
use crate::{
    device::{
        Fields, Stream,
        caller::Caller,
        listening::Listener,
        print::{Depth, PAGE},
        reach::TalkId,
        request::Request,
    },
    router::Router,
};

/// A command whose answer goes on.
pub(super) struct Running {
    pub(super) router: Arc<Router>,
    pub(super) talk: Option<TalkId>,
    pub(super) out: mpsc::Sender<Vec<u8>>,
    pub(super) answer: Answer,
    pub(super) caller: Caller,
    pub(super) request: Request,
}

/// The reader is gone.
struct Gone;

/// A change of device-mode that waits: nobody waits for it once this is dropped.
struct Activating<'a> {
    router: &'a Router,
    number: u64,
}

impl Drop for Activating<'_> {
    fn drop(&mut self) {
        self.router.device().forget_activation(self.number);
    }
}

impl Running {
    /// Goes on until it has said all, is cancelled, or nobody hears it.
    pub(super) async fn run(self, stream: Stream) {
        let done = match stream {
            Stream::Job(id) => return self.job(id).await,
            Stream::Activation(number) => self.activation(number).await,
            Stream::Follow { snapshot } => self.follow(snapshot).await,
            Stream::Repeat(period) => self.repeat(period).await,
            Stream::Monitor { names, interval, rounds } => self.monitor(&names, interval, rounds).await,
            Stream::Ping { interval, count } => self.ping(interval, count).await,
        };
        if done.is_ok() {
            for piece in self.answer.done(None) {
                let _ = self.out.send(piece).await;
            }
        }
    }

    async fn follow(&self, snapshot: bool) -> Result<(), Gone> {
        let mut changes = self.router.changes();
        let (mut listener, all) = {
            let device = self.router.device();
            (Listener::new(&device, &self.caller, &self.request), device.ids(&self.request.menu))
        };
        if snapshot {
            self.say_rows(&all, |_| ()).await?;
        }
        drop(all);
        loop {
            changes.changed().await.map_err(|_| Gone)?;
            let news = listener.news(&self.router.device(), &self.caller, &self.request);
            self.say_rows(&news.changed, |_| ()).await?;
            for id in news.dead {
                self.say(&vec![(".id".to_owned(), id.to_string()), (".dead".to_owned(), "true".to_owned())]).await?;
            }
        }
    }

    async fn repeat(&self, period: Duration) -> Result<(), Gone> {
        for section in 0_u64.. {
            let rows = self.router.device().ids(&self.request.menu);
            self.say_rows(&rows, |row| row.push((".section".to_owned(), section.to_string()))).await?;
            self.pause(period).await;
        }
        Ok(())
    }

    /// Rows as they are now, page by page, each no sooner than there is room for it.
    async fn say_rows(&self, ids: &[RowId], add: impl Fn(&mut Fields)) -> Result<(), Gone> {
        for page in ids.chunks(PAGE) {
            let page = page.iter().copied();
            let rows = self.router.device().render_rows(&self.caller, &self.request, page, Depth::Whole);
            for (_, mut row) in rows.unwrap_or_default() {
                add(&mut row);
                self.say(&row).await?;
            }
        }
        Ok(())
    }

    async fn monitor(&self, names: &[String], interval: Duration, rounds: Option<u64>) -> Result<(), Gone> {
        for section in 0..rounds.unwrap_or(u64::MAX) {
            for name in names {
                let row = {
                    let now = self.router.clock.now();
                    let mut device = self.router.device();
                    device.settle(now);
                    device.monitor_row(name)
                };
                if let Some(mut row) = row {
                    row.push((".section".to_owned(), section.to_string()));
                    self.say(&row).await?;
                }
            }
            self.pause(interval).await;
        }
        Ok(())
    }

    async fn ping(&self, interval: Duration, count: Option<u64>) -> Result<(), Gone> {
        let mut received = 0;
        let count = count.unwrap_or(u64::MAX);
        for seq in 0..count {
            let (row, answered) = {
                let now = self.router.clock.now();
                let mut device = self.router.device();
                device.settle(now);
                device.ping_row(&self.request, seq, received)
            };
            received += u64::from(answered);
            if !answered {
                self.pause(interval).await;
            }
            self.say(&row).await?;
            if answered && seq + 1 < count {
                self.pause(interval).await;
            }
        }
        Ok(())
    }

    /// A script that a client waits for: it is stopped when nobody waits any longer.
    async fn job(&self, id: RowId) {
        let mut waiting = Waiting { router: &self.router, id: Some(id) };
        let mut changes = self.router.changes();
        let end = loop {
            let end = self.router.device().job_end(id);
            match end {
                Some(end) => break end,
                None if changes.changed().await.is_err() => return,
                None => {}
            }
        };
        waiting.id = None;
        let pieces = match end {
            Ok(value) => self.answer.done(value.as_deref()),
            Err(trap) => self.answer.trap(&trap),
        };
        if let Some(talk) = self.talk {
            self.router.arrival(talk, pieces.iter().map(Vec::len).sum(), self.caller.session).await;
        }
        for piece in pieces {
            let _ = self.out.send(piece).await;
        }
    }

    /// Tells each second how long there is to go to the device.
    async fn activation(&self, number: u64) -> Result<(), Gone> {
        let _waiting = Activating { router: &self.router, number };
        loop {
            let told = {
                let now = self.router.clock.now();
                let mut device = self.router.device();
                device.settle(now);
                device.activation(number)
            };
            let Some(row) = told else { return Ok(()) };
            self.say(&row).await?;
            self.pause(Duration::from_secs(1)).await;
        }
    }

    async fn pause(&self, period: Duration) {
        let clock = &self.router.clock;
        clock.sleep_until(clock.now() + period).await;
        // A moment that is here already is waited for without a pause, and what never pauses cannot be cancelled.
        tokio::task::yield_now().await;
    }

    async fn say(&self, row: &Fields) -> Result<(), Gone> {
        // Without the client's acknowledgements nothing goes out for long either.
        if let Some(talk) = self.talk {
            let bytes = row.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
            self.router.arrival(talk, bytes, self.caller.session).await;
        }
        self.out.send(self.answer.one(row)).await.map_err(|_| Gone)
    }
}

/// Somebody waits for a job.
struct Waiting<'a> {
    router: &'a Router,
    id: Option<RowId>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.router.device().stop_job(id);
        }
    }
}
