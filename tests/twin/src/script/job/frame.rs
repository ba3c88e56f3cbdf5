//! One script or function on its way: where it stands, its variables, its loops, its handlers.

use std::{collections::BTreeMap, sync::Arc};

use super::{Failure, Globals};
use crate::script::{
    code::{Code, Step},
    syntax_error::At,
    value::{Items, Value},
};

/// Why a frame was entered: what becomes of it when it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The job itself.
    Main,
    /// `/system/script/run`
    Script,
    /// `$name …`
    Function,
    /// `/import`, on this line.
    Import {
        /// Of the script that imports.
        line: usize,
    },
    /// `/execute as-string`: what was put out since becomes the value.
    Capture {
        /// How many lines there were before.
        from: usize,
    },
}

/// A variable: its value, or a link to the global of that name.
#[derive(Debug)]
enum Variable {
    Local(Value),
    Global,
}

/// A loop and what comes next in it.
#[derive(Debug)]
enum Loop {
    Count { next: i64, to: i64, step: i64 },
    Each(std::vec::IntoIter<(Option<String>, Value)>),
}

#[derive(Debug)]
struct Handler {
    message: Option<String>,
    at: usize,
    scopes: usize,
    loops: usize,
    values: usize,
}

#[derive(Debug)]
pub(super) struct Frame {
    code: Arc<Code>,
    at: usize,
    pub(super) purpose: Purpose,
    values: Vec<Value>,
    scopes: Vec<BTreeMap<String, Variable>>,
    loops: Vec<Loop>,
    handlers: Vec<Handler>,
}

impl Frame {
    pub(super) fn new(code: Arc<Code>, purpose: Purpose) -> Self {
        Self {
            code,
            at: 0,
            purpose,
            values: Vec::new(),
            scopes: vec![BTreeMap::new()],
            loops: Vec::new(),
            handlers: Vec::new(),
        }
    }

    /// The step that comes next, which is then past.
    pub(super) fn next(&mut self) -> Option<(At, Step)> {
        let step = self.code.steps.get(self.at).cloned();
        self.at += 1;
        step
    }

    pub(super) fn push(&mut self, value: Value) {
        self.values.push(value);
    }

    pub(super) fn pop(&mut self) -> Value {
        self.values.pop().unwrap_or(Value::Nothing)
    }

    /// The last values, in the order in which they came.
    pub(super) fn pop_many(&mut self, count: usize) -> Vec<Value> {
        self.values.split_off(self.values.len().saturating_sub(count))
    }

    pub(super) fn load(&self, name: &str, globals: Option<&Globals>) -> Value {
        let found = self.scopes.iter().rev().find_map(|scope| scope.get(name));
        match found {
            Some(Variable::Local(value)) => value.clone(),
            Some(Variable::Global) => globals.and_then(|globals| globals.get(name)).cloned().unwrap_or(Value::Nothing),
            None => Value::Nothing,
        }
    }

    /// Declares a variable in the innermost block; without a value it is the global of its name.
    pub(super) fn declare(&mut self, name: String, value: Option<Value>) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name, value.map_or(Variable::Global, Variable::Local));
        }
    }

    /// Sets a variable that was declared; whether there is one.
    pub(super) fn set(&mut self, name: &str, value: Value, globals: &mut Globals) -> bool {
        match self.scopes.iter_mut().rev().find_map(|scope| scope.get_mut(name)) {
            Some(Variable::Local(held)) => *held = value,
            Some(Variable::Global) => drop(globals.insert(name.to_owned(), value)),
            None => return false,
        }
        true
    }

    /// Takes an error over, if a handler is there for it.
    pub(super) fn catch(&mut self, failure: &Failure) -> bool {
        let Some(handler) = self.handlers.pop() else { return false };
        self.at = handler.at;
        self.scopes.truncate(handler.scopes);
        self.loops.truncate(handler.loops);
        self.values.truncate(handler.values);
        self.scopes.push(BTreeMap::new());
        if let Some(name) = handler.message {
            self.declare(name, Some(Value::Text(failure.to_string())));
        }
        true
    }

    /// Steps that concern this frame alone. The others are the job's.
    pub(super) fn step(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Push(value) => self.push(value),
            Step::Drop => drop(self.pop()),
            Step::Join(count) => {
                let text = self.pop_many(count).iter().map(Value::show).collect();
                self.push(Value::Text(text));
            }
            Step::List(keys) => {
                let values = self.pop_many(keys.len());
                self.push(Value::List(keyed(keys.into_iter().zip(values).collect())));
            }
            Step::Jump(to) => self.at = to,
            Step::Unless(to) => {
                let value = self.pop();
                let truth = value.truth().ok_or_else(|| "conditional not boolean".to_owned())?;
                if !truth {
                    self.at = to;
                }
            }
            Step::Enter => self.scopes.push(BTreeMap::new()),
            Step::Leave => drop(self.scopes.pop()),
            Step::Count => self.count()?,
            Step::Each => {
                let list = self.pop();
                self.loops.push(Loop::Each(list.items().into_iter()));
            }
            Step::Next { key, name, exit } => self.turn(key, name, exit),
            Step::Try { message, handler } => self.handlers.push(Handler {
                message,
                at: handler,
                scopes: self.scopes.len(),
                loops: self.loops.len(),
                values: self.values.len(),
            }),
            Step::EndTry => drop(self.handlers.pop()),
            Step::Load(_)
            | Step::Unary(_)
            | Step::Binary(_)
            | Step::Declare { .. }
            | Step::Set(_)
            | Step::Built(..)
            | Step::Menu(_)
            | Step::Call(..)
            | Step::Return => {}
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), String> {
        let (step, to, from) = (self.pop(), self.pop(), self.pop());
        let number = |value: &Value| value.number().ok_or_else(|| format!("{} is no number", value.show()));
        let (next, to) = (number(&from)?, number(&to)?);
        let step = if step == Value::Nothing { if to < next { -1 } else { 1 } } else { number(&step)? };
        if step == 0 {
            return Err("invalid value for argument step".to_owned());
        }
        self.loops.push(Loop::Count { next, to, step });
        Ok(())
    }

    fn turn(&mut self, key: Option<String>, name: String, exit: usize) {
        let item = match self.loops.last_mut() {
            Some(Loop::Count { next, to, step }) => {
                let here = *next;
                let within = if *step > 0 { here <= *to } else { here >= *to };
                *next = next.saturating_add(*step);
                (within && here != i64::MAX && here != i64::MIN).then_some((None, Value::Number(here)))
            }
            Some(Loop::Each(items)) => items.next().map(|(key, value)| (key.map(Value::Text), value)),
            None => None,
        };
        let Some((of, value)) = item else {
            self.loops.pop();
            self.at = exit;
            return;
        };
        if let Some(key) = key {
            self.declare(key, Some(of.unwrap_or(Value::Nothing)));
        }
        self.declare(name, Some(value));
    }
}

/// Items with keys stand after those without, in alphabetical order, the last of a key alone.
fn keyed(items: Items) -> Items {
    let (named, mut plain): (Items, Items) = items.into_iter().partition(|(key, _)| key.is_some());
    let named: BTreeMap<Option<String>, Value> = named.into_iter().collect();
    plain.extend(named);
    plain
}
