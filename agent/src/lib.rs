//! Agent.

pub mod bus;
pub mod config;
pub mod flow;
pub mod io;
