//! Codes of problems that only HTTP knows, beside [`crate::problem::CODES`].

use crate::problem::Code;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal $code:literal, $title:literal;)*) => {
        $(
            $(#[$doc])*
            pub(super) const $name: Code = Code { code: $code, status: $status, title: $title };
        )*
        /// Every code there is here, for the reference.
        pub const CODES: &[Code] = &[$($name),*];
    };
}

codes! {
    /// The `Host` is none of ours.
    HOST_NOT_ALLOWED = 421 "host_not_allowed", "This is not the host that you meant";
    /// Nobody can sign in yet.
    SETUP_NEEDED = 503 "setup_needed", "Set up first";
    /// The `Idempotency-Key` was used with another request.
    IDEMPOTENCY_KEY_REUSED = 409 "idempotency_key_reused", "The Idempotency-Key belongs to another request";
    /// The request with this key is being done.
    IDEMPOTENCY_IN_PROGRESS = 409 "idempotency_in_progress", "The same request is under way";
    /// The request with this key was done; its answer held a secret and is not kept.
    IDEMPOTENCY_ANSWER_WITHHELD = 409 "idempotency_answer_withheld", "It is done, its answer is not kept";
    /// The `Idempotency-Key` is malformed.
    IDEMPOTENCY_KEY_INVALID = 400 "idempotency_key_invalid", "The Idempotency-Key cannot be read";
    /// No such token.
    UNKNOWN_TOKEN = 404 "unknown_token", "No such token";
    /// A token of that name exists.
    TOKEN_EXISTS = 409 "token_exists", "A token of that name exists";
    /// It would leave nobody who can sign in.
    LAST_WAY_IN = 409 "last_way_in", "This is the last way to sign in";
}
