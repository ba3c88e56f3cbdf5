//! What is decided: pure functions of state, input and time.

pub mod change_set;
pub mod enrolment;
pub mod export;
pub mod home;
pub mod trace;
pub mod vif;
