//! What the tests of the store share.

use super::{
    Store, StoreError,
    routers::{self, Router},
};
use crate::flow::enrolment::Settings;
use rusqlite::Transaction;
use shared::ids::RouterId;

/// A row in each table of the first migration.
pub(crate) const ROWS_OF_0001: &str = "
    INSERT INTO router (id, name, created_at, agent_key, mqtt_secret, settings) VALUES ('r1', 'r1', 1, x'00', x'00', '{}');
    INSERT INTO agent_mark VALUES ('r1', x'0000000000000001', x'0000000000000001', x'0000000000000001', 0);
    INSERT INTO router_state VALUES ('r1', '{}');
    INSERT INTO change_set (id, router, state, created_at, body) VALUES ('c1', 'r1', 'draft', 1, '{}');
    INSERT INTO event (router, at, severity, code, message) VALUES ('r1', 1, 'info', 'x', 'x');
    INSERT INTO mqtt_user VALUES ('ha', x'00', 0, 1);
";

/// Runs a test's body in a transaction of an empty database.
pub(crate) fn run(body: impl FnOnce(&Transaction<'_>)) {
    let store = Store::in_memory().unwrap();
    let mut connection = store.connection.lock().unwrap();
    body(&connection.transaction().unwrap());
}

/// Adds a router of this id.
pub(crate) fn router(transaction: &Transaction<'_>, id: &str) -> RouterId {
    let id = RouterId::new(id).unwrap();
    assert!(routers::add(transaction, &sample(&id)).unwrap());
    id
}

/// A router of this id; its agent's password is `password`.
pub(crate) fn sample(id: &RouterId) -> Router {
    let settings = Settings {
        routeros: None,
        fingerprint: None,
        mqtt_url: None,
        data: None,
        watch_period_ms: None,
        routeros_version: None,
    };
    Router {
        id: id.clone(),
        name: id.to_string(),
        created_at: 1,
        agent_key: [1; 32],
        mqtt_secret: crate::io::broker::secret_hash("password"),
        settings,
        last_seen: None,
    }
}

/// An empty database with one router.
pub(crate) async fn store_with(id: &RouterId) -> Store {
    let store = Store::in_memory().unwrap();
    let id = id.clone();
    let added: Result<bool, StoreError> = store.call(move |tx| routers::add(tx, &sample(&id))).await;
    assert!(added.unwrap());
    store
}
