//! Pages as a person without JavaScript meets them.

use super::*;
use flate2::read::GzDecoder;
use std::io::Read as _;

async fn with_router() -> House {
    let house = House::lived_in().await;
    let made = house.submit("/add-router", "name=Attic&id=attic").await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    house
}

#[tokio::test]
async fn an_empty_house_says_how_to_add_a_router() {
    let house = House::lived_in().await;
    let page = house.visit("/").await;
    assert!(page.text.contains("No router yet") && page.text.contains("href=\"/add-router\""));
}

#[tokio::test]
async fn a_new_routers_files_are_shown_once_and_can_be_taken() {
    let house = House::lived_in().await;
    let made = house.submit("/add-router", "name=Attic&id=attic").await;
    assert_eq!((made.status, made.header("cache-control")), (StatusCode::CREATED, "no-store"));
    assert!(made.text.contains("download=\"attic.rsc\""));
    let page = house.visit("/").await;
    assert!(page.text.contains("Attic") && page.text.contains("Waiting for the agent"));
}

#[tokio::test]
async fn what_is_wrong_stands_at_its_field_and_what_was_typed_stays() {
    let house = with_router().await;
    let page = house.submit("/routers/attic/add-vif", "name=Not+A+Name&egress=wg-vpn").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("id=\"name-wrong\"") && page.text.contains("value=\"Not A Name\""), "{}", page.text);
    let page = house.submit("/routers/attic/add-vif", "name=tor&egress=").await;
    assert!(page.text.contains("id=\"egress-wrong\"") && page.text.contains("value=\"tor\""), "{}", page.text);
    let page = house.submit("/add-router", "name=&id=UPPER").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("value=\"UPPER\""));
}

#[tokio::test]
async fn a_form_leads_to_the_change_that_it_made() {
    let house = with_router().await;
    let answer = house.submit("/routers/attic/add-vif", "name=tor&egress=wg-vpn&do=preview").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    let page = house.visit(answer.header("location")).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert!(page.text.contains("aria-current=\"step\""));
    let list = house.visit("/routers/attic/changes").await;
    assert!(list.text.contains(answer.header("location")));
}

#[tokio::test]
async fn every_page_has_its_landmarks_and_no_inline_script_or_style() {
    let house = with_router().await;
    let paths = [
        "/",
        "/add-router",
        "/access",
        "/nowhere",
        "/routers/attic",
        "/routers/attic/settings",
        "/routers/attic/add-vif",
        "/routers/attic/changes",
        "/routers/attic/events",
    ];
    for path in paths {
        let page = house.visit(path).await;
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert!(page.text.contains("class=\"skip\" href=\"#main\"") && page.text.contains("<main"), "{path}");
        assert_eq!(page.text.matches("<h1").count(), 1, "{path}: one heading of the first order");
        for inline in [" style=", "<style", " onclick=", " onload=", "javascript:", "<script>"] {
            assert!(!page.text.contains(inline), "{path}: {inline}");
        }
    }
}

#[tokio::test]
async fn what_somebody_typed_is_never_markup() {
    let house = House::lived_in().await;
    let name = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27";
    let page = house.submit("/add-router", &format!("name={name}&id=attic")).await;
    assert!(!page.text.contains("<script>alert"));
    for path in ["/", "/routers/attic", "/routers/attic/add-vif", "/routers/attic/settings"] {
        assert!(!house.visit(path).await.text.contains("<script>alert"), "{path}");
    }
    let made = house.submit("/access/tokens", &format!("token_name={name}")).await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert!(!made.text.contains("<script>alert"));
}

#[tokio::test]
async fn a_missing_page_is_a_page() {
    let house = House::lived_in().await;
    for (method, path, status) in [("GET", "/nowhere", 404), ("GET", "/routers/none", 404), ("PUT", "/", 405)] {
        let answer = house.send(house.by_browser(method, path).body(Body::empty()).unwrap()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type")),
            (status, "text/html; charset=utf-8"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn pages_travel_compressed_and_assets_are_kept_for_ever() {
    let house = House::lived_in().await;
    let request = || house.by_browser("GET", "/").header("accept-encoding", "br, gzip");
    let packed = house.stream(request().body(Body::empty()).unwrap()).await;
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    let bytes = to_bytes(packed.into_body(), usize::MAX).await.unwrap();
    let mut page = String::new();
    GzDecoder::new(&bytes[..]).read_to_string(&mut page).unwrap();
    let mut sources = page.split('"').filter(|part| part.starts_with("/assets/")).peekable();
    assert!(sources.peek().is_some());
    for source in sources {
        let asset = house.send(bare("GET", source).body(Body::empty()).unwrap()).await;
        assert_eq!((asset.status, asset.header("content-encoding")), (StatusCode::OK, ""), "{source}");
        assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
        let known = bare("GET", source).header("if-none-match", asset.header("etag"));
        assert_eq!(house.send(known.body(Body::empty()).unwrap()).await.status, StatusCode::NOT_MODIFIED);
    }
}
