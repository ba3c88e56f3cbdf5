//! Texts of the configuration that are more than texts.

use super::Broker;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ed25519_dalek::VerifyingKey;
use std::net::Ipv4Addr;

pub(super) fn fingerprint(text: &str) -> Result<[u8; 32], &'static str> {
    const WRONG: &str = "write the SHA-256 of the certificate as 64 hexadecimal digits, as `/certificate print` does";
    let digits: Vec<u8> = text.bytes().filter(|&byte| byte != b':').collect();
    let nibble = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes: Option<Vec<u8>> =
        digits.chunks(2).map(|pair| Some(nibble(pair[0])? << 4 | nibble(*pair.get(1)?)?)).collect();
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(WRONG)
}

pub(super) fn broker(text: &str) -> Result<Broker, &'static str> {
    const WRONG: &str = "write mqtts://host:port or mqtt://host:port, without user, path or password";
    let (scheme, place) = text.split_once("://").ok_or(WRONG)?;
    let (tls, default_port) = match scheme {
        "mqtts" => (true, 8883),
        "mqtt" => (false, 1883),
        _ => return Err(WRONG),
    };
    let place = place.strip_suffix('/').unwrap_or(place);
    let (host, port) = match place.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(Some((host, ""))) => (host, None),
        Some(Some((host, port))) => (host, Some(port.strip_prefix(':').ok_or(WRONG)?)),
        Some(None) => return Err(WRONG),
        None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Some(default_port), |port| port.parse().ok().filter(|&port| port > 0)).ok_or(WRONG)?;
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '@' | '?' | '#')) {
        return Err(WRONG);
    }
    Ok(Broker { tls, host: host.to_owned(), port })
}

pub(super) fn public_key(text: &str) -> Result<VerifyingKey, &'static str> {
    const WRONG: &str = "this is no Ed25519 public key in base64 (44 characters): take it from `bulkhead router add`";
    let bytes = BASE64.decode(text.trim()).map_err(|_| WRONG)?;
    VerifyingKey::from_bytes(&bytes.try_into().map_err(|_| WRONG)?).map_err(|_| WRONG)
}

/// Whom probes go to; nobody where it is `off`.
pub(super) fn probe(text: &str) -> Result<Option<Ipv4Addr>, &'static str> {
    match text {
        "off" => Ok(None),
        address => address.parse().map(Some).map_err(|_| "an IPv4 address belongs here, or \"off\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_is_a_scheme_a_host_and_a_port() {
        for (url, tls, host, port) in [
            ("mqtts://controller.lan:8884", true, "controller.lan", 8884),
            ("mqtts://controller.lan", true, "controller.lan", 8883),
            ("mqtt://192.168.88.2/", false, "192.168.88.2", 1883),
            ("mqtts://[fd00::2]:1", true, "fd00::2", 1),
            ("mqtt://[fd00::2]", false, "fd00::2", 1883),
        ] {
            assert_eq!(broker(url), Ok(Broker { tls, host: host.to_owned(), port }), "{url}");
        }
        for wrong in [
            "",
            "controller.lan",
            "http://controller.lan",
            "mqtts://",
            "mqtts://:1883",
            "mqtts://a:0",
            "mqtts://a:65536",
            "mqtts://a:b",
            "mqtts://user@a",
            "mqtts://a/b",
            "mqtts://[fd00::2",
            "mqtts://[fd00::2]8883",
            "mqtts://fd00::2",
        ] {
            assert!(broker(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_fingerprint_is_32_bytes_with_or_without_colons() {
        assert_eq!(fingerprint(&"0aF".repeat(21).chars().chain(['1']).collect::<String>()).map(|b| b[1]), Ok(0xf0));
        assert_eq!(fingerprint(&["ab"; 32].join(":")), Ok([0xab; 32]));
        for wrong in ["", "ab", &"ab".repeat(33), &"a".repeat(63), &"xy".repeat(32)] {
            assert!(fingerprint(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_public_key_is_a_point_on_the_curve() {
        assert!(public_key("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=").is_ok());
        for wrong in ["", "AAAA", "!", &BASE64.encode([2; 32])] {
            assert!(public_key(wrong).is_err(), "{wrong}");
        }
    }
}
