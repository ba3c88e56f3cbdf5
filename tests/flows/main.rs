//! The agent's flows against the twin.

mod keeper;
mod vif;
mod vif_faults;
