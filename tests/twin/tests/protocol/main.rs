//! The twin over its sockets, asked with raw sentences.

mod client;
mod control;
mod editing;
mod endurance;
mod faults;
mod following;
mod other_clients;
mod scripts;
mod sign_in;
mod vif;
