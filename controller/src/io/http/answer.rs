//! Problems as answers. The problem itself travels along, so that the gate can show it to a person as a page.

use crate::{
    io::{
        http::codes,
        store::sign_in::{MIN_PASSWORD, SignInError},
    },
    problem::{self, Problem},
};
use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.extra.get("retry_after_s").and_then(serde_json::Value::as_u64) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        let said = error.to_string();
        match error {
            SignInError::Name => Self::field("name", format!("{said}."), "Type a shorter or longer one."),
            SignInError::Password => {
                let hint = format!("Take {MIN_PASSWORD} characters or more; a few words in a row are easy to keep.");
                Self::field("password", "The password is too short or too long.", hint)
            }
            SignInError::Taken => Self::new(codes::TOKEN_EXISTS, "The name is taken.", "Choose another name."),
            SignInError::LastWayIn => Self::new(
                codes::LAST_WAY_IN,
                "Without this token nobody could sign in any more.",
                "Set a password or make another token first.",
            ),
            SignInError::Secret(_) | SignInError::Store(_) => Self::internal(&said),
        }
    }
}

/// No such page or endpoint.
pub(super) fn not_found() -> Problem {
    Problem::new(problem::NOT_FOUND, "There is nothing at this address.", "Check it, or begin at the list of routers.")
}

/// The path exists, the method does not.
pub(super) fn method_not_allowed() -> Problem {
    Problem::new(
        problem::METHOD_NOT_ALLOWED,
        "This address does not take this method.",
        "GET /api/v1/openapi.json lists what there is.",
    )
}

/// Nobody is signed in.
pub(super) fn sign_in_required() -> Problem {
    Problem::new(
        problem::SIGN_IN_REQUIRED,
        "You are not signed in, or no longer.",
        "Sign in, or send a token as `Authorization: Bearer …`.",
    )
}
