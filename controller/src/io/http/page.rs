//! Pages: what people see. Each is rendered here as a whole and works without JavaScript; with it, htmx fetches the
//! page again when something happens and morphs what changed.

use super::{
    App, answer, assets,
    gate::{Caller, cookie},
};
use crate::{flow::change_set::Person, problem::Problem};
use askama::Template;
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use std::convert::Infallible;

pub(super) mod access;
pub(super) mod change_set;
pub(super) mod door;
pub(super) mod draft;
pub(super) mod drift;
pub(super) mod events;
mod form;
pub(super) mod history;
pub(super) mod router;
pub(super) mod routers;
mod steps;
pub(super) mod trace;
pub(super) mod vif;
pub(super) mod vif_form;
pub(super) mod vif_remove;
mod words;

use form::Errors;

/// The content type of every page.
pub(super) const HTML: &str = "text/html; charset=utf-8";

/// What a browser asks its pages to look like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    theme: &'static str,
    /// Whether htmx asks, for a part of a page that is open already.
    part: bool,
}

impl Look {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self { theme: cookie::theme(headers), part: headers.contains_key("hx-request") }
    }
}

/// What stands around every page.
pub(super) struct Frame {
    /// `light`, `dark`, or empty for the system's.
    theme: &'static str,
    who: Option<String>,
    csrf: String,
    /// The page's own address.
    path: String,
    /// Which part of the navigation we are in.
    here: &'static str,
    /// The router whose live events the page follows; empty for all.
    live: Option<String>,
    /// Whether the router's agent is told that somebody looks.
    watch: bool,
}

impl Frame {
    /// Around a page at `path` for whoever asks.
    pub(super) fn of(caller: Option<&Caller>, look: Look, path: &str) -> Self {
        let who = caller.filter(|caller| caller.session.is_some()).map(Caller::who);
        let csrf = caller.map(Caller::csrf).unwrap_or_default();
        Self { theme: look.theme, who, csrf, path: path.to_owned(), here: "", live: None, watch: false }
    }

    fn here(self, here: &'static str) -> Self {
        Self { here, ..self }
    }

    fn live(self, router: &str) -> Self {
        Self { live: Some(router.to_owned()), ..self }
    }

    fn watching(self) -> Self {
        Self { watch: true, ..self }
    }

    fn is_here(&self, here: &str) -> bool {
        self.here == here
    }

    fn url(&self, asset: &str) -> String {
        let _ = self;
        assets::url(asset)
    }

    fn version(&self) -> &'static str {
        let _ = self;
        env!("CARGO_PKG_VERSION")
    }

    fn theme_word(&self) -> &'static str {
        if self.theme.is_empty() { "as the system" } else { self.theme }
    }

    fn next_theme(&self) -> &'static str {
        match self.theme {
            "" => "dark",
            "dark" => "light",
            _ => "auto",
        }
    }
}

/// Who visits a page, and how.
pub(super) struct Visit {
    caller: Caller,
    look: Look,
    path: String,
}

impl Visit {
    fn frame(&self) -> Frame {
        Frame::of(Some(&self.caller), self.look, &self.path)
    }

    fn who(&self) -> String {
        self.caller.who()
    }

    fn person(&self) -> Person {
        self.caller.person()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let caller = parts.extensions.get::<Caller>().cloned();
        Ok(Self {
            caller: caller.unwrap_or_else(Caller::nobody),
            look: Look::of(&parts.headers),
            path: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        })
    }
}

fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => {
            let mut response = text.into_response();
            *response.status_mut() = status;
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(HTML));
            response
        }
        Err(error) => Problem::internal(&error).into_response(),
    }
}

fn ok(page: &impl Template) -> Response {
    render(StatusCode::OK, page)
}

/// After a form was done: to the page that shows what became of it (POST, redirect, GET).
fn see(path: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let location = HeaderValue::from_str(path).unwrap_or_else(|_| HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, location);
    response
}

/// To the sign-in, and from there back to where somebody wanted to go.
/// A redirect that htmx would follow by itself is said to the browser instead: the whole page goes there.
pub(super) fn to_sign_in(path: &str, look: Look) -> Response {
    let place = if path == "/" { "/sign-in".to_owned() } else { format!("/sign-in?next={}", percent(path)) };
    let mut response = see(&place);
    if look.part
        && let Some(location) = response.headers_mut().remove(header::LOCATION)
    {
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        response.headers_mut().insert("hx-redirect", location);
    }
    response
}

/// A path of ours, whatever a form or an address says.
fn local(path: &str) -> &str {
    let good = path.starts_with('/') && !path.starts_with("//") && path.bytes().all(|byte| byte.is_ascii_graphic());
    if good && !path.contains('\\') { path } else { "/" }
}

fn percent(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    frame: &'a Frame,
    problem: &'a Problem,
}

/// A problem for people.
pub(super) fn problem(problem: &Problem, frame: &Frame) -> Response {
    render_problem(problem, &ProblemPage { frame, problem })
}

/// A page that shows a problem, with the problem's status.
fn render_problem(problem: &Problem, page: &impl Template) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = render(status, page);
    if let Some(seconds) = problem.extra.get("retry_after_s").and_then(serde_json::Value::as_u64) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for (path, expected) in [
            ("/routers/r1?x=1", "/routers/r1?x=1"),
            ("//evil.example", "/"),
            ("https://evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/a\r\nset-cookie: x", "/"),
            ("", "/"),
        ] {
            assert_eq!(local(path), expected, "{path}");
        }
    }
}
