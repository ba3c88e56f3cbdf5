//! The agent's configuration file. Field names are the agent's own.

use super::{Controller, Settings, mqtt_user};
use shared::ids::RouterId;
use std::fmt::Write as _;

/// The text. What is left out stands at the agent's default.
pub(super) fn text(router: &RouterId, settings: &Settings, controller: &Controller<'_>) -> String {
    let mqtt_url = settings.mqtt_url.as_deref().unwrap_or(controller.mqtt_url);
    let mut out = String::new();
    let mut line = |text: std::fmt::Arguments<'_>| {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{text}");
    };
    line(format_args!("# Bulkhead's agent of the router `{router}`, written by `bulkhead router add`."));
    line(format_args!("# `bulkhead-agent config` prints every key with its default and what it means.\n"));
    line(format_args!("router_id = {}", quoted(router.as_str())));
    if let Some(data) = &settings.data {
        line(format_args!("data = {}", quoted(data)));
    }
    line(format_args!("\n[routeros]"));
    if let Some(place) = &settings.routeros {
        line(format_args!("address = {}\nport = {}", quoted(&place.host), place.port));
    }
    if let Some(fingerprint) = &settings.fingerprint {
        line(format_args!("fingerprint = {}", quoted(fingerprint)));
    }
    line(format_args!("username = \"bulkhead\"\npassword_file = \"routeros.password\""));
    line(format_args!("\n[mqtt]\nurl = {}", quoted(mqtt_url)));
    line(format_args!("username = {}\npassword_file = \"mqtt.password\"", quoted(&mqtt_user(router))));
    if mqtt_url.starts_with("mqtts://") {
        line(format_args!("ca_file = \"ca.pem\"\ncert_file = \"client.pem\"\nkey_file = \"client.key\""));
    }
    line(format_args!("\n[keys]\ncontroller = {}\nagent_file = \"agent.key\"", quoted(controller.public_key)));
    if let Some(period) = settings.watch_period_ms {
        line(format_args!("\n[poll]\nwatch_period_ms = {period}"));
    }
    out
}

/// A TOML text.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
