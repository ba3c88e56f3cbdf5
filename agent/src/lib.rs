//! Bulkhead's agent: a small program in a container on a MikroTik router that owns isolation there.
//!
//! ```text
//! bus ─▶ flow ─▶ io/router          flow decides, io does, agent.rs joins them
//! bus ◀─ flow ◀─ io/router
//! ```
//! It keeps what it was told and what it must undo in SQLite ([`io::store`]), speaks to the router over its API
//! ([`io::routeros`]) and to controller and home automation over MQTT ([`voice`], [`bus`]). Of these only the router is
//! needed: [`keeper`], [`warden`] and [`engine`] go on without the rest.

pub mod agent;
pub mod archive;
pub mod bus;
pub mod check;
pub mod config;
pub mod engine;
pub mod flow;
pub mod home;
pub mod io;
pub mod keeper;
pub mod voice;
pub mod warden;
