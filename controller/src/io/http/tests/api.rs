//! REST as a program meets it.

use super::*;
use crate::io::http::{
    api::openapi,
    routes::{ROUTES, Surface, Verb},
};
use serde_json::Value as Json;
use std::collections::BTreeSet;

#[tokio::test]
async fn health_needs_no_sign_in() {
    let house = House::new().await;
    let answer = house.send(bare("GET", "/api/v1/health").body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status, answer.json()["status"].as_str()), (StatusCode::OK, Some("ok")));
    assert_eq!(answer.json()["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn the_openapi_document_describes_every_route_and_no_other() {
    let routes: BTreeSet<(String, String)> = ROUTES
        .iter()
        .filter(|route| route.surface == Surface::Api)
        .map(|route| {
            let method = match route.method {
                Verb::Get => "get",
                Verb::Post => "post",
                Verb::Patch => "patch",
                Verb::Delete => "delete",
            };
            (route.path.to_owned(), method.to_owned())
        })
        .collect();
    let document = openapi::document();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            described.insert((path.clone(), method.clone()));
            let problem = &operation["responses"]["default"]["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(problem, "#/components/schemas/Problem", "{method} {path}");
            assert!(operation["security"].is_array(), "{method} {path}");
            assert!(operation["summary"].is_string(), "{method} {path}");
        }
    }
    assert_eq!(described, routes);
}

#[test]
fn the_openapi_document_lists_every_code_of_a_finding() {
    let document = openapi::document();
    let text = document["components"]["schemas"]["FindingView"]["properties"]["code"]["description"].as_str().unwrap();
    for code in crate::flow::change_set::validate::CODES {
        let line = text.lines().find(|line| line.starts_with(&format!("| `{}` |", code.code)));
        assert!(
            line.is_some_and(|line| line.contains(code.meaning) && line.contains(code.stage.as_str())),
            "{}",
            code.code
        );
    }
}

#[test]
fn every_reference_of_the_openapi_document_resolves() {
    fn references(value: &Json, found: &mut BTreeSet<String>) {
        match value {
            Json::Object(map) => {
                if let Some(reference) = map.get("$ref").and_then(serde_json::Value::as_str) {
                    found.insert(reference.to_owned());
                }
                map.values().for_each(|value| references(value, found));
            }
            Json::Array(list) => list.iter().for_each(|value| references(value, found)),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
        }
    }
    let document = openapi::document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 10);
    for reference in found {
        assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn every_error_is_a_problem_with_a_code() {
    let house = House::lived_in().await;
    let vifs = "/api/v1/routers/r1/vifs";
    for (method, path, body, status, code) in [
        ("GET", "/api/v1/nowhere", "", 404, "not_found"),
        ("PUT", "/api/v1/routers", "", 405, "method_not_allowed"),
        ("GET", "/api/v1/routers/none", "", 404, "unknown_router"),
        ("GET", "/api/v1/routers/NOT-AN-ID", "", 404, "unknown_router"),
        ("GET", "/api/v1/change-sets/none", "", 404, "unknown_change_set"),
        ("POST", "/api/v1/change-sets/none/explode", "", 404, "not_found"),
        ("POST", "/api/v1/change-sets/none/confirm", "{\"force\": [\"lockout\"]}", 422, "field_invalid"),
        ("GET", "/api/v1/routers?limit=many", "", 400, "body_invalid"),
        ("GET", "/api/v1/routers?after=none", "", 422, "field_invalid"),
        ("POST", vifs, "", 400, "body_invalid"),
        ("POST", vifs, "{\"name\": 1}", 422, "field_invalid"),
        ("POST", vifs, "{\"name\": \"tor\", \"egress\": {}, \"nonsense\": 1}", 422, "field_invalid"),
        ("POST", "/api/v1/tokens", "{\"name\": \"\"}", 422, "field_invalid"),
        ("POST", "/api/v1/tokens", "{\"name\": \"program\"}", 409, "token_exists"),
    ] {
        let answer = house.program(method, path, body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{method} {path} {body}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{method} {path}");
        let problem = answer.json();
        assert!(!problem["hint"].as_str().unwrap().is_empty() && problem["status"] == status, "{method} {path}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_or_no_json_is_refused() {
    let house = House::lived_in().await;
    let large = format!("{{\"name\": \"{}\"}}", "x".repeat(256 * 1024));
    assert_eq!(house.program("POST", "/api/v1/tokens", &large).await.code(), "too_large");
    let request = bare("POST", "/api/v1/tokens").header("authorization", format!("Bearer {}", house.token));
    let form = house.send(request.header("content-type", FORM).body(Body::from("name=x")).unwrap()).await;
    assert_eq!((form.status.as_u16(), form.code().as_str()), (415, "unsupported_media_type"));
}

#[tokio::test]
async fn a_token_is_made_listed_used_and_revoked() {
    let house = House::lived_in().await;
    let made = house.program("POST", "/api/v1/tokens", "{\"name\": \"backup\"}").await;
    assert_eq!(made.status, StatusCode::CREATED);
    let (id, secret) = (made.json()["id"].clone(), made.json()["token"].clone());
    let list = house.program("GET", "/api/v1/tokens", "").await;
    assert_eq!(list.json()[0]["id"], id);
    assert!(!list.text.contains(secret.as_str().unwrap()));
    let path = format!("/api/v1/tokens/{}", id.as_str().unwrap());
    assert_eq!(house.program("DELETE", &path, "").await.status, StatusCode::NO_CONTENT);
    let used = bare("GET", "/api/v1/tokens").header("authorization", format!("Bearer {}", secret.as_str().unwrap()));
    assert_eq!(house.send(used.body(Body::empty()).unwrap()).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_router_is_enrolled_listed_and_forgotten() {
    let house = House::lived_in().await;
    let made = house.program("POST", "/api/v1/routers", "{\"name\": \"Attic\"}").await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let id = made.json()["router"].as_str().unwrap().to_owned();
    let list = house.program("GET", "/api/v1/routers", "").await;
    assert_eq!((&list.json()[0]["id"], &list.json()[0]["state"]), (&id.as_str().into(), &"offline".into()));
    let vif = "{\"name\": \"tor\", \"egress\": {\"interface\": \"wg-vpn\"}}";
    let plan = house.program("POST", &format!("/api/v1/routers/{id}/vifs?plan=true"), vif).await;
    assert_eq!(plan.status, StatusCode::ACCEPTED, "{}", plan.text);
    let change = format!("/api/v1/change-sets/{}", plan.json()["change_set"].as_str().unwrap());
    assert_eq!(house.program("GET", &change, "").await.json()["router"], id);
    let removed = house.program("DELETE", &format!("/api/v1/routers/{id}?force=true"), "").await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text);
    assert_eq!(house.program("GET", "/api/v1/routers", "").await.text, "[]");
}
