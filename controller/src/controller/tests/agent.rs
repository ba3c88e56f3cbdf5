//! An agent of the tests: it signs and connects as a real one and answers what it is told to.

use crate::{
    io::{
        broker::{Broker, secret_hash},
        keys::Authority,
        store::{Store, StoreError, mqtt_users},
    },
    view::Enrolment,
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ed25519_dalek::SigningKey;
use rumqttc::{
    AsyncClient, Event as Mqtt, EventLoop, IncomingPacketSizeLimit, LastWill, MqttOptions, Packet, PublishOptions, QoS,
};
use shared::{
    ids::{RouterId, SenderId, VifId},
    net::{InterfaceName, VlanId},
    router::{ApiState, Device, RouterState},
    topic,
    vif::{
        Egress, Gate, Gateway, KillSwitch, KillSwitchMode, KillSwitchState, Traffic, VifName, VifReport, VifSpec,
        VifStatus,
    },
    wire::{self, Body, Event, Expect, Message, Reply, Request},
};
use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::{sync::watch, task::JoinHandle};

/// What an agent does on a request.
pub(super) struct Said {
    pub(super) reply: Option<Reply>,
    pub(super) events: Vec<Event>,
}

impl Said {
    pub(super) fn reply(reply: Reply) -> Self {
        Self { reply: Some(reply), events: Vec::new() }
    }

    pub(super) fn nothing() -> Self {
        Self { reply: None, events: Vec::new() }
    }
}

/// The agent.
pub(super) struct FakeAgent {
    pub(super) seed: [u8; 32],
    voice: Arc<Voice>,
    client: AsyncClient,
    task: JoinHandle<()>,
    alive: watch::Receiver<bool>,
}

/// What it signs with.
struct Voice {
    key: SigningKey,
    epoch: u64,
    sequence: AtomicU64,
}

static EPOCH: AtomicU64 = AtomicU64::new(1);

impl Voice {
    fn seal(&self, sender: &str, body: Body, in_reply_to: Option<u64>, key: &SigningKey) -> Vec<u8> {
        let message = Message {
            sender: SenderId::new(sender).unwrap(),
            router: RouterId::new("r1").unwrap(),
            epoch: self.epoch,
            sequence: self.sequence.fetch_add(1, Ordering::Relaxed) + 1,
            issued_at: 0,
            expires_at: None,
            in_reply_to,
            body,
        };
        wire::seal(&message, key).unwrap()
    }
}

impl FakeAgent {
    pub(super) async fn connect(
        broker: &Broker,
        enrolment: &Enrolment,
        authority: &Authority,
        answer: impl FnMut(Request) -> Said + Send + 'static,
    ) -> Self {
        Self::try_connect(broker, enrolment, authority, answer).await.expect("a connection")
    }

    /// Nothing where the broker refuses it.
    pub(super) async fn try_connect(
        broker: &Broker,
        enrolment: &Enrolment,
        authority: &Authority,
        answer: impl FnMut(Request) -> Said + Send + 'static,
    ) -> Option<Self> {
        let file = |name: &str| {
            let file = enrolment.files.iter().find(|file| file.path == name).expect(name);
            file.content.trim().to_owned()
        };
        let seed: [u8; 32] = BASE64.decode(file("agent.key")).unwrap().try_into().unwrap();
        let router = RouterId::new(enrolment.router.as_str()).unwrap();
        let mut options = options(broker, "agent-r1", "agent-r1", &file("mqtt.password"));
        let availability = topic::Home::Availability(router.clone()).to_string();
        options.set_last_will(LastWill::new(availability.as_str(), "offline", QoS::AtLeastOnce, true, None));
        let (client, mut events) = AsyncClient::builder(options).capacity(100).build();
        connected(&mut events).await?;
        client.try_subscribe(topic::agent_filter(&router), QoS::AtLeastOnce).unwrap();
        client.try_publish(availability, "online", PublishOptions::new(QoS::AtLeastOnce).retained()).unwrap();
        let voice = Arc::new(Voice {
            key: SigningKey::from_bytes(&seed),
            epoch: EPOCH.fetch_add(1, Ordering::Relaxed),
            sequence: AtomicU64::new(0),
        });
        let controller = authority.signing().verifying_key();
        let (died, alive) = watch::channel(true);
        let (speaker, sender) = (Arc::clone(&voice), client.clone());
        let task = tokio::spawn(async move {
            work(&mut events, &sender, &speaker, controller, answer).await;
            died.send_replace(false);
        });
        Some(Self { seed, voice, client, task, alive })
    }

    pub(super) fn seal(&self, body: Body) -> Vec<u8> {
        self.voice.seal("agent-r1", body, None, &self.voice.key)
    }

    pub(super) fn seal_as(&self, sender: &str, body: Body, seed: &[u8; 32]) -> Vec<u8> {
        self.voice.seal(sender, body, None, &SigningKey::from_bytes(seed))
    }

    pub(super) async fn publish(&self, place: &str, payload: Vec<u8>) {
        self.client.publish(place.to_owned(), payload, PublishOptions::new(QoS::AtLeastOnce)).await.unwrap();
    }

    pub(super) async fn tell(&self, event: Event) {
        self.publish("bulkhead-bus/v1/r1/event/change_set", self.seal(Body::Event(event))).await;
    }

    /// Dies without a word: its will is published.
    pub(super) async fn leave(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    /// Waits until the broker has thrown it out.
    pub(super) async fn ended(mut self) {
        let gone = self.alive.wait_for(|alive| !alive);
        tokio::time::timeout(super::SOON, gone).await.expect("thrown out").ok();
    }
}

async fn work(
    events: &mut EventLoop,
    client: &AsyncClient,
    voice: &Voice,
    controller: ed25519_dalek::VerifyingKey,
    mut answer: impl FnMut(Request) -> Said,
) {
    let send = |place: &str, payload| {
        client.try_publish(place.to_owned(), payload, PublishOptions::new(QoS::AtLeastOnce)).unwrap();
    };
    while let Ok(event) = events.poll().await {
        let Mqtt::Incoming(Packet::Publish(publish)) = event else { continue };
        let key = |sender: &SenderId| (sender.as_str() == "controller").then_some(controller);
        let router = RouterId::new("r1").unwrap();
        let expect = Expect { key: &key, router: &router, now: super::Clock::system().unix_millis(), taken: &|_| None };
        let message = wire::open(&publish.payload, &expect).expect("a request that an agent takes");
        let Body::Request(request) = message.body else { panic!("no request") };
        let said = answer(request);
        if let Some(reply) = said.reply {
            let sealed = voice.seal("agent-r1", Body::Reply(reply), Some(message.sequence), &voice.key);
            send("bulkhead-bus/v1/r1/reply/controller", sealed);
        }
        for event in said.events {
            let sealed = voice.seal("agent-r1", Body::Event(event), None, &voice.key);
            send("bulkhead-bus/v1/r1/event/change_set", sealed);
        }
    }
}

fn options(broker: &Broker, client_id: &str, name: &str, password: &str) -> MqttOptions {
    let mut options = MqttOptions::new(client_id, rumqttc::Broker::tcp("127.0.0.1", broker.plain.port()));
    options.set_clean_start(true);
    options.set_incoming_packet_size_limit(IncomingPacketSizeLimit::Unlimited);
    options.set_credentials(name.to_owned(), password.to_owned());
    options
}

async fn connected(events: &mut EventLoop) -> Option<()> {
    loop {
        match events.poll().await {
            Ok(Mqtt::Incoming(Packet::ConnAck(_))) => return Some(()),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

/// A user of home automation that reads everything and may command.
pub(super) struct HomeUser {
    client: AsyncClient,
    events: EventLoop,
}

impl HomeUser {
    pub(super) async fn connect(broker: &Broker, store: &Store) -> Self {
        let user = mqtt_users::MqttUser {
            name: "home".into(),
            secret: secret_hash("password"),
            may_write: true,
            created_at: 1,
        };
        let put: Result<(), StoreError> = store.call(move |tx| mqtt_users::put(tx, &user)).await;
        put.unwrap();
        let client_id = format!("home-{}", EPOCH.fetch_add(1, Ordering::Relaxed));
        let (client, mut events) =
            AsyncClient::builder(options(broker, &client_id, "home", "password")).capacity(100).build();
        connected(&mut events).await.expect("a connection");
        client.try_subscribe("bulkhead/#", QoS::AtLeastOnce).unwrap();
        Self { client, events }
    }

    pub(super) async fn publish(&self, place: &str, body: &serde_json::Value, retain: bool) {
        let options = PublishOptions::new(QoS::AtLeastOnce).retain(retain);
        self.client.publish(place.to_owned(), body.to_string(), options).await.unwrap();
    }

    /// The next message on a topic that ends so.
    pub(super) async fn hears(&mut self, end: &str) -> (String, serde_json::Value) {
        let next = async {
            loop {
                let Mqtt::Incoming(Packet::Publish(publish)) = self.events.poll().await.unwrap() else { continue };
                let place = String::from_utf8(publish.topic.to_vec()).unwrap();
                if place.ends_with(end) {
                    return (place, serde_json::from_slice(&publish.payload).unwrap());
                }
            }
        };
        tokio::time::timeout(super::SOON, next).await.expect(end)
    }

    /// Up to the answer with this id no command is kept by the broker.
    pub(super) async fn hears_no_kept_command_before(&mut self, id: &str) {
        loop {
            let Mqtt::Incoming(Packet::Publish(publish)) = self.events.poll().await.unwrap() else { continue };
            let place = String::from_utf8(publish.topic.to_vec()).unwrap();
            assert!(!(publish.retain && place.ends_with("/set")), "{place} is kept");
            let answer: serde_json::Value = serde_json::from_slice(&publish.payload).unwrap_or_default();
            if place.ends_with("/result") && answer["id"] == id {
                return;
            }
        }
    }
}

/// A state with one VIF.
pub(crate) fn state_with_vif(id: &str) -> RouterState {
    let name = |text: &str| InterfaceName::new(text).unwrap();
    let report = VifReport {
        spec: VifSpec {
            id: VifId::new(id).unwrap(),
            name: VifName::new("tor").unwrap(),
            egress: Egress::Interface(name("wg-vpn")),
            kill_switch: KillSwitchMode::Block,
            resolver: None,
            ports: Vec::new(),
        },
        created_at: 1,
        vlan_id: VlanId::new(100).unwrap(),
        bridge: name("bulkhead"),
        interface: name("bh-v100"),
        gateway_ip: Ipv4Addr::new(172, 16, 64, 1),
        service_ip: Ipv4Addr::new(172, 16, 64, 2),
        status: VifStatus::Active,
        kill_switch: KillSwitch {
            mode: KillSwitchMode::Block,
            state: KillSwitchState::Armed,
            active: false,
            gate: Gate::Open,
            since: 1,
            reason: "up".into(),
            held: false,
            way: None,
            reaction_ms: None,
        },
        gateway: Gateway::default(),
        traffic: Traffic::default(),
        isolation: None,
    };
    RouterState {
        agent_version: "1".into(),
        api: ApiState::Connected,
        device: Some(Device {
            identity: "attic".into(),
            routeros_version: "7.24".into(),
            board: "RB5009UG+S+".into(),
            architecture: "arm64".into(),
            uptime_s: 1,
            cpu_percent: 0,
            memory_free: 1 << 29,
            memory_total: 1 << 30,
        }),
        interfaces: Vec::new(),
        vifs: vec![report],
        refused: Vec::new(),
        at: 1,
    }
}
