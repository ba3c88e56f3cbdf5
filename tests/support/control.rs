//! The twin's control surface.

use crate::rest::Rest;
use anyhow::ensure;
use serde_json::Value;

/// A client for the control surface of one twin.
#[derive(Clone)]
pub struct Control(Rest);

impl Control {
    /// For the address in a ready file.
    pub fn new(url: &str) -> Self {
        Self(Rest::new(url, ""))
    }

    /// Tells the twin to do something, such as `/fault`.
    ///
    /// # Errors
    /// With the twin's reason where it refuses.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = self.0.call("POST", path, Some(body), &[]).await?;
        ensure!((200..300).contains(&answer.status), "POST {path}: {} {}", answer.status, answer.body);
        Ok(answer.body)
    }

    /// Every object that is not factory default, in canonical order.
    ///
    /// # Errors
    /// Where the twin does not answer.
    pub async fn export(&self) -> anyhow::Result<Value> {
        self.0.get("/export").await
    }
}
