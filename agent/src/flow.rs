//! Decisions, without anything that could fail to be repeated: no socket, SQL, file, clock or chance in here.

pub mod change_set;
pub mod device;
pub mod drift;
pub mod history;
pub mod interfaces;
pub mod keyed;
pub mod meaning;
pub mod object;
pub mod traffic;
pub mod vif;
