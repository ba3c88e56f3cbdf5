//! The way in and out: setup, sign-in, sign-out; and the colours.

use super::{App, Errors, Frame, Visit, answer, local, ok, render, render_problem, see};
use crate::{
    io::{
        http::{
            gate::{Peer, cookie},
            read::{Form, Params},
        },
        store::sign_in::{self, Holder, SignInError},
    },
    problem::{self, Problem},
};
use askama::Template;
use axum::{
    Extension,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Deserialize;
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{PoisonError, atomic::Ordering},
};
use subtle::ConstantTimeEq as _;

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage {
    frame: Frame,
    errors: Errors,
    name: String,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    errors: Errors,
    name: String,
    next: String,
    has_account: bool,
}

/// `GET /setup`
pub(in crate::io::http) async fn setup(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    if app.is_set_up().await? {
        return Ok(see("/sign-in"));
    }
    Ok(ok(&SetupPage { frame: visit.frame(), errors: Errors::default(), name: String::new() }))
}

#[derive(Deserialize)]
pub(in crate::io::http) struct SetupForm {
    setup_token: String,
    name: String,
    password: String,
}

/// `POST /setup`
pub(in crate::io::http) async fn set_up(
    State(app): State<App>,
    visit: Visit,
    peer: Option<Extension<Peer>>,
    Form(form): Form<SetupForm>,
) -> Result<Response, Problem> {
    if app.is_set_up().await? {
        return Ok(see("/sign-in"));
    }
    let address = address(peer);
    attempt(&app, address, "the setup")?;
    let refuse = |errors| {
        let page = SetupPage { frame: visit.frame(), errors, name: form.name.clone() };
        Ok(render(StatusCode::UNPROCESSABLE_ENTITY, &page))
    };
    let given = sign_in::sha256(form.setup_token.trim());
    if !bool::from(given.as_bytes().ct_eq(app.inner.setup_token.as_bytes())) {
        return refuse(Errors::at(
            "setup_token",
            "This is not the setup token of this run. Look for the newest in the log.",
        ));
    }
    match sign_in::create_account(app.store(), &form.name, &form.password, true, app.now()).await {
        Ok(holder) => {
            app.inner.set_up.store(true, Ordering::Relaxed);
            passed(&app, address, "the setup");
            enter(&app, &holder, "/").await
        }
        Err(error @ (SignInError::Name | SignInError::Password)) => {
            refuse(Errors::of_problem(&error.into(), &["name", "password"]))
        }
        Err(SignInError::Taken) => Ok(see("/sign-in")),
        Err(error) => Err(error.into()),
    }
}

#[derive(Default, Deserialize)]
pub(in crate::io::http) struct Wanted {
    #[serde(default)]
    next: String,
}

/// `GET /sign-in`
pub(in crate::io::http) async fn sign_in(
    State(app): State<App>,
    visit: Visit,
    Params(wanted): Params<Wanted>,
) -> Result<Response, Problem> {
    if visit.caller.session.is_some() {
        return Ok(see(local(&wanted.next)));
    }
    let has_account = sign_in::has_account(app.store()).await?;
    let (errors, next) = (Errors::default(), local(&wanted.next).to_owned());
    Ok(ok(&SignInPage { frame: visit.frame(), errors, name: String::new(), next, has_account }))
}

#[derive(Deserialize)]
pub(in crate::io::http) struct SignInForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    token: String,
    #[serde(default)]
    next: String,
}

/// `POST /sign-in`
pub(in crate::io::http) async fn let_in(
    State(app): State<App>,
    visit: Visit,
    peer: Option<Extension<Peer>>,
    Form(form): Form<SignInForm>,
) -> Result<Response, Problem> {
    let address = address(peer);
    let token = form.token.trim();
    let name = if token.is_empty() { form.name.trim() } else { token.get(..19).unwrap_or(token) };
    match check(&app, address, name, &form).await {
        Ok(holder) => {
            passed(&app, address, name);
            enter(&app, &holder, local(&form.next)).await
        }
        Err(problem) if problem.status < 500 => {
            tracing::warn!(%address, code = problem.code, "a sign-in was refused");
            let has_account = sign_in::has_account(app.store()).await?;
            let errors = Errors::above(format!("{} {}", problem.detail, problem.hint));
            let (name, next) = (form.name, local(&form.next).to_owned());
            let page = SignInPage { frame: visit.frame(), errors, name, next, has_account };
            Ok(render_problem(&problem, &page))
        }
        Err(problem) => Err(problem),
    }
}

async fn check(app: &App, address: IpAddr, name: &str, form: &SignInForm) -> Result<Holder, Problem> {
    attempt(app, address, name)?;
    let token = form.token.trim();
    let found = if token.is_empty() {
        sign_in::check_password(app.store(), &form.name, &form.password).await?
    } else {
        sign_in::holder_of_token(app.store(), token, app.now()).await?
    };
    found.ok_or_else(|| wrong(token.is_empty()))
}

/// `POST /sign-out`
pub(in crate::io::http) async fn sign_out(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    if let Some(session) = &visit.caller.session {
        sign_in::end_session(app.store(), session).await?;
    }
    Ok(leave(&app))
}

/// `POST /sign-out-everywhere`
pub(in crate::io::http) async fn sign_out_everywhere(State(app): State<App>) -> Result<Response, Problem> {
    sign_in::end_all_sessions(app.store()).await?;
    Ok(leave(&app))
}

#[derive(Deserialize)]
pub(in crate::io::http) struct ThemeForm {
    theme: String,
    #[serde(default)]
    back: String,
}

/// `POST /theme`
pub(in crate::io::http) async fn theme(Form(form): Form<ThemeForm>) -> Result<Response, Problem> {
    if !matches!(form.theme.as_str(), "light" | "dark" | "auto") {
        return Err(answer::not_found());
    }
    let mut response = see(local(&form.back));
    response.headers_mut().append(header::SET_COOKIE, cookie::keep_theme(&form.theme));
    Ok(response)
}

async fn enter(app: &App, holder: &Holder, to: &str) -> Result<Response, Problem> {
    let session = sign_in::open_session(app.store(), holder, app.now()).await?;
    let mut response = see(to);
    let cookie = cookie::keep_session(session.reveal(), app.inner.https);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// The browser also forgets what it has of our pages.
pub(super) fn leave(app: &App) -> Response {
    let mut response = see("/sign-in");
    response.headers_mut().append(header::SET_COOKIE, cookie::drop_session(app.inner.https));
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    response
}

fn wrong(by_password: bool) -> Problem {
    let (detail, hint) = if by_password {
        ("Name or password is wrong.", "Try again.")
    } else {
        ("The token is unknown or revoked.", "Look whether it is whole.")
    };
    Problem::new(problem::WRONG_CREDENTIALS, detail, hint)
}

/// Counts an attempt before it is made.
pub(in crate::io::http) fn attempt(app: &App, address: IpAddr, name: &str) -> Result<(), Problem> {
    let mut attempts = app.inner.attempts.lock().unwrap_or_else(PoisonError::into_inner);
    attempts.attempt(address, name, app.now()).map_err(|seconds| {
        let hint = format!("Wait {seconds} s, then try again.");
        Problem::new(problem::RATE_LIMITED, "Too many attempts.", hint).with("retry_after_s", seconds)
    })
}

pub(in crate::io::http) fn passed(app: &App, address: IpAddr, name: &str) {
    app.inner.attempts.lock().unwrap_or_else(PoisonError::into_inner).passed(address, name);
}

/// Where a request comes from; a request without a connection is our own.
pub(super) fn address(peer: Option<Extension<Peer>>) -> IpAddr {
    peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |Extension(peer)| peer.remote)
}
