//! Effects: what the agent sees of, and does to, the world outside its memory.
//!
//! Nothing is decided here that a flow could decide; nothing here knows what a VIF is.

pub mod clock;
pub mod netlink;
pub mod routeros;
pub mod store;
