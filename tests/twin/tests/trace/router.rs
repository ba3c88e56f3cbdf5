//! A device as it leaves the factory, with the demo's tunnel and a script on top, and packets and their ways as one
//! line of text each.

use std::time::Duration;

use bulkhead_twin::{
    device::{Device, factory},
    schema,
    script::import,
};
use shared::routeros::trace::{ConnectionState, Packet, Step, Trace};

pub(crate) fn router(script: &str) -> Device {
    of_version("7.24", script)
}

pub(crate) fn of_version(version: &str, script: &str) -> Device {
    let mut device = Device::new(schema::shipped(version).unwrap(), Duration::ZERO);
    device.build("twin", "admin");
    for script in factory::SCRIPTS {
        import(&mut device, Duration::ZERO, script).unwrap();
    }
    device.populate();
    import(&mut device, Duration::ZERO, script).unwrap();
    device.settle(Duration::ZERO);
    device
}

/// `10.0.0.1:1024 10.0.0.2:80 tcp in=ether1 state=established mark=main`
pub(crate) fn packet(text: &str) -> Packet {
    let mut words = text.split(' ');
    let mut end = || {
        let text = words.next().unwrap();
        match text.parse::<std::net::SocketAddr>() {
            Ok(place) => (place.ip(), Some(place.port())),
            Err(_) => (text.parse().unwrap(), None),
        }
    };
    let ((src, src_port), (dst, dst_port)) = (end(), end());
    let mut packet = Packet {
        src,
        dst,
        protocol: words.next().unwrap().to_owned(),
        src_port,
        dst_port,
        in_interface: None,
        src_mac: None,
        connection_state: ConnectionState::New,
        connection_nat_state: Vec::new(),
        connection_mark: None,
        packet_mark: None,
        routing_mark: None,
        fasttrack: false,
    };
    for (name, value) in words.map(|word| word.split_once('=').unwrap()) {
        let value = value.to_owned();
        match name {
            "in" => packet.in_interface = Some(value),
            "mac" => packet.src_mac = Some(value),
            "mark" => packet.routing_mark = Some(value),
            "connection-mark" => packet.connection_mark = Some(value),
            "packet-mark" => packet.packet_mark = Some(value),
            "state" => packet.connection_state = serde_json::from_value(value.into()).unwrap(),
            "fasttrack" => packet.fasttrack = true,
            other => panic!("{other}"),
        }
    }
    packet
}

/// `forward ether1`, `drop`, …
pub(crate) fn verdict(device: &Device, text: &str) -> String {
    words(&device.trace(&packet(text)).unwrap())
}

pub(crate) fn words(trace: &Trace) -> String {
    let verdict = serde_json::to_value(trace.verdict).unwrap().as_str().unwrap().to_owned();
    match &trace.out_interface {
        Some(interface) => format!("{verdict} {interface}"),
        None => verdict,
    }
}

/// Every step in words: `filter forward drop "comment" (note)`.
pub(crate) fn way(device: &Device, text: &str) -> Vec<String> {
    let trace = device.trace(&packet(text)).unwrap();
    let step = |step: &Step| {
        let comment = step.comment.as_ref().map(|comment| format!(" \"{comment}\"")).unwrap_or_default();
        let note = step.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
        format!("{} {} {}{comment}{note}", step.table, step.chain, step.action)
    };
    trace.steps.iter().map(step).chain([words(&trace)]).collect()
}
