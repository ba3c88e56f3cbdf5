//! By what name we were addressed. A foreign one is how a web page makes a browser talk to machines in its own
//! network (DNS rebinding).

use super::Peer;
use axum::http::{HeaderMap, header, request::Parts};
use std::net::IpAddr;

/// Host and port as the client wrote them: of `Host`, or of HTTP/2's `:authority`.
pub(super) fn authority(parts: &Parts) -> Option<String> {
    of(&parts.headers, &parts.uri)
}

/// The same before a request is taken apart. Two `Host` headers are none.
pub(super) fn of(headers: &HeaderMap, uri: &axum::http::Uri) -> Option<String> {
    let mut hosts = headers.get_all(header::HOST).into_iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok().map(str::to_owned),
        (None, _) => uri.authority().map(ToString::to_string),
        (Some(_), Some(_)) => None,
    }
}

/// Whether we may be addressed so: loopback, the address that the connection came in on, and the allowed names.
pub(super) fn is_ours(authority: &str, allowed: &[String], peer: Option<Peer>) -> bool {
    let host = without_port(authority);
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match address {
        Ok(address) if address.is_loopback() => true,
        Ok(address) => peer.is_some_and(|peer| peer.local == address) || allowed.iter().any(|name| name == host),
        Err(_) => {
            let host = host.trim_end_matches('.');
            host.eq_ignore_ascii_case("localhost") || allowed.iter().any(|name| name.eq_ignore_ascii_case(host))
        }
    }
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !host.ends_with(':') => {
            if host.contains(':') && !host.ends_with(']') { authority } else { host }
        }
        _ => authority,
    }
}

/// The machine's own name, bare and as multicast DNS knows it.
pub(in crate::io::http) fn machine_names() -> Vec<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim().to_ascii_lowercase();
    let bare = name.split('.').next().unwrap_or_default();
    if bare.is_empty() { Vec::new() } else { vec![name.clone(), format!("{bare}.local")] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_answer_to_our_own_names_only() {
        let peer = Some(Peer { remote: "192.0.2.9".parse().unwrap(), local: "192.0.2.1".parse().unwrap() });
        let allowed = ["bulkhead.home".to_owned(), "2001:db8::5".to_owned()];
        for (host, ours) in [
            ("localhost", true),
            ("LocalHost.:8080", true),
            ("127.0.0.1:8080", true),
            ("127.9.9.9", true),
            ("[::1]:8080", true),
            ("192.0.2.1", true),
            ("192.0.2.1:443", true),
            ("192.0.2.2", false),
            ("Bulkhead.Home:8443", true),
            ("evil.example", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("bulkhead.home.evil.example", false),
            ("", false),
            ("localhost@evil.example", false),
        ] {
            assert_eq!(is_ours(host, &allowed, peer), ours, "{host}");
        }
    }
}
