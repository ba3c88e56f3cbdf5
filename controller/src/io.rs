//! What touches the world: disk, network, clock, processes.

pub mod broker;
pub mod clock;
pub mod enrolment_files;
pub mod http;
pub mod keys;
pub mod mqtt;
pub mod network;
pub mod process;
pub mod random;
pub mod store;
pub mod tls;
