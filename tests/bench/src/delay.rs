//! A proxy that lets every byte take its time, as a router some hops away does.
//!
//! Each direction holds each read for half of the round trip and loses no order; what is sent meanwhile travels along
//! with it, so the line delays without narrowing. Threads that sleep are some 60 µs late; a runtime's timer would be
//! late by up to a millisecond.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::Duration,
};

use bulkhead_agent::io::clock::{self, Instant};

/// Starts a proxy to `to`, which lives as long as the process; where it listens.
///
/// # Errors
/// There is no port.
pub(crate) fn proxy(to: SocketAddr, round_trip: Duration) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // A connection that cannot be passed on is closed by being dropped.
            let _closed = pass(client, to, round_trip / 2);
        }
    });
    Ok(address)
}

fn pass(client: TcpStream, to: SocketAddr, trip: Duration) -> std::io::Result<()> {
    let router = TcpStream::connect(to)?;
    for stream in [&client, &router] {
        stream.set_nodelay(true)?;
    }
    direction(client.try_clone()?, router.try_clone()?, trip);
    direction(router, client, trip);
    Ok(())
}

fn direction(mut from: TcpStream, mut to: TcpStream, trip: Duration) {
    let (under_way, arriving) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(count) = from.read(&mut bytes)
            && count > 0
            && under_way.send((clock::now() + trip, bytes[..count].to_vec())).is_ok()
        {}
    });
    thread::spawn(move || {
        for (due, bytes) in arriving {
            thread::sleep(due.saturating_duration_since(clock::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _gone = to.shutdown(Shutdown::Both);
    });
}
