//! What agent, controller and twin alike know of RouterOS: how it writes things down.
//!
//! Nothing here opens a socket. The client is the agent's `io/routeros`, the server is the twin.

pub mod model;
pub mod schema;
pub mod secret;
pub mod sentence;
pub mod trace;
pub mod value;
