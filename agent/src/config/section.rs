//! The file's sections, each read into its struct: which keys there are, their ranges and their defaults.

use super::{
    ClientFiles, ConfigError, Keys, KillSwitch, Mqtt, Poll, Pools, RouterOs, RouterOsTls, reader::Section, value,
};
use shared::{
    ids::SenderId,
    net::{Subnet, VlanId},
};
use std::time::Duration;

pub(super) fn routeros(mut section: Section) -> Result<RouterOs, ConfigError> {
    let fingerprint = section.checked("fingerprint", value::fingerprint)?;
    let tls = match section.text("tls")?.as_deref() {
        None | Some("pinned") => RouterOsTls::Pinned(fingerprint),
        Some("plain") if fingerprint.is_none() => RouterOsTls::Plain,
        Some("plain") => return Err(section.invalid("fingerprint", "there is none to compare with tls = \"plain\"")),
        Some(_) => return Err(section.invalid("tls", "use \"pinned\" or \"plain\"")),
    };
    let default_port = if tls == RouterOsTls::Plain { 8728 } else { 8729 };
    let routeros = RouterOs {
        address: section.text("address")?,
        port: section.number("port", 1..=65_535, default_port)?,
        tls,
        username: section.text("username")?.unwrap_or_else(|| "bulkhead".to_owned()),
        password_file: section.path_or("password_file", "routeros.password")?,
        command_timeout: Duration::from_secs(section.number("command_timeout_s", 1..=300, 10)?),
        window: section.number("window", 1..=256, 32)?,
    };
    section.end()?;
    Ok(routeros)
}

pub(super) fn mqtt(mut section: Section) -> Result<Mqtt, ConfigError> {
    let broker = section
        .checked("url", value::broker)?
        .ok_or_else(|| section.missing("url", "the broker, as mqtts://controller.lan:8883"))?;
    let client = match (section.path("cert_file")?, section.path("key_file")?) {
        (Some(cert_file), Some(key_file)) => Some(ClientFiles { cert_file, key_file }),
        (None, None) => None,
        (Some(_), None) => return Err(section.missing("key_file", "the key of the certificate in `cert_file`")),
        (None, Some(_)) => return Err(section.missing("cert_file", "the certificate of the key in `key_file`")),
    };
    let mqtt = Mqtt {
        username: section.text("username")?,
        password_file: section.path("password_file")?,
        ca_file: section.path("ca_file")?,
        keep_alive: Duration::from_secs(section.number("keep_alive_s", 5..=3600, 30)?),
        session_expiry: Duration::from_secs(section.number("session_expiry_s", 0..=4_294_967_294, 7 * 86_400)?),
        broker,
        client,
    };
    if mqtt.broker.tls && mqtt.ca_file.is_none() {
        return Err(section.missing("ca_file", "the certificate (PEM) that signed the broker's, for an mqtts URL"));
    }
    if !mqtt.broker.tls && (mqtt.ca_file.is_some() || mqtt.client.is_some()) {
        return Err(section.invalid("url", "certificates are given, but the URL says mqtt: write mqtts://"));
    }
    if mqtt.password_file.is_some() && mqtt.username.is_none() {
        return Err(section.missing("username", "whose password is in `password_file`"));
    }
    section.end()?;
    Ok(mqtt)
}

pub(super) fn keys(mut section: Section) -> Result<Keys, ConfigError> {
    let keys = Keys {
        controller: section
            .checked("controller", value::public_key)?
            .ok_or_else(|| section.missing("controller", "the controller's public key, from `bulkhead router add`"))?,
        controller_id: section.checked_or("controller_id", "controller", str::parse::<SenderId>)?,
        agent_file: section.path_or("agent_file", "agent.key")?,
    };
    section.end()?;
    Ok(keys)
}

pub(super) fn poll(mut section: Section) -> Result<Poll, ConfigError> {
    let poll = Poll {
        period: Duration::from_secs(section.number("period_s", 1..=3600, 10)?),
        watch_period: Duration::from_millis(section.number("watch_period_ms", 200..=60_000, 1000)?),
    };
    section.end()?;
    Ok(poll)
}

pub(super) fn kill_switch(mut section: Section) -> Result<KillSwitch, ConfigError> {
    let kill_switch = KillSwitch {
        probe: section.checked_or("probe", "1.1.1.1", value::probe)?,
        probe_every: Duration::from_millis(section.number("probe_every_ms", 500..=60_000, 5_000)?),
    };
    section.end()?;
    Ok(kill_switch)
}

pub(super) fn pools(mut section: Section) -> Result<Pools, ConfigError> {
    let vlan_first = section.number("vlan_first", 2..=4094, 100)?;
    let vlan_last = section.number("vlan_last", 2..=4094, 4094)?;
    let vlan = |key, id| VlanId::new(id).map_err(|error| section.invalid(key, &error.to_string()));
    let (vlan_first, vlan_last) = (vlan("vlan_first", vlan_first)?, vlan("vlan_last", vlan_last)?);
    if vlan_first > vlan_last {
        return Err(section.invalid("vlan_last", "it is below vlan_first: swap the two"));
    }
    let subnet = section.checked_or("subnet", "172.16.64.0/18", str::parse::<Subnet>)?;
    if subnet.prefix() > 30 {
        return Err(section.invalid("subnet", "a /30 does not fit in: use a prefix of 30 or less"));
    }
    section.end()?;
    Ok(Pools { vlan_first, vlan_last, subnet })
}
