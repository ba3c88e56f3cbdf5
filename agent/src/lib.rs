//! Agent.

pub mod config;
pub mod io;
