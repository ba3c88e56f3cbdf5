//! Effects: what the agent sees of, and does to, the world outside its memory.
//!
//! Nothing is decided here that a flow could decide.

pub mod backoff;
pub mod clock;
pub mod mqtt;
pub mod netlink;
pub mod router;
pub mod routeros;
pub mod store;
