//! Bulkhead's controller: it shows routers to people, takes their wishes as change sets, and speaks to the agents.
//!
//! [`controller::Controller`] is the one thing that everything else talks to: REST and pages ([`io`]), the command
//! line ([`cli`]) by way of REST, and home automation. What is decided is in [`flow`] (pure), what is carried out in
//! [`io`].

pub mod cli;
pub mod config;
pub mod controller;
pub mod flow;
pub mod io;
pub mod problem;
pub mod service;
pub mod view;
