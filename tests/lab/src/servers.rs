//! Who answers: the Internet's hosts, and the service at its published port.

use crate::{
    namespace::Namespace,
    network::{HOST, INSIDE, PORT, RESOLVER},
};
use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    thread,
};

/// The service's port that is published.
pub(crate) const SERVED: u16 = 443;
/// Where the router publishes it.
pub(crate) const PUBLISHED: u16 = 8443;

/// The host and both resolvers: what is asked by UDP comes back, and TCP connections are taken.
///
/// # Errors
/// An address that is not there.
pub(crate) fn internet(there: &Namespace) -> anyhow::Result<()> {
    serve(there, vec![(HOST, PORT).into(), (RESOLVER, 53).into(), (INSIDE, 53).into()], false)
}

/// The service, to whoever reaches it by its published port.
///
/// # Errors
/// What its namespace says.
pub(crate) fn published(service: &Namespace) -> anyhow::Result<()> {
    serve(service, vec![(Ipv4Addr::UNSPECIFIED, SERVED).into()], true)
}

/// Sends back what comes by UDP, and by TCP where that is wanted: what nobody acknowledges would be sent again and again.
fn serve(there: &Namespace, places: Vec<SocketAddr>, streams: bool) -> anyhow::Result<()> {
    there.run(move || {
        for place in places {
            let (socket, listener) = (UdpSocket::bind(place)?, TcpListener::bind(place)?);
            thread::spawn(move || {
                let mut room = [0; 2048];
                while let Ok((length, from)) = socket.recv_from(&mut room) {
                    let _ = socket.send_to(&room[..length], from);
                }
            });
            thread::spawn(move || {
                for mut stream in listener.incoming().flatten() {
                    thread::spawn(move || {
                        let mut room = [0; 2048];
                        while let Ok(length @ 1..) = stream.read(&mut room) {
                            if streams && stream.write_all(&room[..length]).is_err() {
                                return;
                            }
                        }
                    });
                }
            });
        }
        Ok(())
    })
}
