//! Menus as they are, for the controller, which validates and traces on them.

use crate::{
    flow::object::Row,
    io::router::{Failed, RouterPort, print},
};
use sha2::{Digest as _, Sha256};
use shared::{
    change_set::{Attribute, Refusal},
    wire::{MAX_ENVELOPE, MenuRead, MenuRows, Reading},
};

/// Bytes of names and values that one answer carries at most; the rest of the envelope is for lengths and the seal.
const ROOM: usize = MAX_ENVELOPE / 2;

/// Properties that say something by being there, without a value: a route that is a blackhole, a table that is used.
const SWITCHES: [&str; 2] = ["blackhole", "fib"];

/// Reads menus, as many rows as fit into one answer. All menus are read anew for each piece: a hash tells whether the
/// pieces are of one state.
///
/// # Errors
/// `malformed`, `refused_by_router`, `router_unreachable`
pub(super) async fn read(router: &RouterPort, wanted: &[MenuRead], at: i64) -> Result<Reading, Refusal> {
    if let Some(wrong) = wanted.iter().find(|menu| !is_path(&menu.path)) {
        let message = format!("`{}` is no path of a menu", wrong.path);
        return Err(Refusal::new("malformed", message, "Write menus as /ip/firewall/filter."));
    }
    let mut menus = Vec::new();
    let mut room = ROOM;
    for menu in wanted {
        if room == 0 {
            break;
        }
        let rows = router.batch(vec![print(&menu.path, &properties(menu))]).await.map_err(|failed| refused(&failed))?;
        menus.push(piece(menu, &rows.concat(), &mut room));
    }
    Ok(Reading { menus, at })
}

fn is_path(path: &str) -> bool {
    path.starts_with('/')
        && path.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '/' | '-'))
}

fn properties(menu: &MenuRead) -> String {
    let own = menu.properties.iter().map(String::as_str).filter(|name| *name != ".id");
    [".id"].into_iter().chain(own).collect::<Vec<_>>().join(",")
}

fn piece(menu: &MenuRead, rows: &[Row], room: &mut usize) -> MenuRows {
    let from = menu.from as usize;
    let mut hash = Sha256::new();
    let mut told: Vec<Vec<Attribute>> = Vec::new();
    let mut next = None;
    for (index, row) in rows.iter().enumerate() {
        let attributes: Vec<Attribute> = row
            .properties()
            .filter(|(name, value)| !value.is_empty() || SWITCHES.contains(name))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        for (name, value) in &attributes {
            hash.update(format!("{}:{name}={}:{value};", name.len(), value.len()));
        }
        hash.update("\n");
        if index < from || next.is_some() {
            continue;
        }
        let size: usize = attributes.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        // A row that is larger than a whole answer is told in one of its own: the envelope has that much room left.
        if size > *room && !told.is_empty() {
            next = u32::try_from(index).ok();
            *room = 0;
            continue;
        }
        *room = room.saturating_sub(size);
        told.push(attributes);
    }
    MenuRows { path: menu.path.clone(), rows: told, next, hash: hash.finalize().into() }
}

fn refused(failed: &Failed) -> Refusal {
    match failed {
        Failed::Refused(message) => Refusal::new("refused_by_router", message, "The words are the router's own."),
        Failed::Lost(message) => {
            let message = format!("the router cannot be read: {message}");
            Refusal::new("router_unreachable", message, "Run `bulkhead-agent check`; it says what is wrong.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_something_by_being_there_is_told_and_what_is_only_empty_is_not() {
        let menu = MenuRead { path: "/ip/route".to_owned(), properties: Vec::new(), from: 0 };
        let rows = [Row::new([(".id", "*1"), ("blackhole", ""), ("comment", "")])];
        let told = piece(&menu, &rows, &mut 1_000).rows;
        let names: Vec<&str> = told[0].iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, [".id", "blackhole"]);
    }
}
