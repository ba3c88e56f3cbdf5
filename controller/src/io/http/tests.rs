//! The whole service without a network: requests go in, answers come out.

use super::{App, HttpOptions, gate::csrf, routes};
use crate::{
    controller::Controller,
    io::{
        clock::Clock,
        store::{Store, sign_in},
    },
};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, request},
    response::Response,
};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;
use tower::ServiceExt as _;

mod api;
mod door;
mod guard;
mod live;
mod once;
mod pages;
mod vifs;

const PASSWORD: &str = "correct horse";
const HOST: &str = "localhost:8080";
const ORIGIN: &str = "http://localhost:8080";

/// A service on a database in memory, with somebody who can sign in.
struct House {
    controller: Controller,
    app: App,
    router: Router,
    token: String,
    session: String,
    setup_token: Arc<Mutex<String>>,
    _close: watch::Sender<bool>,
}

impl House {
    /// Nobody can sign in yet.
    async fn new() -> Self {
        let controller = Controller::new(Store::in_memory().unwrap(), Clock::at(1_700_000_000_000));
        Self::of(controller).await
    }

    async fn of(controller: Controller) -> Self {
        let setup_token = Arc::new(Mutex::new(String::new()));
        let said = Arc::clone(&setup_token);
        let options = HttpOptions {
            allowed_hosts: vec!["bulkhead.home".into()],
            https: false,
            announce: Box::new(move |token| token.clone_into(&mut said.lock().unwrap())),
        };
        let (close, closing) = watch::channel(false);
        let app = App::new(controller.clone(), options, closing).await.unwrap();
        let router = routes::router(&app);
        Self { controller, app, router, token: String::new(), session: String::new(), setup_token, _close: close }
    }

    /// Anna has an account and a session, and a program has a token.
    async fn lived_in() -> Self {
        let mut house = Self::new().await;
        let store = house.controller.store();
        let anna = sign_in::create_account(store, "anna", PASSWORD, true, 0).await.unwrap();
        let now = house.controller.clock().unix_millis();
        let (session, token) =
            (sign_in::open_session(store, &anna, now).await, sign_in::create_token(store, "program", &[], now).await);
        (house.session, house.token) = (session.unwrap().reveal().to_owned(), token.unwrap().reveal().to_owned());
        house
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        Answer::of(response).await
    }

    async fn stream(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// As the program, with a body where there is one.
    async fn program(&self, method: &str, path: &str, json: &str) -> Answer {
        self.send(self.by_program(method, path).body(Body::from(json.to_owned())).unwrap()).await
    }

    fn by_program(&self, method: &str, path: &str) -> request::Builder {
        bare(method, path)
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
    }

    /// As Anna's browser reads a page.
    async fn visit(&self, path: &str) -> Answer {
        self.send(self.by_browser("GET", path).body(Body::empty()).unwrap()).await
    }

    /// As Anna's browser sends a form; the form's token is added.
    async fn submit(&self, path: &str, form: &str) -> Answer {
        let request = self.by_browser("POST", path).header("origin", ORIGIN).header("sec-fetch-site", "same-origin");
        let form = format!("csrf={}&{form}", csrf::token(&self.session));
        self.send(request.header("content-type", FORM).body(Body::from(form)).unwrap()).await
    }

    fn by_browser(&self, method: &str, path: &str) -> request::Builder {
        bare(method, path).header("cookie", format!("bulkhead={}", self.session))
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

fn bare(method: &str, path: &str) -> request::Builder {
    Request::builder().method(method).uri(path).header("host", HOST)
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Self { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&body).into_owned() }
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}
