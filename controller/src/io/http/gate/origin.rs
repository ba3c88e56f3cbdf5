//! Where a browser's write comes from.

use super::host;
use crate::problem::{self, Problem};
use axum::http::{header, request::Parts};

/// Refuses a write that does not say that it comes from our own pages. Browsers send `Origin` with every write;
/// `Sec-Fetch-Site` says the same where they know it.
///
/// Only the host is compared: behind a proxy we do not know whether the browser speaks HTTPS, and one host and port
/// cannot serve both.
pub(super) fn check(parts: &Parts) -> Result<(), Problem> {
    let text = |name| parts.headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let origin = text(header::ORIGIN).and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    let same_origin = match (origin, host::authority(parts)) {
        (Some(origin), Some(host)) => origin.eq_ignore_ascii_case(&host),
        _ => false,
    };
    let same_site = text(header::HeaderName::from_static("sec-fetch-site")).is_none_or(|site| site == "same-origin");
    if same_origin && same_site {
        return Ok(());
    }
    Err(Problem::new(
        problem::FOREIGN_ORIGIN,
        "This was not sent by one of our own pages.",
        "Open the page here and send the form again. Programs use a token: `Authorization: Bearer …`.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    #[test]
    fn only_our_own_pages_may_write() {
        for (origin, site, good) in [
            (Some("http://box:8080"), None, true),
            (Some("https://BOX:8080"), Some("same-origin"), true),
            (Some("http://box:8080"), Some("same-site"), false),
            (Some("http://box:8080"), Some("cross-site"), false),
            (Some("http://box"), None, false),
            (Some("http://box:8081"), None, false),
            (Some("http://evil.example"), None, false),
            (Some("http://box:8080.evil.example"), None, false),
            (Some("null"), Some("same-origin"), false),
            (None, Some("same-origin"), false),
            (None, None, false),
        ] {
            let mut request = Request::post("/x").header("host", "box:8080");
            if let Some(origin) = origin {
                request = request.header("origin", origin);
            }
            if let Some(site) = site {
                request = request.header("sec-fetch-site", site);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(check(&parts).is_ok(), good, "{origin:?} {site:?}");
        }
    }
}
