//! The description of REST, made from the routes' own types.

use super::{change_sets, drift, events, health, live, routers, tokens, trace, vifs};
use crate::flow::change_set::validate::{CODES, Severity};
use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use std::{fmt::Write as _, sync::LazyLock};
use utoipa::{
    Modify, OpenApi, ToSchema,
    openapi::{
        Content, Object, OpenApi as Document, Ref, RefOr, ResponseBuilder, Schema,
        path::{Operation, ParameterBuilder, ParameterIn},
        schema::{ObjectBuilder, Type},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

/// What went wrong (RFC 9457). Further members may follow, such as `field`, `legal_events` or `retry_after_s`.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemView {
    /// `urn:bulkhead:problem:` and the code.
    r#type: String,
    /// The same for every occurrence.
    title: String,
    /// HTTP status.
    status: u16,
    /// Stable, `lower_snake`.
    code: String,
    /// What happened this time.
    detail: String,
    /// What to do next.
    hint: String,
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Bulkhead", description = "Every network service on a MikroTik router in its own compartment."),
    paths(
        health::show, show,
        routers::list, routers::add, routers::show, routers::remove, routers::rekey, routers::interfaces,
        routers::export, trace::trace,
        vifs::list, vifs::create, vifs::show, vifs::update, vifs::remove, vifs::engage, vifs::release, vifs::verify,
        vifs::traffic,
        change_sets::list, change_sets::create, change_sets::show, change_sets::edit, change_sets::discard,
        change_sets::happen,
        drift::list, drift::reconcile, drift::accept,
        events::list, events::traffic, live::follow,
        tokens::list, tokens::create, tokens::revoke,
    ),
    components(schemas(ProblemView)),
    modifiers(&Everywhere),
)]
struct Api;

static DOCUMENT: LazyLock<String> = LazyLock::new(|| Api::openapi().to_json().unwrap_or_default());

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "controller",
    responses((status = 200, content_type = "application/json", body = Object)))]
pub(in crate::io::http) async fn show() -> Response {
    let mut response = DOCUMENT.as_str().into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// What holds for every route: how to sign in, how problems look, and the key of every write.
struct Everywhere;

impl Modify for Everywhere {
    fn modify(&self, document: &mut Document) {
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let cookie = ApiKey::Cookie(ApiKeyValue::with_description(
            "bulkhead",
            "A browser's session. Writes also need `X-CSRF-Token` and our own `Origin`.",
        ));
        if let Some(components) = &mut document.components {
            if let Some(RefOr::T(Schema::Object(finding))) = components.schemas.get_mut("FindingView") {
                findings(finding);
            }
            components.add_security_scheme("token", SecurityScheme::Http(token));
            components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
        }
        for item in document.paths.paths.values_mut() {
            for read in [&mut item.get].into_iter().flatten() {
                everywhere(read);
            }
            for write in [&mut item.post, &mut item.patch, &mut item.delete].into_iter().flatten() {
                everywhere(write);
                let key = ParameterBuilder::new()
                    .name("Idempotency-Key")
                    .parameter_in(ParameterIn::Header)
                    .description(Some("1 to 255 characters. The same request with the same key is done once in 24 h."))
                    .schema(Some(ObjectBuilder::new().schema_type(Type::String)));
                write.parameters.get_or_insert_default().push(key.build().into());
            }
        }
    }
}

/// The codes of the validation's findings, where a finding's code is described.
fn findings(finding: &mut Object) {
    let Some(RefOr::T(Schema::Object(code))) = finding.properties.get_mut("code") else { return };
    let mut text = "Stable, `lower_snake`. The agent's plan may refuse with others.\n\n\
        | code | stage | status | may be overruled | meaning |\n| --- | --- | --- | --- | --- |\n"
        .to_owned();
    for code in CODES {
        let (status, force) = match (code.severity, code.force) {
            (Severity::Warning, _) => ("warning", ""),
            (Severity::Failed, true) => ("failed", "yes"),
            (Severity::Failed, false) => ("failed", "no"),
        };
        let _ = writeln!(text, "| `{}` | {} | {status} | {force} | {} |", code.code, code.stage.as_str(), code.meaning);
    }
    code.description = Some(text);
}

fn everywhere(operation: &mut Operation) {
    if operation.security.is_none() {
        let none: [&str; 0] = [];
        let either = ["token", "session"].map(|name| SecurityRequirement::new(name, none));
        operation.security = Some(either.to_vec());
    }
    let problem = Content::new(Some(Ref::from_schema_name("Problem")));
    let response = ResponseBuilder::new().description("What went wrong").content("application/problem+json", problem);
    operation.responses.responses.insert("default".to_owned(), response.build().into());
}

/// The document, for the test that compares it with the routes.
#[cfg(test)]
pub(in crate::io::http) fn document() -> serde_json::Value {
    serde_json::from_str(&DOCUMENT).unwrap()
}
