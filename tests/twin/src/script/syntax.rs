//! A script as it was read: its commands and expressions, with names resolved and places kept.

use std::sync::Arc;

use super::{syntax_error::At, value::Value};

/// Commands, one after the other.
pub type Block = Vec<Statement>;

/// One command.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Where it begins.
    pub at: At,
    /// What it is.
    pub kind: Kind,
}

/// What a command is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A command of a menu.
    Menu(Menu),
    /// `:put`, `:len` and their kin: the name and the values in their order.
    Built(Built, Vec<Expression>),
    /// `{ … }` and `:do { … }`, once.
    Block(Block),
    /// `:do { … } on-error={ … }` and `:onerror name in={ … } do={ … }`
    Try {
        /// What is tried.
        body: Block,
        /// Holds the message while the other block runs.
        message: Option<String>,
        /// What runs when it fails.
        otherwise: Block,
    },
    /// `:if (…) do={ … } else={ … }`
    If {
        /// Decides.
        condition: Expression,
        /// Where it holds.
        then: Block,
        /// Where it does not.
        otherwise: Block,
    },
    /// `:while (…) do={ … }`
    While {
        /// Asked before each round.
        condition: Expression,
        /// The round.
        body: Block,
    },
    /// `:do { … } while=(…)`
    DoWhile {
        /// The round.
        body: Block,
        /// Asked after each round.
        condition: Expression,
    },
    /// `:for name from=1 to=3 step=1 do={ … }`
    For {
        /// The counter.
        name: String,
        /// From, to and step.
        bounds: Box<[Expression; 3]>,
        /// The round.
        body: Block,
    },
    /// `:foreach name in=… do={ … }`, `:foreach key,name in=… do={ … }`
    ForEach {
        /// The item's key.
        key: Option<String>,
        /// The item.
        name: String,
        /// What is gone over.
        list: Expression,
        /// The round.
        body: Block,
    },
    /// `:local name value`, `:global name value`
    Declare {
        /// Whether it lives on after the script.
        global: bool,
        /// The variable.
        name: String,
        /// What it is set to; a global without one keeps what it has.
        value: Option<Expression>,
    },
    /// `:set name value`
    Set {
        /// The variable.
        name: String,
        /// What it is set to; without one it holds nothing.
        value: Option<Expression>,
    },
    /// `:return value`
    Return(Option<Expression>),
    /// `$name value name=value`
    Call {
        /// The variable that holds the function.
        name: String,
        /// `$1`, `$2` … and the named ones.
        arguments: Vec<(Option<String>, Expression)>,
    },
    /// A value whose effects alone are wanted: `[ … ]`
    Value(Expression),
}

/// A command of a menu.
#[derive(Debug, Clone, PartialEq)]
pub struct Menu {
    /// `/interface/vlan`
    pub menu: String,
    /// `add`
    pub verb: String,
    /// Names and values. A switch and `!name` have no value.
    pub arguments: Vec<(String, Option<Expression>)>,
    /// What rows must fulfil: `where …`, and all of what `find` says.
    pub condition: Option<Expression>,
}

/// Commands that only compute or wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named as the console names it")]
pub enum Built {
    Put,
    Delay,
    Error,
    Len,
    Pick,
    Find,
    TypeOf,
    ToStr,
    ToNum,
    ToBool,
    ToTime,
    ToIp,
    ToId,
    ToArray,
    Nothing,
}

impl Built {
    /// The command of a name, and how few and how many values it takes.
    pub fn named(name: &str) -> Option<(Self, usize, usize)> {
        Some(match name {
            "put" => (Self::Put, 1, 1),
            "delay" => (Self::Delay, 1, 1),
            "error" => (Self::Error, 1, 1),
            "len" => (Self::Len, 1, 1),
            "pick" => (Self::Pick, 2, 3),
            "find" => (Self::Find, 2, 3),
            "typeof" => (Self::TypeOf, 1, 1),
            "tostr" => (Self::ToStr, 1, 1),
            "tonum" => (Self::ToNum, 1, 1),
            "tobool" => (Self::ToBool, 1, 1),
            "totime" => (Self::ToTime, 1, 1),
            "toip" => (Self::ToIp, 1, 1),
            "toid" => (Self::ToId, 1, 1),
            "toarray" => (Self::ToArray, 1, 1),
            "nothing" => (Self::Nothing, 0, 0),
            _ => return None,
        })
    }
}

/// What gives a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// Itself.
    Literal(Value),
    /// A quoted text whose parts are joined.
    Text(Vec<Expression>),
    /// `$name`
    Variable(String),
    /// A row's property, inside of `where`.
    Property(String),
    /// A value computed before rows are looked at, inside of `where`: its number.
    Hole(usize),
    /// `{1; 2; key=3}`
    List(Vec<(Option<String>, Expression)>),
    /// `[ … ]`
    Command(Box<Block>),
    /// A function.
    Function(Arc<Block>),
    /// `-x`, `!x`
    Unary(Unary, Box<Expression>),
    /// `x + y`
    Binary(Binary, Box<Expression>, Box<Expression>),
}

/// Signs before a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the signs say it")]
pub enum Unary {
    Not,
    Minus,
}

/// Signs between values, in the order in which they bind: the last ones most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the signs say it")]
pub enum Binary {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    More,
    AtMost,
    AtLeast,
    Matches,
    In,
    Comma,
    Concat,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Item,
}
