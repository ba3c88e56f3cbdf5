//! The password once more, for what leaves a service without protection: a session that somebody left open, or a token
//! that leaked, is not enough for it.

use super::Caller;
use crate::{
    flow::change_set::Person,
    io::{
        http::{App, page::door},
        store::sign_in::{self, Holder, Scope},
    },
    problem::{self, Problem},
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderName, request::Parts},
};
use std::net::{IpAddr, Ipv4Addr};

/// The header that brings the password.
const HEADER: HeaderName = HeaderName::from_static("x-step-up");

/// Who asks, and whether they proved their password along with it.
pub(in crate::io::http) struct Proven(pub(in crate::io::http) Person);

impl FromRequestParts<App> for Proven {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Caller>().cloned().unwrap_or_else(Caller::nobody);
        let password = parts.headers.get(HEADER).map(|value| String::from_utf8_lossy(value.as_bytes()));
        person(app, &caller, password.as_deref().unwrap_or_default()).await.map(Self)
    }
}

/// Who asks, with the password that came along; empty where none did. A wrong one is refused whatever is asked for, and
/// takes as long and counts as much as one at the sign-in.
pub(in crate::io::http) async fn person(app: &App, caller: &Caller, password: &str) -> Result<Person, Problem> {
    let mut person = caller.person();
    person.stepped_up =
        if password.is_empty() { has_scope(app, caller).await? } else { prove(app, caller, password).await? };
    Ok(person)
}

/// A program's token may have been made for it. A browser that was signed in with one always asks its person.
async fn has_scope(app: &App, caller: &Caller) -> Result<bool, Problem> {
    match (&caller.holder, &caller.session) {
        (Some(Holder::Token { id, .. }), None) => Ok(sign_in::token_may(app.store(), id, Scope::KillSwitchOff).await?),
        (Some(Holder::Token { .. }), Some(_)) | (Some(Holder::Account(_)) | None, _) => Ok(false),
    }
}

async fn prove(app: &App, caller: &Caller, password: &str) -> Result<bool, Problem> {
    let own = match &caller.holder {
        Some(Holder::Account(name)) => Some(name.clone()),
        Some(Holder::Token { .. }) | None => sign_in::first_account(app.store()).await?,
    };
    let (address, name) = (caller.address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), own.clone().unwrap_or_default());
    door::attempt(app, address, &name)?;
    if sign_in::check_password(app.store(), &name, password).await?.is_some() {
        door::passed(app, address, &name);
        return Ok(true);
    }
    tracing::warn!(%address, who = caller.who(), "a wrong password was given to switch something off");
    let (detail, hint) = match own {
        Some(_) => ("This is not the password.", "Try again."),
        None => ("Nobody has set a password yet.", "Set one on the page `Access`, then try again."),
    };
    Err(Problem::new(problem::STEP_UP_REQUIRED, detail, hint))
}
