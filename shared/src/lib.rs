//! The words that Bulkhead's agent, controller and tests share.
//!
//! Plain data and pure functions: no sockets, no SQL, no clock, no prompts. What crosses the bus is in [`wire`],
//! where it goes in [`topic`]; the flows' words are in the module of their noun.

pub mod change_set;
pub mod drift;
pub mod ids;
pub mod net;
pub mod notice;
pub mod router;
pub mod routeros;
pub mod topic;
pub mod vif;
pub mod wire;
