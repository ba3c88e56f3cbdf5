use super::*;

fn read(menu: &str, name: &str, kind: Kind, offered: &[&'static str], text: &str) -> Result<String, Wrong> {
    canonical(Attribute { menu, name, kind, offered }, text)
}

#[test]
fn what_means_the_same_reads_as_the_same() {
    let filter = "/ip/firewall/filter";
    let states = &["!", "established", "invalid", "new", "related", "untracked"];
    let none: &[&str] = &[];
    for (menu, name, kind, offered, text, expected) in [
        (filter, "connection-state", Kind::Words, &states[..], "related,established", "established,related"),
        (filter, "connection-state", Kind::Words, &states[..], "!new", "!new"),
        (filter, "dst-port", Kind::Unknown, none, "443,80,1000-2000", "80,443,1000-2000"),
        (filter, "src-address", Kind::AddressRange, none, "10.1.2.3/8", "10.0.0.0/8"),
        (filter, "disabled", Kind::Boolean, none, "yes", "true"),
        ("/ip/address", "address", Kind::Prefix, none, "10.1.2.3/8", "10.1.2.3/8"),
        ("/ip/route", "dst-address", Kind::Prefix, none, "10.1.2.3/8", "10.0.0.0/8"),
        ("/ip/route", "distance", Kind::Unknown, none, "0x10", "16"),
        ("/user", "address", Kind::Prefix, none, "10.0.0.1,10.1.0.0/16", "10.0.0.1/32,10.1.0.0/16"),
        ("/ip/dns", "cache-max-ttl", Kind::Time(Bounds::NONE), none, "7d", "1w"),
        ("/ip/pool", "ranges", Kind::AddressRange, none, "10.0.0.1-10.0.0.9", "10.0.0.1-10.0.0.9"),
        ("/interface/bridge", "admin-mac", Kind::Mac, none, "02-aa-bb-cc-dd-ee", "02:AA:BB:CC:DD:EE"),
        ("/interface/bridge/port", "horizon", Kind::Unknown, &["none"][..], "none", "none"),
        ("/ip/firewall/address-list", "address", Kind::Unknown, none, "example.org", "example.org"),
    ] {
        assert_eq!(read(menu, name, kind, offered, text).as_deref(), Ok(expected), "{menu} {name}={text}");
    }
}

#[test]
fn a_value_that_does_not_fit_says_what_would() {
    let range = |text: &str| Err(Wrong::Range(text.to_owned()));
    let seconds = Kind::Time(Bounds { least: 10_000, most: 60_000 });
    assert_eq!(read("/interface/vlan", "vlan-id", Kind::Unknown, &[], "4095"), range("1 to 4094"));
    assert_eq!(read("/x", "delay", seconds, &[], "5s"), range("10s to 1m"));
    assert_eq!(read("/x", "name", Kind::Text(Bounds { least: 1, most: 3 }), &[], "four"), range("1 to 3 bytes"));
    assert_eq!(
        read("/ip/firewall/filter", "action", Kind::Words, &["accept", "drop"], "deny"),
        Err(Wrong::Word(vec!["accept", "drop"]))
    );
    for (menu, name, kind, text) in [
        ("/ip/firewall/filter", "src-address", Kind::AddressRange, "10.0.0.256"),
        ("/ip/firewall/filter", "dst-port", Kind::Unknown, "http"),
        ("/ip/firewall/filter", "dst-port", Kind::Unknown, "90-80"),
        ("/ip/address", "address", Kind::Prefix, "10.0.0.1/40"),
        ("/interface/bridge", "admin-mac", Kind::Mac, "02:00"),
        ("/interface/bridge", "ageing-time", Kind::Time(Bounds::NONE), "soon"),
        ("/interface/wireguard", "private-key", Kind::Hexadecimal(Bounds::NONE), "xyz"),
    ] {
        assert!(matches!(read(menu, name, kind, &[], text), Err(Wrong::Kind(_))), "{menu} {name}={text}");
    }
}
