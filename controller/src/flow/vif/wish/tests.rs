use super::*;
use serde_json::{Value, json};
use shared::{
    net::VlanId,
    vif::{Gate, Gateway, KillSwitch, KillSwitchState, Protocol, Traffic, VifStatus},
};

/// A VIF that the router has.
fn there(id: &str, mode: KillSwitchMode) -> VifReport {
    let interface = |name: &str| InterfaceName::new(name).unwrap();
    let port = PublishedPort { protocol: Protocol::Tcp, port: 8080, to_port: 80, from: interface("LAN") };
    VifReport {
        spec: VifSpec {
            id: VifId::new(id).unwrap(),
            name: VifName::new(id.split('-').next().unwrap()).unwrap(),
            egress: Egress::Interface(interface("wg-vpn")),
            kill_switch: mode.clone(),
            resolver: None,
            ports: if id == "web-1" { vec![port] } else { Vec::new() },
        },
        created_at: 1,
        vlan_id: VlanId::new(100).unwrap(),
        bridge: interface("bulkhead"),
        interface: interface("bh-v100"),
        gateway_ip: Ipv4Addr::new(172, 16, 64, 1),
        service_ip: Ipv4Addr::new(172, 16, 64, 2),
        status: VifStatus::Active,
        kill_switch: KillSwitch {
            mode,
            state: KillSwitchState::Armed,
            active: false,
            gate: Gate::Open,
            since: 1,
            reason: String::new(),
            held: false,
            way: None,
            reaction_ms: None,
        },
        gateway: Gateway::default(),
        traffic: Traffic::default(),
        isolation: None,
    }
}

fn house() -> Vec<VifReport> {
    let fallback = KillSwitchMode::Fallback(VifId::new("dns-1").unwrap());
    vec![
        there("dns-1", KillSwitchMode::Block),
        there("web-1", fallback),
        there("open-1", KillSwitchMode::Off),
        there("tor-1", KillSwitchMode::Block),
    ]
}

fn asked(json: Value) -> Result<VifSpec, Problem> {
    spec(&serde_json::from_value(json).expect("a request"), "k3x7q2mz", &house())
}

fn edited(id: &str, json: Value) -> Result<VifSpec, Problem> {
    let (edit, all) = (serde_json::from_value(json).expect("an edit"), house());
    updated(all.iter().find(|vif| vif.spec.id.as_str() == id).expect(id), &edit, &all)
}

#[test]
fn a_wish_becomes_an_order_with_an_id_of_its_own() {
    let spec = asked(json!({"name": "tor", "egress": {"interface": "wg-vpn"}})).unwrap();
    assert_eq!((spec.id.as_str(), spec.kill_switch), ("tor-k3x7q2mz", KillSwitchMode::Block));
    assert_eq!(spec.egress.interface().as_str(), "wg-vpn");
    let port = json!({"protocol": "udp", "port": 8080, "to_port": 53, "from": "LAN"});
    let spec = asked(json!({"name": "t", "egress": {"interface": "wg"}, "resolver": "10.64.0.1", "ports": [port],
        "kill_switch": {"mode": "fallback", "fallback": "dns-1"}}))
    .unwrap();
    assert_eq!(spec.kill_switch.fallback().map(VifId::as_str), Some("dns-1"));
    assert_eq!((spec.resolver, spec.ports[0].to_port), (Some(Ipv4Addr::new(10, 64, 0, 1)), 53));
}

#[test]
fn what_cannot_be_done_is_said_at_its_field() {
    let (wrong, later) = ("field_invalid", "not_available_yet");
    let port = |port: u16, from: &str| json!({"protocol": "tcp", "port": port, "to_port": 443, "from": from});
    for (more, code, field) in [
        (json!({"name": "Tor!"}), wrong, "name"),
        (json!({"egress": {"interface": "a,b"}}), wrong, "egress.interface"),
        (json!({"egress": {}}), wrong, "egress"),
        (json!({"egress": {"interface": "a", "direct": true}}), wrong, "egress"),
        (json!({"egress": {"direct": true}}), later, "egress.direct"),
        (json!({"egress": {"chain": []}}), later, "egress.chain"),
        (json!({"quota": {}}), later, "quota"),
        (json!({"kill_switch": {"fallback": "dns-1"}}), wrong, "kill_switch.fallback"),
        (json!({"kill_switch": {"mode": "off", "fallback": "dns-1"}}), wrong, "kill_switch.fallback"),
        (json!({"kill_switch": {"mode": "fallback"}}), wrong, "kill_switch.fallback"),
        (json!({"kill_switch": {"mode": "fallback", "fallback": "none-1"}}), wrong, "kill_switch.fallback"),
        (json!({"kill_switch": {"mode": "fallback", "fallback": "open-1"}}), wrong, "kill_switch.fallback"),
        (json!({"kill_switch": {"mode": "fallback", "fallback": "web-1"}}), wrong, "kill_switch.fallback"),
        (json!({"resolver": "one.one"}), wrong, "resolver"),
        (json!({"resolver": "0.0.0.0"}), wrong, "resolver"),
        (json!({"resolver": "127.0.0.1"}), wrong, "resolver"),
        (json!({"resolver": "224.0.0.1"}), wrong, "resolver"),
        (json!({"resolver": "255.255.255.255"}), wrong, "resolver"),
        (json!({"resolver": "fe80::1"}), wrong, "resolver"),
        (json!({"ports": [port(0, "LAN")]}), wrong, "ports[0].port"),
        (json!({"ports": [port(1, "LAN"), port(1, "guests")]}), wrong, "ports[1].port"),
        (json!({"ports": [port(8080, "LAN")]}), wrong, "ports[0].port"),
        (json!({"ports": [port(1, "a,b")]}), wrong, "ports[0].from"),
    ] {
        let mut request = json!({"name": "t", "egress": {"interface": "wg-vpn"}});
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let problem = asked(request.clone()).expect_err(&request.to_string());
        assert_eq!((problem.status, problem.code), (422, code), "{request}");
        assert_eq!(problem.extra["field"], field, "{request}");
    }
}

#[test]
fn an_edit_alters_what_it_names_and_nothing_else() {
    let (all, nothing) = (house(), edited("web-1", json!({})).unwrap());
    assert_eq!(nothing, all[1].spec);
    let spec = edited("web-1", json!({"resolver": "10.64.0.1"})).unwrap();
    assert_eq!((spec.resolver, &spec.ports), (Some(Ipv4Addr::new(10, 64, 0, 1)), &all[1].spec.ports));
    assert_eq!(edited("web-1", json!({"ports": []})).unwrap().ports, []);
    assert_eq!(edited("web-1", json!({"resolver": null})).unwrap().resolver, None);
    let same = json!({"ports": [{"protocol": "tcp", "port": 8080, "to_port": 81, "from": "LAN"}]});
    assert_eq!(edited("web-1", same).unwrap().ports[0].to_port, 81, "its own port is not taken by another");
    assert_eq!(edited("web-1", json!({"kill_switch": {"mode": "off"}})).unwrap().kill_switch, KillSwitchMode::Off);
}

#[test]
fn an_edit_that_does_not_fit_is_said_at_its_field() {
    for (id, edit, field) in [
        ("tor-1", json!({"kill_switch": {"mode": "fallback", "fallback": "tor-1"}}), "kill_switch.fallback"),
        ("dns-1", json!({"kill_switch": {"mode": "off"}}), "kill_switch.mode"),
        ("dns-1", json!({"kill_switch": {"mode": "fallback", "fallback": "tor-1"}}), "kill_switch.mode"),
        ("tor-1", json!({"resolver": "172.16.64.2"}), "resolver"),
        ("tor-1", json!({"resolver": "172.16.64.3"}), "resolver"),
    ] {
        let problem = edited(id, edit.clone()).expect_err(&edit.to_string());
        assert_eq!((problem.code, &problem.extra["field"]), ("field_invalid", &json!(field)), "{edit}");
    }
    assert!(edited("dns-1", json!({"kill_switch": {"mode": "block"}})).is_ok());
}

#[test]
fn a_field_that_means_nothing_is_not_overlooked() {
    for request in [
        json!({"name": "tor", "egress": {"interface": "wg"}, "vlan": 7}),
        json!({"name": "tor", "egress": {"interface": "wg", "table": "main"}}),
        json!({"name": "tor", "egress": {"interface": "wg"}, "kill_switch": {"mode": "maybe"}}),
        json!({"name": "tor", "egress": {"interface": "wg"}, "ports": [{"protocol": "icmp", "port": 1}]}),
    ] {
        assert!(serde_json::from_value::<NewVif>(request.clone()).is_err(), "{request}");
    }
    assert!(serde_json::from_value::<EditedVif>(json!({"name": "other"})).is_err());
}
