//! Who asks, and what the group allows (manual, "User": group policies).

use std::net::{IpAddr, Ipv4Addr};

use shared::routeros::value::RowId;

use super::{request::Request, trap::Trap};

/// The one on whose behalf a request is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user's name.
    pub user: String,
    /// The policies of the user's group.
    pub policies: Vec<String>,
    /// Where the modelled packets of this session come from.
    pub source: IpAddr,
    /// The row of `/user/active`; nothing for the router itself.
    pub session: Option<RowId>,
}

/// Commands that only look.
const LOOKING: [&str; 7] = ["print", "getall", "listen", "get", "find", "monitor", "monitor-traffic"];

impl Caller {
    /// The router itself: scripts, and the twin's own tests.
    pub fn router() -> Self {
        let all =
            ["read", "write", "policy", "test", "reboot", "sensitive", "api", "ftp", "password", "sniff", "romon"];
        Self {
            user: "*sys".to_owned(),
            policies: all.iter().map(|&policy| policy.to_owned()).collect(),
            source: Ipv4Addr::LOCALHOST.into(),
            session: None,
        }
    }

    /// Whether the group has a policy.
    pub fn may(&self, policy: &str) -> bool {
        self.policies.iter().any(|held| held == policy)
    }

    /// Whether the group allows a request.
    ///
    /// # Errors
    /// [`Trap::NotPermitted`]
    pub fn check(&self, request: &Request) -> Result<(), Trap> {
        let wanted: &[&str] = match (request.menu.as_str(), request.verb.as_str()) {
            ("", "import" | "execute") | ("/system/script", "run") => &[],
            ("/file", "read") => &["read"],
            (_, verb) if LOOKING.contains(&verb) => &["read"],
            (_, "ping" | "resolve") => &["test"],
            ("/system", "reboot" | "shutdown") => &["reboot"],
            (menu, _) if menu == "/user" || menu.starts_with("/user/") => &["write", "policy"],
            _ => &["write"],
        };
        if wanted.iter().all(|policy| self.may(policy)) { Ok(()) } else { Err(Trap::NotPermitted) }
    }
}
