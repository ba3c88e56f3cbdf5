//! REST: what programs ask. Each module is a noun; the shapes are those of [`crate::view`].

use crate::{controller::MAX_LIMIT, flow::change_set::GoesOn, problem::Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub mod change_sets;
pub mod drift;
pub mod events;
pub mod health;
pub mod live;
pub mod openapi;
pub mod routers;
pub mod tokens;
pub mod trace;
pub mod vifs;

/// Which part of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Window {
    /// At most so many, 1 to 500; 100 when missing.
    limit: Option<usize>,
    /// Those after the one of this id.
    after: Option<String>,
}

impl Window {
    fn limit(&self) -> usize {
        self.limit.unwrap_or(100).clamp(1, MAX_LIMIT)
    }

    /// The part of a list that is there as a whole.
    fn of<T>(&self, mut list: Vec<T>, id: impl Fn(&T) -> &str) -> Result<Vec<T>, Problem> {
        if let Some(after) = &self.after {
            let place = list.iter().position(|item| id(item) == after).ok_or_else(|| unknown_after(after))?;
            list.drain(..=place);
        }
        list.truncate(self.limit());
        Ok(list)
    }
}

fn unknown_after(after: &str) -> Problem {
    let shown: String = after.chars().filter(|c| !c.is_control()).take(60).collect();
    Problem::field("after", format!("Nothing here has the id `{shown}`."), "Begin at the start of the list.")
}

/// Whether a write stops at its preview.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Planning {
    /// Stop at `previewing`.
    #[serde(default)]
    plan: bool,
}

impl Planning {
    fn goes_on(&self) -> GoesOn {
        if self.plan { GoesOn::Preview } else { GoesOn::Through }
    }
}

/// A write that became a change set.
#[derive(Debug, Serialize, ToSchema)]
pub struct Accepted {
    /// Its id.
    change_set: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_begins_after_the_last_one_seen() {
        let list = || vec!["a".to_owned(), "b".into(), "c".into()];
        let part = |limit, after: Option<&str>| {
            Window { limit, after: after.map(str::to_owned) }.of(list(), |item| item.as_str())
        };
        assert_eq!(part(None, None).unwrap(), ["a", "b", "c"]);
        assert_eq!(part(Some(1), Some("a")).unwrap(), ["b"]);
        assert!(part(None, Some("c")).unwrap().is_empty());
        assert_eq!(part(None, Some("x")).unwrap_err().extra["field"], "after");
    }
}
