//! Reads a script: commands, menus and where they stand (manual, "Scripting": line structure, command line).
//!
//! Names are looked up in the version's tree while reading, as the console does it: a script with a wrong name is
//! refused before anything of it runs.

mod arguments;
mod built;
mod expression;

use super::{
    cursor::Cursor,
    syntax::{Block, Built, Expression, Kind, Menu, Statement},
    syntax_error::{At, SyntaxError},
    tree::{Found, Tree},
};

/// Blocks and expressions in one another, deeper than this, are refused.
const DEPTH: u8 = 100;

/// Reads a script whose first line has this number.
///
/// # Errors
/// The first thing that is wrong, in the console's words.
pub fn parse(tree: &Tree, text: &str, line: usize) -> Result<Block, SyntaxError> {
    let (block, error) = parse_as_far_as_it_goes(tree, text, line);
    error.map_or(Ok(block), Err)
}

/// The commands before the first thing that is wrong, and what that is.
pub fn parse_as_far_as_it_goes(tree: &Tree, text: &str, line: usize) -> (Block, Option<SyntaxError>) {
    let mut parser = Parser { cursor: Cursor::new(text, line), tree, menu: String::new(), depth: 0 };
    let mut block = Block::new();
    let error = parser.commands(None, &mut block).err();
    (block, error)
}

struct Parser<'a> {
    cursor: Cursor,
    tree: &'a Tree,
    /// The menu that a path without a leading slash begins in.
    menu: String,
    depth: u8,
}

type Read<T> = Result<T, SyntaxError>;

impl Parser<'_> {
    fn at(&self) -> At {
        self.cursor.at()
    }

    fn wrong<T>(&self) -> Read<T> {
        Err(SyntaxError::plain(self.at()))
    }

    /// Commands up to a closing bracket, which is taken, or to the end of the text.
    fn block(&mut self, end: Option<char>) -> Read<Block> {
        self.deeper()?;
        let menu = self.menu.clone();
        let mut block = Block::new();
        self.commands(end, &mut block)?;
        self.menu = menu;
        self.depth -= 1;
        Ok(block)
    }

    fn deeper(&mut self) -> Read<()> {
        self.depth += 1;
        if self.depth > DEPTH { self.wrong() } else { Ok(()) }
    }

    fn commands(&mut self, end: Option<char>, block: &mut Block) -> Read<()> {
        loop {
            self.cursor.between_commands();
            match (self.cursor.peek(), end) {
                (None, None) => return Ok(()),
                (Some(c), Some(end)) if c == end => {
                    self.cursor.take();
                    return Ok(());
                }
                (None, Some(_)) => return self.wrong(),
                (Some(_), _) => {}
            }
            block.extend(self.statement()?);
            self.cursor.blanks();
            match self.cursor.peek() {
                None | Some('\n' | ';') => {}
                Some(c) if Some(c) == end => {}
                Some(_) => return Err(SyntaxError::end(self.at())),
            }
        }
    }

    /// `{ … }` as commands.
    fn braces(&mut self) -> Read<Block> {
        self.cursor.blanks();
        self.cursor.must('{')?;
        self.block(Some('}'))
    }

    /// One command; none where a line only says which menu the next ones are of.
    fn statement(&mut self) -> Read<Option<Statement>> {
        let at = self.at();
        let kind = match self.cursor.peek() {
            Some(':') => {
                self.cursor.take();
                Some(self.colon(at)?)
            }
            Some('/') => {
                self.cursor.take();
                self.path(String::new())?
            }
            Some('$') => Some(self.call()?),
            Some('[' | '(') => Some(Kind::Value(self.value()?)),
            Some('{') => Some(Kind::Block(self.braces()?)),
            Some(_) => self.bare(at)?,
            None => None,
        };
        Ok(kind.map(|kind| Statement { at, kind }))
    }

    /// `:name`: a word of the language, or a path from the root.
    fn colon(&mut self, at: At) -> Read<Kind> {
        let mark = self.cursor.mark();
        let name = self.name();
        if let Some(kind) = self.built_in(&name, at)? {
            return Ok(kind);
        }
        self.cursor.back(mark);
        self.path(String::new())?.ok_or_else(|| SyntaxError::plain(at))
    }

    /// A word without a sign before it: of the menu that was named last, of the language, or of the root.
    fn bare(&mut self, at: At) -> Read<Option<Kind>> {
        let mark = self.cursor.mark();
        let name = self.name();
        let goes_on = self.cursor.peek() == Some('/');
        let up = name.is_empty() && self.cursor.sees("..");
        if !up && self.tree.look(&self.menu, &name, goes_on).is_none() {
            if let Some(kind) = self.built_in(&name, at)? {
                return Ok(Some(kind));
            }
            self.cursor.back(mark);
            let menu = if self.tree.look("", &name, goes_on).is_some() { String::new() } else { self.menu.clone() };
            return self.path(menu);
        }
        self.cursor.back(mark);
        let menu = self.menu.clone();
        self.path(menu)
    }

    /// A path of menus, blanks or slashes between them, and the command at its end.
    fn path(&mut self, mut menu: String) -> Read<Option<Kind>> {
        loop {
            self.cursor.blanks();
            if self.cursor.accept("..") {
                menu.truncate(menu.rfind('/').unwrap_or(0));
                self.cursor.accept("/");
                continue;
            }
            if self.cursor.ends_command() {
                self.menu = menu;
                return Ok(None);
            }
            let at = self.at();
            let word = self.name();
            let goes_on = self.cursor.peek() == Some('/');
            match self.tree.look(&menu, &word, goes_on) {
                Some(Found::Menu(inside)) => {
                    menu = inside;
                    self.cursor.accept("/");
                }
                Some(Found::Command(verb)) => return self.command(menu, verb).map(Some),
                None if word.is_empty() => return Err(SyntaxError::plain(at)),
                None => return Err(SyntaxError::command(at, &word)),
            }
        }
    }

    /// A command's arguments. Paths inside of them begin in the command's own menu.
    fn command(&mut self, menu: String, verb: String) -> Read<Kind> {
        let around = std::mem::replace(&mut self.menu, menu.clone());
        let mut command = Menu { menu, verb, arguments: Vec::new(), condition: None };
        self.arguments(&mut command)?;
        self.menu = around;
        Ok(Kind::Menu(command))
    }

    /// `$name value name=value`
    fn call(&mut self) -> Read<Kind> {
        self.cursor.take();
        let name = self.variable()?;
        let mut arguments = Vec::new();
        loop {
            self.cursor.blanks();
            if self.cursor.ends_command() {
                return Ok(Kind::Call { name, arguments });
            }
            let mark = self.cursor.mark();
            let key = self.name();
            if !key.is_empty() && self.cursor.accept("=") {
                arguments.push((Some(key), self.value()?));
            } else {
                self.cursor.back(mark);
                arguments.push((None, self.value()?));
            }
        }
    }

    /// A menu's, command's or argument's name.
    fn name(&mut self) -> String {
        self.cursor.word(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    }

    /// A variable's name, after its `$` or where it is declared: bare, or in quotes.
    fn variable(&mut self) -> Read<String> {
        let name = if self.cursor.accept("\"") {
            let name = self.cursor.word(|c| c != '"' && c != '\n');
            self.cursor.must('"')?;
            name
        } else {
            self.cursor.word(|c| c.is_ascii_alphanumeric())
        };
        if name.is_empty() { self.wrong() } else { Ok(name) }
    }

    /// Values of a built-in command.
    fn values(&mut self, built: Built, (fewest, most): (usize, usize)) -> Read<Kind> {
        let mut values: Vec<Expression> = Vec::new();
        loop {
            self.cursor.blanks();
            if self.cursor.ends_command() {
                break;
            }
            if values.len() == most {
                return Err(SyntaxError::end(self.at()));
            }
            values.push(self.value()?);
        }
        if values.len() < fewest {
            return self.wrong();
        }
        Ok(Kind::Built(built, values))
    }
}
