//! Opening the socket, plain or TLS.

use std::{io, net::SocketAddr, time::Duration};

use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite, BufReader},
    net::TcpStream,
    time::timeout,
};

use super::{
    Security, Target,
    error::{ConnectError, Fingerprint},
    tls,
};

/// A byte stream to the router.
pub trait Transport: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Transport for T {}

/// Plain or TLS, the connection does not mind.
pub type Stream = Box<dyn Transport>;

/// Silence after which the kernel asks the peer's kernel, how often it asks again, and how many times.
const KEEP_ALIVE: (Duration, Duration, u32) = (Duration::from_secs(30), Duration::from_secs(10), 3);
/// How long sent bytes may stay unacknowledged.
const UNACKNOWLEDGED: Duration = Duration::from_secs(60);

/// Bytes that are asked of the kernel at once. TLS alone asks for 4 KiB, and an answer about dozens of VIFs has 12.
const READ: usize = 16 * 1024;

/// Opens the connection without signing in; with TLS also the fingerprint of the certificate that the peer proved to
/// hold. For whoever then speaks by itself; [`Client::connect`](super::Client::connect) signs in.
///
/// # Errors
/// [`ConnectError`], which says what to check.
pub async fn open(target: &Target) -> Result<(Stream, Option<Fingerprint>), ConnectError> {
    let stream = BufReader::with_capacity(READ, connect(target).await?);
    match &target.security {
        Security::Plain => Ok((Box::new(stream), None)),
        Security::Pinned { fingerprint } => {
            let (stream, seen) = tls::handshake(stream, target, *fingerprint).await?;
            Ok((Box::new(stream), Some(seen)))
        }
    }
}

async fn connect(target: &Target) -> Result<TcpStream, ConnectError> {
    let after = target.connect_timeout;
    let unresolved = |reason: String| ConnectError::Unresolved { host: target.host.clone(), reason };
    let addresses = timeout(after, tokio::net::lookup_host((target.host.as_str(), target.port)))
        .await
        .map_err(|_| unresolved("no answer from DNS".to_owned()))?
        .map_err(|error| unresolved(error.to_string()))?;
    let mut last = unresolved("none was found".to_owned());
    for address in addresses {
        match timeout(after, connect_to(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = unreachable(target, &error),
            Err(_) => last = ConnectError::NoAnswer { address: target.address(), after },
        }
    }
    Err(last)
}

async fn connect_to(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    // A batch is one write: waiting for its acknowledgement before the next costs 40 ms each.
    stream.set_nodelay(true)?;
    let (idle, interval, retries) = KEEP_ALIVE;
    let keep_alive = TcpKeepalive::new().with_time(idle).with_interval(interval).with_retries(retries);
    let socket = SockRef::from(&stream);
    socket.set_tcp_keepalive(&keep_alive)?;
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    Ok(stream)
}

fn unreachable(target: &Target, error: &io::Error) -> ConnectError {
    let address = target.address();
    if error.kind() == io::ErrorKind::ConnectionRefused {
        ConnectError::RefusedByPeer { address }
    } else if error.kind() == io::ErrorKind::TimedOut {
        ConnectError::NoAnswer { address, after: target.connect_timeout }
    } else {
        // The kernel says the rest well: no route, network down, address not available.
        ConnectError::NoRoute { address, reason: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_command_does_not_wait_for_the_acknowledgement_of_the_one_before() {
        let router = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let stream = connect_to(router.local_addr().expect("its address")).await.expect("a connection");
        assert_eq!(stream.nodelay().ok(), Some(true));
    }
}
