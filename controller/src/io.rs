//! What touches the world: disk, network, clock, processes.

pub mod clock;
pub mod store;
