//! One API session: sentences in, answers out.
//!
//! Sentences are carried out one after the other; answers that go on run beside them. What is written waits in a
//! bounded queue: a client that does not read is not read from either.

mod answer;
mod sign_in;
mod stream;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use shared::routeros::{
    sentence::{Decoder, Limits, Sentence},
    value::RowId,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::{mpsc, watch},
    task::AbortHandle,
};

use self::answer::Answer;
use crate::{
    device::{
        Reply,
        caller::Caller,
        print::{Depth, PAGE},
        reach::TalkId,
        request::Request,
        trap::Trap,
    },
    fault::{Fault, FaultKind, When},
    router::{Router, Service},
    text,
};

/// How long a session may stay without signing in (a guess; the manual names no figure).
const SIGN_IN: Duration = Duration::from_secs(60);

/// Answers that wait for a slow reader, in pieces of at most [`answer::PIECE`].
const QUEUE: usize = 4;

/// Commands of one session whose answers go on; no source names a bound, and without one a client could fill the memory.
const STREAMS: usize = 4096;

/// Whether the session goes on.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    On,
    /// Say what is queued, then close.
    Close,
    /// Close at once.
    Cut,
    /// Stay open and silent.
    Silent,
    /// The client's packets no longer arrive, its end neither.
    HalfOpen,
}

struct Session {
    router: Arc<Router>,
    service: Service,
    out: mpsc::Sender<Vec<u8>>,
    caller: Option<(Caller, RowId)>,
    active: Arc<watch::Sender<Option<RowId>>>,
    talk: Option<TalkId>,
    /// By tag. A tag may be used twice: what answers by it is told apart by nobody, and one `/cancel` ends all of it.
    streams: BTreeMap<Vec<u8>, Vec<AbortHandle>>,
    tasks: tokio::task::JoinSet<()>,
}

/// Serves one connection until it ends.
pub async fn serve(router: Arc<Router>, service: Service, stream: impl AsyncRead + AsyncWrite + Send + 'static) {
    let Some(_seat) = router.enter(service) else { return };
    let (mut reading, mut writing) = tokio::io::split(stream);
    let (out, mut queue) = mpsc::channel::<Vec<u8>>(QUEUE);
    let writer = tokio::spawn(async move {
        while let Some(bytes) = queue.recv().await {
            if writing.write_all(&bytes).await.is_err() || writing.flush().await.is_err() {
                break;
            }
        }
        let _ = writing.shutdown().await;
    });
    let mut cuts = router.cuts();
    let active = Arc::new(watch::Sender::new(None));
    let mut session = Session {
        router: Arc::clone(&router),
        service,
        out,
        caller: None,
        active: Arc::clone(&active),
        talk: None,
        streams: BTreeMap::new(),
        tasks: tokio::task::JoinSet::new(),
    };
    let end = tokio::select! {
        end = session.run(&mut reading) => end,
        _ = cuts.changed() => Next::Cut,
        () = router.sent_away(&active) => Next::Cut,
    };
    session.leave();
    session.hang_up();
    drop(session);
    match end {
        Next::On | Next::Close => drop(tokio::time::timeout(Duration::from_secs(5), writer).await),
        Next::Cut | Next::Silent | Next::HalfOpen => writer.abort(),
    }
}

impl Session {
    async fn run(&mut self, reading: &mut (impl AsyncRead + Unpin)) -> Next {
        let mut decoder = Decoder::new(Limits::BEFORE_SIGN_IN);
        let mut bytes = vec![0; 16 * 1024];
        loop {
            loop {
                match decoder.next_sentence() {
                    Ok(Some(sentence)) => match self.take(&sentence).await {
                        Next::On => decoder.set_limits(if self.caller.is_some() {
                            Limits::DEFAULT
                        } else {
                            Limits::BEFORE_SIGN_IN
                        }),
                        Next::Silent => {
                            let end = self.router.falls_silent(self.id());
                            // What still comes is read and forgotten, so that the peer's close is seen.
                            let forget =
                                async { while matches!(reading.read(&mut bytes).await, Ok(count) if count > 0) {} };
                            tokio::select! {
                                () = forget => {}
                                () = self.router.clock.sleep_until(end) => {}
                            }
                            return Next::Silent;
                        }
                        Next::HalfOpen => {
                            self.router.clock.sleep_until(self.router.falls_silent(self.id())).await;
                            return Next::Cut;
                        }
                        end @ (Next::Close | Next::Cut) => return end,
                    },
                    Ok(None) => break,
                    Err(error) => {
                        tracing::debug!(%error, "closing a session");
                        return Next::Close;
                    }
                }
            }
            let read = reading.read(&mut bytes);
            let count = if self.caller.is_some() {
                read.await
            } else {
                let Ok(count) = tokio::time::timeout(SIGN_IN, read).await else { return Next::Close };
                count
            };
            match count {
                Ok(0) | Err(_) => {
                    // The end of a connection is a packet too: where the firewall drops it, nobody hears of it.
                    if let Some(talk) = self.talk {
                        self.router.arrival(talk, 0, self.id()).await;
                    }
                    return Next::Cut;
                }
                Ok(count) => decoder.push(&bytes[..count]),
            }
        }
    }

    /// One sentence, with the fault that may be waiting for it. It arrives only where the modelled firewall lets it.
    async fn take(&mut self, sentence: &Sentence) -> Next {
        let (source, user) = match &self.caller {
            Some((caller, _)) => (caller.source, caller.user.clone()),
            None => self.source_of(sentence),
        };
        let talk = self.router.talk(self.talk, self.service, source, &user);
        self.talk = Some(talk);
        if !self.router.arrival(talk, sentence.words().map(<[u8]>::len).sum(), self.id()).await {
            return Next::Cut;
        }
        self.router.record().sentence(sentence);
        let command = text::from_wire(sentence.first());
        let fault = self.router.faults().strike(&command);
        let Some(fault) = fault else { return self.carry_out(sentence, None).await };
        tracing::debug!(?fault, command, "a fault strikes");
        match (fault.kind, fault.when) {
            (FaultKind::Delay, When::Before) => {
                self.wait(&fault).await;
                self.carry_out(sentence, None).await
            }
            (FaultKind::Trap, When::Before) => self.say(Answer::to(sentence).trap(&trap_of(&fault))).await,
            (FaultKind::Disconnect, When::Before) => Next::Cut,
            (FaultKind::Stall, When::Before) => Next::Silent,
            (FaultKind::HalfOpen, When::Before) => Next::HalfOpen,
            (kind, When::Before) => {
                self.router.strike(&fault);
                if kind.ends_sessions() { Next::Cut } else { self.carry_out(sentence, None).await }
            }
            (_, When::After) => self.carry_out(sentence, Some(fault)).await,
        }
    }

    /// The answer to a sign-in is out; what a fault does to it shows with the next sentence.
    fn after_sign_in(&self, fault: Option<&Fault>, next: Next) -> Next {
        let Some(fault) = fault else { return next };
        self.router.strike(fault);
        end_of(fault.kind).unwrap_or(next)
    }

    async fn carry_out(&mut self, sentence: &Sentence, fault: Option<Fault>) -> Next {
        let answer = Answer::to(sentence);
        match sentence.first() {
            b"/login" => {
                let next = self.sign_in(sentence, answer).await;
                return self.after_sign_in(fault.as_ref(), next);
            }
            b"/quit" => {
                if let Some((_, id)) = &self.caller {
                    self.router.device().quits(*id);
                }
                self.say(answer.fatal("session terminated on request")).await;
                return Next::Close;
            }
            _ => {}
        }
        let Some((caller, _)) = self.caller.clone() else {
            self.say(answer.fatal("not logged in")).await;
            return Next::Close;
        };
        if sentence.first() == b"/cancel" {
            return self.cancel(sentence, answer).await;
        }
        if self.is_full() {
            return self.say(answer.trap(&Trap::failure("too many commands"))).await;
        }
        let request = Request::read(sentence);
        let (reply, says_empty) = {
            let now = self.router.clock.now();
            let mut device = self.router.device();
            (device.perform(now, &caller, &request), device.says_empty())
        };
        self.router.notify();
        if let Some(fault) = &fault {
            self.router.strike(fault);
            if let Some(end) = end_of(fault.kind) {
                return end;
            }
            if fault.kind == FaultKind::Trap {
                return self.say(answer.trap(&trap_of(fault))).await;
            }
            if fault.kind == FaultKind::Delay {
                self.wait(fault).await;
            }
        }
        match reply {
            Ok(Reply::Rows(rows)) => self.say(answer.rows(&rows, says_empty)).await,
            Ok(Reply::Pages(ids)) => self.say_pages(&answer, &caller, &request, &ids, says_empty).await,
            Ok(Reply::Done(value)) => self.say(answer.done(value.as_deref())).await,
            Ok(Reply::Stream(stream)) => {
                let tag = sentence.tag_word().unwrap_or_default().to_vec();
                let running = stream::Running {
                    router: Arc::clone(&self.router),
                    talk: self.talk,
                    out: self.out.clone(),
                    answer,
                    caller,
                    request,
                };
                let handle = self.tasks.spawn(running.run(stream));
                self.streams.entry(tag).or_default().push(handle);
                Next::On
            }
            Ok(Reply::Reboot) => {
                self.router.reboot();
                Next::Cut
            }
            Err(trap) => self.say(answer.trap(&trap)).await,
        }
    }

    /// The rows of a long table, page by page, each no sooner than there is room for it.
    async fn say_pages(
        &mut self,
        answer: &Answer,
        caller: &Caller,
        request: &Request,
        ids: &[RowId],
        says_empty: bool,
    ) -> Next {
        let mut empty = true;
        for page in ids.chunks(PAGE) {
            let rows = self.router.device().render_rows(caller, request, page.iter().copied(), Depth::Whole);
            // The rows are let go before anything is sent: a client that does not read holds their bytes alone.
            let pieces = match rows {
                Ok(rows) => answer.page(&rows.into_iter().map(|(_, fields)| fields).collect::<Vec<_>>()),
                Err(trap) => return self.say(answer.trap(&trap)).await,
            };
            empty &= pieces.is_empty();
            if !self.send(pieces).await {
                return Next::Cut;
            }
        }
        self.say(answer.rows(&[], empty && says_empty)).await
    }

    /// `/cancel`: the cancelled command's trap, then this one's end, then the cancelled one's.
    async fn cancel(&mut self, sentence: &Sentence, answer: Answer) -> Next {
        self.forget_finished();
        let tags: Vec<Vec<u8>> = match sentence.get("tag") {
            Some(tag) => vec![tag.to_vec()],
            None => self.streams.keys().cloned().collect(),
        };
        let mut cancelled = Vec::new();
        for tag in tags {
            for handle in self.streams.remove(&tag).unwrap_or_default() {
                handle.abort();
                let answer = Answer::tagged(&tag);
                self.send(answer.trap_only(&Trap::Interrupted)).await;
                cancelled.push(answer);
            }
        }
        let end = self.say(answer.done(None)).await;
        for answer in cancelled {
            self.send(answer.done(None)).await;
        }
        end
    }

    /// Whether as many answers go on as a session may have.
    fn is_full(&mut self) -> bool {
        self.forget_finished();
        // A cancelled one is a task for a moment longer.
        self.tasks.len() >= STREAMS && self.streams.values().map(Vec::len).sum::<usize>() >= STREAMS
    }

    /// Commands that have said all are no longer there to be cancelled.
    fn forget_finished(&mut self) {
        let running = self.tasks.len();
        while self.tasks.try_join_next().is_some() {}
        if self.tasks.len() < running {
            self.streams.retain(|_, handles| {
                handles.retain(|handle| !handle.is_finished());
                !handles.is_empty()
            });
        }
    }

    async fn wait(&self, fault: &Fault) {
        let clock = &self.router.clock;
        clock.sleep_until(clock.now() + Duration::from_millis(fault.ms.unwrap_or(1000))).await;
    }

    async fn say(&self, pieces: Vec<Vec<u8>>) -> Next {
        if self.send(pieces).await { Next::On } else { Next::Cut }
    }

    /// False when nobody is there any more to hear it: what else the peer has asked is not worth an answer.
    async fn send(&self, pieces: Vec<Vec<u8>>) -> bool {
        for piece in pieces {
            if self.out.send(piece).await.is_err() {
                return false;
            }
        }
        true
    }

    /// The connection has ended too.
    fn hang_up(&mut self) {
        if let Some(talk) = self.talk.take() {
            self.router.device().hang_up(talk);
        }
    }

    /// The row of `/user/active`.
    fn id(&self) -> Option<RowId> {
        self.caller.as_ref().map(|(_, id)| *id)
    }

    /// The session is no longer among the active users.
    fn leave(&mut self) {
        if let Some((_, id)) = self.caller.take() {
            self.router.device().signed_out(id);
        }
    }
}

/// How a fault that has struck ends the session.
fn end_of(kind: FaultKind) -> Option<Next> {
    match kind {
        FaultKind::Disconnect | FaultKind::Reboot | FaultKind::PowerCut => Some(Next::Cut),
        FaultKind::Stall => Some(Next::Silent),
        FaultKind::HalfOpen => Some(Next::HalfOpen),
        FaultKind::Trap | FaultKind::Delay | FaultKind::CounterReset | FaultKind::ClockJump => None,
    }
}

fn trap_of(fault: &Fault) -> Trap {
    Trap::Failure(fault.message.clone().unwrap_or_else(|| "failure: a fault was asked for".to_owned()))
}
