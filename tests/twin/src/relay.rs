//! The agent's link to its broker, through the modelled router.
//!
//! What the agent sends goes out by its veth and the `forward` chain to a modelled host, the answers come back the same
//! way; the bytes themselves, TLS or not, are carried untouched between two sockets. While the modelled rules drop the
//! packets, both ends hear nothing: no reset, no close, and a new connection waits (it is accepted on loopback, where no
//! SYN can be dropped, but nobody answers on it). What was held arrives once the packets pass again, as TCP would send it
//! anew.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{
    device::passage::{Direction, PassageId},
    router::Router,
    twin::accept,
};

/// Where the controller stands in the demo: a host of the LAN, below the addresses that its DHCP server gives away.
pub const MODELLED_CONTROLLER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 168, 88, 2)), 8883);

/// One way through the router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relay {
    /// Where the agent connects; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where its bytes really go.
    pub target: SocketAddr,
    /// The host that the modelled packets are for.
    pub destination: SocketAddr,
}

/// More connections than this wait to be accepted.
const CONNECTIONS: usize = 256;

/// What is held of one direction; beyond it the sender is not read from, as with TCP's window.
const WINDOW: usize = 16 * 1024;

/// A SYN with the usual options.
const SYN: u64 = 60;

/// How long an end sends what nobody acknowledges: `tcp_retries2` and `tcp_syn_retries` of Linux's ip-sysctl.
const GIVES_UP: Duration = Duration::from_millis(924_600);
const GIVES_UP_SYN: Duration = Duration::from_secs(127);

/// Takes connections of the agent and carries them; never ends.
pub async fn serve(router: Arc<Router>, listener: TcpListener, relay: Relay) {
    let mut carried = JoinSet::new();
    loop {
        while carried.try_join_next().is_some() {}
        if carried.len() >= CONNECTIONS {
            carried.join_next().await;
        }
        if let Some(stream) = accept(&listener).await {
            let passage = Passage::open(&router, relay.destination);
            carried.spawn(async move { passage.carry(stream, relay.target).await });
        }
    }
}

/// A connection on its way through the router; dropping it closes it there.
struct Passage {
    router: Arc<Router>,
    id: PassageId,
}

impl Drop for Passage {
    fn drop(&mut self) {
        self.router.device().close_passage(self.id);
    }
}

impl Passage {
    fn open(router: &Arc<Router>, destination: SocketAddr) -> Self {
        let id = router.device().open_passage(destination);
        Self { router: Arc::clone(router), id }
    }

    async fn carry(self, mut agent: TcpStream, target: SocketAddr) {
        let mut held = Vec::new();
        if !self.opens(&mut agent, &mut held).await {
            return;
        }
        // A host that refuses says so by a reset; here the end of the agent's connection says it.
        let Ok(mut host) = TcpStream::connect(target).await.and_then(|host| host.set_nodelay(true).map(|()| host))
        else {
            tracing::warn!(%target, "nobody listens where the relay leads");
            return;
        };
        let ((from_agent, to_agent), (from_host, to_host)) = (agent.split(), host.split());
        let there = self.pump(Direction::There, held, from_agent, to_host);
        let back = self.pump(Direction::Back, Vec::new(), from_host, to_agent);
        // Whoever gives up or is reset ends the whole; a mere close leaves the other direction open.
        let _ = tokio::try_join!(there, back);
    }

    /// Waits until the first packet passes; what the agent says meanwhile is held. False when the agent is gone before:
    /// then there was never a connection.
    async fn opens(&self, agent: &mut TcpStream, held: &mut Vec<u8>) -> bool {
        let passes = self.passes(Direction::There, SYN, GIVES_UP_SYN);
        tokio::pin!(passes);
        loop {
            tokio::select! {
                passes = &mut passes => return passes,
                read = read_some(agent, held), if held.len() < WINDOW => match read {
                    Ok(0) | Err(_) => return false,
                    Ok(_) => {}
                },
            }
        }
    }

    async fn pump(
        &self,
        direction: Direction,
        mut held: Vec<u8>,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
    ) -> Result<(), Lost> {
        loop {
            let ended = if held.is_empty() { read_some(&mut from, &mut held).await } else { Ok(held.len()) };
            // The end of a connection is a packet too.
            let bytes = u64::try_from(held.len()).unwrap_or(u64::MAX);
            if !self.passes(direction, bytes, GIVES_UP).await {
                return Err(Lost);
            }
            match ended {
                Err(_) => return Err(Lost),
                Ok(0) => return to.shutdown().await.map_err(|_| Lost),
                Ok(_) => to.write_all(&held).await.map_err(|_| Lost)?,
            }
            held.clear();
        }
    }

    /// Waits until a packet of so many bytes passes and is acknowledged: at once, unless the modelled router stops it.
    /// False when its sender has given up before.
    async fn passes(&self, direction: Direction, bytes: u64, patience: Duration) -> bool {
        let mut changes = self.router.changes();
        if self.lets_through(direction, bytes) {
            return true;
        }
        tracing::info!(id = ?self.id, ?direction, "the modelled router does not forward the agent's link: silence");
        let end = self.router.clock.now() + patience;
        loop {
            tokio::select! {
                alive = changes.changed() => if alive.is_err() { return false },
                () = self.router.clock.sleep_until(end) => return false,
            }
            if self.lets_through(direction, bytes) {
                return true;
            }
        }
    }

    fn lets_through(&self, direction: Direction, bytes: u64) -> bool {
        let now = self.router.clock.now();
        let up = self.router.is_up();
        let mut device = self.router.device();
        device.settle(now);
        up && device.lets_through(self.id, direction, bytes)
    }
}

/// The connection is of no use any more.
struct Lost;

/// Appends what there is, at most up to [`WINDOW`].
async fn read_some(from: &mut (impl AsyncRead + Unpin), held: &mut Vec<u8>) -> std::io::Result<usize> {
    held.reserve(WINDOW);
    let room = WINDOW.saturating_sub(held.len());
    let room = u64::try_from(room).unwrap_or(u64::MAX);
    from.take(room).read_buf(held).await
}
