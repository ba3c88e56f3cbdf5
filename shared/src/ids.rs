//! Names of things that cross a boundary: opaque to everyone but their maker, safe in a topic, a path and a comment.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Why a text is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {what}: 1 to 40 characters of a-z, 0-9 and `-`, starting with a letter or digit")]
pub struct IdError {
    /// Which id it should have been.
    pub what: &'static str,
    /// What it was, cut to 60 characters.
    pub text: String,
}

/// The longest id, in bytes.
pub const MAX_LENGTH: usize = 40;

fn check(what: &'static str, text: &str) -> Result<(), IdError> {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let good = (1..=MAX_LENGTH).contains(&text.len()) && text.bytes().all(inside) && !text.starts_with('-');
    if good { Ok(()) } else { Err(IdError { what, text: text.chars().take(60).collect() }) }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks and takes a text.
            ///
            /// # Errors
            /// [`IdError`] where a character or the length does not fit.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                check($what, &text)?;
                Ok(Self(text))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

id!(
    /// A router under Bulkhead's care; a level of its topics.
    RouterId,
    "router id"
);
id!(
    /// A compartment; stands in the comment of each of its objects on the router.
    VifId,
    "VIF id"
);
id!(
    /// A change set.
    ChangeSetId,
    "change set id"
);
id!(
    /// A drift: the same as long as the same difference lasts.
    DriftId,
    "drift id"
);
id!(
    /// Who signed an envelope: the controller's id, or `agent-<router>`.
    SenderId,
    "sender id"
);

impl SenderId {
    /// The sender of what a router's agent signs.
    ///
    /// # Errors
    /// [`IdError`] for a router id so long that the prefix does not fit.
    pub fn agent(router: &RouterId) -> Result<Self, IdError> {
        Self::new(format!("agent-{router}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_safe_in_a_topic_a_path_and_a_comment() {
        for good in ["r1", "0", "a-b-c", &"x".repeat(MAX_LENGTH)] {
            assert!(RouterId::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "A", "a/b", "a b", "+", "#", "ä", "a.b", &"x".repeat(MAX_LENGTH + 1)] {
            assert!(RouterId::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_id_from_json_is_checked_too() {
        assert!(serde_json::from_str::<VifId>("\"tor-1\"").is_ok());
        assert!(serde_json::from_str::<VifId>("\"../etc\"").is_err());
    }
}
