//! Reading requests: bodies, queries and ids, with problems that name what is wrong.

use crate::problem::{self, Problem};
use axum::{
    body::{Bytes, to_bytes},
    extract::{FromRequest, FromRequestParts, Query, Request},
    http::{header, request::Parts},
};
use serde::de::DeserializeOwned;
use shared::ids::{ChangeSetId, DriftId, RouterId, VifId};

/// The largest body, in bytes.
pub(super) const MAX_BODY: usize = 256 * 1024;

/// A JSON body.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind != "application/json" && !(kind.starts_with("application/") && kind.ends_with("+json")) {
            return Err(Problem::new(
                problem::UNSUPPORTED_MEDIA_TYPE,
                "The body is not said to be JSON.",
                "Send it with `Content-Type: application/json`.",
            ));
        }
        json(&body(request).await?).map(Self)
    }
}

/// Reads JSON; a wrong field is named by its path.
pub(super) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut text = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut text).map_err(|error| {
        let field = error.path().to_string();
        let cause = error.into_inner();
        if cause.classify() == serde_json::error::Category::Data {
            Problem::field(&field, format!("{cause}."), "GET /api/v1/openapi.json describes the fields.")
        } else {
            Problem::new(problem::BODY_INVALID, format!("The body is not JSON: {cause}."), "Send a JSON object.")
        }
    })?;
    text.end().map_err(|error| {
        Problem::new(problem::BODY_INVALID, format!("Something follows the JSON: {error}."), "Send one JSON object.")
    })?;
    Ok(value)
}

/// A form.
pub(super) struct Form<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let form = axum::Form::<T>::from_request(request, state).await;
        form.map(|axum::Form(form)| Self(form)).map_err(|error| {
            Problem::new(problem::BODY_INVALID, error.body_text(), "Go back, load the page again and send the form.")
        })
    }
}

/// The query of an address.
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Query::try_from_uri(&parts.uri).map(|Query(query)| Self(query)).map_err(|error| {
            Problem::new(
                problem::BODY_INVALID,
                format!("{}.", error.body_text()),
                "GET /api/v1/openapi.json describes the parameters.",
            )
        })
    }
}

/// A whole body of at most [`MAX_BODY`].
pub(super) async fn body(request: Request) -> Result<Bytes, Problem> {
    to_bytes(request.into_body(), MAX_BODY).await.map_err(|_| {
        Problem::new(
            problem::TOO_LARGE,
            "The body has more than 256 KiB, or was cut off.",
            "Send less, or the rest of it.",
        )
    })
}

/// A router's id from a path.
pub(super) fn router(text: &str) -> Result<RouterId, Problem> {
    RouterId::new(text).map_err(|_| Problem::unknown_router(text))
}

/// A VIF's id from a path.
pub(super) fn vif(text: &str) -> Result<VifId, Problem> {
    VifId::new(text).map_err(|_| Problem::unknown_vif(text))
}

/// A change set's id from a path or a query.
pub(super) fn change_set(text: &str) -> Result<ChangeSetId, Problem> {
    ChangeSetId::new(text).map_err(|_| Problem::unknown_change_set(text))
}

/// A drift's id from a path.
pub(super) fn drift(text: &str) -> Result<DriftId, Problem> {
    DriftId::new(text).map_err(|_| Problem::unknown_drift(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::NewVif;

    #[test]
    fn a_wrong_field_is_named_by_its_path() {
        let problem = json::<NewVif>(br#"{"name": "tor", "egress": {"interface": 1}}"#).unwrap_err();
        assert_eq!((problem.status, &problem.extra["field"]), (422, &"egress.interface".into()));
    }

    #[test]
    fn what_is_no_json_is_not_blamed_on_a_field() {
        for body in [&b""[..], b"{", b"{} {}", b"\xff"] {
            let problem = json::<serde_json::Value>(body).unwrap_err();
            assert_eq!((problem.status, problem.code), (400, "body_invalid"), "{body:?}");
        }
    }
}
