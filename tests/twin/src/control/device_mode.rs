//! `POST /device-mode`: somebody presses the button, or device-mode is set without asking anybody.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Body, Shared};

/// `{"press": true}`, or flags and the mode: `{"container": false, "mode": "home"}`; both together set first.
#[derive(Deserialize)]
pub(super) struct DeviceMode {
    #[serde(default)]
    press: bool,
    #[serde(flatten)]
    values: BTreeMap<String, Value>,
}

/// Says whether the press has confirmed anything; the router restarts then.
pub(super) async fn device_mode(State(router): Shared, body: Body<DeviceMode>) -> Answer {
    let Json(wanted) = body?;
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let values = wanted.values.into_iter().map(|(name, value)| (name, text(value))).collect();
    router.device().set_mode(&values)?;
    let confirmed = wanted.press && router.press();
    router.notify();
    Ok(Json(json!({ "confirmed": confirmed })))
}
