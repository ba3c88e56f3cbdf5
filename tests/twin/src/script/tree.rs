//! The console's tree of menus and commands, as a version has it.

use std::collections::BTreeSet;

use shared::routeros::schema::Schema;

/// Menus of real hardware that the schemas, taken from virtual machines, lack.
const HARDWARE: [&str; 2] = ["/system/routerboard/print", "/system/routerboard/get"];

/// Arguments that are there or not: the console refuses `fib=yes`, which the API takes (seen on 7.23.2).
const SWITCHES: [&str; 2] = ["fib", "blackhole"];

/// What a word may mean where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A menu, its whole path.
    Menu(String),
    /// A command of the menu, its name.
    Command(String),
}

/// The paths of all commands of a version.
#[derive(Debug, Clone)]
pub struct Tree {
    schema: Schema,
    paths: BTreeSet<String>,
}

impl Tree {
    /// The tree of a schema, and what the console adds to it: `find` wherever there is a `get` with rows, `export` on
    /// every menu.
    pub fn new(schema: Schema) -> Self {
        let mut paths: BTreeSet<String> = schema.commands().map(|(path, _)| path.to_owned()).collect();
        paths.extend(HARDWARE.map(str::to_owned));
        paths.insert("/export".to_owned());
        for (path, arguments) in schema.commands() {
            let Some((menu, verb)) = path.rsplit_once('/') else { continue };
            if verb == "print" && (arguments.contains_key("where") || arguments.contains_key("count-only")) {
                paths.insert(format!("{menu}/find"));
            }
            if verb == "print" {
                paths.insert(format!("{menu}/export"));
            }
        }
        Self { schema, paths }
    }

    /// What a word means in a menu: a name, or the beginning of only one. Where a name is both a command and a menu,
    /// `goes_on` says that a path goes on after it.
    pub fn look(&self, menu: &str, word: &str, goes_on: bool) -> Option<Found> {
        let exact = format!("{menu}/{word}");
        let inside = format!("{exact}/");
        let is_menu = self.paths.range(inside.clone()..).next().is_some_and(|path| path.starts_with(&inside));
        if self.paths.contains(&exact) && !(is_menu && goes_on) {
            return Some(Found::Command(word.to_owned()));
        }
        if is_menu {
            return Some(Found::Menu(exact));
        }
        let after = menu.len() + 1;
        let names: BTreeSet<&str> = self
            .paths
            .range(exact.clone()..)
            .take_while(|path| path.starts_with(&exact))
            .filter_map(|path| path[after..].split('/').next())
            .collect();
        let name = names.first().filter(|_| names.len() == 1 && !word.is_empty())?;
        let whole = format!("{menu}/{name}");
        Some(if self.paths.contains(&whole) { Found::Command((*name).to_owned()) } else { Found::Menu(whole) })
    }

    /// Whether the console has a command.
    pub fn has(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    /// An argument's name by its beginning: the name itself, or the only one that begins so.
    pub fn argument(&self, menu: &str, verb: &str, word: &str) -> Option<String> {
        let own = own_arguments(verb);
        if own.contains(&word) {
            return Some(word.to_owned());
        }
        let arguments = self.schema.command(&format!("{menu}/{verb}"))?;
        if arguments.contains_key(word) {
            return Some(word.to_owned());
        }
        if word == "place-before" && self.schema.command(&format!("{menu}/move")).is_some() {
            return Some(word.to_owned());
        }
        let mut starting = arguments.keys().filter(|name| name.starts_with(word));
        let first = starting.next().filter(|_| starting.next().is_none() && !word.is_empty())?;
        Some(first.clone())
    }

    /// Whether an argument takes no value on the console.
    pub fn is_switch(&self, verb: &str, name: &str) -> bool {
        const PRINT: [&str; 10] = [
            "detail",
            "terse",
            "brief",
            "stats",
            "count-only",
            "as-value",
            "without-paging",
            "show-ids",
            "follow",
            "follow-only",
        ];
        match verb {
            "add" | "set" => SWITCHES.contains(&name),
            "print" => PRINT.contains(&name),
            "export" => own_arguments("export").contains(&name) && name != "file",
            _ => false,
        }
    }

    /// What values without a name are, in their order.
    pub fn unnamed(&self, menu: &str, verb: &str) -> &'static [&'static str] {
        let takes = |name: &str| self.schema.has(&format!("{menu}/{verb}"), name);
        match (menu, verb) {
            ("/log", _) => &["message"],
            ("", "import") => &["file-name"],
            ("", "execute") => &["script"],
            (_, "ping") => &["address"],
            (_, "get") if takes("number") => &["number", "value-name"],
            (_, "get") => &["value-name"],
            (_, "move") => &["numbers", "destination"],
            (_, "comment") => &["numbers", "comment"],
            (_, "unset") => &["numbers", "value-name"],
            _ if takes("numbers") => &["numbers"],
            _ if takes("number") => &["number"],
            _ => &[],
        }
    }
}

/// Arguments of commands that the schema does not hold.
fn own_arguments(verb: &str) -> &'static [&'static str] {
    match verb {
        "export" => &["file", "compact", "verbose", "terse", "show-sensitive", "hide-sensitive"],
        _ => &[],
    }
}
