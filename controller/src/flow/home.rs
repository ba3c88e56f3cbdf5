//! Commands of home automation: what they mean and whether they are open.

use crate::{
    problem::{self, Problem},
    view::NewVif,
};
use serde::Deserialize;
use shared::{ids::VifId, topic::Noun};

/// Commands that a user may open. The default opens `refresh` alone.
pub const COMMANDS: [&str; 3] = ["refresh", "vif_create", "vif_remove"];

/// What a command asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// Read the router anew.
    Refresh,
    /// Make a VIF.
    Create(NewVif),
    /// Remove a VIF.
    Remove(VifId),
}

/// A command: its sender's id, which comes back with the answer, and what it asks for or why it is not taken.
#[derive(Debug)]
pub struct Command {
    /// What the sender called it; empty where it gave none.
    pub id: String,
    /// What it asks for.
    pub wish: Result<Wish, Problem>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    #[serde(default)]
    id: String,
    #[serde(default)]
    refresh: Option<bool>,
    #[serde(default)]
    create: Option<NewVif>,
    #[serde(default)]
    remove: Option<VifId>,
}

/// Reads a command that came on a noun's topic. `open` lists what the user has opened.
pub fn read(noun: Noun, payload: &[u8], open: &[String]) -> Command {
    match serde_json::from_slice::<Form>(payload) {
        Ok(form) => {
            let id = form.id.chars().take(100).collect();
            Command { id, wish: wish(noun, form, open) }
        }
        Err(error) => {
            let problem = Problem::new(
                problem::BODY_INVALID,
                format!("The command cannot be read: {error}."),
                "Send JSON such as {\"id\": \"1\", \"refresh\": true}.",
            );
            Command { id: String::new(), wish: Err(problem) }
        }
    }
}

fn wish(noun: Noun, form: Form, open: &[String]) -> Result<Wish, Problem> {
    let (word, wish) = match (noun, form) {
        (Noun::Router, Form { refresh: Some(true), create: None, remove: None, .. }) => ("refresh", Wish::Refresh),
        (Noun::Vif, Form { refresh: None, create: Some(new), remove: None, .. }) => ("vif_create", Wish::Create(new)),
        (Noun::Vif, Form { refresh: None, create: None, remove: Some(vif), .. }) => ("vif_remove", Wish::Remove(vif)),
        _ => {
            return Err(Problem::new(
                problem::BODY_INVALID,
                "The command asks for nothing that this topic takes.",
                "`router/set` takes `refresh`; `vif/set` takes `create` or `remove`.",
            ));
        }
    };
    if open.iter().any(|open| open == word) {
        Ok(wish)
    } else {
        Err(Problem::new(
            problem::FORBIDDEN,
            format!("The command `{word}` is not open to home automation."),
            format!("Add \"{word}\" to `home_automation.commands` in the controller's configuration."),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<String> {
        COMMANDS.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn a_command_is_what_its_topic_and_body_say() {
        for (noun, body, expected) in [
            (Noun::Router, r#"{"id": "7", "refresh": true}"#, "refresh"),
            (Noun::Vif, r#"{"id": "7", "create": {"name": "tor", "egress": {"interface": "wg"}}}"#, "create tor"),
            (Noun::Vif, r#"{"id": "7", "remove": "tor-1"}"#, "remove tor-1"),
        ] {
            let command = read(noun, body.as_bytes(), &all());
            let wish = match command.wish.expect(body) {
                Wish::Refresh => "refresh".to_owned(),
                Wish::Create(new) => format!("create {}", new.name),
                Wish::Remove(vif) => format!("remove {vif}"),
            };
            assert_eq!((command.id.as_str(), wish.as_str()), ("7", expected));
        }
    }

    #[test]
    fn what_is_not_opened_is_refused_with_what_to_do() {
        let command = read(Noun::Vif, br#"{"remove": "tor-1"}"#, &["refresh".to_owned()]);
        assert!(command.wish.is_err_and(|problem| problem.code == "forbidden" && problem.hint.contains("vif_remove")));
    }

    #[test]
    fn nonsense_is_refused_and_nothing_is_guessed() {
        for (noun, body) in [
            (Noun::Router, "refresh"),
            (Noun::Router, r#"{"remove": "tor-1"}"#),
            (Noun::Vif, r#"{"refresh": true}"#),
            (Noun::Vif, r#"{"remove": "tor-1", "create": {"name": "a", "egress": {"interface": "b"}}}"#),
            (Noun::Vif, r#"{"remove": "../x"}"#),
            (Noun::Vif, r#"{"remove": "tor-1", "force": true}"#),
            (Noun::ChangeSet, r#"{"refresh": true}"#),
        ] {
            assert!(read(noun, body.as_bytes(), &all()).wish.is_err(), "{body}");
        }
    }
}
