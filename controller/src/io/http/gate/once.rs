//! `Idempotency-Key`: a repeated write is answered, not done again.

use super::{Caller, Gate};
use crate::{
    io::{
        http::{codes, read, routes::Keeps},
        store::{
            Store,
            idempotency::{self, Fingerprint, Known},
            sign_in::Holder,
        },
    },
    problem::{self, Problem},
};
use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use sha2::{Digest as _, Sha256};

const KEY: &str = "idempotency-key";
const MAX_ANSWER: usize = 1024 * 1024;

/// The route's answer, or the one that it gave before.
pub(super) async fn answer(gate: &Gate, caller: &Caller, request: Request, next: Next) -> Response {
    match (request.headers().get(KEY).cloned(), caller.holder.as_ref()) {
        (Some(key), Some(holder)) if gate.route.method.writes() => {
            remembered(gate, holder, &key, request, next).await.unwrap_or_else(Problem::into_response)
        }
        _ => next.run(request).await,
    }
}

async fn remembered(
    gate: &Gate,
    holder: &Holder,
    key: &HeaderValue,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key = key.to_str().ok().filter(|key| (1..=255).contains(&key.len())).ok_or_else(|| {
        Problem::new(codes::IDEMPOTENCY_KEY_INVALID, "The key is not 1 to 255 characters of ASCII.", "Use a UUID.")
    })?;
    let route = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let route = format!("{} {route}", request.method());
    let (parts, body) = request.into_parts();
    let body = read::body(Request::new(body)).await?;
    let mark = Fingerprint { who: holder.key(), key: key.to_owned(), route, body: Sha256::digest(&body).into() };
    let store = gate.app.store();
    let known = idempotency::reserve(store, mark.clone(), gate.app.now()).await?;
    if known != Known::New {
        return Ok(again(known));
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    settle(store, mark, gate.route.keeps, response).await
}

/// Keeps what was answered. What failed on our side, and what only lacked a password, may be tried again with the same key.
async fn settle(store: &Store, mark: Fingerprint, keeps: Keeps, response: Response) -> Result<Response, Problem> {
    let status = response.status();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, MAX_ANSWER).await.map_err(|error| Problem::internal(&error))?;
    let lacking =
        |problem: &Problem| [problem::STEP_UP_REQUIRED.code, problem::RATE_LIMITED.code].contains(&problem.code);
    if status.is_server_error() || parts.extensions.get::<Problem>().is_some_and(lacking) {
        idempotency::release(store, mark).await?;
    } else {
        let secret = keeps == Keeps::Fact && status.is_success();
        idempotency::settle(store, mark, status.as_u16(), (!secret).then(|| body.to_vec())).await?;
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn again(known: Known) -> Response {
    let refuse = |code, detail: &str, hint: &str| Problem::new(code, detail, hint).into_response();
    match known {
        Known::Done(status, answer) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            let kind = if status.is_success() { "application/json" } else { "application/problem+json" };
            let mut response = Response::new(Body::from(answer));
            *response.status_mut() = status;
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
            response
        }
        Known::Withheld(_) => refuse(
            codes::IDEMPOTENCY_ANSWER_WITHHELD,
            "This request was done before. Its answer held a secret, which is not kept.",
            "Look whether you have the first answer; else make new credentials.",
        ),
        Known::UnderWay | Known::New => refuse(
            codes::IDEMPOTENCY_IN_PROGRESS,
            "The same request is being done at this moment.",
            "Ask again in a second.",
        ),
        Known::Other => refuse(
            codes::IDEMPOTENCY_KEY_REUSED,
            "This key was used with another request within the last 24 hours.",
            "Use a new key for each request.",
        ),
    }
}
