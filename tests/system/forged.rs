//! Somebody who may do everything at the broker, and does not have the controller's key.

use anyhow::Context as _;
use ed25519_dalek::{SigningKey, VerifyingKey};
use shared::{
    ids::{ChangeSetId, RouterId, SenderId},
    router::RouterState,
    topic::{Noun, Topic},
    wire::{self, Body, Expect, MAX_ENVELOPE, Message, Rejected, Reply, Request},
};
use std::{
    cell::Cell,
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use support::{
    agent::Agent,
    clock, needs,
    outside::{self, Follower, Lacking},
    parts::{Broker, Twin},
};

struct Programs {
    broker: PathBuf,
    publish: PathBuf,
    subscribe: PathBuf,
}

fn programs() -> Result<Programs, Lacking> {
    Ok(Programs {
        broker: Broker::program()?,
        publish: outside::program("mosquitto_pub")?,
        subscribe: outside::program("mosquitto_sub")?,
    })
}

/// The bus as the attacker and, with the right key, the controller use it.
struct Bus<'a> {
    programs: &'a Programs,
    port: u16,
    place: &'a Path,
    router: RouterId,
    sequence: Cell<u64>,
}

impl Bus<'_> {
    /// A request that would be good if its signature were.
    fn request(&self, request: Request) -> anyhow::Result<Message> {
        let now = clock::unix_ms();
        self.sequence.set((self.sequence.get() + 1).max(u64::try_from(now)? * 1000));
        Ok(Message {
            sender: SenderId::new("controller")?,
            router: self.router.clone(),
            epoch: 0,
            sequence: self.sequence.get(),
            issued_at: now,
            expires_at: Some(now + 30_000),
            in_reply_to: None,
            body: Body::Request(request),
        })
    }

    /// Publishes bytes where the agent takes requests.
    async fn publish(&self, envelope: &[u8]) -> anyhow::Result<()> {
        let file = self.place.join("envelope");
        fs::write(&file, envelope)?;
        let mut command = Command::new(&self.programs.publish);
        command.args(["-V", "mqttv5", "-h", "127.0.0.1", "-p", &self.port.to_string(), "-q", "1", "-t"]);
        command.arg(Topic::Request(self.router.clone(), Noun::Router).to_string()).arg("-f").arg(file);
        outside::run(&mut command).await.map(drop)
    }

    /// Everything that the agent publishes on the bus, payloads in hexadecimal.
    fn follow(&self) -> anyhow::Result<Follower> {
        let mut command = Command::new(&self.programs.subscribe);
        command.args(["-V", "mqttv5", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
        Follower::start_hex(command, &["bulkhead-bus/v1/+/state", "bulkhead-bus/v1/+/reply/+"])
    }
}

/// Opens what an agent published; replays are no matter here.
fn opened(follower: &Follower, router: &RouterId, key: VerifyingKey) -> anyhow::Result<Vec<Message>> {
    let of = |_: &SenderId| Some(key);
    let expect = Expect { key: &of, router, now: clock::unix_ms(), taken: &|_| None };
    let open = |hex: &str| -> anyhow::Result<Message> {
        let bytes = outside::from_hex(hex)?;
        match wire::open(&bytes, &expect) {
            Ok(message) => Ok(message),
            Err(rejected) => Err(anyhow::anyhow!("what the agent says is refused: {rejected}")),
        }
    };
    follower.messages().iter().filter(|m| !m.payload.is_empty()).map(|m| open(&m.payload)).collect()
}

fn newest_state(messages: &[Message]) -> Option<&RouterState> {
    messages.iter().rev().find_map(|message| if let Body::State(state) = &message.body { Some(state) } else { None })
}

/// One envelope for each reason for which it must be refused.
fn hostile(bus: &Bus<'_>, key: &SigningKey) -> anyhow::Result<Vec<(&'static str, Vec<u8>)>> {
    let other = SigningKey::from_bytes(&[9; 32]);
    let good = wire::seal(&bus.request(Request::Watch(5))?, key)?;
    let sender = Message { sender: SenderId::new("mallory")?, ..bus.request(Request::Watch(5))? };
    let foreign = Message { router: RouterId::new("r2")?, ..bus.request(Request::Watch(5))? };
    let mut stale = bus.request(Request::Watch(5))?;
    (stale.issued_at, stale.expires_at) = (stale.issued_at - 60_000, Some(stale.issued_at - 50_000));
    let mut early = bus.request(Request::Watch(5))?;
    (early.issued_at, early.expires_at) = (early.issued_at + 600_000, Some(early.issued_at + 610_000));
    let mut later_version = good.clone();
    later_version[0] = 9;
    let mut oversized = good.clone();
    oversized.resize(MAX_ENVELOPE + 1, 0);
    Ok(vec![
        ("forged", wire::seal(&bus.request(Request::Watch(5))?, &other)?),
        ("unknown_sender", wire::seal(&sender, &other)?),
        ("foreign", wire::seal(&foreign, key)?),
        ("stale", wire::seal(&stale, key)?),
        ("from_the_future", wire::seal(&early, key)?),
        ("malformed", good[..good.len() / 2].to_vec()),
        ("unknown_version", later_version),
        ("oversized", oversized),
    ])
}

#[tokio::test]
async fn what_the_controllers_key_did_not_sign_is_refused_counted_and_not_done() -> anyhow::Result<()> {
    let test = "what_the_controllers_key_did_not_sign_is_refused_counted_and_not_done";
    let programs = needs!(test, programs());
    let folder = tempfile::tempdir()?;
    let place = folder.path();
    let (broker, twin) = (Broker::start(&programs.broker, place).await?, Twin::start(place).await?);
    let before = twin.control.export().await?;
    let (_agent, keys) = Agent::start("r1", &twin, &broker, place)?;
    let router = RouterId::new("r1")?;
    let bus = Bus { programs: &programs, port: broker.port, place, router: router.clone(), sequence: Cell::new(0) };
    let follower = bus.follow()?;
    let heard = || opened(&follower, &router, keys.agent.verifying_key());
    clock::wait("the agent's first state", clock::SOON, || async { Ok(newest_state(&heard()?).map(|_| ())) }).await?;

    // The agent does listen: what the key did sign is answered.
    let asked = bus.request(Request::Show(ChangeSetId::new("no-such-change")?))?;
    let envelope = wire::seal(&asked, &keys.controller)?;
    bus.publish(&envelope).await?;
    let reply = clock::wait("an answer", clock::SOON, || async {
        Ok(heard()?.into_iter().find(|message| message.in_reply_to == Some(asked.sequence)))
    })
    .await?;
    let Body::Reply(Reply::Refused(refusal)) = &reply.body else { panic!("{reply:?}") };
    assert_eq!(refusal.code, "unknown_change_set");

    bus.publish(&envelope).await?;
    for (_, envelope) in hostile(&bus, &keys.controller)? {
        bus.publish(&envelope).await?;
    }
    let counts = clock::wait("every refusal to be counted", clock::SOON, || async {
        bus.publish(&wire::seal(&bus.request(Request::Refresh)?, &keys.controller)?).await?;
        let heard = heard()?;
        let state = newest_state(&heard).context("no state")?;
        Ok((state.refused.len() >= Rejected::REASONS.len()).then(|| state.refused.clone()))
    })
    .await?;
    for reason in Rejected::REASONS {
        assert!(counts.iter().any(|(name, count)| name == reason && *count == 1), "{reason}: {counts:?}");
    }
    let answered = heard()?.iter().filter(|m| m.in_reply_to == Some(asked.sequence)).count();
    assert_eq!(answered, 1, "the replayed request was answered again");
    assert_eq!(twin.control.export().await?, before);
    Ok(())
}
