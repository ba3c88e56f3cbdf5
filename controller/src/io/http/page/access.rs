//! Who may sign in: tokens, the password, sessions.

use super::{App, Errors, Frame, Visit, door, form::given, render, see};
use crate::{
    io::{
        http::{
            api::tokens::{self, MadeToken, TokenView},
            gate::{Peer, cookie},
            read::{Form, Params},
        },
        store::sign_in::{self, Holder, SignInError},
    },
    problem::Problem,
};
use askama::Template;
use axum::{
    Extension,
    extract::{Path, State},
    http::{StatusCode, header},
    response::Response,
};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "access.html")]
struct AccessPage {
    frame: Frame,
    errors: Errors,
    done: Option<&'static str>,
    made: Option<MadeToken>,
    tokens: Vec<TokenView>,
    token_name: String,
    has_account: bool,
    name: String,
    sessions: u32,
}

/// What differs from the page as it is usually shown.
#[derive(Default)]
struct Shown {
    errors: Errors,
    done: Option<&'static str>,
    made: Option<MadeToken>,
    token_name: String,
    name: String,
}

async fn page(app: &App, visit: &Visit, status: StatusCode, shown: Shown) -> Result<Response, Problem> {
    let Shown { errors, done, made, token_name, name } = shown;
    let page = AccessPage {
        frame: visit.frame().here("access"),
        errors,
        done,
        made,
        tokens: sign_in::tokens(app.store()).await?.into_iter().map(TokenView::from).collect(),
        token_name,
        has_account: sign_in::has_account(app.store()).await?,
        name,
        sessions: sign_in::count_sessions(app.store(), app.now()).await?,
    };
    Ok(render(status, &page))
}

#[derive(Default, Deserialize)]
pub(in crate::io::http) struct Done {
    done: Option<String>,
}

/// `GET /access`
pub(in crate::io::http) async fn show(
    State(app): State<App>,
    visit: Visit,
    Params(part): Params<Done>,
) -> Result<Response, Problem> {
    let done = match part.done.as_deref() {
        Some("password") => Some("The new password counts from now on. All other sessions are signed out."),
        Some("revoked") => Some("The token is revoked."),
        _ => None,
    };
    page(&app, &visit, StatusCode::OK, Shown { done, ..Shown::default() }).await
}

#[derive(Deserialize)]
pub(in crate::io::http) struct TokenForm {
    token_name: String,
}

/// `POST /access/tokens`. The answer is the page itself: the secret is shown this once.
pub(in crate::io::http) async fn create(
    State(app): State<App>,
    visit: Visit,
    Form(form): Form<TokenForm>,
) -> Result<Response, Problem> {
    match tokens::make(&app, &form.token_name, &[]).await {
        Ok(token) => page(&app, &visit, StatusCode::CREATED, Shown { made: Some(token), ..Shown::default() }).await,
        Err(problem) if problem.status < 500 => {
            let errors = Errors::at("token_name", format!("{} {}", problem.detail, problem.hint));
            let shown = Shown { errors, token_name: form.token_name, ..Shown::default() };
            page(&app, &visit, StatusCode::UNPROCESSABLE_ENTITY, shown).await
        }
        Err(problem) => Err(problem),
    }
}

/// `POST /access/tokens/{token}/revoke`
pub(in crate::io::http) async fn revoke(
    State(app): State<App>,
    Path(token): Path<String>,
    visit: Visit,
) -> Result<Response, Problem> {
    match tokens::forget(&app, &token).await {
        Ok(()) => Ok(see("/access?done=revoked")),
        Err(problem) if problem.status == 409 => {
            let errors = Errors::of_problem(&problem, &[]);
            page(&app, &visit, StatusCode::CONFLICT, Shown { errors, ..Shown::default() }).await
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Deserialize)]
pub(in crate::io::http) struct PasswordForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    current: String,
    password: String,
}

/// `POST /access/password`: the first password, or another one for who proves the old one.
pub(in crate::io::http) async fn password(
    State(app): State<App>,
    visit: Visit,
    peer: Option<Extension<Peer>>,
    Form(form): Form<PasswordForm>,
) -> Result<Response, Problem> {
    let set = if sign_in::has_account(app.store()).await? {
        change(&app, &visit, peer, &form).await?
    } else {
        let made = sign_in::create_account(app.store(), &form.name, &form.password, false, app.now()).await;
        made.map_err(|error| rejected(error, "name"))
    };
    match set {
        Ok(holder) => {
            sign_in::end_all_sessions(app.store()).await?;
            let session = sign_in::open_session(app.store(), &holder, app.now()).await?;
            let mut response = see("/access?done=password");
            let cookie = cookie::keep_session(session.reveal(), app.inner.https);
            response.headers_mut().append(header::SET_COOKIE, cookie);
            Ok(response)
        }
        Err(errors) => {
            let shown = Shown { errors, name: form.name, ..Shown::default() };
            page(&app, &visit, StatusCode::UNPROCESSABLE_ENTITY, shown).await
        }
    }
}

/// Only who is signed in by name has an old password to prove.
async fn change(
    app: &App,
    visit: &Visit,
    peer: Option<Extension<Peer>>,
    form: &PasswordForm,
) -> Result<Result<Holder, Errors>, Problem> {
    let Some(name) = account(visit).or(sign_in::first_account(app.store()).await?) else {
        return Ok(Err(Errors::above("There is no account.")));
    };
    let address = door::address(peer);
    if let Err(problem) = door::attempt(app, address, &name) {
        return Ok(Err(Errors::at("current", format!("{} {}", problem.detail, problem.hint))));
    }
    let Some(holder) = sign_in::check_password(app.store(), &name, &form.current).await? else {
        return Ok(Err(Errors::at("current", "This is not your password now.")));
    };
    door::passed(app, address, &name);
    Ok(sign_in::set_password(app.store(), &name, &form.password)
        .await
        .map(|()| holder)
        .map_err(|error| rejected(error, "password")))
}

fn account(visit: &Visit) -> Option<String> {
    match &visit.caller.holder {
        Some(Holder::Account(name)) => given(name),
        Some(Holder::Token { .. }) | None => None,
    }
}

fn rejected(error: SignInError, field: &str) -> Errors {
    if matches!(error, SignInError::Taken) {
        return Errors::at(field, "Somebody has set a password in the meantime. Load the page again.");
    }
    Errors::of_problem(&error.into(), &["name", "password"])
}
