//! Live events.

use super::*;
use crate::view::NewRouter;
use futures_util::StreamExt as _;

/// Reads until a text has come; a stream without it never ends, which the test runner's limit shows.
async fn until(response: Response, text: &str) -> String {
    let mut body = response.into_body().into_data_stream();
    let mut read = String::new();
    while !read.contains(text) {
        read.push_str(&String::from_utf8_lossy(&body.next().await.unwrap().unwrap()));
    }
    read
}

async fn add(house: &House, name: &str) {
    let new = NewRouter { name: name.into(), id: None, routeros: None, mqtt_url: None, routeros_version: None };
    house.controller.add_router(new, "anna").await.unwrap();
}

fn follow(house: &House, query: &str, after: Option<u64>) -> Request<Body> {
    let mut request = house.by_program("GET", &format!("/api/v1/events{query}"));
    if let Some(after) = after {
        request = request.header("last-event-id", after.to_string());
    }
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn what_happens_is_told_with_its_noun_and_id() {
    let house = House::lived_in().await;
    let stream = house.stream(follow(&house, "", None)).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    add(&house, "attic").await;
    let read = until(stream, "event: router").await;
    assert!(read.contains("id: 1\n") && read.contains("\"attic\""), "{read}");
}

#[tokio::test]
async fn a_reader_that_comes_back_goes_on_after_the_last_one_seen() {
    let house = House::lived_in().await;
    for name in ["one", "two", "three"] {
        add(&house, name).await;
    }
    // Each router makes two items: that it was added, and itself.
    let read = until(house.stream(follow(&house, "", Some(2))).await, "\"three\"").await;
    assert!(!read.contains("\"one\"") && read.contains("\"two\""), "{read}");
    let read = until(house.stream(follow(&house, "", Some(99_999))).await, "\n\n").await;
    assert!(read.contains("event: resync"), "{read}");
}

#[tokio::test]
async fn a_reader_of_one_router_hears_nothing_of_others() {
    let house = House::lived_in().await;
    add(&house, "one").await;
    add(&house, "two").await;
    let stream = house.stream(follow(&house, "?router=two", Some(0))).await;
    let read = until(stream, "\"two\"").await;
    assert!(!read.contains("\"one\""), "{read}");
    let unknown = house.send(follow(&house, "?router=none", None)).await;
    assert_eq!((unknown.status, unknown.code().as_str()), (StatusCode::NOT_FOUND, "unknown_router"));
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_its_sign_in() {
    let house = House::lived_in().await;
    let stream = house.stream(follow(&house, "", None)).await;
    let id = sign_in::tokens(house.controller.store()).await.unwrap()[0].id.clone();
    sign_in::revoke_token(house.controller.store(), &id).await.unwrap();
    let mut body = stream.into_body().into_data_stream();
    while body.next().await.is_some() {}
}
