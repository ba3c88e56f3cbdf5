//! The agent's own place in the network.
