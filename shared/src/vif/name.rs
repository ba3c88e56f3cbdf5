//! What a VIF may be called.

use serde::{Deserialize, Serialize};

/// The longest name of a VIF, in characters: `bh-` and the name become the interface's name inside the service's
/// container, which Linux cuts at 15 bytes.
pub const MAX_NAME: usize = 11;

/// A VIF's name: 1 to [`MAX_NAME`] of a-z, 0-9 and `-`, starting with a letter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VifName(String);

/// Why a text is no name for a VIF.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no name for a VIF: use 1 to {MAX_NAME} characters of a-z, 0-9 and `-`, starting with a letter, not `agent`, `mgmt` or `v` and a number"
)]
pub struct VifNameError(String);

impl VifName {
    /// Checks and takes a name. `bh-agent`, `bh-mgmt` and `bh-v100` are names of Bulkhead's own interfaces.
    ///
    /// # Errors
    /// [`VifNameError`]
    pub fn new(name: impl Into<String>) -> Result<Self, VifNameError> {
        let name = name.into();
        let letters = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let first = name.starts_with(|c: char| c.is_ascii_lowercase());
        let number =
            name.strip_prefix('v').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
        let taken = matches!(name.as_str(), "agent" | "mgmt") || number;
        if letters && first && !taken && name.len() <= MAX_NAME {
            Ok(Self(name))
        } else {
            Err(VifNameError(name.chars().take(60).collect()))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for VifName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for VifName {
    type Error = VifNameError;
    fn try_from(name: String) -> Result<Self, VifNameError> {
        Self::new(name)
    }
}

impl From<VifName> for String {
    fn from(name: VifName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_collides_with_bulkheads_own_interfaces() {
        for good in ["tor", "a", "dns-filter1", "vpn", "v", "v1a"] {
            assert!(VifName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "agent", "mgmt", "v100", "Tor", "1a", "-a", "a_b", "twelve-chars"] {
            assert!(VifName::new(bad).is_err(), "{bad}");
        }
    }
}
