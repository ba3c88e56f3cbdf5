//! Arguments of a menu's command: `name=value`, switches, `!name`, values whose names are left out, `where`.

use super::{Parser, Read};
use crate::script::{
    syntax::{Expression, Menu},
    syntax_error::SyntaxError,
    value::Value,
};

impl Parser<'_> {
    pub(super) fn arguments(&mut self, command: &mut Menu) -> Read<()> {
        if command.verb == "find" {
            self.cursor.blanks();
            self.keyword("where");
            command.condition = self.conditions()?;
            return Ok(());
        }
        let mut unnamed = self.tree.unnamed(&command.menu, &command.verb).iter();
        loop {
            self.cursor.blanks();
            if self.cursor.ends_command() {
                return Ok(());
            }
            if matches!(command.verb.as_str(), "print" | "export") && self.keyword("where") {
                command.condition = self.conditions()?;
                return Ok(());
            }
            let argument = if let Some(argument) = self.named_argument(command)? {
                argument
            } else {
                let name = unnamed.find(|name| command.arguments.iter().all(|(given, _)| given != *name));
                let name = name.ok_or_else(|| SyntaxError::end(self.at()))?;
                ((*name).to_owned(), Some(self.argument_value()?))
            };
            command.arguments.push(argument);
        }
    }

    /// `name=value`, `!name` or a switch; none where a value stands alone.
    fn named_argument(&mut self, command: &Menu) -> Read<Option<(String, Option<Expression>)>> {
        let mark = self.cursor.mark();
        let at = self.at();
        let unset = self.cursor.accept("!");
        let word = self.cursor.word(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        let ends = matches!(self.cursor.peek(), None | Some(' ' | '\t' | '\r' | '\\')) || self.cursor.ends_command();
        let valued = self.cursor.peek() == Some('=');
        let name = self.tree.argument(&command.menu, &command.verb, &word);
        match name {
            Some(name) if unset && ends => Ok(Some((name, None))),
            Some(name) if valued => {
                if self.tree.is_switch(&command.verb, &name) {
                    return Err(SyntaxError::end(self.at()));
                }
                self.cursor.take();
                self.cursor.blanks();
                Ok(Some((name, Some(self.argument_value()?))))
            }
            // A row may be called as a switch is: what a command wants unnamed goes first.
            Some(name) if ends && !unset && (name == word) && self.stands_alone(command, &name) => {
                Ok(Some((name, Some(Expression::Literal(Value::text(""))))))
            }
            _ if valued || unset => Err(SyntaxError::end(at)),
            _ => {
                self.cursor.back(mark);
                Ok(None)
            }
        }
    }

    /// Whether a name without a value is a switch here, and not a row's name.
    fn stands_alone(&self, command: &Menu, name: &str) -> bool {
        let wanted = self.tree.unnamed(&command.menu, &command.verb);
        let missing = wanted.iter().any(|wanted| command.arguments.iter().all(|(given, _)| given != wanted));
        !missing || self.tree.is_switch(&command.verb, name) || name == "as-string"
    }

    /// A value as a command takes it: a bare word stays the text that it is.
    fn argument_value(&mut self) -> Read<Expression> {
        match self.cursor.peek() {
            Some('"' | '[' | '(' | '$') => self.value(),
            Some('{') => self.source(),
            _ => self.argument_word().map(|word| Expression::Literal(Value::Text(word))),
        }
    }

    fn argument_word(&mut self) -> Read<String> {
        let mut word = String::new();
        loop {
            match self.cursor.peek() {
                None | Some(' ' | '\t' | '\r' | '\n' | ';' | ']' | ')' | '}') => return Ok(word),
                Some('"' | '$' | '[' | '{' | '(') => return self.wrong(),
                Some('\\') => {
                    self.cursor.take();
                    match self.cursor.take() {
                        Some(c) if !c.is_alphanumeric() && c != '\n' => word.push(c),
                        Some('\n') => {
                            self.cursor.blanks();
                            return Ok(word);
                        }
                        _ => return self.wrong(),
                    }
                }
                Some(c) => {
                    self.cursor.take();
                    word.push(c);
                }
            }
        }
    }

    /// `{ … }` in a value's place: the text between the braces, as `source={ … }` means it.
    fn source(&mut self) -> Read<Expression> {
        let at = self.at();
        self.cursor.take();
        let (mut text, mut depth, mut quoted) = (String::new(), 1, false);
        loop {
            let c = self.cursor.take().ok_or_else(|| SyntaxError::plain(at))?;
            match c {
                '\\' => {
                    text.push(c);
                    text.extend(self.cursor.take());
                    continue;
                }
                '"' => quoted = !quoted,
                '{' if !quoted => depth += 1,
                '}' if !quoted => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Ok(Expression::Literal(Value::Text(text)));
            }
            text.push(c);
        }
    }

    pub(super) fn keyword(&mut self, word: &str) -> bool {
        let mark = self.cursor.mark();
        let ends = |c: Option<char>| c.is_none_or(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '=')));
        if self.cursor.accept(word) && ends(self.cursor.peek()) {
            return true;
        }
        self.cursor.back(mark);
        false
    }
}
