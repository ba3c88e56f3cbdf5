//! What a token may do beyond what every token may.

/// A right that a token has only where it was made with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Switch a kill switch off without a password.
    KillSwitchOff,
}

impl Scope {
    /// All there are.
    pub const ALL: [Self; 1] = [Self::KillSwitchOff];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KillSwitchOff => "kill_switch_off",
        }
    }

    /// The scope of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }

    /// Scopes as they are kept.
    pub(super) fn kept(scopes: &[Self]) -> String {
        scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Scopes from what is kept. A word that only a later version knows gives no right here.
    pub(super) fn read(kept: &str) -> Vec<Self> {
        kept.split_whitespace().filter_map(Self::of).collect()
    }
}
