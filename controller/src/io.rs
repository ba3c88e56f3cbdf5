//! What touches the world: disk, network, clock, processes.

pub mod broker;
pub mod clock;
pub mod http;
pub mod keys;
pub mod mqtt;
pub mod random;
pub mod store;
