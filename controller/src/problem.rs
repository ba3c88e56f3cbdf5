//! What goes wrong for a caller of the controller: RFC 9457 problem details with a stable code.
//!
//! Every code stands once in [`CODES`]; the reference, REST and the command line read it there.

use crate::flow::change_set::asked::Misfit;
use serde::{Serialize, Serializer, ser::SerializeMap as _};

/// One code: its stable name, its HTTP status and its title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// `lower_snake`, never renamed.
    pub code: &'static str,
    /// HTTP status.
    pub status: u16,
    /// The same for every occurrence; what happened this time is [`Problem::detail`].
    pub title: &'static str,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal $code:literal, $title:literal;)*) => {
        $(
            $(#[$doc])*
            pub const $name: Code = Code { code: $code, status: $status, title: $title };
        )*
        /// Every code there is, for the reference.
        pub const CODES: &[Code] = &[$($name),*];
    };
}

codes! {
    /// The request's body or a parameter is malformed.
    BODY_INVALID = 400 "body_invalid", "The request cannot be read";
    /// A field's value does not fit.
    FIELD_INVALID = 422 "field_invalid", "A field does not fit";
    /// Described, not built yet.
    NOT_AVAILABLE_YET = 422 "not_available_yet", "Not available in this version";
    /// No such path.
    NOT_FOUND = 404 "not_found", "No such thing";
    /// No such router.
    UNKNOWN_ROUTER = 404 "unknown_router", "No such router";
    /// No such VIF.
    UNKNOWN_VIF = 404 "unknown_vif", "No such VIF";
    /// No such change set.
    UNKNOWN_CHANGE_SET = 404 "unknown_change_set", "No such change set";
    /// No such drift, or it has ended.
    UNKNOWN_DRIFT = 404 "unknown_drift", "No such drift";
    /// The method does not exist on this path.
    METHOD_NOT_ALLOWED = 405 "method_not_allowed", "Not with this method";
    /// The id or name of a router is in use.
    ROUTER_EXISTS = 409 "router_exists", "The router exists already";
    /// The router still carries VIFs.
    ROUTER_IN_USE = 409 "router_in_use", "The router still carries VIFs";
    /// The change set's state does not allow the event; `legal_events` lists what it allows.
    ILLEGAL_EVENT = 409 "illegal_event", "Not in this state";
    /// The change set is not in force, or it cannot be said what it would take to undo it; `refusal` says which.
    NOT_REVERTIBLE = 409 "not_revertible", "Nothing to revert";
    /// Somebody else edited it meanwhile; `version` is the one that counts now.
    VERSION_CONFLICT = 409 "version_conflict", "Edited meanwhile";
    /// Another VIF falls back to it.
    VIF_IN_USE = 409 "vif_in_use", "Another VIF falls back to it";
    /// Another change set of the router is being applied; `change_set` names it.
    BUSY = 409 "busy", "Another change is under way";
    /// The agent did not answer in time.
    NO_ANSWER = 504 "no_answer", "The agent does not answer";
    /// The agent refused.
    REFUSED = 409 "refused", "The agent refused";
    /// No valid session or token.
    SIGN_IN_REQUIRED = 401 "sign_in_required", "Sign in first";
    /// User or password is wrong.
    WRONG_CREDENTIALS = 401 "wrong_credentials", "Name or password is wrong";
    /// Signed in, but not allowed.
    FORBIDDEN = 403 "forbidden", "Not allowed";
    /// The user must prove the password again.
    STEP_UP_REQUIRED = 403 "step_up_required", "Prove your password again";
    /// The CSRF token is missing or wrong.
    CSRF = 403 "csrf", "The form's token is missing or old";
    /// The request comes from another site.
    FOREIGN_ORIGIN = 403 "foreign_origin", "The request comes from another site";
    /// Too many attempts; `retry_after_s` says when to come back.
    RATE_LIMITED = 429 "rate_limited", "Too many attempts";
    /// The body is too large.
    TOO_LARGE = 413 "too_large", "The request is too large";
    /// The body is of a kind that is not taken here.
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported_media_type", "Send JSON";
    /// Our own fault.
    INTERNAL = 500 "internal", "Something broke inside the controller";
}

/// What went wrong this time. As JSON: `type`, `title`, `status`, `code`, `detail`, `hint` and the extra members.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{detail}")]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// Stable code.
    pub code: &'static str,
    /// The code's title.
    pub title: &'static str,
    /// One sentence on what happened this time. Never a secret.
    pub detail: String,
    /// What to do next.
    pub hint: String,
    /// Further members, such as `legal_events` or `field`.
    pub extra: serde_json::Map<String, serde_json::Value>,
}

impl Problem {
    /// A problem of a code.
    pub fn new(code: Code, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            status: code.status,
            code: code.code,
            title: code.title,
            detail: detail.into(),
            hint: hint.into(),
            extra: serde_json::Map::new(),
        }
    }

    /// With a further member.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<serde_json::Value>) -> Self {
        self.extra.insert(member.to_owned(), value.into());
        self
    }

    /// Our own fault: the cause goes to the log, never to the caller.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed inside the controller");
        Self::new(INTERNAL, "The controller could not do this.", "Look into the controller's log for the cause.")
    }

    /// No router of this id.
    pub fn unknown_router(id: &str) -> Self {
        Self::new(
            UNKNOWN_ROUTER,
            format!("There is no router `{}`.", shown(id)),
            "`bulkhead router list` shows which there are.",
        )
    }

    /// No VIF of this id.
    pub fn unknown_vif(id: &str) -> Self {
        Self::new(
            UNKNOWN_VIF,
            format!("There is no VIF `{}`.", shown(id)),
            "`bulkhead vif list` shows which there are.",
        )
    }

    /// No change set of this id.
    pub fn unknown_change_set(id: &str) -> Self {
        Self::new(
            UNKNOWN_CHANGE_SET,
            format!("There is no change set `{}`.", shown(id)),
            "`bulkhead change list` shows which there are.",
        )
    }

    /// No drift of this id.
    pub fn unknown_drift(id: &str) -> Self {
        let detail = format!("There is no drift `{}`.", shown(id));
        Self::new(
            UNKNOWN_DRIFT,
            detail,
            "`bulkhead drift` shows which there are; it may be gone, or another one by now.",
        )
    }

    /// The password has to be proved again.
    pub fn step_up() -> Self {
        Self::new(
            STEP_UP_REQUIRED,
            "Without a kill switch packets leave in the clear: this wants your password again.",
            "Send it as `X-Step-Up`, or use a token with the scope `kill_switch_off`.",
        )
    }

    /// A field that does not fit, with its name as `field`.
    pub fn field(name: &str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(FIELD_INVALID, detail, hint).with("field", name)
    }
}

impl From<Misfit> for Problem {
    fn from(misfit: Misfit) -> Self {
        Self::field(&misfit.field, misfit.message, misfit.hint)
    }
}

/// A text of the caller's, cut so that an answer never grows with its request.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", &format!("urn:bulkhead:problem:{}", self.code))?;
        map.serialize_entry("title", self.title)?;
        map.serialize_entry("status", &self.status)?;
        map.serialize_entry("code", self.code)?;
        map.serialize_entry("detail", &self.detail)?;
        map.serialize_entry("hint", &self.hint)?;
        for (name, value) in &self.extra {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_stands_once_and_reads_as_one_word() {
        for (index, code) in CODES.iter().enumerate() {
            assert!(code.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", code.code);
            assert!((400..600).contains(&code.status), "{}", code.code);
            assert!(CODES[..index].iter().all(|other| other.code != code.code), "{} stands twice", code.code);
        }
    }

    #[test]
    fn a_problem_is_flat_json() {
        let problem = Problem::field("name", "Too long.", "Use 11 characters.");
        let json = serde_json::to_value(&problem).unwrap();
        assert_eq!(json["type"], "urn:bulkhead:problem:field_invalid");
        assert_eq!(json["status"], 422);
        assert_eq!(json["field"], "name");
    }

    #[test]
    fn a_callers_text_is_cut_before_it_is_said_back() {
        let problem = Problem::unknown_vif(&"x\n".repeat(10_000));
        assert!(problem.detail.len() < 100 && !problem.detail.contains('\n'));
    }
}
