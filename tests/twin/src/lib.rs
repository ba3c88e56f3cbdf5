//! A twin of a RouterOS device, for tests and the demo.
//!
//! It speaks the binary API on plain TCP and TLS, accepts what the schema of a chosen RouterOS version accepts, models
//! the menus that Bulkhead touches, and fails on command. What it claims about RouterOS, from which source, and what
//! is a guess stands in this folder's README.
//!
//! - [`device`]: rows, what follows from them, requests and refusals. Pure; time comes in.
//! - [`router`]: one device with its clock, faults and record, shared by all sessions.
//! - [`session`]: the API; [`control`]: plain HTTP by which the world around the device is changed.
//! - [`relay`]: the agent's link to its broker, through the modelled router.
//! - [`script`]: RouterOS' scripting language; [`state`]: the file that outlives the process; [`twin`]: all of it together.

pub mod clock;
pub mod control;
pub mod device;
pub mod fault;
pub mod record;
pub mod relay;
pub mod router;
pub mod schema;
pub mod script;
pub mod session;
pub mod state;
pub mod text;
pub mod tls;
pub mod twin;

pub use twin::{Options, Twin};
