//! What a router says of itself, from its rows.

use crate::flow::object::{Marked, Row};
use shared::{
    net::InterfaceName,
    router::{Device, Interface},
    routeros::value::parse_duration,
};

/// From `/system/resource` and `/system/identity`.
pub fn device(resource: &Row, identity: &Row) -> Device {
    let number = |name: &str| resource.get(name).parse().unwrap_or(0);
    let version = resource.get("version");
    Device {
        identity: identity.get("name").to_owned(),
        routeros_version: version.split_whitespace().next().unwrap_or(version).to_owned(),
        board: resource.get("board-name").to_owned(),
        architecture: resource.get("architecture-name").to_owned(),
        uptime_s: parse_duration(resource.get("uptime")).map_or(0, |uptime| uptime.as_secs()),
        cpu_percent: u8::try_from(number("cpu-load").min(100)).unwrap_or(100),
        memory_free: number("free-memory"),
        memory_total: number("total-memory"),
    }
}

/// The interfaces that a VIF could leave by: those that carry traffic out of the router by themselves. Ports of a
/// bridge, veths, our own interfaces and the loopback do not.
pub fn egress_candidates<'a>(interfaces: impl Iterator<Item = &'a Row>) -> Vec<Interface> {
    interfaces
        .filter(|row| !row.is_isolation() && !row.is("slave"))
        .filter(|row| !matches!(row.get("type"), "veth" | "loopback"))
        .filter_map(|row| {
            Some(Interface {
                name: InterfaceName::new(row.get("name")).ok()?,
                kind: row.get("type").to_owned(),
                running: row.is("running"),
                disabled: row.is("disabled"),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row<const N: usize>(values: [(&str, &str); N]) -> Row {
        Row::new(values)
    }

    #[test]
    fn a_device_is_read_in_routeros_own_words() {
        let resource = row([
            ("uptime", "1w2d3h4m5s"),
            ("version", "7.24.5 (stable)"),
            ("free-memory", "687116288"),
            ("total-memory", "1073741824"),
            ("cpu-load", "7"),
            ("architecture-name", "arm64"),
            ("board-name", "RB5009UG+S+"),
        ]);
        let device = device(&resource, &row([("name", "MikroTik")]));
        assert_eq!(device.routeros_version, "7.24.5");
        assert_eq!((device.uptime_s, device.cpu_percent, device.memory_free), (788_645, 7, 687_116_288));
    }

    #[test]
    fn a_row_without_anything_is_a_device_without_anything() {
        assert_eq!(device(&Row::default(), &Row::default()).uptime_s, 0);
    }

    #[test]
    fn only_what_leads_out_can_be_an_egress() {
        let rows = [
            row([("name", "ether1"), ("type", "ether"), ("running", "true")]),
            row([("name", "ether2"), ("type", "ether"), ("slave", "true")]),
            row([("name", "bh-v100"), ("type", "vlan"), ("comment", "bulkhead:vif/x/vlan")]),
            row([("name", "veth9"), ("type", "veth")]),
            row([("name", "wg-vpn"), ("type", "wg")]),
        ];
        let names: Vec<String> = egress_candidates(rows.iter()).into_iter().map(|i| i.name.to_string()).collect();
        assert_eq!(names, ["ether1", "wg-vpn"]);
    }
}
