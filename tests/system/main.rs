//! Bulkhead as people run it: real processes, real brokers and clients, SIGKILL at bad moments.

mod by_hand;
mod changes;
mod cli;
mod container;
mod crash;
mod demo;
mod drift;
mod export;
mod firewall;
mod forged;
mod hostile;
mod kept;
mod mounts;
mod mqtt;
mod offline;
mod rows;
mod states;
mod trace;
mod versions;
mod vif;

use support::demo::{Demo, Options};

/// A demo with one router and everything at its default.
async fn demo() -> anyhow::Result<Demo> {
    Demo::start(&Options::default()).await
}
