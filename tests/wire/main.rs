//! What is on the wire: frozen bytes, round trips, and everything that must not be taken.

mod golden;
mod refused;
mod round_trip;
mod samples;
