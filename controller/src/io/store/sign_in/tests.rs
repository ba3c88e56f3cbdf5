use super::*;

const DAY: i64 = 24 * 3600 * 1000;

fn store() -> Store {
    Store::in_memory().unwrap()
}

#[test]
fn a_database_of_before_keeps_what_it_holds() {
    let mut db = rusqlite::Connection::open_in_memory().unwrap();
    super::super::migrate(&mut db, &super::super::MIGRATIONS[..1]).unwrap();
    db.execute("INSERT INTO mqtt_user (name, secret, may_write, created_at) VALUES ('home', x'00', 0, 7)", []).unwrap();
    super::super::migrate(&mut db, super::super::MIGRATIONS).unwrap();
    let kept: i64 = db.query_row("SELECT created_at FROM mqtt_user WHERE name = 'home'", [], |row| row.get(0)).unwrap();
    let accounts: i64 = db.query_row("SELECT count(*) FROM account", [], |row| row.get(0)).unwrap();
    assert_eq!((kept, accounts), (7, 0));
}

#[tokio::test]
async fn the_first_account_is_made_once() {
    let store = store();
    assert!(!is_set_up(&store).await.unwrap());
    create_account(&store, " anna ", "correct horse", true, 0).await.unwrap();
    assert!(is_set_up(&store).await.unwrap());
    let again = create_account(&store, "mallory", "correct horse", true, 0).await;
    assert!(matches!(again, Err(SignInError::Taken)));
    assert_eq!(check_password(&store, "anna", "correct horse").await.unwrap(), Some(Holder::Account("anna".into())));
}

#[tokio::test]
async fn a_short_password_and_an_empty_name_are_refused() {
    let store = store();
    assert!(matches!(create_account(&store, "anna", "9 letters", true, 0).await, Err(SignInError::Password)));
    assert!(matches!(create_account(&store, "  ", "correct horse", true, 0).await, Err(SignInError::Name)));
    assert!(!is_set_up(&store).await.unwrap());
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_sign_nobody_in() {
    let store = store();
    create_account(&store, "anna", "correct horse", true, 0).await.unwrap();
    for (name, password) in [("anna", "correct horsf"), ("anna", ""), ("bob", "correct horse"), ("", "")] {
        assert_eq!(check_password(&store, name, password).await.unwrap(), None, "{name} {password}");
    }
}

#[tokio::test]
async fn a_session_lives_seven_days_from_its_last_use() {
    let store = store();
    let anna = create_account(&store, "anna", "correct horse", true, 0).await.unwrap();
    let session = open_session(&store, &anna, 0).await.unwrap();
    for day in [0, 6, 12, 18] {
        assert_eq!(holder_of_session(&store, session.reveal(), day * DAY).await.unwrap(), Some(anna.clone()), "{day}");
    }
    assert_eq!(holder_of_session(&store, session.reveal(), 25 * DAY).await.unwrap(), None);
}

#[tokio::test]
async fn a_session_that_was_ended_is_over() {
    let store = store();
    let anna = create_account(&store, "anna", "correct horse", true, 0).await.unwrap();
    let (one, two) = (open_session(&store, &anna, 0).await.unwrap(), open_session(&store, &anna, 0).await.unwrap());
    end_session(&store, one.reveal()).await.unwrap();
    assert_eq!(holder_of_session(&store, one.reveal(), 1).await.unwrap(), None);
    assert_eq!(holder_of_session(&store, two.reveal(), 1).await.unwrap(), Some(anna.clone()));
    end_all_sessions(&store).await.unwrap();
    assert_eq!(holder_of_session(&store, two.reveal(), 1).await.unwrap(), None);
}

#[tokio::test]
async fn another_password_ends_all_sessions() {
    let store = store();
    let anna = create_account(&store, "anna", "correct horse", true, 0).await.unwrap();
    let session = open_session(&store, &anna, 0).await.unwrap();
    set_password(&store, "anna", "battery staple").await.unwrap();
    assert_eq!(holder_of_session(&store, session.reveal(), 1).await.unwrap(), None);
    assert_eq!(check_password(&store, "anna", "correct horse").await.unwrap(), None);
    assert_eq!(check_password(&store, "anna", "battery staple").await.unwrap(), Some(anna));
}

#[tokio::test]
async fn only_the_whole_token_counts() {
    let store = store();
    create_account(&store, "anna", "correct horse", true, 0).await.unwrap();
    let token = create_token(&store, "backup", &[], 0).await.unwrap();
    let text = token.reveal();
    assert_eq!(
        holder_of_token(&store, text, 1).await.unwrap().map(|holder| holder.shown()),
        Some("token backup".into())
    );
    let other = format!("{}{}", &text[..text.len() - 1], if text.ends_with('0') { '1' } else { '0' });
    let upper = text.to_uppercase();
    for wrong in ["", "bh_", &text[3..], &other, &upper, &format!("{text} ")] {
        assert_eq!(holder_of_token(&store, wrong, 1).await.unwrap(), None, "{wrong}");
    }
}

#[tokio::test]
async fn a_revoked_token_takes_its_sessions_along() {
    let store = store();
    create_account(&store, "anna", "correct horse", true, 0).await.unwrap();
    let token = create_token(&store, "backup", &[], 0).await.unwrap();
    let holder = holder_of_token(&store, token.reveal(), 0).await.unwrap().unwrap();
    let session = open_session(&store, &holder, 0).await.unwrap();
    let id = tokens(&store).await.unwrap()[0].id.clone();
    assert!(revoke_token(&store, &id).await.unwrap());
    assert!(!revoke_token(&store, &id).await.unwrap());
    assert_eq!(holder_of_token(&store, token.reveal(), 1).await.unwrap(), None);
    assert_eq!(holder_of_session(&store, session.reveal(), 1).await.unwrap(), None);
}

#[tokio::test]
async fn the_last_way_in_cannot_be_revoked() {
    let store = store();
    create_token(&store, "demo", &[], 0).await.unwrap();
    let id = tokens(&store).await.unwrap()[0].id.clone();
    assert!(matches!(revoke_token(&store, &id).await, Err(SignInError::LastWayIn)));
    assert_eq!(tokens(&store).await.unwrap().len(), 1);
}

#[tokio::test]
async fn no_secret_is_in_the_database_or_in_a_debug_line() {
    let store = store();
    let anna = create_account(&store, "anna", "correct horse", true, 0).await.unwrap();
    let token = create_token(&store, "backup", &[], 0).await.unwrap();
    let session = open_session(&store, &anna, 0).await.unwrap();
    let kept: Vec<String> = store
        .call(|db| {
            let mut query = db.prepare(
                "SELECT hex(secret) FROM token UNION ALL SELECT hex(secret) FROM session UNION ALL SELECT password FROM account",
            )?;
            let rows = query.query_map([], |row| row.get(0))?;
            Ok::<_, SignInError>(rows.collect::<Result<_, _>>()?)
        })
        .await
        .unwrap();
    for secret in [token.reveal(), session.reveal()] {
        let secret = secret.rsplit('_').next().unwrap();
        assert!(!kept.iter().any(|column| column.to_lowercase().contains(secret)));
    }
    assert!(!kept.iter().any(|column| column.contains("correct horse")));
    let secret = token.reveal().rsplit('_').next().unwrap();
    assert!(!format!("{token:?}").contains(secret));
}
