//! What was wrong with a form, each at its field.

use crate::problem::Problem;

/// Errors of a form. Empty when nothing is wrong.
#[derive(Debug, Default)]
pub(super) struct Errors {
    list: Vec<(String, String)>,
}

impl Errors {
    /// What a problem says, at its field where the form has it, else above the form. A member of a field
    /// (`egress.interface`) or of a list (`ports[1].port`) belongs to the field.
    pub(super) fn of_problem(problem: &Problem, fields: &[&str]) -> Self {
        let named = problem.extra.get("field").and_then(serde_json::Value::as_str).unwrap_or_default();
        let field = named.split(['.', '[']).next().unwrap_or_default();
        let field = if fields.contains(&field) { field } else { "" };
        Self { list: vec![(field.to_owned(), format!("{} {}", problem.detail, problem.hint))] }
    }

    /// One error above the form.
    pub(super) fn above(text: impl Into<String>) -> Self {
        Self { list: vec![(String::new(), text.into())] }
    }

    /// One error at a field.
    pub(super) fn at(field: &str, text: impl Into<String>) -> Self {
        Self { list: vec![(field.to_owned(), text.into())] }
    }

    pub(super) fn of(&self, field: &str) -> Option<&str> {
        self.list.iter().find(|(name, _)| name == field).map(|(_, text)| text.as_str())
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.of(field).is_some()
    }

    pub(super) fn general(&self) -> Option<&str> {
        self.of("")
    }
}

/// What a person typed; nothing where they left it empty.
pub(super) fn given(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
