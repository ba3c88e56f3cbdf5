//! `/export`, as a text: what is in it, and how it is written.

use std::time::Duration;

use bulkhead_twin::{
    device::{Device, caller::Caller, request::Request, rsc::Look},
    schema,
    script::import,
};

fn device(script: &str) -> Device {
    let mut device = Device::new(schema::shipped("7.24").unwrap(), Duration::from_secs(1_790_614_137));
    device.build("twin", "pw");
    import(&mut device, Duration::ZERO, script).unwrap();
    device
}

fn body(device: &Device, menu: &str, look: Look) -> String {
    let text = device.export_text(menu, look);
    text.split_inclusive('\n').filter(|line| !line.starts_with('#')).collect()
}

const SCRIPT: &str = r#"
/interface/bridge/add name=br vlan-filtering=yes comment="what a \"name\""
/interface/vlan/add name=outer interface=br vlan-id=10
/interface/vlan/add name=a-inner interface=outer vlan-id=20
/interface/ethernet/set [find default-name=ether3] name=uplink disabled=yes
/interface/wireguard/add name=wg private-key="eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="
/ip/address/add address=10.0.0.1/24 interface=br
/routing/table/add name=t fib
/ip/route/add dst-address=0.0.0.0/0 routing-table=t blackhole distance=254
/ip/firewall/filter/add chain=forward action=drop in-interface=!br comment="this rule has a comment that is longer than one line of an export may be"
/ip/service/set ftp disabled=no
/system/script/add name=s source=":log info \"\$x\"\r\n:delay 1s"
"#;

#[test]
fn an_export_is_written_as_routeros_writes_it() {
    let device = device(SCRIPT);
    let text = device.export_text("", Look::default());
    assert!(text.starts_with("# 2026-09-28 16:48:57 by RouterOS 7.24\n# software id = "), "{text}");
    let expected = r#"/interface bridge
add comment="what a \"name\"" name=br vlan-filtering=yes
/interface ethernet
set [ find default-name=ether3 ] disabled=yes name=uplink
/interface wireguard
add name=wg
/interface vlan
add interface=br name=outer vlan-id=10
add interface=outer name=a-inner vlan-id=20
/routing table
add fib name=t
/ip address
add address=10.0.0.1/24 interface=br network=10.0.0.0
/ip firewall filter
add action=drop chain=forward comment="this rule has a comment that is longer \
    than one line of an export may be" in-interface=!br
/ip route
add blackhole distance=254 routing-table=t
/ip service
set ftp disabled=no
/system identity
set name=twin
/system script
add name=s owner=*sys source=":log info \"\$x\"\r\n:delay 1s"
"#;
    let found = body(&device, "", Look::default());
    // How a long comment is broken is a detail: what counts is what it reads as.
    let joined = |text: &str| text.replace("\\\n    ", "");
    assert_eq!(joined(&found), joined(expected));
    assert!(found.lines().all(|line| line.chars().count() <= 80), "{found}");
}

#[test]
fn an_export_may_be_of_one_menu_on_whole_lines_with_defaults_or_with_secrets() {
    let device = device(SCRIPT);
    let terse = Look { terse: true, ..Look::default() };
    assert_eq!(
        body(&device, "/interface/vlan", terse),
        "/interface vlan add interface=br name=outer vlan-id=10\n/interface vlan add interface=outer name=a-inner vlan-id=20\n"
    );
    let secret = Look { sensitive: true, ..Look::default() };
    assert!(body(&device, "/interface/wireguard", secret).contains("private-key=\"eHh4"));
    let verbose = Look { verbose: true, ..Look::default() };
    let every = body(&device, "/interface/bridge", verbose);
    assert!(every.contains("protocol-mode=rstp") && every.contains("/interface bridge settings"), "{every}");
}

#[test]
fn an_export_wants_the_rights_that_it_needs() {
    let mut device = device("");
    let mut asks = |policies: &[&str], arguments: &[(&str, &str)]| {
        let policies = policies.iter().map(|&policy| policy.to_owned()).collect();
        let caller = Caller { policies, ..Caller::router() };
        let request = Request::new("", "export", arguments);
        device.perform(Duration::ZERO, &caller, &request).map_err(|trap| trap.to_string())
    };
    let refused = Err("not enough permissions (9)".to_owned());
    assert_eq!(asks(&["write"], &[("file", "x")]), refused);
    assert_eq!(asks(&["read", "write"], &[("file", "x")]), refused);
    assert_eq!(asks(&["read", "write", "ftp"], &[("file", "x"), ("show-sensitive", "")]), refused);
    assert!(asks(&["read", "write", "ftp"], &[("file", "x")]).is_ok());
    assert!(device.file("x.rsc").is_some_and(|text| text.contains("set name=twin")));
}
