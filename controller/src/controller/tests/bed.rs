//! A controller, a broker and an enrolled router for the tests.

use super::{
    super::{Controller, NAME, Setup, sender},
    FakeAgent, Said,
};
use crate::{
    flow::change_set::GoesOn,
    io::{
        broker::{Broker, BrokerOptions},
        clock::Clock,
        keys::Keys,
        mqtt::LinkOptions,
        random,
        store::Store,
    },
    view::{ChangeSetView, Enrolment, NewRouter, NewVif, Presence},
};
use serde_json::json;
use shared::{
    change_set::{Outcome, Phase, Plan, State},
    ids::{ChangeSetId, RouterId},
    topic,
    wire::{Event, Reading, Reply, Request},
};
use std::{net::SocketAddr, sync::Arc, time::Duration};

/// How long anything may take on a loaded machine.
pub(super) const SOON: Duration = Duration::from_secs(30);

pub(super) struct Bed {
    pub(super) controller: Controller,
    pub(super) broker: Arc<Broker>,
    pub(super) keys: Keys,
    pub(super) link: LinkOptions,
    pub(super) router: RouterId,
    pub(super) enrolment: Enrolment,
    _folder: tempfile::TempDir,
}

pub(super) async fn bed() -> Bed {
    crate::io::tls::install_provider();
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::open(folder.path()).unwrap();
    let store = Store::in_memory().unwrap();
    let password = random::secret().unwrap();
    let broker = Broker::start(BrokerOptions {
        agents: SocketAddr::from(([127, 0, 0, 1], 0)),
        identity: keys.broker(&["localhost".to_owned()]).unwrap(),
        ca_file: keys.ca_file(),
        home_automation: Vec::new(),
        folder: folder.path().join("broker"),
        store: store.clone(),
        controller_password: password.clone(),
    })
    .await
    .unwrap();
    let broker = Arc::new(broker);
    let link = LinkOptions {
        host: "127.0.0.1".into(),
        port: broker.plain.port(),
        tls: None,
        credentials: Some((NAME.into(), password)),
        client_id: NAME.into(),
        filters: topic::controller_filters(&sender().unwrap()).to_vec(),
        commands: vec![topic::HOME_COMMANDS.into()],
    };
    let controller = open(&store, &keys, &broker);
    controller.join(link.clone()).await.unwrap();
    let new = NewRouter {
        name: "Attic".into(),
        id: Some("r1".into()),
        routeros: None,
        mqtt_url: None,
        routeros_version: None,
    };
    let enrolment = controller.add_router(new, "ann").await.unwrap();
    let router = RouterId::new("r1").unwrap();
    Bed { controller, broker, keys, link, router, enrolment, _folder: folder }
}

pub(super) fn open(store: &Store, keys: &Keys, broker: &Arc<Broker>) -> Controller {
    let setup = Setup {
        authority: Arc::clone(keys.authority()),
        mqtt_url: "mqtts://localhost:8883".into(),
        home_commands: vec!["refresh".into(), "vif_create".into()],
        broker: Some(Arc::clone(broker)),
    };
    Controller::open(store.clone(), Clock::system(), setup)
}

impl Bed {
    pub(super) async fn agent(&self, answer: impl FnMut(Request) -> Said + Send + 'static) -> FakeAgent {
        let agent = FakeAgent::connect(&self.broker, &self.enrolment, self.keys.authority(), answer).await;
        self.until("the agent is seen", || async {
            self.controller.router(&self.router).await.unwrap().state == Presence::Online
        })
        .await;
        agent
    }

    pub(super) async fn until<F: Future<Output = bool>>(&self, what: &str, mut is_so: impl FnMut() -> F) {
        let wait = async {
            while !is_so().await {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(SOON, wait).await.unwrap_or_else(|_| panic!("in vain: {what}"));
    }

    pub(super) async fn ends_in(&self, id: &ChangeSetId, state: State) -> ChangeSetView {
        self.until(&format!("{id} is {state:?}"), || async {
            self.controller.change_set(id).await.unwrap().state == state
        })
        .await;
        self.controller.change_set(id).await.unwrap()
    }

    pub(super) async fn wish(&self, plan_only: bool) -> ChangeSetId {
        let goes_on = if plan_only { GoesOn::Preview } else { GoesOn::Through };
        self.controller.create_vif(&self.router, tor(), goes_on, &"ann".into()).await.unwrap()
    }
}

pub(super) fn tor() -> NewVif {
    serde_json::from_value(json!({"name": "tor", "egress": {"interface": "wg-vpn"}})).unwrap()
}

pub(super) fn plan() -> Plan {
    Plan { read_hash: [7; 32], operations: Vec::new(), warnings: Vec::new(), rings: Vec::new() }
}

pub(super) fn report(
    id: &ChangeSetId,
    revision: u32,
    phase: Phase,
    outcome: Option<Outcome>,
) -> shared::change_set::Report {
    shared::change_set::Report {
        id: id.clone(),
        phase,
        revision,
        done: revision,
        total: 3,
        current: "add".into(),
        outcome,
        error: None,
        differs: Vec::new(),
        evidence: Vec::new(),
        deadline: None,
        undone_by: None,
        at: 0,
    }
}

/// An agent that does everything, and tells as it goes on.
pub(super) fn willing(request: Request) -> Said {
    match request {
        Request::Plan(_) => Said::reply(Reply::Plan(plan())),
        Request::Apply(order, _) => Said {
            reply: Some(Reply::Report(report(&order.id, 1, Phase::Applying, None))),
            events: vec![
                Event::ChangeSet(report(&order.id, 2, Phase::Verifying, None)),
                Event::ChangeSet(report(&order.id, 3, Phase::Ended, Some(Outcome::Confirmed))),
            ],
        },
        Request::Show(id) => Said::reply(Reply::Report(report(&id, 9, Phase::Ended, Some(Outcome::Confirmed)))),
        Request::Keep(id, _) | Request::Roll(id) | Request::Extend(id, _) => {
            Said::reply(Reply::Report(report(&id, 9, Phase::Ended, Some(Outcome::Confirmed))))
        }
        Request::Read(_) => Said::reply(Reply::Reading(Reading { menus: Vec::new(), at: 0 })),
        Request::Watch(_)
        | Request::Refresh
        | Request::Reconcile(_)
        | Request::Accept(_)
        | Request::Engage(_)
        | Request::Release(_)
        | Request::Verify(_) => Said::reply(Reply::Done),
        Request::History(vif, span) => {
            let (step_s, points) = (span.step_s(), Vec::new());
            Said::reply(Reply::History(shared::vif::History { vif, span, step_s, until: 0, points }))
        }
    }
}
