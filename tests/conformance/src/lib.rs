//! What the twin claims of RouterOS, as checks that run against any router over its API.
//!
//! ```text
//! checks ─▶ run ─▶ bench ─▶ router (a twin, a CHR, a device)
//!            └──▶ report
//! ```
//! - [`check`]: what a check is; [`checks`]: all of them, an area a file.
//! - [`bench`]: what a check works with: commands, scratch rows that go with it, sessions of its own ([`raw`]).
//! - [`scratch`]: how scratch rows are marked, found and removed; [`facts`]: which router it is.
//! - [`run`]: one check after the other; [`report`]: what came of it.
//!
//! A check reads first and writes nothing but marked scratch rows: disabled, or about scratch interfaces and addresses
//! of documentation. It never touches chains that packets pass, nor the way by which we came in.

pub mod bench;
pub mod check;
pub mod checks;
pub mod facts;
pub mod raw;
pub mod report;
pub mod run;
pub mod scratch;
