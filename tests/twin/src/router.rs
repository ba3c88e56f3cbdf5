//! The running router: one device, its clock, its faults and its record, shared by all sessions.

use std::{
    net::IpAddr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use shared::routeros::value::RowId;
use tokio::sync::watch;

use crate::{
    clock::Clock,
    device::{Device, reach::TalkId, safe_mode::HALF_OPEN},
    fault::{Fault, FaultKind, Faults},
    record::Record,
};

/// What all sessions and the control surface share.
#[derive(Debug)]
pub struct Router {
    device: Mutex<Device>,
    /// The twin's time.
    pub clock: Clock,
    faults: Mutex<Faults>,
    record: Mutex<Record>,
    /// The user whose sessions come from the agent's veth.
    pub agent_user: String,
    changed: watch::Sender<u64>,
    cut: watch::Sender<u64>,
    sent_away: watch::Sender<u64>,
    up_at_ms: AtomicU64,
    plain: AtomicUsize,
    tls: AtomicUsize,
}

impl Router {
    /// A router around a device.
    pub fn new(device: Device, clock: Clock, record: Record, agent_user: String) -> Self {
        Self {
            device: Mutex::new(device),
            clock,
            faults: Mutex::default(),
            record: Mutex::new(record),
            agent_user,
            changed: watch::Sender::new(0),
            cut: watch::Sender::new(0),
            sent_away: watch::Sender::new(0),
            up_at_ms: AtomicU64::new(0),
            plain: AtomicUsize::new(0),
            tls: AtomicUsize::new(0),
        }
    }

    /// The device. Never held across an await.
    pub fn device(&self) -> MutexGuard<'_, Device> {
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The faults.
    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The record.
    pub fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something may have changed: what scripts have done is recorded, and listeners look.
    pub fn notify(&self) {
        let (carried_out, reboot, sent_away) = {
            let mut device = self.device();
            (device.take_carried_out(), device.take_reboot(), device.take_sent_away())
        };
        if sent_away {
            self.sent_away.send_modify(|count| *count = count.wrapping_add(1));
        }
        for request in &carried_out {
            self.record().script(request);
        }
        if reboot {
            return self.reboot();
        }
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Wakes a listener whenever something may have changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Wakes a session when all are cut.
    pub fn cuts(&self) -> watch::Receiver<u64> {
        self.cut.subscribe()
    }

    /// Waits until a session, once it has signed in, is no longer among the active ones.
    pub async fn sent_away(&self, session: &watch::Sender<Option<RowId>>) {
        let mut some = self.sent_away.subscribe();
        while some.changed().await.is_ok() {
            let session = *session.borrow();
            if session.is_some_and(|id| self.device().store("/user/active").row(id).is_none()) {
                return;
            }
        }
    }

    /// Somebody presses the button of the device. Whether that has confirmed a change of device-mode.
    pub fn press(&self) -> bool {
        let now = self.clock.now();
        let confirmed = self.device().press(now);
        if confirmed {
            self.reboot();
        }
        confirmed
    }

    /// Brings the device up to now.
    pub fn tick(&self) {
        let now = self.clock.now();
        self.device().settle(now);
        self.notify();
    }

    /// The router restarts: every session ends.
    pub fn reboot(&self) {
        let now = self.clock.now();
        self.go_down(None, |device| device.reboot(now));
    }

    /// Arms a fault, or lets it happen at once where it need not wait.
    pub fn arm(&self, fault: Fault) {
        if fault.is_immediate() {
            self.strike(&fault);
        } else {
            self.faults().arm(fault);
        }
    }

    /// Lets a fault of the device happen.
    pub fn strike(&self, fault: &Fault) {
        let now = self.clock.now();
        match fault.kind {
            FaultKind::Reboot => self.go_down(fault.ms, |device| device.reboot(now)),
            FaultKind::PowerCut => {
                let lost = Duration::from_millis(fault.lose_ms.unwrap_or(0));
                self.go_down(fault.ms, |device| device.power_cut(now, lost));
            }
            FaultKind::CounterReset => self.device().reset_all_counters(now),
            FaultKind::ClockJump => {
                self.device().shift_clock(now, fault.by_ms.unwrap_or(0));
                self.notify();
            }
            FaultKind::Disconnect | FaultKind::Stall | FaultKind::HalfOpen | FaultKind::Trap | FaultKind::Delay => {}
        }
    }

    /// The device restarts, every session ends, and nobody gets in until it is up again.
    fn go_down(&self, ms: Option<u64>, restart: impl FnOnce(&mut Device)) {
        let up = self.clock.now() + Duration::from_millis(ms.unwrap_or(0));
        self.up_at_ms.store(u64::try_from(up.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
        restart(&mut self.device());
        self.cut.send_modify(|count| *count = count.wrapping_add(1));
        self.notify();
    }

    /// Whether the device has started again since it went down.
    pub fn is_up(&self) -> bool {
        self.clock.now() >= Duration::from_millis(self.up_at_ms.load(Ordering::SeqCst))
    }

    /// A place for one more session of a service, as long as it is enabled and `max-sessions` is not reached.
    pub fn enter(&self, service: Service) -> Option<Seat<'_>> {
        const OTHERWISE: usize = 20;
        if !self.is_up() {
            return None;
        }
        let limit = {
            let device = self.device();
            let row = device.store("/ip/service").named(service.name()).filter(|row| !row.is_disabled())?;
            row.text("max-sessions").parse().unwrap_or(OTHERWISE)
        };
        let count = self.count(service);
        if count.fetch_add(1, Ordering::SeqCst) >= limit {
            count.fetch_sub(1, Ordering::SeqCst);
            return None;
        }
        Some(Seat { router: self, service })
    }

    /// Waits until packets of a client arrive: at once, unless the modelled firewall drops them. Then the session is
    /// silent, as on a router whose rules have locked somebody out, and goes on where TCP would once they are let in.
    /// False when the router has given the session up before.
    pub async fn arrival(&self, talk: TalkId, bytes: usize, session: Option<RowId>) -> bool {
        let mut changes = self.changes();
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        if self.lets_in(talk, bytes) {
            return true;
        }
        tracing::info!(?talk, "the modelled firewall drops this client: silence");
        let end = self.falls_silent(session);
        loop {
            tokio::select! {
                alive = changes.changed() => if alive.is_err() { return false },
                () = self.clock.sleep_until(end) => return false,
            }
            if self.lets_in(talk, bytes) {
                if let Some(session) = session {
                    self.device().heard(session);
                }
                return true;
            }
        }
    }

    /// Nothing of a session arrives any longer: gives the moment at which the router gives it up.
    pub fn falls_silent(&self, session: Option<RowId>) -> Duration {
        let now = self.clock.now();
        if let Some(session) = session {
            self.device().half_open(now, session);
        }
        now + HALF_OPEN
    }

    fn lets_in(&self, talk: TalkId, bytes: u64) -> bool {
        let now = self.clock.now();
        let mut device = self.device();
        device.settle(now);
        device.lets_in(talk, bytes)
    }

    /// The connection of a session: the one it has while it comes from the same place.
    pub fn talk(&self, talk: Option<TalkId>, service: Service, source: IpAddr, user: &str) -> TalkId {
        self.device().talk(talk, service.name(), source, user == self.agent_user)
    }

    fn count(&self, service: Service) -> &AtomicUsize {
        match service {
            Service::Api => &self.plain,
            Service::ApiSsl => &self.tls,
        }
    }
}

/// The two ways in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// 8728
    Api,
    /// 8729
    ApiSsl,
}

impl Service {
    /// As `/ip/service` names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::ApiSsl => "api-ssl",
        }
    }
}

/// A session's place among those that the service allows; dropping it gives it back.
#[derive(Debug)]
pub struct Seat<'a> {
    router: &'a Router,
    service: Service,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.router.count(self.service).fetch_sub(1, Ordering::SeqCst);
    }
}
