//! Questions that fit a router, for somebody who has none yet.

use crate::view::TraceRequest;
use shared::{
    routeros::model::{Model, Row},
    vif::VifReport,
};
use std::net::Ipv4Addr;

/// Somebody on the internet who answers.
const OUTSIDE: &str = "9.9.9.9";

/// A question and what it asks, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// For people.
    pub words: String,
    /// For the form.
    pub question: TraceRequest,
}

/// Questions about this router: its LAN, what faces the internet, its VIFs.
pub fn examples(router: &Model, vifs: &[VifReport]) -> Vec<Example> {
    let mut found = Vec::new();
    let mut ask = |words: String, src: &str, dst: &str, port: u16, by: Option<&str>| {
        let question = TraceRequest {
            src: src.to_owned(),
            dst: dst.to_owned(),
            protocol: Some("tcp".to_owned()),
            dst_port: Some(port),
            in_interface: by.map(str::to_owned),
            ..TraceRequest::default()
        };
        found.push(Example { words, question });
    };
    let lan = own(router, "LAN");
    if let Some((address, host, interface)) = &lan {
        ask(format!("Does a host on {interface} reach the internet?"), host, OUTSIDE, 443, None);
        ask(format!("Does a host on {interface} reach the router's SSH?"), host, address, 22, None);
    }
    if let Some((address, _, interface)) = own(router, "WAN") {
        let words = format!("Does the internet reach the router's SSH by {interface}?");
        ask(words, OUTSIDE, &address, 22, Some(interface));
    }
    for vif in vifs.iter().take(2) {
        let name = vif.spec.name.to_string();
        ask(format!("How does the VIF {name} leave?"), &name, OUTSIDE, 443, None);
        if let Some((_, host, interface)) = &lan {
            ask(format!("Does the VIF {name} reach {interface}?"), &name, host, 443, None);
        }
    }
    found
}

/// The router's first address on an interface of a list, a host beside it, and that interface.
fn own<'m>(router: &'m Model, list: &str) -> Option<(String, String, &'m str)> {
    let is_member = |interface: &str| {
        let is_it = |row: &Row| row.get("list") == list && row.get("interface") == interface && !row.is("disabled");
        router.rows("/interface/list/member").iter().any(is_it)
    };
    router.rows("/ip/address").iter().filter(|row| !row.is("disabled") && is_member(row.get("interface"))).find_map(
        |row| {
            let (address, length) = row.get("address").split_once('/')?;
            let own: Ipv4Addr = address.parse().ok()?;
            let hosts =
                1_u32.checked_shl(32 - length.parse::<u32>().ok().filter(|length| (8..=28).contains(length))?)?;
            let beside = (u32::from(own) & !(hosts - 1)) + 10;
            let beside = if beside == u32::from(own) { beside + 1 } else { beside };
            Some((address.to_owned(), Ipv4Addr::from(beside).to_string(), row.get("interface")))
        },
    )
}
