//! REST from the command line.

use super::{output, terminal};
use crate::{config, io::random, io::tls, problem::STEP_UP_REQUIRED};
use anyhow::{Context as _, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, StatusCode, header::HeaderValue};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{
    client::legacy::{Client as Hyper, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{path::Path, time::Duration};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The environment variable that brings the password where it is wanted again.
pub(super) const STEP_UP: &str = "BULKHEAD_STEP_UP";

/// What the controller refused, in its words.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
struct Refused {
    code: String,
    words: String,
}

/// A client of one controller.
pub(super) struct Client {
    base: String,
    token: String,
    hyper: Hyper<hyper_rustls::HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Client {
    /// A client of the controller at this address.
    ///
    /// # Errors
    /// Where the address is none, or HTTPS is asked for and nobody says whom to trust.
    pub(super) fn new(url: &str, token: &str, ca: Option<&Path>) -> anyhow::Result<Self> {
        let base = url.trim_end_matches('/').to_owned();
        let tls = match base.split_once("://") {
            Some(("http", _)) => tls::client_of_nobody()?,
            Some(("https", _)) => {
                let own = config::default_data().join("keys/ca.pem");
                let file = ca.unwrap_or(&own);
                tls::client(file).with_context(|| {
                    "Whom to trust is not known: give the controller's keys/ca.pem with --ca or BULKHEAD_CA; behind a \
                     proxy with a public certificate, the system's certificates"
                })?
            }
            _ => bail!("`{url}` is no address: write https://host:port (--url or BULKHEAD_URL)"),
        };
        let connector =
            HttpsConnectorBuilder::new().with_tls_config((*tls).clone()).https_or_http().enable_http1().build();
        Ok(Self { base, token: token.to_owned(), hyper: Hyper::builder(TokioExecutor::new()).build(connector) })
    }

    /// Asks.
    ///
    /// # Errors
    /// The controller's own words where it refuses.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        Self::read(&self.call(Method::GET, path, None, None).await?)
    }

    /// Asks for something that is no JSON.
    ///
    /// # Errors
    /// The controller's own words where it refuses.
    pub(super) async fn text(&self, path: &str) -> anyhow::Result<String> {
        Ok(String::from_utf8_lossy(&self.call(Method::GET, path, None, None).await?).into_owned())
    }

    /// Writes. Each call has an idempotency key of its own. Where the controller wants the password again it is taken
    /// from [`STEP_UP`], or asked for on the terminal.
    ///
    /// # Errors
    /// The controller's own words where it refuses.
    pub(super) async fn write<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<T> {
        let refused = match self.call(method.clone(), path, body, None).await {
            Err(error) if wants_password(&error) => error,
            answer => return Self::read(&answer?),
        };
        let password = match std::env::var(STEP_UP) {
            Ok(password) if !password.is_empty() => Some(password),
            _ => terminal::password("It leaves a VIF without a kill switch. Your password: ")?,
        };
        let Some(password) = password else {
            bail!("{refused} On the command line: set {STEP_UP}, or run it on a terminal.")
        };
        Self::read(&self.call(method, path, body, Some(&password)).await?)
    }

    fn read<T: DeserializeOwned>(body: &[u8]) -> anyhow::Result<T> {
        let body = if body.is_empty() { b"null" } else { body };
        serde_json::from_slice(body).context("The controller answered something that this version does not know")
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        password: Option<&str>,
    ) -> anyhow::Result<Bytes> {
        let writes = method != Method::GET;
        let mut request = Request::builder().method(method).uri(format!("{}/api/v1{path}", self.base));
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        if writes {
            request = request.header("idempotency-key", random::secret()?);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        if let Some(password) = password {
            request = request.header("x-step-up", HeaderValue::from_bytes(password.as_bytes())?);
        }
        let bytes = body.map(Value::to_string).unwrap_or_default();
        let request = request.body(Full::new(Bytes::from(bytes)))?;
        let answer = tokio::time::timeout(PATIENCE, self.hyper.request(request)).await;
        let unreachable = || format!("The controller at {} does not answer; is `bulkhead serve` running?", self.base);
        let answer = answer.with_context(unreachable)?.with_context(unreachable)?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
            let code = problem["code"].as_str().unwrap_or_default().to_owned();
            return Err(Refused { code, words: refusal(status, &body) }.into());
        }
        Ok(body)
    }
}

fn wants_password(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Refused>().is_some_and(|refused| refused.code == STEP_UP_REQUIRED.code)
}

/// The controller's problem in words.
fn refusal(status: StatusCode, body: &[u8]) -> String {
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |member: &str| problem[member].as_str().unwrap_or_default().to_owned();
    if text("detail").is_empty() {
        return format!("The controller answered {status}.");
    }
    let advice = output::advice(&text("detail"), &text("hint"));
    let mut words = if text("field").is_empty() { advice } else { format!("{}: {advice}", text("field")) };
    if status == StatusCode::UNAUTHORIZED {
        words.push_str(" Give a token with --token or BULKHEAD_TOKEN; `bulkhead token add` makes one.");
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_said_in_the_controllers_words() {
        let body = br#"{"code": "unknown_vif", "detail": "There is no VIF `x`.", "hint": "List them."}"#;
        assert_eq!(refusal(StatusCode::NOT_FOUND, body), "There is no VIF `x`. List them.");
        let body = br#"{"detail": "That is no position.", "hint": "Give one.", "field": "items[2].position"}"#;
        let said = refusal(StatusCode::UNPROCESSABLE_ENTITY, body);
        assert_eq!(said, "items[2].position: That is no position. Give one.");
        assert!(refusal(StatusCode::UNAUTHORIZED, body).contains("BULKHEAD_TOKEN"));
        assert_eq!(refusal(StatusCode::BAD_GATEWAY, b"<html>"), "The controller answered 502 Bad Gateway.");
    }

    #[test]
    fn an_address_without_a_scheme_is_refused() {
        tls::install_provider();
        for url in ["", "localhost:8443", "ftp://x"] {
            assert!(Client::new(url, "", None).is_err(), "{url}");
        }
        assert!(Client::new("http://localhost:8080/", "", None).is_ok_and(|client| client.base.ends_with("8080")));
    }
}
