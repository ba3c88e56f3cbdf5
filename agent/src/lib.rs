//! Agent.

pub mod bus;
pub mod config;
pub mod engine;
pub mod flow;
pub mod home;
pub mod io;
