//! Who may do what at the embedded broker.
//!
//! | user | password | client id | may publish | may subscribe |
//! | --- | --- | --- | --- | --- |
//! | `controller` | made at each start | its name | all | all |
//! | `agent-<router>` | of its enrolment | its name | [`topic::agent_may_publish`] | [`topic::agent_may_subscribe`] |
//! | one of home automation | of `bulkhead mqtt-user add` | any that is none of the above | `homeassistant/status`; `bulkhead/+/+/set` where granted | below `bulkhead/` and `homeassistant/` |
//! | anybody else | – | – | nothing | nothing |

use crate::io::store::{
    Store, StoreError, Transaction,
    mqtt_users::{self, MqttUser},
    routers,
};
use mqtt5::{
    broker::{AuthProvider, auth::AuthResult},
    packet::connect::ConnectPacket,
    protocol::v5::reason_codes::ReasonCode,
};
use sha2::{Digest as _, Sha256};
use shared::{ids::RouterId, topic};
use std::{future::Future, net::SocketAddr, pin::Pin};
use subtle::ConstantTimeEq as _;

/// The controller's user and client id.
pub const CONTROLLER: &str = "controller";
const AGENT: &str = "agent-";
/// Where Home Assistant tells that it has come up.
const BIRTH: &str = "homeassistant/status";

/// What is kept of a password. Its 256 random bits need no slow hash.
pub fn secret_hash(password: &str) -> [u8; 32] {
    Sha256::digest(password.as_bytes()).into()
}

/// The users and their rights, looked up anew each time: what is taken away is gone at once.
pub struct Rights {
    store: Store,
    controller: [u8; 32],
}

/// Somebody who has proved a name.
enum User {
    Controller,
    Agent(RouterId),
    Home(MqttUser),
}

impl Rights {
    /// Rights over the users of a database, and the controller's password of this run.
    pub fn new(store: Store, controller_password: &str) -> Self {
        Self { store, controller: secret_hash(controller_password) }
    }

    /// The user of a name and the hash of its password.
    async fn user(&self, name: &str) -> Option<(User, [u8; 32])> {
        if name == CONTROLLER {
            return Some((User::Controller, self.controller));
        }
        if let Some(router) = name.strip_prefix(AGENT) {
            let id = RouterId::new(router).ok()?;
            let found = self.read(move |tx| routers::one(tx, &id)).await?;
            return Some((User::Agent(found.id), found.mqtt_secret));
        }
        let name = name.to_owned();
        let found = self.read(move |tx| mqtt_users::one(tx, &name)).await?;
        let secret = found.secret;
        Some((User::Home(found), secret))
    }

    /// A database that does not answer lets nobody in.
    async fn read<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Transaction<'_>) -> Result<Option<T>, StoreError> + Send + 'static,
    ) -> Option<T> {
        self.store.call(call).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the broker could not look up a user, so it refused it");
            None
        })
    }

    async fn sign_in(&self, connect: &ConnectPacket) -> AuthResult {
        let (Some(name), Some(password)) = (&connect.username, &connect.password) else {
            return AuthResult::fail(ReasonCode::NotAuthorized);
        };
        let given: [u8; 32] = Sha256::digest(password).into();
        let Some((user, secret)) = self.user(name).await else {
            return AuthResult::fail(ReasonCode::BadUsernameOrPassword);
        };
        if !bool::from(given.ct_eq(&secret)) {
            return AuthResult::fail(ReasonCode::BadUsernameOrPassword);
        }
        if !may_call_itself(&user, name, &connect.client_id) {
            return AuthResult::fail(ReasonCode::ClientIdentifierNotValid);
        }
        // A will that would not be published is refused now, while the client is there to hear it.
        if connect.will.as_ref().is_some_and(|will| !may_publish(&user, &will.topic)) {
            return AuthResult::fail(ReasonCode::NotAuthorized);
        }
        AuthResult::success_with_user(name.as_str())
    }
}

/// Controller and agents have one client id each, and nobody else can take it.
fn may_call_itself(user: &User, name: &str, client_id: &str) -> bool {
    match user {
        User::Controller | User::Agent(_) => client_id == name,
        User::Home(_) => client_id != CONTROLLER && !client_id.starts_with(AGENT),
    }
}

fn may_publish(user: &User, topic: &str) -> bool {
    match user {
        User::Controller => true,
        User::Agent(router) => topic::agent_may_publish(router, topic),
        User::Home(user) => topic == BIRTH || (user.may_write && topic::parse_home_command(topic).is_some()),
    }
}

fn may_subscribe(user: &User, filter: &str) -> bool {
    match user {
        User::Controller => true,
        User::Agent(router) => topic::agent_may_subscribe(router, filter),
        User::Home(_) => ["bulkhead/", "homeassistant/"].iter().any(|tree| filter.starts_with(tree)),
    }
}

impl AuthProvider for Rights {
    fn authenticate<'a>(
        &'a self,
        connect: &'a ConnectPacket,
        client_addr: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = mqtt5::Result<AuthResult>> + Send + 'a>> {
        Box::pin(async move {
            let result = self.sign_in(connect).await;
            if !result.authenticated {
                tracing::warn!(
                    user = connect.username.as_deref().unwrap_or("(none)"),
                    client = connect.client_id,
                    from = %client_addr,
                    reason = ?result.reason_code,
                    "the broker refused a sign-in"
                );
            }
            Ok(result)
        })
    }

    fn authorize_publish<'a>(
        &'a self,
        _client_id: &str,
        user_id: Option<&'a str>,
        topic: &'a str,
    ) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(async move {
            let Some(name) = user_id else { return false };
            self.user(name).await.is_some_and(|(user, _)| may_publish(&user, topic))
        })
    }

    fn authorize_subscribe<'a>(
        &'a self,
        _client_id: &str,
        user_id: Option<&'a str>,
        topic_filter: &'a str,
    ) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(async move {
            let Some(name) = user_id else { return false };
            self.user(name).await.is_some_and(|(user, _)| may_subscribe(&user, topic_filter))
        })
    }
}
