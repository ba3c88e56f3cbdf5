//! A sentence taken apart: menu, command, arguments, query.

use shared::routeros::sentence::Sentence;

use crate::text;

/// What a client or a script asks of the device.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `/interface/vlan`; empty for `/ping` and other commands of the root.
    pub menu: String,
    /// `add`
    pub verb: String,
    /// `=name=value` words in their order.
    pub arguments: Vec<(String, String)>,
    /// Query words without their question marks.
    pub queries: Vec<String>,
    /// Whether the asker takes the rows of a long table in pages.
    pub paged: bool,
}

impl Request {
    /// Takes a sentence apart.
    pub fn read(sentence: &Sentence) -> Self {
        let path = text::from_wire(sentence.first());
        let (menu, verb) = path.rsplit_once('/').unwrap_or(("", &path));
        let name = |bytes: &[u8]| text::from_wire(bytes);
        Self {
            menu: menu.to_owned(),
            verb: verb.to_owned(),
            arguments: sentence.attributes().map(|(key, value)| (name(key), name(value))).collect(),
            queries: sentence.queries().map(name).collect(),
            paged: true,
        }
    }

    /// A request made in the twin itself.
    pub fn new(menu: &str, verb: &str, arguments: &[(&str, &str)]) -> Self {
        let arguments = arguments.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { menu: menu.to_owned(), verb: verb.to_owned(), arguments, queries: Vec::new(), paged: false }
    }

    /// The whole path.
    pub fn path(&self) -> String {
        format!("{}/{}", self.menu, self.verb)
    }

    /// An argument's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.arguments.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether a switch such as `=once=` is given; `no` and `false` take it back.
    pub fn switch(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| !matches!(value, "no" | "false"))
    }

    /// The rows that the request is about: `.id`, `numbers` or, for some commands, `number`.
    pub fn rows(&self) -> Option<&str> {
        self.get(".id").or_else(|| self.get("numbers")).or_else(|| self.get("number"))
    }

    /// The properties that are wanted, in a comma list.
    pub fn proplist(&self) -> Option<&str> {
        self.get(".proplist").or_else(|| self.get("proplist")).filter(|names| !names.is_empty())
    }

    /// The words of the sentence, for a record.
    pub fn words(&self) -> Vec<String> {
        let mut words = vec![self.path()];
        words.extend(self.arguments.iter().map(|(name, value)| format!("={name}={value}")));
        words.extend(self.queries.iter().map(|query| format!("?{query}")));
        words
    }
}
