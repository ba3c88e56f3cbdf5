//! Enrolling a router: from addresses, ids and keys to the files of the agent's mount and the router's script.
//!
//! The secrets are made by the caller and stand in these texts alone; the controller keeps only what it needs to
//! recognise the agent.

mod agent_toml;
mod container;
mod installer;
mod rsc;

use crate::{
    flow::change_set::validate::{Link, Session},
    view::{ContainerScript, Enrolment, EnrolmentFile},
};
use serde::{Deserialize, Serialize};
use shared::{
    ids::{IdError, RouterId},
    net::Subnet,
    routeros::schema::Version,
};
use std::net::IpAddr;

/// Where the agent finds its router and the broker: what may differ from router to router. Kept with the router, so
/// that new keys come with the same addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The router's API as the agent reaches it; nothing for the gateway of its container.
    pub routeros: Option<Place>,
    /// SHA-256 of the certificate of api-ssl, hexadecimal; nothing for "the first one seen".
    pub fingerprint: Option<String>,
    /// The broker as the agent reaches it, `mqtts://host:port`; nothing for the controller's own word.
    pub mqtt_url: Option<String>,
    /// The folder of the agent's database, where it is not the default.
    pub data: Option<String>,
    /// How often the agent reads the router while somebody looks, in milliseconds, where it is not the default.
    #[serde(default)]
    pub watch_period_ms: Option<u32>,
    /// What the router runs, such as `7.21.4`, so that there is one script of its container; nothing where nobody said.
    #[serde(default)]
    pub routeros_version: Option<String>,
}

/// A host and its port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// What is secret or random about one enrolment. All texts are of A-Z, a-z, 0-9, `-`, `_`, `+`, `/` and `=`.
pub struct Secrets {
    /// The password of the RouterOS user `bulkhead`.
    pub routeros_password: String,
    /// The password of the MQTT user `agent-<router>`.
    pub mqtt_password: String,
    /// The agent's Ed25519 seed, base64.
    pub agent_seed: String,
    /// The agent's certificate and its key, PEM.
    pub client_certificate: String,
    /// PEM.
    pub client_key: String,
    /// Five bytes that make the bridge's MAC address its own.
    pub mac: [u8; 5],
}

/// What the agent may know of the controller.
pub struct Controller<'a> {
    /// Its Ed25519 public key, base64.
    pub public_key: &'a str,
    /// The certificate of its authority, PEM.
    pub ca: &'a str,
    /// The broker as agents reach it, where nothing else is said of one.
    pub mqtt_url: &'a str,
}

/// The network between router and agent: a /30 outside the pool of the VIFs. The router has the first address, the
/// agent the second.
const LINK: &str = "172.16.63.0/30";
/// The VLAN of that network on the bridge `bulkhead`; below the pool of the VIFs.
const LINK_VLAN: u16 = 99;

/// The user at the broker of a router's agent, and its client id.
pub fn mqtt_user(router: &RouterId) -> String {
    format!("agent-{router}")
}

/// The agent's configuration, which holds no secret.
pub fn agent_file(router: &RouterId, settings: &Settings, controller: &Controller<'_>) -> EnrolmentFile {
    file("agent.toml", agent_toml::text(router, settings, controller))
}

fn file(path: &str, content: String) -> EnrolmentFile {
    EnrolmentFile { path: path.to_owned(), mode: "0600".to_owned(), content }
}

/// The folder of an enrolment that is uploaded to the router, to be the agent's mount.
pub const MOUNT: &str = container::CONFIG;

/// The command that lets a router run containers, before somebody confirms it at the device.
pub const DEVICE_MODE: &str = container::DEVICE_MODE;

/// Whether there is a container of ours for a version of RouterOS; nothing where the text is no version.
pub fn supports(routeros_version: &str) -> Option<bool> {
    routeros_version.parse().ok().map(|version| container::form(version).is_some())
}

/// The files and the scripts.
pub fn enrol(router: &RouterId, settings: &Settings, secrets: &Secrets, controller: &Controller<'_>) -> Enrolment {
    let line = |text: &str| format!("{text}\n");
    Enrolment {
        router: router.to_string(),
        files: vec![
            agent_file(router, settings, controller),
            file("routeros.password", line(&secrets.routeros_password)),
            file("mqtt.password", line(&secrets.mqtt_password)),
            file("agent.key", line(&secrets.agent_seed)),
            file("ca.pem", controller.ca.to_owned()),
            file("client.pem", secrets.client_certificate.clone()),
            file("client.key", secrets.client_key.clone()),
        ],
        rsc: rsc::place(router, &installer::parts(secrets)),
        container: containers(router, settings.routeros_version.as_deref()),
    }
}

/// The script of the container: the one for a version, or where none is known, one for each form.
fn containers(router: &RouterId, routeros_version: Option<&str>) -> Vec<ContainerScript> {
    let known = routeros_version.and_then(|version| container::form(version.parse().ok()?));
    let next: Vec<Option<Version>> = container::FORMS.into_iter().skip(1).map(Some).chain([None]).collect();
    container::FORMS
        .into_iter()
        .zip(next)
        .filter(|(form, _)| known.is_none_or(|known| known == *form))
        .map(|(from, before)| ContainerScript {
            from: from.to_string(),
            before: before.map(|before| before.to_string()),
            path: format!("{router}-container-{from}.rsc"),
            content: rsc::agent(router, from, before),
        })
        .collect()
}

/// An id made from a name for people: its letters and digits, the rest as single dashes. Falls back to the suffix
/// where nothing is left.
///
/// # Errors
/// [`IdError`] where not even the suffix is an id.
pub fn id_from_name(name: &str, suffix: &str) -> Result<RouterId, IdError> {
    let plain: String =
        name.to_ascii_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).collect();
    // `agent-<router>` has to be an id too.
    let short: String = words.join("-").chars().take(30).collect();
    RouterId::new(if short.is_empty() { suffix } else { short.trim_end_matches('-') })
}

/// Reads `host` or `host:port`, an IPv6 address in brackets; nothing where it is neither.
pub fn place(text: &str, default_port: u16) -> Option<Place> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (host, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
        }
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Some(default_port), |port| port.parse().ok().filter(|&port| port > 0))?;
    let good = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':'));
    good.then(|| Place { host: host.to_owned(), port })
}

/// The agent's session at the API as the enrolment makes it; nothing where the agent was told of another way. A router
/// on this machine's loopback is a twin, which has the agent at its usual place.
pub fn session(settings: &Settings) -> Option<Session> {
    let twin = |place: &Place| place.host.parse::<IpAddr>().is_ok_and(|host| host.is_loopback());
    let link: Subnet = LINK.parse().ok().filter(|_| settings.routeros.as_ref().is_none_or(twin))?;
    Some(Session {
        address: link.nth(2).into(),
        router: link.nth(1).into(),
        port: 8729,
        service: "api-ssl".to_owned(),
        user: "bulkhead".to_owned(),
        interface: "bh-agent".to_owned(),
    })
}

/// The broker of a URL such as `mqtts://192.168.88.10:8883`; nothing for a name, which only the agent can resolve, and
/// for loopback, which no router forwards to.
pub fn broker(mqtt_url: &str) -> Option<Link> {
    let place = mqtt_url.split_once("://").map_or(mqtt_url, |(_, place)| place).trim_end_matches('/');
    let (host, port) = place.rsplit_once(':')?;
    let address: IpAddr = host.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
    if address.is_loopback() {
        return None;
    }
    Some(Link { address, port: port.parse().ok()? })
}

fn link_address(nth: u32) -> String {
    LINK.parse::<Subnet>().map(|subnet| subnet.nth(nth).to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn secrets() -> Secrets {
        Secrets {
            routeros_password: "ROUTEROS".into(),
            mqtt_password: "MQTT".into(),
            agent_seed: "SEED".into(),
            client_certificate: "CLIENT CERTIFICATE\n".into(),
            client_key: "CLIENT KEY\n".into(),
            mac: [1, 2, 3, 4, 0xab],
        }
    }

    fn enrolled(settings: &Settings) -> Enrolment {
        let controller = Controller { public_key: "CONTROLLER", ca: "CA\n", mqtt_url: "mqtts://c.lan:8883" };
        enrol(&RouterId::new("attic").unwrap(), settings, &secrets(), &controller)
    }

    fn plain() -> Settings {
        Settings {
            routeros: None,
            fingerprint: None,
            mqtt_url: None,
            data: None,
            watch_period_ms: None,
            routeros_version: None,
        }
    }

    #[test]
    fn the_agents_session_and_broker_are_known_where_they_are_our_own_word() {
        let own = session(&plain()).unwrap();
        assert_eq!((own.address.to_string(), own.router.to_string()), ("172.16.63.2".into(), "172.16.63.1".into()));
        let elsewhere = Place { host: "192.168.88.1".into(), port: 8728 };
        assert_eq!(session(&Settings { routeros: Some(elsewhere), ..plain() }), None);
        let twin = Place { host: "127.0.0.1".into(), port: 40_000 };
        assert_eq!(session(&Settings { routeros: Some(twin), ..plain() }), Some(own));
        let broker = |url| broker(url).map(|link| (link.address.to_string(), link.port));
        assert_eq!(broker("mqtts://192.168.88.10:8883"), Some(("192.168.88.10".into(), 8883)));
        assert_eq!(broker("mqtt://[2001:db8::1]:1883/"), Some(("2001:db8::1".into(), 1883)));
        assert_eq!(broker("mqtts://c.lan:8883"), None);
        assert_eq!(broker("mqtts://127.0.0.1:8883"), None);
    }

    #[test]
    fn every_file_is_for_its_owner_alone_and_each_secret_stands_in_one_file() {
        let enrolment = enrolled(&plain());
        assert!(enrolment.files.iter().all(|file| file.mode == "0600"));
        for secret in ["ROUTEROS", "MQTT", "SEED", "CLIENT KEY"] {
            let holders = enrolment.files.iter().filter(|file| file.content.contains(secret)).count();
            assert_eq!(holders, 1, "{secret}");
        }
        assert!(enrolment.rsc.contains("ROUTEROS") && !enrolment.rsc.contains("MQTT"));
    }

    #[test]
    fn the_agents_configuration_names_every_file_and_nothing_that_is_a_default() {
        expect![[r#"
            # Bulkhead's agent of the router `attic`, written by `bulkhead router add`.
            # `bulkhead-agent config` prints every key with its default and what it means.

            router_id = "attic"

            [routeros]
            username = "bulkhead"
            password_file = "routeros.password"

            [mqtt]
            url = "mqtts://c.lan:8883"
            username = "agent-attic"
            password_file = "mqtt.password"
            ca_file = "ca.pem"
            cert_file = "client.pem"
            key_file = "client.key"

            [keys]
            controller = "CONTROLLER"
            agent_file = "agent.key"
        "#]]
        .assert_eq(&enrolled(&plain()).files[0].content);
    }

    #[test]
    fn addresses_that_differ_are_written() {
        let settings = Settings {
            routeros: Some(Place { host: "127.0.0.1".into(), port: 4711 }),
            fingerprint: Some("ab".repeat(32)),
            data: Some("state".into()),
            watch_period_ms: Some(500),
            mqtt_url: Some("mqtt://other:1883".into()),
            routeros_version: None,
        };
        let toml = &enrolled(&settings).files[0].content;
        for line in [
            "data = \"state\"",
            "address = \"127.0.0.1\"",
            "port = 4711",
            "fingerprint = \"abab",
            "watch_period_ms = 500",
            "url = \"mqtt://other:1883\"",
        ] {
            assert!(toml.contains(line), "{line}\n{toml}");
        }
        let read: toml::Table = toml.parse().unwrap();
        assert_eq!(read["routeros"]["port"].as_integer(), Some(4711));
    }

    #[test]
    fn the_containers_scripts_hold_no_secret_and_are_one_where_the_version_is_known() {
        let all = enrolled(&plain()).container;
        let forms: Vec<&str> = all.iter().map(|script| script.from.as_str()).collect();
        assert_eq!(forms, ["7.16", "7.20", "7.21", "7.23"]);
        for secret in ["ROUTEROS", "MQTT", "SEED", "CLIENT"] {
            assert!(all.iter().all(|script| !script.content.contains(secret)), "{secret}");
        }
        let known = Settings { routeros_version: Some("7.22.1".into()), ..plain() };
        let paths: Vec<String> = enrolled(&known).container.into_iter().map(|script| script.path).collect();
        assert_eq!(paths, ["attic-container-7.21.rsc"]);
    }

    #[test]
    fn an_id_is_made_from_what_people_write() {
        for (name, id) in [
            ("Attic", "attic"),
            ("  Büro / 1. Stock ", "b-ro-1-stock"),
            ("---", "xyz"),
            ("дом", "xyz"),
            (&"long ".repeat(20), "long-long-long-long-long-long"),
        ] {
            assert_eq!(id_from_name(name, "xyz").unwrap().as_str(), id, "{name}");
        }
    }

    #[test]
    fn a_place_is_a_host_and_perhaps_a_port() {
        let shown = |text| place(text, 8729).map(|place| format!("{} {}", place.host, place.port));
        assert_eq!(shown("192.168.88.1").as_deref(), Some("192.168.88.1 8729"));
        assert_eq!(shown("router.lan:1").as_deref(), Some("router.lan 1"));
        assert_eq!(shown("[fd00::1]:2").as_deref(), Some("fd00::1 2"));
        for wrong in ["", ":1", "a:0", "a:b", "a b", "a\"", "[fd00::1", "[fd00::1]2"] {
            assert_eq!(shown(wrong), None, "{wrong}");
        }
    }
}
