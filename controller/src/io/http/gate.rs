//! What every request passes. [`frame`] stands around everything; [`admit`] stands before each route and knows its
//! line in the table.

use super::{
    App, answer, codes, page,
    read::{self, MAX_BODY},
    routes::{Access, Route, Surface},
};
use crate::{
    flow::change_set::Person,
    io::store::sign_in::{self, Holder},
    problem::{self, Problem},
};
use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use std::net::IpAddr;

pub(super) mod cookie;
pub(super) mod csrf;
pub(super) mod frame;
pub(super) mod host;
mod once;
mod origin;
pub(super) mod rate;
pub(super) mod step_up;

/// Where a connection comes from and where it came in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    /// The other end.
    pub(super) remote: std::net::IpAddr,
    /// Our end.
    pub(super) local: std::net::IpAddr,
}

/// Who asks, for the routes.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// Who is signed in; nobody on open routes.
    pub(super) holder: Option<Holder>,
    /// The session's cookie, where there is one.
    pub(super) session: Option<String>,
    /// From where; nothing where that is not known.
    pub(super) address: Option<IpAddr>,
}

impl Caller {
    /// Who is not signed in.
    pub(super) fn nobody() -> Self {
        Self { holder: None, session: None, address: None }
    }

    /// For histories.
    pub(super) fn who(&self) -> String {
        self.holder.as_ref().map(Holder::shown).unwrap_or_default()
    }

    /// For what is done to change sets.
    pub(super) fn person(&self) -> Person {
        Person { name: self.who(), address: self.address, stepped_up: false }
    }

    /// The token that this session's forms carry.
    pub(super) fn csrf(&self) -> String {
        self.session.as_deref().map(csrf::token).unwrap_or_default()
    }
}

/// What [`admit`] knows of its route.
#[derive(Clone)]
pub(super) struct Gate {
    pub(super) app: App,
    pub(super) route: &'static Route,
}

/// Lets a request through to its route, or says why not.
pub(super) async fn admit(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let look = page::Look::of(&parts.headers);
    let page = gate.route.surface == Surface::Page;
    match pass(&gate, parts, body).await {
        Ok((caller, request)) => {
            let response = once::answer(&gate, &caller, request, next).await;
            match response.extensions().get::<Problem>().filter(|_| page) {
                Some(problem) => page::problem(problem, &page::Frame::of(Some(&caller), look, &path)),
                None => response,
            }
        }
        Err(problem) if page => refuse_page(&gate, &problem, look, &path),
        Err(problem) => problem.into_response(),
    }
}

async fn pass(gate: &Gate, mut parts: Parts, body: Body) -> Result<(Caller, Request), Problem> {
    if gate.route.access != Access::Always && !gate.app.is_set_up().await? {
        return Err(Problem::new(
            codes::SETUP_NEEDED,
            "Nobody can sign in to this controller yet.",
            "Open its page and use the setup token from its log.",
        ));
    }
    let mut caller = identify(&gate.app, &parts.headers).await?;
    let read_only = !gate.route.method.writes();
    if !read_only && gate.route.access != Access::SignedIn {
        origin::check(&parts)?;
    }
    if gate.route.access == Access::SignedIn && caller.holder.is_none() {
        return Err(answer::sign_in_required());
    }
    let mut bytes = Bytes::new();
    if !read_only {
        bytes = read::body(Request::new(body)).await?;
        if let Some(session) = caller.session.as_deref().filter(|_| gate.route.access == Access::SignedIn) {
            origin::check(&parts)?;
            csrf::check(session, &parts.headers, &bytes)?;
        }
    }
    debug_assert!(bytes.len() <= MAX_BODY);
    caller.address = parts.extensions.get::<Peer>().map(|peer| peer.remote);
    parts.extensions.insert(caller.clone());
    Ok((caller, Request::from_parts(parts, Body::from(bytes))))
}

/// A bearer token counts before a cookie: a program that sends one means it.
async fn identify(app: &App, headers: &HeaderMap) -> Result<Caller, Problem> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let token = value.to_str().ok().and_then(|text| text.split_once(' '));
        let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
        let holder = match token {
            Some(token) => sign_in::holder_of_token(app.store(), token, app.now()).await?,
            None => None,
        };
        let known = holder.is_some();
        let wrong = || Problem::new(problem::SIGN_IN_REQUIRED, "The token is unknown or revoked.", "Make another one.");
        return if known { Ok(Caller { holder, session: None, address: None }) } else { Err(wrong()) };
    }
    let Some(session) = cookie::session(headers) else { return Ok(Caller::nobody()) };
    let holder = sign_in::holder_of_session(app.store(), &session, app.now()).await?;
    Ok(Caller { session: holder.is_some().then_some(session), holder, address: None })
}

/// Whether a caller that was let in would still be.
pub(super) async fn is_still(app: &App, caller: &Caller) -> bool {
    let found = match (&caller.holder, &caller.session) {
        (_, Some(session)) => {
            sign_in::holder_of_session(app.store(), session, app.now()).await.map(|found| found.is_some())
        }
        (Some(Holder::Token { id, .. }), None) => {
            sign_in::tokens(app.store()).await.map(|tokens| tokens.iter().any(|token| token.id == *id))
        }
        (Some(Holder::Account(_)) | None, None) => Ok(false),
    };
    found.unwrap_or(false)
}

/// A person without a session is led to the sign-in, and to the setup where there is nobody yet.
fn refuse_page(gate: &Gate, problem: &Problem, look: page::Look, path: &str) -> Response {
    let reading = !gate.route.method.writes();
    if problem.code == codes::SETUP_NEEDED.code {
        let mut response = page::problem(problem, &page::Frame::of(None, look, path));
        response.headers_mut().insert(header::REFRESH, HeaderValue::from_static("0; url=/setup"));
        return response;
    }
    if problem.code == problem::SIGN_IN_REQUIRED.code && reading {
        return page::to_sign_in(path, look);
    }
    let mut response = page::problem(problem, &page::Frame::of(None, look, path));
    if problem.status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
