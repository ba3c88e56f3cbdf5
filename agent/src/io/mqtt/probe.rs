//! Whether the broker lets the agent in, without staying.

use super::{failure, options::Options};
use rumqttc::{AsyncClient, ConnectionError, Event, Packet};

/// Signs in under the agent's name, and out again. An agent that is connected under that name is thrown out by it.
///
/// # Errors
/// What is wrong and what to do, for people.
pub async fn probe(options: &Options) -> Result<(), String> {
    let (client, mut events) = AsyncClient::builder(options.passing())
        .try_build()
        .map_err(|error| format!("the broker cannot be used: {error}"))?;
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                // Without it the broker sees the connection end: that is all the same to it.
                let _ = client.try_disconnect_now();
            }
            Ok(Event::Outgoing(rumqttc::Outgoing::Disconnect)) | Err(ConnectionError::RequestsDone) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(failure::words(options, &error)),
        }
    }
}
