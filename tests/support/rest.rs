//! The controller's REST interface as a program sees it.

use crate::clock;
use anyhow::{Context as _, bail, ensure};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Bytes, body::Incoming};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};
use std::{collections::VecDeque, time::Duration};

/// A client with a token.
#[derive(Clone)]
pub struct Rest {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
    token: String,
}

/// An answer: its status, headers that tests look at, and its body as JSON (null where it is none).
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: Value,
}

impl Rest {
    /// A client for a controller at `base`, such as `http://127.0.0.1:8080`; an empty token sends none.
    pub fn new(base: &str, token: &str) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, base: base.trim_end_matches('/').to_owned(), token: token.to_owned() }
    }

    /// The same controller with other credentials.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> anyhow::Result<Response<Incoming>> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let bytes = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        self.client.request(request.body(Full::new(bytes))?).await.with_context(|| format!("{method} {path}"))
    }

    /// One request and its whole answer.
    ///
    /// # Errors
    /// Where no answer comes; a refusal is an answer.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let asked = async {
            let response = self.send(method, path, body, headers).await?;
            let status = response.status().as_u16();
            let bytes = response.into_body().collect().await?.to_bytes();
            anyhow::Ok(Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
        };
        tokio::time::timeout(clock::SOON, asked).await.with_context(|| format!("{method} {path}: no answer"))?
    }

    /// What is at a path.
    ///
    /// # Errors
    /// Where it is not answered with 200.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.call("GET", path, None, &[]).await?;
        ensure!(answer.status == 200, "GET {path}: {} {}", answer.status, answer.body);
        Ok(answer.body)
    }

    /// Asks for a VIF behind `wg-vpn` and gives the change set's id.
    ///
    /// # Errors
    /// Where it is not answered with 202.
    pub async fn create_vif(&self, router: &str, name: &str, key: &str) -> anyhow::Result<String> {
        let body = json!({"name": name, "egress": {"interface": "wg-vpn"}, "kill_switch": {"mode": "block"}});
        let path = format!("/api/v1/routers/{router}/vifs");
        change_set_of(&self.call("POST", &path, Some(&body), &[("idempotency-key", key)]).await?)
    }

    /// Asks for other options of a VIF and gives the change set's id.
    ///
    /// # Errors
    /// Where it is not answered with 202.
    pub async fn alter_vif(&self, router: &str, vif: &str, options: &Value, key: &str) -> anyhow::Result<String> {
        let path = format!("/api/v1/routers/{router}/vifs/{vif}");
        change_set_of(&self.call("PATCH", &path, Some(options), &[("idempotency-key", key)]).await?)
    }

    /// Asks for a VIF's removal and gives the change set's id.
    ///
    /// # Errors
    /// Where it is not answered with 202.
    pub async fn remove_vif(&self, router: &str, vif: &str, key: &str) -> anyhow::Result<String> {
        let path = format!("/api/v1/routers/{router}/vifs/{vif}");
        change_set_of(&self.call("DELETE", &path, None, &[("idempotency-key", key)]).await?)
    }

    /// The VIF of a name, where the router has one.
    ///
    /// # Errors
    /// Where the controller does not answer.
    pub async fn vif(&self, router: &str, name: &str) -> anyhow::Result<Option<Value>> {
        let vifs = self.get(&format!("/api/v1/routers/{router}/vifs")).await?;
        let list = vifs.as_array().context("the list of VIFs is no array")?;
        Ok(list.iter().find(|vif| vif["name"] == name).cloned())
    }

    /// Waits until a change set is where nothing happens any more by itself, and gives it.
    ///
    /// # Errors
    /// Where that takes too long; a controller that is being restarted is waited for.
    pub async fn ended(&self, change_set: &str) -> anyhow::Result<Value> {
        const RESTING: [&str; 5] = ["active", "rolled_back", "error", "invalid", "idle"];
        let path = format!("/api/v1/change-sets/{change_set}");
        clock::wait(&format!("the end of {change_set}"), clock::SOON, || async {
            let Ok(answer) = self.call("GET", &path, None, &[]).await else { return Ok(None) };
            let state = answer.body["state"].as_str().unwrap_or_default();
            Ok(RESTING.contains(&state).then(|| answer.body.clone()))
        })
        .await
    }

    /// Waits until a router is what it should be.
    ///
    /// # Errors
    /// Where that takes too long.
    pub async fn router_is(&self, router: &str, state: &str) -> anyhow::Result<Value> {
        clock::wait(&format!("{router} {state}"), clock::SOON, || async {
            let answer = self.call("GET", &format!("/api/v1/routers/{router}"), None, &[]).await;
            Ok(answer.ok().filter(|answer| answer.body["state"] == state).map(|answer| answer.body))
        })
        .await
    }

    /// The live events from now on.
    ///
    /// # Errors
    /// Where they are refused.
    pub async fn events(&self) -> anyhow::Result<Events> {
        let response = self.send("GET", "/api/v1/events", None, &[("accept", "text/event-stream")]).await?;
        ensure!(response.status() == 200, "GET /api/v1/events: {}", response.status());
        Ok(Events { body: response.into_body(), text: String::new(), ready: VecDeque::new() })
    }
}

fn change_set_of(answer: &Answer) -> anyhow::Result<String> {
    ensure!(answer.status == 202, "not accepted: {} {}", answer.status, answer.body);
    Ok(answer.body["change_set"].as_str().context("no change set in the answer")?.to_owned())
}

/// Server-sent events as they come.
pub struct Events {
    body: Incoming,
    text: String,
    ready: VecDeque<(String, Value)>,
}

impl Events {
    /// The next event of a name that `fits`, among those that come within `bound`.
    ///
    /// # Errors
    /// Where none comes, or the stream ends.
    pub async fn next(&mut self, name: &str, bound: Duration, fits: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let search = async {
            loop {
                while let Some((event, data)) = self.ready.pop_front() {
                    if event == name && fits(&data) {
                        return Ok(data);
                    }
                }
                let Some(frame) = self.body.frame().await else { bail!("the event stream ended") };
                if let Ok(bytes) = frame?.into_data() {
                    self.take(&String::from_utf8_lossy(&bytes));
                }
            }
        };
        tokio::time::timeout(bound, search).await.with_context(|| format!("no event `{name}` that fits came"))?
    }

    fn take(&mut self, text: &str) {
        self.text.push_str(&text.replace('\r', ""));
        while let Some((block, rest)) = self.text.split_once("\n\n") {
            let field = |name: &str| {
                let values = block.lines().filter_map(|line| line.strip_prefix(name)).map(str::trim_start);
                values.collect::<Vec<_>>().join("\n")
            };
            let data = serde_json::from_str(&field("data:")).unwrap_or(Value::Null);
            self.ready.push_back((field("event:"), data));
            self.text = rest.to_owned();
        }
    }
}
