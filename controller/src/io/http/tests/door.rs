//! Setup, sign-in and sign-out as a browser does them.

use super::*;

async fn post(house: &House, path: &str, form: &str) -> Answer {
    let request = bare("POST", path).header("origin", ORIGIN).header("content-type", FORM);
    house.send(request.body(Body::from(form.to_owned())).unwrap()).await
}

/// The session that an answer sets.
fn session(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie");
    cookie.strip_prefix("bulkhead=").and_then(|rest| rest.split(';').next()).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_setup_token_makes_the_first_account_once() {
    let mut house = House::new().await;
    let token = house.setup_token.lock().unwrap().clone();
    assert!(token.len() >= 40);
    let wrong = post(&house, "/setup", "setup_token=x&name=anna&password=correct+horse").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("value=\"anna\""), "what was typed is kept");
    assert!(!wrong.text.contains("correct horse"), "but no password");
    let short = post(&house, "/setup", &format!("setup_token={token}&name=anna&password=short")).await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(short.text.contains("id=\"password-wrong\""));
    assert!(!short.text.contains(&token));

    let done = post(&house, "/setup", &format!("setup_token={token}&name=anna&password=correct+horse")).await;
    assert_eq!((done.status, done.header("location")), (StatusCode::SEE_OTHER, "/"));
    house.session = session(&done);
    assert_eq!(house.visit("/").await.status, StatusCode::OK);
    let again = post(&house, "/setup", &format!("setup_token={token}&name=eve&password=correct+horse")).await;
    assert_eq!((again.status, again.header("location")), (StatusCode::SEE_OTHER, "/sign-in"));
    assert_eq!(session(&again), "");
}

#[tokio::test]
async fn a_setup_token_is_only_announced_where_it_is_needed() {
    let house = House::lived_in().await;
    let again = House::of(house.controller.clone()).await;
    assert!(again.setup_token.lock().unwrap().is_empty());
}

#[tokio::test]
async fn somebody_signs_in_goes_where_they_wanted_and_signs_out() {
    let mut house = House::lived_in().await;
    house.session = String::new();
    let led = house.visit("/routers/r1/events?after=3").await;
    assert_eq!(led.header("location"), "/sign-in?next=/routers/r1/events%3Fafter%3D3");
    let form = "name=anna&password=correct+horse&next=%2Frouters%2Fr1%2Fevents%3Fafter%3D3";
    let done = post(&house, "/sign-in", form).await;
    assert_eq!((done.status, done.header("location")), (StatusCode::SEE_OTHER, "/routers/r1/events?after=3"));
    assert!(done.header("set-cookie").ends_with("; HttpOnly; SameSite=Strict"));
    house.session = session(&done);
    assert_eq!(house.visit("/access").await.status, StatusCode::OK);
    let out = house.submit("/sign-out", "").await;
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(house.visit("/access").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_open_page_whose_session_ended_goes_to_the_sign_in_as_a_whole() {
    let mut house = House::lived_in().await;
    house.session = String::new();
    let request = house.by_browser("GET", "/routers/r1").header("hx-request", "true");
    let answer = house.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!((answer.header("hx-redirect"), answer.header("location")), ("/sign-in?next=/routers/r1", ""));
}

#[tokio::test]
async fn a_token_signs_a_browser_in() {
    let mut house = House::lived_in().await;
    let done = post(&house, "/sign-in", &format!("token={}", house.token)).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    house.session = session(&done);
    assert_eq!(house.visit("/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_then_slowed_down() {
    let house = House::lived_in().await;
    for _ in 0..5 {
        let wrong = post(&house, "/sign-in", "name=anna&password=wrong-wrong").await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
        assert!(wrong.text.contains("Name or password is wrong.") && wrong.text.contains("value=\"anna\""));
        assert!(!wrong.text.contains("wrong-wrong"));
    }
    let slowed = post(&house, "/sign-in", "name=anna&password=correct+horse").await;
    assert_eq!((slowed.status, slowed.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "1"));
    assert_eq!(session(&slowed), "");
}

#[tokio::test]
async fn nobody_is_led_to_another_site_after_the_sign_in() {
    let house = House::lived_in().await;
    let done = post(&house, "/sign-in", "name=anna&password=correct+horse&next=%2F%2Fevil.example").await;
    assert_eq!(done.header("location"), "/");
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session() {
    let house = House::lived_in().await;
    let other = session(&post(&house, "/sign-in", "name=anna&password=correct+horse").await);
    house.submit("/sign-out-everywhere", "").await;
    for session in [&house.session, &other] {
        let request = bare("GET", "/").header("cookie", format!("bulkhead={session}"));
        let answer = house.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.header("location"), "/sign-in");
    }
}

#[tokio::test]
async fn another_password_wants_the_old_one_and_ends_other_sessions() {
    let mut house = House::lived_in().await;
    let wrong = house.submit("/access/password", "current=nonsense&password=battery+staple").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("id=\"current-wrong\""));
    let done = house.submit("/access/password", "current=correct+horse&password=battery+staple").await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert_eq!(house.visit("/").await.header("location"), "/sign-in", "the old session is over");
    house.session = session(&done);
    assert_eq!(house.visit("/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn colours_are_kept_in_a_cookie_and_need_no_script() {
    let house = House::lived_in().await;
    let answer = house.submit("/theme", "theme=dark&back=%2Faccess").await;
    assert_eq!(answer.header("location"), "/access");
    assert!(answer.header("set-cookie").starts_with("bulkhead-theme=dark;"));
    let cookies = format!("bulkhead={}; bulkhead-theme=dark", house.session);
    let page = house.send(bare("GET", "/").header("cookie", cookies).body(Body::empty()).unwrap()).await;
    assert!(page.text.contains("data-theme=\"dark\""));
}
