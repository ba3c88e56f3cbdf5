//! A router that answers with anything at all, and one that is called a thousand times: every command ends, and nothing is
//! left behind. What is sent is drawn from a seed, `BULKHEAD_SEED=17` plays one again.

use crate::peer::{Peer, accept, add, bytes_of, done, piped, print, re, server, target, trap};
use bulkhead_agent::io::routeros::{Client, Sentence, Target};
use std::time::Duration;
use tokio::{io::DuplexStream, runtime::Handle, time::timeout};

/// Answers of a usual run.
const SEEDS: u64 = 20_000;
/// Longer than any time-out of the client; its clock is virtual.
const FOR_EVER: Duration = Duration::from_secs(24 * 3600);

/// SplitMix64: any seed gives well-mixed draws, the same everywhere.
struct Draw(u64);

impl Draw {
    fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % below.max(1) as u64).expect("below")
    }

    /// What the router answers to commands of these tags: right in the main, then damaged here and there.
    fn answer(&mut self, tags: &[String]) -> Vec<u8> {
        let mut sentences = Vec::new();
        for _ in 0..self.below(12) {
            let tag = &tags[self.below(tags.len())];
            sentences.push(match self.below(6) {
                0 => done().tag(tag),
                1 => trap(tag, "failure: already have such address"),
                2 => Sentence::new("!fatal"),
                3 => done().tag(tag).attribute("ret", "*1"),
                _ => re(tag).attribute(".id", "*1").attribute("comment", vec![b'x'; self.below(300)]),
            });
        }
        let mut bytes = bytes_of(&sentences);
        for _ in 0..self.below(5) {
            let at = self.below(bytes.len() + 1);
            match self.below(5) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, u8::try_from(self.below(256)).expect("a byte")),
                2 if at < bytes.len() => drop(bytes.remove(at)),
                3 if at < bytes.len() => bytes[at] = u8::try_from(self.below(256)).expect("a byte"),
                _ => bytes.extend_from_within(at..),
            }
        }
        bytes
    }
}

/// Answers what comes, damaged, and then closes or falls silent.
async fn damaged(mut peer: Peer<DuplexStream>, seed: u64) {
    let mut draw = Draw(seed);
    let mut tags = Vec::new();
    while tags.len() < 3 {
        tags.extend(peer.commands().await);
    }
    let bytes = draw.answer(&tags);
    peer.send_raw(&bytes).await;
    if draw.below(2) == 0 {
        peer.until_closed().await;
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_a_router_answers_every_command_ends_and_no_task_stays() {
    let number = std::env::var("BULKHEAD_SEED").ok().and_then(|text| text.parse().ok());
    let seeds = number.map_or(0..SEEDS, |seed: u64| seed..seed + 1);
    let target = Target { command_timeout: Duration::from_secs(5), answer_limit: 64 * 1024, ..target() };
    let before = Handle::current().metrics().num_alive_tasks();
    let (usual, mut answered, mut failed) = (seeds.end - seeds.start > 1, 0, 0);
    for seed in seeds {
        let (client, peer) = piped(&target).await;
        let router = tokio::spawn(damaged(peer, seed));
        let listening = async {
            let Ok(mut listener) = client.listen(Sentence::new("/interface/listen")).await else { return };
            // One that is never ended goes on by right.
            while let Ok(Some(Ok(_))) = timeout(Duration::from_secs(60), listener.next()).await {}
        };
        let all = async { tokio::join!(client.run(print()), client.run(add()), listening) };
        let Ok((printed, added, ())) = timeout(FOR_EVER, all).await else {
            panic!("BULKHEAD_SEED={seed}: a command never ends");
        };
        answered += usize::from(printed.is_ok()) + usize::from(added.is_ok());
        failed += usize::from(printed.is_err()) + usize::from(added.is_err());
        drop(client);
        assert!(timeout(FOR_EVER, router).await.is_ok_and(|ended| ended.is_ok()), "BULKHEAD_SEED={seed}: never closed");
    }
    assert!(!usual || answered > 500 && failed > 500, "{answered} were answered, {failed} failed");
    // The last of them may be on its way out.
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), before);
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("a list of open files").count()
}

#[tokio::test]
async fn a_thousand_sessions_leave_no_task_and_no_socket_behind() {
    const AT_ONCE: usize = 50;
    let (listener, target) = server().await;
    let (tasks, files) = (Handle::current().metrics().num_alive_tasks(), open_files());
    for _ in 0..1_000 / AT_ONCE {
        let router = async {
            let mut peers = Vec::new();
            for _ in 0..AT_ONCE {
                let mut peer = accept(&listener).await;
                peers.push(tokio::spawn(async move {
                    peer.sign_in().await;
                    let tag = peer.expect("/ip/address/print").await;
                    peer.send(done().tag(&tag)).await;
                    peer.until_closed().await;
                }));
            }
            peers
        };
        let agents: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let target = target.clone();
                tokio::spawn(async move {
                    let (client, _) = Client::connect(&target).await.expect("signed in");
                    client.run(print()).await.expect("an answer");
                })
            })
            .collect();
        let peers = router.await;
        for task in agents.into_iter().chain(peers) {
            task.await.expect("an end");
        }
    }
    let gone = async {
        while Handle::current().metrics().num_alive_tasks() > tasks || open_files() > files {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let left = timeout(Duration::from_secs(30), gone).await;
    assert!(left.is_ok(), "{} tasks, {} files", Handle::current().metrics().num_alive_tasks(), open_files());
}
