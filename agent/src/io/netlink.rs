//! The agent's own place in the network, as the kernel sees it: its interface, its addresses, and the router.
//!
//! Read over netlink, without privileges, in the network namespace of the calling thread: inside the container there
//! is one veth, and the gateway of its default route is the router that the agent works for.

use std::{io, pin::pin, time::Duration};

use futures_util::{Stream, StreamExt};
use rtnetlink::{Handle, MulticastGroup, RouteMessageBuilder, new_connection, new_multicast_connection};
use tokio::{
    sync::watch,
    task::AbortHandle,
    time::{timeout, timeout_at},
};

use crate::io::clock;

mod place;

pub use place::{Address, Mac, Place};

/// Longest wait for the kernel; it answers within microseconds, unless a message was lost.
const ANSWER: Duration = Duration::from_secs(5);
/// Events come in bursts (a link that goes down takes addresses and routes along): the place is read once nothing
/// came for so long ...
const QUIET: Duration = Duration::from_millis(50);
/// ... or the burst has lasted for so long.
const BURST: Duration = Duration::from_millis(500);
/// What can change a place.
const GROUPS: [MulticastGroup; 5] = [
    MulticastGroup::Link,
    MulticastGroup::Ipv4Ifaddr,
    MulticastGroup::Ipv4Route,
    MulticastGroup::Ipv6Ifaddr,
    MulticastGroup::Ipv6Route,
];

/// Why the place is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetlinkError {
    /// No socket to the kernel.
    #[error("no netlink socket ({0}): the agent's container must not be denied the address family AF_NETLINK")]
    Socket(String),
    /// The kernel refused to tell.
    #[error("the kernel did not tell the {what} of this container: {reason}")]
    Refused {
        /// What was asked for.
        what: &'static str,
        /// What it said.
        reason: String,
    },
    /// The kernel did not answer.
    #[error("the kernel did not answer within {after:?}; it is asked again at the next change")]
    NoAnswer {
        /// How long we waited.
        after: Duration,
    },
    /// There will be no further events.
    #[error("the kernel's events on links, addresses and routes ended; watch again")]
    Ended,
}

/// Reads the place as it is now. Must be called on a tokio runtime.
///
/// # Errors
/// [`NetlinkError`]. A missing default route or interface is none: see [`Place`].
pub async fn read() -> Result<Place, NetlinkError> {
    let (connection, handle, _events) = new_connection().map_err(|error| socket(&error))?;
    let _connection = Task::spawn(connection);
    timeout(ANSWER, ask(&handle)).await.map_err(|_| NetlinkError::NoAnswer { after: ANSWER })?
}

/// Reads the place and follows it. Must be called on a tokio runtime.
///
/// # Errors
/// [`NetlinkError`], when it cannot even be read once.
pub async fn watch() -> Result<(Place, Changes), NetlinkError> {
    // Subscribed before it is read: what changes in between is seen.
    let (connection, _handle, events) = new_multicast_connection(&GROUPS).map_err(|error| socket(&error))?;
    let connection = Task::spawn(connection);
    let place = read().await?;
    let (publish, places) = watch::channel(Ok(place.clone()));
    let follow = Task::spawn(follow(events, publish));
    Ok((place, Changes { places, _tasks: [connection, follow] }))
}

/// The place as it changes. However slowly it is read, only the newest place is kept.
#[derive(Debug)]
pub struct Changes {
    places: watch::Receiver<Result<Place, NetlinkError>>,
    _tasks: [Task; 2],
}

impl Changes {
    /// Waits until the place is another than the one that was seen last.
    ///
    /// # Errors
    /// [`NetlinkError`] when the kernel did not tell the place after a change; it is read again at the next one.
    /// [`NetlinkError::Ended`] is the last.
    pub async fn next(&mut self) -> Result<Place, NetlinkError> {
        self.places.changed().await.map_err(|_| NetlinkError::Ended)?;
        self.places.borrow_and_update().clone()
    }
}

async fn follow<E>(mut events: impl Stream<Item = E> + Unpin, publish: watch::Sender<Result<Place, NetlinkError>>) {
    while events.next().await.is_some() {
        let burst = clock::now() + BURST;
        while let Ok(Some(_)) = timeout_at(burst.min(clock::now() + QUIET), events.next()).await {}
        let place = read().await;
        publish.send_if_modified(|last| {
            let changed = *last != place;
            *last = place;
            changed
        });
    }
}

async fn ask(handle: &Handle) -> Result<Place, NetlinkError> {
    let links = collect("links", handle.link().get().execute()).await?;
    let addresses = collect("addresses", handle.address().get().execute()).await?;
    let mut routes = Vec::new();
    for query in [
        RouteMessageBuilder::<std::net::Ipv4Addr>::new().build(),
        RouteMessageBuilder::<std::net::Ipv6Addr>::new().build(),
    ] {
        routes.extend(collect("routes", handle.route().get(query).execute()).await?);
    }
    Ok(place::place(&links, &addresses, &routes))
}

async fn collect<T>(
    what: &'static str,
    answers: impl Stream<Item = Result<T, rtnetlink::Error>>,
) -> Result<Vec<T>, NetlinkError> {
    let mut answers = pin!(answers);
    let mut all = Vec::new();
    while let Some(answer) = answers.next().await {
        all.push(answer.map_err(|error| NetlinkError::Refused { what, reason: error.to_string() })?);
    }
    Ok(all)
}

fn socket(error: &io::Error) -> NetlinkError {
    NetlinkError::Socket(error.to_string())
}

/// A task that ends with its owner.
#[derive(Debug)]
struct Task(AbortHandle);

impl Task {
    fn spawn(future: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(future).abort_handle())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
