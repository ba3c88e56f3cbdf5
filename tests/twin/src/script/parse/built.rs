//! Words of the language itself: `:if`, `:foreach`, `:local` and their kin.

use super::{Parser, Read};
use crate::script::{
    syntax::{Block, Built, Expression, Kind},
    syntax_error::{At, SyntaxError},
    value::Value,
};

impl Parser<'_> {
    /// The command of a name that belongs to the language; none where it is none.
    pub(super) fn built_in(&mut self, name: &str, at: At) -> Read<Option<Kind>> {
        if let Some((built, fewest, most)) = Built::named(name) {
            return self.values(built, (fewest, most)).map(Some);
        }
        let kind = match name {
            "if" => self.condition(),
            "while" => {
                let condition = self.spaced()?;
                self.named("do").and_then(|()| self.braces()).map(|body| Kind::While { condition, body })
            }
            "do" => self.do_block(),
            "onerror" => self.on_error(),
            "for" => self.counted(),
            "foreach" => self.each(),
            "local" | "global" => self.declaration(name == "global"),
            "set" => {
                self.cursor.blanks();
                self.cursor.accept("$");
                let name = self.variable()?;
                self.optional().map(|value| Kind::Set { name, value })
            }
            "return" => self.optional().map(Kind::Return),
            _ => return Ok(None),
        };
        // What is left out is missed where the command begins.
        kind.map(Some)
            .map_err(|error| SyntaxError { at: if error.at == At::default() { at } else { error.at }, ..error })
    }

    fn spaced(&mut self) -> Read<Expression> {
        self.cursor.blanks();
        self.value()
    }

    fn optional(&mut self) -> Read<Option<Expression>> {
        self.cursor.blanks();
        if self.cursor.ends_command() { Ok(None) } else { self.value().map(Some) }
    }

    /// `name=`, which must come.
    fn named(&mut self, name: &str) -> Read<()> {
        if self.has_named(name) { Ok(()) } else { self.wrong() }
    }

    fn has_named(&mut self, name: &str) -> bool {
        self.cursor.blanks();
        let mark = self.cursor.mark();
        if self.cursor.accept(name) && self.cursor.accept("=") {
            return true;
        }
        self.cursor.back(mark);
        false
    }

    fn condition(&mut self) -> Read<Kind> {
        let condition = self.spaced()?;
        self.named("do")?;
        let then = self.braces()?;
        let otherwise = if self.has_named("else") { self.braces()? } else { Block::new() };
        Ok(Kind::If { condition, then, otherwise })
    }

    fn do_block(&mut self) -> Read<Kind> {
        let body = self.braces()?;
        if self.has_named("while") {
            return self.value().map(|condition| Kind::DoWhile { body, condition });
        }
        if self.has_named("on-error") {
            return self.braces().map(|otherwise| Kind::Try { body, message: None, otherwise });
        }
        Ok(Kind::Block(body))
    }

    fn on_error(&mut self) -> Read<Kind> {
        self.cursor.blanks();
        let message = Some(self.variable()?);
        self.named("in")?;
        let body = self.braces()?;
        self.named("do")?;
        let otherwise = self.braces()?;
        Ok(Kind::Try { body, message, otherwise })
    }

    fn counted(&mut self) -> Read<Kind> {
        self.cursor.blanks();
        let name = self.variable()?;
        self.named("from")?;
        let from = self.value()?;
        self.named("to")?;
        let to = self.value()?;
        let step = if self.has_named("step") { self.value()? } else { Expression::Literal(Value::Nothing) };
        self.named("do")?;
        Ok(Kind::For { name, bounds: Box::new([from, to, step]), body: self.braces()? })
    }

    fn each(&mut self) -> Read<Kind> {
        self.cursor.blanks();
        let first = self.variable()?;
        let second = if self.cursor.accept(",") { Some(self.variable()?) } else { None };
        self.named("in")?;
        let list = self.value()?;
        self.named("do")?;
        let body = self.braces()?;
        let (key, name) = match second {
            Some(name) => (Some(first), name),
            None => (None, first),
        };
        Ok(Kind::ForEach { key, name, list, body })
    }

    /// A function is declared by `do=` in the value's place.
    fn declaration(&mut self, global: bool) -> Read<Kind> {
        self.cursor.blanks();
        let name = self.variable()?;
        if self.has_named("do") {
            let body = self.braces()?;
            return Ok(Kind::Declare { global, name, value: Some(Expression::Function(body.into())) });
        }
        self.optional().map(|value| Kind::Declare { global, name, value })
    }
}
