//! Ways to lock oneself out, as change sets: what the validation has to name and the engine has to undo.
//!
//! Needs `shared` alone, so that the controller's own tests take this file in too.

#![allow(clippy::expect_used, clippy::panic, reason = "a line that is none is a mistake in a test")]

use super::change_lines::items;
use shared::change_set::Item;

/// One way.
#[derive(Debug, Clone)]
pub struct Lockout {
    /// What happens, in words.
    pub name: &'static str,
    /// The code of the finding: `lockout`, `lockout_link` or `lockout_admin`.
    pub code: &'static str,
    /// What brings the router back where it is forced through: `refused`, `journal`, `router` or `none`.
    pub back_by: &'static str,
    /// The change set.
    pub items: Vec<Item>,
}

/// All of them, for a router as the factory and the enrolment leave it, with an administrator and the controller at
/// 192.168.88.10.
///
/// # Panics
/// Where the list cannot be read.
pub fn lockouts() -> Vec<Lockout> {
    let list = include_str!("lockouts.txt").split("\n\n").filter(|part| part.starts_with("lockout"));
    list.map(|part| {
        let (head, lines) = part.split_once('\n').expect("items below the name");
        let [code, back_by, name] = head.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("no head: {head}") };
        Lockout { name, code, back_by, items: items(lines) }
    })
    .collect()
}
