//! Routers: enrolling, listing, forgetting.

use super::{Controller, Setup, seen::Seen};
use crate::{
    config::BrokerUrl,
    flow::enrolment::{self, Place, Secrets, Settings},
    io::{
        broker::secret_hash,
        random::{self, RandomError},
        store::{
            events::{self, Line},
            routers::{self, Router},
        },
    },
    problem::{self, Problem},
    view::{ApiView, Enrolment, EnrolmentFile, NewRouter, RouterView, iso},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ed25519_dalek::SigningKey;
use serde_json::json;
use shared::{
    ids::{RouterId, SenderId},
    notice::Severity,
    router::{ApiState, RouterState},
};

/// Port of api-ssl.
const API_SSL: u16 = 8729;
/// The longest name of a router, in characters.
const MAX_NAME: usize = 60;

impl Controller {
    /// All routers, by their names.
    ///
    /// # Errors
    /// `internal`
    pub async fn routers(&self) -> Result<Vec<RouterView>, Problem> {
        let found: Vec<(Router, Option<RouterState>)> = self
            .inner
            .store
            .call(|tx| {
                let with_state = |router: Router| Ok::<_, Problem>((routers::state(tx, &router.id)?, router));
                let all = routers::all(tx)?.into_iter().map(with_state);
                all.map(|found| found.map(|(state, router)| (router, state))).collect::<Result<_, Problem>>()
            })
            .await?;
        let seen = self.seen();
        Ok(found.iter().map(|(router, state)| router_view(router, state.as_ref(), &seen)).collect())
    }

    /// One router.
    ///
    /// # Errors
    /// `unknown_router`
    pub async fn router(&self, router: &RouterId) -> Result<RouterView, Problem> {
        let known = self.known(router).await?;
        let id = router.clone();
        let state = self.inner.store.call(move |tx| Ok::<_, Problem>(routers::state(tx, &id)?)).await?;
        Ok(router_view(&known, state.as_ref(), &self.seen()))
    }

    /// Enrols a router. What it gives holds secrets that are kept nowhere else.
    ///
    /// # Errors
    /// `router_exists`, `field_invalid`
    pub async fn add_router(&self, new: NewRouter, who: &str) -> Result<Enrolment, Problem> {
        let name = checked_name(&new.name)?;
        let id = checked_id(new.id.as_deref(), &name)?;
        let settings = settings(&new)?;
        let (enrolment, router) = self.enrol(id, name, settings)?;
        let line = note(self.now(), "router_added", format!("{who} added the router."));
        let id = router.id.clone();
        let added = self
            .inner
            .store
            .call(move |tx| {
                if !routers::add(tx, &router)? {
                    return Err(exists(&router));
                }
                Ok((events::append(tx, &router.id, &line)?, router))
            })
            .await?;
        self.tell("event", &id, &added.0);
        self.tell("router", &id, &router_view(&added.1, None, &self.seen()));
        self.employ(&id);
        Ok(enrolment)
    }

    /// Makes all secrets of a router's agent anew; the old ones are void at once.
    ///
    /// # Errors
    /// `unknown_router`
    pub async fn rekey_router(&self, router: &RouterId, who: &str) -> Result<Enrolment, Problem> {
        let known = self.known(router).await?;
        let (enrolment, fresh) = self.enrol(known.id, known.name, known.settings)?;
        let line = note(self.now(), "router_rekeyed", format!("{who} gave the router's agent new keys."));
        let line = self
            .inner
            .store
            .call(move |tx| {
                routers::rekey(tx, &fresh)?;
                Ok::<_, Problem>(events::append(tx, &fresh.id, &line)?)
            })
            .await?;
        self.tell("event", router, &line);
        self.throw_out(router).await;
        Ok(enrolment)
    }

    /// Tells the agent of an enrolled router where the router's API and the broker are, and gives its configuration anew;
    /// no secret changes.
    ///
    /// # Errors
    /// `unknown_router`
    pub async fn place_router(
        &self,
        router: &RouterId,
        place: Place,
        fingerprint: Option<String>,
        mqtt_url: Option<String>,
        data: Option<String>,
    ) -> Result<EnrolmentFile, Problem> {
        let setup = self.setup()?;
        let mut known = self.known(router).await?;
        known.settings = Settings { routeros: Some(place), fingerprint, mqtt_url, data, ..known.settings };
        let public_key = public_key(setup);
        let controller = known_to_agents(setup, &public_key);
        let file = enrolment::agent_file(router, &known.settings, &controller);
        self.inner.store.call(move |tx| Ok::<_, Problem>(routers::rekey(tx, &known)?)).await?;
        Ok(file)
    }

    /// Forgets a router. Nothing is removed from the router itself.
    ///
    /// # Errors
    /// `unknown_router`; `router_in_use` while it carries VIFs, unless forced.
    pub async fn remove_router(&self, router: &RouterId, force: bool, who: &str) -> Result<(), Problem> {
        let vifs = self.vifs(router).await?.len();
        if vifs > 0 && !force {
            return Err(Problem::new(
                problem::ROUTER_IN_USE,
                format!("The router carries {vifs} VIFs, which would stay on it without anybody to change them."),
                "Remove them first, or force it.",
            )
            .with("vifs", vifs));
        }
        let id = router.clone();
        self.inner.store.call(move |tx| Ok::<_, Problem>(routers::remove(tx, &id)?)).await?;
        self.workers().dismiss(router);
        self.seen().remove(router);
        self.throw_out(router).await;
        tracing::info!(%router, who, "a router was removed");
        self.tell("router", router, &json!({"id": router, "removed": true}));
        Ok(())
    }

    /// The record of a router.
    pub(super) async fn known(&self, router: &RouterId) -> Result<Router, Problem> {
        let id = router.clone();
        let found = self.inner.store.call(move |tx| Ok::<_, Problem>(routers::one(tx, &id)?)).await?;
        found.ok_or_else(|| Problem::unknown_router(router.as_str()))
    }

    /// Makes the secrets of an agent, and with them its files and our record.
    fn enrol(&self, id: RouterId, name: String, settings: Settings) -> Result<(Enrolment, Router), Problem> {
        let setup = self.setup()?;
        let internal = |error: RandomError| Problem::internal(&error);
        let user = enrolment::mqtt_user(&id);
        let identity = setup.authority.client(&user).map_err(|error| Problem::internal(&error))?;
        let seed = random::bytes::<32>().map_err(internal)?;
        let secrets = Secrets {
            routeros_password: random::secret().map_err(internal)?,
            mqtt_password: random::secret().map_err(internal)?,
            agent_seed: BASE64.encode(seed),
            client_certificate: identity.certificate,
            client_key: identity.key,
            mac: random::bytes().map_err(internal)?,
        };
        let public_key = public_key(setup);
        let controller = known_to_agents(setup, &public_key);
        let enrolment = enrolment::enrol(&id, &settings, &secrets, &controller);
        let router = Router {
            id,
            name,
            created_at: self.now(),
            agent_key: SigningKey::from_bytes(&seed).verifying_key().to_bytes(),
            mqtt_secret: secret_hash(&secrets.mqtt_password),
            settings,
            last_seen: None,
        };
        Ok((enrolment, router))
    }

    /// Ends the agent's session at the embedded broker; another broker has to be told by its own means.
    async fn throw_out(&self, router: &RouterId) {
        if let Some(broker) = self.inner.setup.as_ref().and_then(|setup| setup.broker.as_ref()) {
            broker.disconnect(&enrolment::mqtt_user(router)).await;
        }
    }
}

fn public_key(setup: &Setup) -> String {
    BASE64.encode(setup.authority.signing().verifying_key().to_bytes())
}

fn known_to_agents<'a>(setup: &'a Setup, public_key: &'a str) -> enrolment::Controller<'a> {
    enrolment::Controller { public_key, ca: setup.authority.certificate(), mqtt_url: &setup.mqtt_url }
}

fn checked_name(name: &str) -> Result<String, Problem> {
    let name = name.trim();
    let good = (1..=MAX_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if good {
        Ok(name.to_owned())
    } else {
        Err(Problem::field("name", "A router's name has 1 to 60 characters.", "Choose another name."))
    }
}

fn checked_id(id: Option<&str>, name: &str) -> Result<RouterId, Problem> {
    let suffix = random::suffix().map_err(|error| Problem::internal(&error))?;
    let id = match id {
        Some(id) => RouterId::new(id),
        None => enrolment::id_from_name(name, &suffix),
    };
    let wrong = |error: &dyn std::fmt::Display| {
        Problem::field("id", format!("{error}."), "Choose another id, such as `attic`, at most 34 characters.")
    };
    let id = id.map_err(|error| wrong(&error))?;
    // The agent signs and signs in as `agent-<router>`.
    SenderId::agent(&id).map_err(|error| wrong(&error))?;
    Ok(id)
}

fn settings(new: &NewRouter) -> Result<Settings, Problem> {
    let routeros = match new.routeros.as_deref() {
        None => None,
        Some(text) => Some(enrolment::place(text, API_SSL).ok_or_else(|| {
            Problem::field(
                "routeros",
                "This is no address of a router.",
                "Write a name or an address, with `:port` where it is not 8729.",
            )
        })?),
    };
    let mqtt_url = new.mqtt_url.clone();
    if mqtt_url.as_deref().is_some_and(|url| BrokerUrl::parse(url).is_none()) {
        return Err(Problem::field(
            "mqtt_url",
            "This is no address of a broker.",
            "Write it as mqtts://host:port, as the router reaches it.",
        ));
    }
    let routeros_version = new.routeros_version.clone();
    if routeros_version.as_deref().is_some_and(|version| enrolment::supports(version) != Some(true)) {
        return Err(Problem::field(
            "routeros_version",
            "This is no version of RouterOS that the agent can run on.",
            "Write it as /system/resource shows it, such as 7.21.4; 7.16 is the first one.",
        ));
    }
    Ok(Settings { routeros, fingerprint: None, mqtt_url, data: None, watch_period_ms: None, routeros_version })
}

fn exists(router: &Router) -> Problem {
    Problem::new(
        problem::ROUTER_EXISTS,
        format!("There is a router with the id `{}` or the name `{}` already.", router.id, router.name),
        "Choose another name or id; `bulkhead router rekey` gives a known router new keys.",
    )
}

fn note(at: i64, code: &str, message: String) -> Line {
    Line { at, severity: Severity::Info, code: code.to_owned(), message, vif: None, change_set: None }
}

/// The view of a router.
pub(super) fn router_view(router: &Router, state: Option<&RouterState>, seen: &Seen) -> RouterView {
    let device = state.and_then(|state| state.device.as_ref());
    let api = match state.map(|state| &state.api) {
        None => ApiView { connected: false, error: Some("The agent has not been there yet.".to_owned()) },
        Some(ApiState::Connected) => ApiView { connected: true, error: None },
        Some(ApiState::Unreachable(reason)) => ApiView { connected: false, error: Some(reason.clone()) },
    };
    RouterView {
        id: router.id.to_string(),
        name: router.name.clone(),
        state: seen.presence(&router.id),
        routeros_version: device.map(|device| device.routeros_version.clone()),
        board: device.map(|device| device.board.clone()),
        architecture: device.map(|device| device.architecture.clone()),
        identity: device.map(|device| device.identity.clone()),
        agent_version: state.map(|state| state.agent_version.clone()),
        last_seen: seen.last_seen(&router.id).or(router.last_seen).map(iso),
        api,
        uptime_s: device.map(|device| device.uptime_s),
        cpu_percent: device.map(|device| device.cpu_percent),
        memory_free: device.map(|device| device.memory_free),
        memory_total: device.map(|device| device.memory_total),
    }
}
