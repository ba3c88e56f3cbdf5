//! Every line of the table is guarded. The cases are made from the table, so a new route cannot be forgotten.

use super::*;
use crate::io::http::routes::{Access, ROUTES, Route, Surface, Verb};

fn method(route: &Route) -> &'static str {
    match route.method {
        Verb::Get => "GET",
        Verb::Post => "POST",
        Verb::Patch => "PATCH",
        Verb::Delete => "DELETE",
    }
}

/// A path of the route with an id in each place.
fn path(route: &Route) -> String {
    route.path.split('/').map(|part| if part.starts_with('{') { "x1" } else { part }).collect::<Vec<_>>().join("/")
}

fn writes() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| route.method.writes())
}

/// A write as our own page sends it, but for what a case leaves out or puts wrong.
struct Write<'a> {
    host: &'a str,
    origin: Option<&'a str>,
    session: Option<&'a str>,
    csrf: Option<&'a str>,
}

async fn attempt(house: &House, route: &Route, write: &Write<'_>) -> Answer {
    let mut request = Request::builder().method(method(route)).uri(path(route)).header("host", write.host);
    if let Some(origin) = write.origin {
        request = request.header("origin", origin);
    }
    if let Some(session) = write.session {
        request = request.header("cookie", format!("bulkhead={session}"));
    }
    let csrf = write.csrf.unwrap_or_default();
    let (kind, body) = match route.surface {
        Surface::Page => (FORM, format!("csrf={csrf}")),
        Surface::Api => ("application/json", "{}".to_owned()),
    };
    if route.surface == Surface::Api && write.csrf.is_some() {
        request = request.header("x-csrf-token", csrf);
    }
    house.send(request.header("content-type", kind).body(Body::from(body)).unwrap()).await
}

/// Whether the gate refused, by the problem's code, in JSON or on the page.
fn refused(answer: &Answer, codes: &[&str]) -> bool {
    codes.iter().any(|code| {
        answer.text.contains(&format!("\"code\":\"{code}\"")) || answer.text.contains(&format!("<code>{code}</code>"))
    })
}

const GATES: [&str; 5] = ["foreign_origin", "host_not_allowed", "csrf", "sign_in_required", "setup_needed"];

#[tokio::test]
async fn a_write_of_our_own_page_passes_the_gate() {
    for route in writes() {
        // Anew for each route: some of them end the session.
        let house = House::lived_in().await;
        let csrf = csrf::token(&house.session);
        let write = Write { host: HOST, origin: Some(ORIGIN), session: Some(&house.session), csrf: Some(&csrf) };
        let answer = attempt(&house, route, &write).await;
        assert!(!refused(&answer, &GATES), "{} {}: {}", method(route), route.path, answer.text);
    }
}

#[tokio::test]
async fn every_write_refuses_a_missing_or_foreign_origin() {
    let house = House::lived_in().await;
    let csrf = csrf::token(&house.session);
    for route in writes() {
        for origin in [None, Some("null"), Some("http://evil.example"), Some("http://localhost:8081")] {
            let write = Write { host: HOST, origin, session: Some(&house.session), csrf: Some(&csrf) };
            let answer = attempt(&house, route, &write).await;
            let case = format!("{} {} {origin:?}", method(route), route.path);
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{case}");
            assert!(refused(&answer, &["foreign_origin"]), "{case}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn everything_refuses_a_foreign_host() {
    let house = House::lived_in().await;
    let csrf = csrf::token(&house.session);
    for route in ROUTES {
        for host in ["evil.example", "localhost.evil.example:8080", "203.0.113.1"] {
            let origin = format!("http://{host}");
            let write = Write { host, origin: Some(&origin), session: Some(&house.session), csrf: Some(&csrf) };
            let answer = attempt(&house, route, &write).await;
            assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{} {} {host}", method(route), route.path);
            assert!(refused(&answer, &["host_not_allowed"]), "{} {}", route.path, answer.text);
        }
    }
}

#[tokio::test]
async fn every_write_of_a_session_refuses_a_missing_or_wrong_form_token() {
    let house = House::lived_in().await;
    let foreign = csrf::token("another session");
    for route in writes().filter(|route| route.access == Access::SignedIn) {
        for csrf in [None, Some(""), Some("x"), Some(foreign.as_str())] {
            let write = Write { host: HOST, origin: Some(ORIGIN), session: Some(&house.session), csrf };
            let answer = attempt(&house, route, &write).await;
            let case = format!("{} {} {csrf:?}", method(route), route.path);
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{case}");
            assert!(refused(&answer, &["csrf"]), "{case}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn without_a_sign_in_nothing_but_the_door_answers() {
    let house = House::lived_in().await;
    for route in ROUTES.iter().filter(|route| route.access == Access::SignedIn) {
        for session in [None, Some("0000000000000000_0"), Some(house.token.as_str())] {
            let write = Write { host: HOST, origin: Some(ORIGIN), session, csrf: Some(&csrf::token("x")) };
            let answer = attempt(&house, route, &write).await;
            let case = format!("{} {} {session:?}", method(route), route.path);
            if route.surface == Surface::Page && !route.method.writes() {
                assert_eq!(answer.status, StatusCode::SEE_OTHER, "{case}");
                assert!(answer.header("location").starts_with("/sign-in"), "{case}");
            } else {
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{case}");
                assert!(refused(&answer, &["sign_in_required"]), "{case}");
            }
        }
    }
}

#[tokio::test]
async fn until_the_setup_nothing_but_setup_health_and_assets_answers() {
    let house = House::new().await;
    for route in ROUTES {
        let write = Write { host: HOST, origin: Some(ORIGIN), session: None, csrf: None };
        let answer = attempt(&house, route, &write).await;
        let waits = answer.status == StatusCode::SERVICE_UNAVAILABLE && refused(&answer, &["setup_needed"]);
        assert_eq!(waits, route.access != Access::Always, "{} {}: {}", method(route), route.path, answer.status);
    }
    let open: Vec<&str> =
        ROUTES.iter().filter(|route| route.access == Access::Always).map(|route| route.path).collect();
    assert_eq!(open, ["/api/v1/health", "/assets/{file}", "/setup", "/setup"]);
}

#[tokio::test]
async fn a_program_with_a_token_needs_neither_origin_nor_form_token() {
    let house = House::lived_in().await;
    for route in writes().filter(|route| route.surface == Surface::Api) {
        let answer = house.program(method(route), &path(route), "{}").await;
        assert!(!refused(&answer, &GATES), "{} {}: {}", method(route), route.path, answer.text);
    }
}

#[tokio::test]
async fn a_wrong_token_is_not_helped_by_a_right_cookie() {
    let house = House::lived_in().await;
    let request = house.by_browser("GET", "/api/v1/routers").header("authorization", "Bearer bh_nonsense");
    let answer = house.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status, answer.header("www-authenticate")), (StatusCode::UNAUTHORIZED, "Bearer"));
}

#[tokio::test]
async fn a_panic_is_answered_without_its_cause() {
    let house = House::lived_in().await;
    let broken = Router::new().route("/api/broken", axum::routing::get(panicking));
    let surround = crate::io::http::gate::frame::surround;
    let broken = broken.layer(axum::middleware::from_fn_with_state(house.app.clone(), surround));
    let request = house.by_program("GET", "/api/broken").body(Body::empty()).unwrap();
    let answer = Answer::of(broken.oneshot(request).await.unwrap()).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::INTERNAL_SERVER_ERROR, "internal"));
    assert!(!answer.text.contains("a secret cause"));
}

async fn panicking() {
    panic!("a secret cause");
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_protect_browsers() {
    let house = House::lived_in().await;
    for path in ["/", "/sign-in", "/nowhere", "/api/v1/health", "/api/v1/nowhere", "/api/v1/routers"] {
        let answer = house.visit(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
}
