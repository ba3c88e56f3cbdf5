//! What stands around everything: the host, the headers that every answer has, and what happens when we break.

use super::{Peer, host};
use crate::{
    io::http::{App, assets, codes, page},
    problem::Problem,
};
use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;

/// Scripts and styles come from us alone, and from files alone; nobody may show us in a frame.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Every answer's headers. `same-origin` and not `no-referrer`: with the latter browsers send `Origin: null`.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The outermost layer.
pub(in crate::io::http) async fn surround(State(app): State<App>, request: Request, next: Next) -> Response {
    let for_people = !request.uri().path().starts_with("/api/");
    let (look, path) = (page::Look::of(request.headers()), request.uri().path().to_owned());
    let compress = assets::takes_gzip(request.headers());
    let mut response = match check_host(&app, &request) {
        Ok(()) => AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|_| broken()),
        Err(problem) => problem.into_response(),
    };
    // What no route answered (404, 405, a foreign host) is still shown to a person as a page.
    if let Some(problem) = response.extensions().get::<Problem>().filter(|_| for_people) {
        response = page::problem(problem, &page::Frame::of(None, look, &path));
    }
    if compress {
        response = compressed(response).await;
    }
    dress(app.inner.https, response.headers_mut());
    response
}

fn check_host(app: &App, request: &Request) -> Result<(), Problem> {
    let peer = request.extensions().get::<Peer>().copied();
    let authority = host::of(request.headers(), request.uri());
    if authority.is_some_and(|authority| host::is_ours(&authority, &app.inner.allowed_hosts, peer)) {
        return Ok(());
    }
    Err(Problem::new(
        codes::HOST_NOT_ALLOWED,
        "This controller does not answer to that name.",
        "Use its own name or address, or add the name to `http.hosts` in its configuration.",
    ))
}

/// The panic's own message is in the log; it says nothing to a caller.
fn broken() -> Response {
    Problem::internal(&"a request panicked").into_response()
}

fn dress(https: bool, headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// Pages are compressed. Their form token stands beside what was typed, but another site's requests carry no session
/// (`SameSite=Strict`), so nobody can measure it.
async fn compressed(response: Response) -> Response {
    let html = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == page::HTML);
    if !html {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else { return broken() };
    let Some(small) = assets::gzip(&body, flate2::Compression::fast()) else {
        return Response::from_parts(parts, Body::from(body));
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts.headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    Response::from_parts(parts, Body::from(small))
}
