//! What a router answers when it refuses: the texts and their categories, in one place.
//!
//! Texts were seen on the wire or are quoted by the manual ("API", "REST API"); which of them carry a category is
//! known for few. The rest are guesses and listed in the README.

/// A refusal. Its text is the `message` of the `!trap`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the texts say it")]
pub enum Trap {
    #[error("no such command")]
    NoSuchCommand,
    #[error("no such command prefix")]
    NoSuchPrefix,
    #[error("unknown parameter {0}")]
    UnknownParameter(String),
    #[error("missing ={0}=")]
    Missing(String),
    #[error("invalid value for argument {0}")]
    InvalidValue(String),
    #[error("input does not match any value of {0}")]
    NoMatch(String),
    #[error("value of {name} is out of range ({least} .. {most})")]
    OutOfRange { name: String, least: String, most: String },
    #[error("no such item")]
    NoSuchItem,
    #[error("not enough permissions (9)")]
    NotPermitted,
    #[error("invalid user name or password (6)")]
    WrongPassword,
    #[error("interrupted")]
    Interrupted,
    /// Anything that RouterOS words by itself, such as `failure: already have such address`.
    #[error("{0}")]
    Failure(String),
}

impl Trap {
    /// The `category` of the trap (manual, "API": 0 missing item or command, 1 argument value, 2 interrupted).
    pub fn category(&self) -> Option<u8> {
        match self {
            Self::NoSuchCommand | Self::NoSuchPrefix | Self::UnknownParameter(_) | Self::NoSuchItem => Some(0),
            Self::InvalidValue(_) | Self::NoMatch(_) | Self::OutOfRange { .. } => Some(1),
            Self::Interrupted => Some(2),
            Self::Missing(_) | Self::NotPermitted | Self::WrongPassword | Self::Failure(_) => None,
        }
    }

    /// A failure in RouterOS's words, without its leading `failure: `.
    pub fn failure(text: &str) -> Self {
        Self::Failure(format!("failure: {text}"))
    }
}
