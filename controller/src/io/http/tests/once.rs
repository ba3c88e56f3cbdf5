//! A repeated write is answered, not done again.

use super::*;

async fn make(house: &House, key: &str, name: &str) -> Answer {
    let body = format!("{{\"name\": \"{name}\"}}");
    let request = house.by_program("POST", "/api/v1/tokens").header("idempotency-key", key);
    house.send(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn a_repeated_write_gets_the_first_answer() {
    let house = House::lived_in().await;
    let send = || {
        let request = house.by_program("DELETE", "/api/v1/tokens/none").header("idempotency-key", "k1");
        house.send(request.body(Body::empty()).unwrap())
    };
    let (first, second) = (send().await, send().await);
    assert_eq!((first.status, first.code().as_str()), (StatusCode::NOT_FOUND, "unknown_token"));
    assert_eq!((second.status, &second.text), (first.status, &first.text));
    assert_eq!((first.header("idempotency-replayed"), second.header("idempotency-replayed")), ("", "true"));
}

#[tokio::test]
async fn a_key_with_another_body_is_refused() {
    let house = House::lived_in().await;
    assert_eq!(make(&house, "k1", "one").await.status, StatusCode::CREATED);
    let other = make(&house, "k1", "two").await;
    assert_eq!((other.status, other.code().as_str()), (StatusCode::CONFLICT, "idempotency_key_reused"));
}

#[tokio::test]
async fn a_secret_is_not_kept_for_a_repeated_request() {
    let house = House::lived_in().await;
    let first = make(&house, "k1", "one").await;
    let again = make(&house, "k1", "one").await;
    assert_eq!((again.status, again.code().as_str()), (StatusCode::CONFLICT, "idempotency_answer_withheld"));
    let secret = first.json()["token"].as_str().unwrap().to_owned();
    let kept: Vec<Vec<u8>> = house
        .controller
        .store()
        .call(|db| {
            let mut query = db.prepare("SELECT coalesce(answer, x'') FROM idempotency")?;
            let rows = query.query_map([], |row| row.get(0))?;
            Ok::<_, sign_in::SignInError>(rows.collect::<Result<_, _>>()?)
        })
        .await
        .unwrap();
    assert!(!kept.is_empty() && kept.iter().all(|answer| !String::from_utf8_lossy(answer).contains(&secret)));
}

#[tokio::test]
async fn a_key_that_cannot_be_read_is_refused() {
    let house = House::lived_in().await;
    for key in ["", &"x".repeat(256)] {
        assert_eq!(make(&house, key, "one").await.code(), "idempotency_key_invalid", "{key}");
    }
}

#[tokio::test]
async fn without_a_key_every_write_is_done() {
    let house = House::lived_in().await;
    for name in ["one", "two"] {
        let answer = house.program("POST", "/api/v1/tokens", &format!("{{\"name\": \"{name}\"}}")).await;
        assert_eq!(answer.status, StatusCode::CREATED);
    }
}
