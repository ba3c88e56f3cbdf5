//! Tokens of programs.

use super::Window;
use crate::{
    flow::change_set::Person,
    io::{
        http::{
            App, codes,
            gate::step_up::Proven,
            read::{Json, Params},
        },
        store::sign_in::{self, Scope, SignInError, TokenRow},
    },
    problem::Problem,
    view::iso,
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A token without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenView {
    /// Its id.
    pub(in crate::io::http) id: String,
    /// Who holds it.
    pub(in crate::io::http) name: String,
    /// When it was made.
    pub(in crate::io::http) created_at: String,
    /// When it was last used, exact to a minute; null before the first time.
    pub(in crate::io::http) last_used_at: Option<String>,
    /// What it may do beyond what every token may.
    pub(in crate::io::http) scopes: Vec<&'static str>,
}

impl From<TokenRow> for TokenView {
    fn from(row: TokenRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            created_at: iso(row.created_at),
            last_used_at: row.used_at.map(iso),
            scopes: row.scopes.into_iter().map(Scope::as_str).collect(),
        }
    }
}

/// A token that was just made. Its secret is shown this once.
#[derive(Serialize, ToSchema)]
pub struct MadeToken {
    /// Its id.
    id: String,
    /// Who holds it.
    pub(in crate::io::http) name: String,
    /// When it was made.
    created_at: String,
    /// Always null: it was not used yet.
    last_used_at: Option<String>,
    /// What it may do beyond what every token may.
    scopes: Vec<&'static str>,
    /// Send it as `Authorization: Bearer …`.
    pub(in crate::io::http) token: String,
}

/// A token that somebody asks for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// Who will hold it, 1 to 60 characters, unique.
    name: String,
    /// What it may do beyond what every token may: `kill_switch_off`. That wants the password (`X-Step-Up`), or a token
    /// that has the scope itself.
    #[serde(default)]
    scopes: Vec<String>,
}

/// All tokens, by their names.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "access", params(Window),
    responses((status = 200, body = Vec<TokenView>)))]
pub(in crate::io::http) async fn list(
    State(app): State<App>,
    Params(window): Params<Window>,
) -> Result<axum::Json<Vec<TokenView>>, Problem> {
    let tokens = sign_in::tokens(app.store()).await?.into_iter().map(TokenView::from).collect();
    window.of(tokens, |token: &TokenView| &token.id).map(axum::Json)
}

/// Makes a token. The answer holds its secret and is given once.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "access",
    params(("X-Step-Up" = Option<String>, Header, description = "The password, for a token with scopes")),
    request_body = NewToken,
    responses((status = 201, body = MadeToken)))]
pub(in crate::io::http) async fn create(
    State(app): State<App>,
    Proven(person): Proven,
    Json(new): Json<NewToken>,
) -> Result<(StatusCode, axum::Json<MadeToken>), Problem> {
    Ok((StatusCode::CREATED, axum::Json(make(&app, &new.name, &scopes(&new.scopes, &person)?).await?)))
}

/// Revokes a token and ends the sessions that it opened.
#[utoipa::path(delete, path = "/api/v1/tokens/{token}", tag = "access",
    params(("token" = String, Path, description = "Its id")), responses((status = 204)))]
pub(in crate::io::http) async fn revoke(
    State(app): State<App>,
    Path(token): Path<String>,
) -> Result<StatusCode, Problem> {
    forget(&app, &token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The scopes of these words. Who could give what they lack would not lack it.
fn scopes(words: &[String], who: &Person) -> Result<Vec<Scope>, Problem> {
    let known = words.iter().map(|word| Scope::of(word)).collect::<Option<Vec<Scope>>>().ok_or_else(|| {
        let all = Scope::ALL.map(|scope| format!("`{}`", scope.as_str())).join(", ");
        Problem::field("scopes", "There is no such scope.", format!("Give of these: {all}."))
    })?;
    if known.is_empty() || who.stepped_up { Ok(known) } else { Err(Problem::step_up()) }
}

/// Makes a token for REST and the page.
pub(in crate::io::http) async fn make(app: &App, name: &str, scopes: &[Scope]) -> Result<MadeToken, Problem> {
    let now = app.now();
    let made = match sign_in::create_token(app.store(), name, scopes, now).await {
        Err(SignInError::Taken) => {
            let hint = "Choose another name, or revoke the old one.";
            return Err(Problem::new(codes::TOKEN_EXISTS, "A token of that name exists.", hint).with("field", "name"));
        }
        made => made?,
    };
    Ok(MadeToken {
        id: made.id().to_owned(),
        name: name.trim().to_owned(),
        created_at: iso(now),
        last_used_at: None,
        scopes: scopes.iter().map(|scope| scope.as_str()).collect(),
        token: made.reveal().to_owned(),
    })
}

/// Revokes a token for REST and the page.
pub(in crate::io::http) async fn forget(app: &App, id: &str) -> Result<(), Problem> {
    if sign_in::revoke_token(app.store(), id).await? {
        return Ok(());
    }
    Err(Problem::new(codes::UNKNOWN_TOKEN, "There is no such token, or no longer.", "GET /api/v1/tokens lists them."))
}
