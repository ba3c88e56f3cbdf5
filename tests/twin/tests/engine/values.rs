//! Values as they are taken in and as they are kept. Sources: the manual's tables of properties, the CLI reference's
//! types, the schemas' bounds; what is seen on the wire is marked.

use bulkhead_twin::{device::form::normalise, schema};
use shared::routeros::schema::Kind;

/// What version, menu, argument and value come to: kept so, or refused with that text.
fn taken(version: &str, menu: &str, name: &str, value: &str) -> Result<Option<String>, String> {
    let schema = schema::shipped(version).unwrap();
    let arguments = ["add", "set"].iter().find_map(|verb| schema.command(&format!("{menu}/{verb}")));
    let kind = arguments.and_then(|arguments| arguments.get(name)).copied();
    assert!(kind.is_some(), "{version} has no {menu} {name}");
    normalise(menu, name, kind.unwrap_or_default(), value).map_err(|trap| trap.to_string())
}

const KEPT: [(&str, &str, &str, &str); 62] = [
    // Booleans: yes and no are taken, true and false are printed (seen on 7.x).
    ("/interface/vlan", "disabled", "yes", "true"),
    ("/interface/bridge", "vlan-filtering", "false", "false"),
    ("/ip/dns", "allow-remote-requests", "true", "true"),
    // A switch is there with an empty value, or not at all (`fib=yes` seen on 7.23.2).
    ("/routing/table", "fib", "yes", ""),
    // Durations.
    ("/ip/dns/static", "ttl", "00:01:00", "1m"),
    ("/ip/dns/static", "ttl", "1d 02:00:00", "1d2h"),
    ("/ip/dns/static", "ttl", "86400", "1d"),
    ("/ip/dns/static", "ttl", "7d", "1w"),
    ("/ip/firewall/address-list", "timeout", "90", "1m30s"),
    ("/ip/firewall/filter", "address-list-timeout", "none-dynamic", "none-dynamic"),
    ("/interface/bridge", "ageing-time", "300", "5m"),
    ("/interface/bridge", "max-message-age", "00:00:20", "20s"),
    ("/tool/netwatch", "timeout", "0.5", "500ms"),
    ("/ip/dhcp-server", "lease-time", "1w2d3h4m5s", "1w2d3h4m5s"),
    ("/queue/simple", "burst-time", "5/00:00:10", "5s/10s"),
    // Dates and times of day: ISO since 7.10.
    ("/system/scheduler", "start-date", "sep/28/2026", "2026-09-28"),
    ("/system/scheduler", "start-date", "2026-09-28", "2026-09-28"),
    ("/system/scheduler", "start-time", "7:05:00", "07:05:00"),
    ("/system/scheduler", "start-time", "startup", "startup"),
    // Numbers; hexadecimal where RouterOS prints it so (`priority=0x80` seen on a bridge port).
    ("/interface/vlan", "vlan-id", "0100", "100"),
    ("/interface/vlan", "vlan-id", "0x64", "100"),
    ("/interface/bridge", "priority", "32768", "0x8000"),
    ("/interface/bridge/port", "priority", "0x80", "0x80"),
    ("/interface/bridge", "mtu", "auto", "auto"),
    ("/interface/bridge/port", "horizon", "none", "none"),
    ("/ip/route", "distance", "255", "255"),
    // Rates: seen as plain numbers, k, M and G taken; one alone is for both directions.
    ("/queue/simple", "max-limit", "10M/5M", "10000000/5000000"),
    ("/queue/simple", "max-limit", "1.5M/64k", "1500000/64000"),
    ("/queue/simple", "limit-at", "2G", "2000000000/2000000000"),
    ("/queue/tree", "max-limit", "100k", "100000"),
    ("/queue/simple", "priority", "8", "8/8"),
    // Addresses.
    ("/ip/address", "address", "172.16.64.1/30", "172.16.64.1/30"),
    ("/ip/address", "address", "10.0.0.1", "10.0.0.1/32"),
    ("/ip/address", "address", "10.0.0.1/255.255.255.0", "10.0.0.1/24"),
    ("/ipv6/address", "address", "2001:DB8:0:0::1/64", "2001:db8::1/64"),
    ("/ip/route", "dst-address", "10.1.2.3/8", "10.0.0.0/8"),
    ("/routing/rule", "src-address", "172.16.64.2", "172.16.64.2/32"),
    ("/ip/firewall/filter", "src-address", "!172.16.64.2/32", "!172.16.64.2"),
    ("/ip/firewall/filter", "dst-address", "1.1.1.1-1.1.1.9", "1.1.1.1-1.1.1.9"),
    ("/ip/firewall/filter", "dst-address", "192.168.1.77/24", "192.168.1.0/24"),
    ("/ipv6/firewall/address-list", "address", "::1", "::1/128"),
    ("/ip/firewall/address-list", "address", "example.com", "example.com"),
    ("/interface/wireguard/peers", "allowed-address", "0.0.0.0/0,10.0.0.2", "0.0.0.0/0,10.0.0.2/32"),
    ("/ip/pool", "ranges", "10.0.0.10-10.0.0.20,10.0.0.30", "10.0.0.10-10.0.0.20,10.0.0.30"),
    ("/ip/dhcp-server/network", "dns-server", "192.168.88.1,9.9.9.9", "192.168.88.1,9.9.9.9"),
    ("/ip/service", "address", "192.168.88.0/24,2001:db8::/32", "192.168.88.0/24,2001:db8::/32"),
    // MAC addresses with any of the separators that the schema names.
    ("/interface/bridge", "admin-mac", "02-aa-bb-cc-dd-ee", "02:AA:BB:CC:DD:EE"),
    ("/interface/bridge", "admin-mac", "02.aa.bb.cc.dd.ee", "02:AA:BB:CC:DD:EE"),
    ("/ip/firewall/filter", "src-mac-address", "!02:aa:bb:cc:dd:ee", "!02:AA:BB:CC:DD:EE"),
    // Ports and VLAN ids: lists and ranges in the order given.
    ("/ip/firewall/filter", "dst-port", "443,80,1000-2000", "443,80,1000-2000"),
    ("/ip/firewall/nat", "dst-port", "!22", "!22"),
    ("/interface/bridge/vlan", "vlan-ids", "20,10,100-110", "20,10,100-110"),
    // Words, one or several, negated or not.
    ("/ip/firewall/filter", "connection-state", "established,related", "established,related"),
    ("/ip/firewall/filter", "connection-state", "!invalid", "!invalid"),
    ("/ip/firewall/filter", "tcp-flags", "syn,!ack", "syn,!ack"),
    ("/interface/bridge/port", "edge", "true", "yes"),
    ("/routing/rule", "action", "lookup-only-in-table", "lookup-only-in-table"),
    // A group lists what it has, then what it lacks, in a fixed order (seen).
    (
        "/user/group",
        "policy",
        "write,read,api",
        "read,write,api,!local,!telnet,!ssh,!ftp,!reboot,!policy,!test,!winbox,!password,!web,!sniff,!sensitive,\
         !romon,!rest-api",
    ),
    // Texts keep their bytes, spaces at the ends too.
    ("/interface/vlan", "comment", " two  words ", " two  words "),
    ("/ip/firewall/filter", "log-prefix", "exactly-thirty-one-bytes-long-1", "exactly-thirty-one-bytes-long-1"),
    ("/interface/macsec", "ckn", "00ff", "00ff"),
    ("/ip/firewall/filter", "protocol", "47", "47"),
];

#[test]
fn a_value_is_kept_as_routeros_writes_it() {
    for (menu, name, value, kept) in KEPT {
        assert_eq!(taken("7.21.4", menu, name, value), Ok(Some(kept.to_owned())), "{menu} {name}={value}");
    }
}

#[test]
fn a_value_that_was_kept_is_taken_again_and_stays_the_same() {
    for (menu, name, _, kept) in KEPT.iter().filter(|(.., kept)| !kept.is_empty()) {
        for version in ["7.16.2", "7.24"] {
            let schema = schema::shipped(version).unwrap();
            let kind =
                |verb: &str| schema.command(&format!("{menu}/{verb}")).and_then(|arguments| arguments.get(*name));
            let Some(kind) = kind("add").or_else(|| kind("set")) else { continue };
            let again = normalise(menu, name, *kind, kept).map_err(|trap| trap.to_string());
            assert_eq!(again, Ok(Some((*kept).to_owned())), "{version} {menu} {name}={kept}");
        }
    }
}

#[test]
fn a_wrong_value_is_refused_in_routeros_words() {
    let cases = [
        // Seen: `input does not match any value of x`, `invalid value for argument x`,
        // `invalid value of mac, mac address required`, `value of x is out of range (00:00:10 .. 1d00:00:00)`.
        ("/ip/firewall/filter", "action", "explode", "input does not match any value of action"),
        ("/ip/firewall/filter", "connection-state", "new,old", "input does not match any value of connection-state"),
        ("/interface/vlan", "disabled", "maybe", "input does not match any value of disabled"),
        ("/interface/bridge", "protocol-mode", "!rstp", "input does not match any value of protocol-mode"),
        ("/user/group", "policy", "read,fly", "input does not match any value of policy"),
        ("/interface/vlan", "vlan-id", "4095", "value of vlan-id is out of range (1 .. 4094)"),
        ("/interface/vlan", "vlan-id", "x", "invalid value for argument vlan-id"),
        ("/interface/vlan", "vlan-id", "-1", "invalid value for argument vlan-id"),
        ("/interface/bridge", "priority", "65536", "value of priority is out of range (0 .. 65535)"),
        ("/interface/bridge", "ageing-time", "5s", "value of ageing-time is out of range (00:00:10 .. 11d13:46:40)"),
        ("/interface/bridge", "forward-delay", "1m", "value of forward-delay is out of range (00:00:04 .. 00:00:30)"),
        ("/ip/dns/static", "ttl", "soon", "invalid value for argument ttl"),
        ("/queue/simple", "max-limit", "fast/slow", "invalid value for argument max-limit"),
        ("/queue/simple", "priority", "9/1", "invalid value for argument priority"),
        ("/ip/address", "address", "10.0.0.300/8", "invalid value for argument address"),
        ("/ip/address", "address", "10.0.0.1/255.0.255.0", "invalid value for argument address"),
        ("/ip/firewall/filter", "src-address", "2001:db8::1", "invalid value for argument src-address"),
        ("/ip/firewall/filter", "dst-address", "1.1.1.9-1.1.1.1", "invalid value for argument dst-address"),
        ("/ip/firewall/filter", "dst-port", "70000", "invalid value for argument dst-port"),
        ("/ip/firewall/filter", "dst-port", "90-80", "invalid value for argument dst-port"),
        ("/interface/bridge/vlan", "vlan-ids", "0-10", "invalid value for argument vlan-ids"),
        ("/ip/pool", "ranges", "10.0.0.9-10.0.0.1", "invalid value for argument ranges"),
        ("/interface/bridge", "admin-mac", "02:aa:bb", "invalid value of admin-mac, mac address required"),
        ("/system/scheduler", "start-date", "2026-02-30", "invalid value for argument start-date"),
        (
            "/ip/firewall/filter",
            "log-prefix",
            "one byte more than thirty-one it",
            "invalid value for argument log-prefix",
        ),
        ("/interface/macsec", "ckn", "xyz", "invalid value for argument ckn"),
    ];
    for (menu, name, value, expected) in cases {
        assert_eq!(taken("7.21.4", menu, name, value), Err(expected.to_owned()), "{menu} {name}={value}");
    }
}

#[test]
fn an_empty_value_and_a_switch_that_says_no_are_no_values() {
    assert_eq!(taken("7.24", "/interface/vlan", "comment", ""), Ok(None));
    assert_eq!(taken("7.24", "/ip/route", "blackhole", "no"), Ok(None));
    assert_eq!(normalise("/x", "anything", Kind::Unknown, "as it is"), Ok(Some("as it is".to_owned())));
}
