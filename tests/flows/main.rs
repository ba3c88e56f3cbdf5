//! The agent's flows against the twin.

mod vif;
mod vif_faults;
