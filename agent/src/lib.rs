//! Agent.

pub mod bus;
pub mod config;
pub mod engine;
pub mod flow;
pub mod io;
