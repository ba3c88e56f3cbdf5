//! A script as steps: what a job carries out one after the other, so that it can stop between any two of them.

use std::sync::Arc;

use super::{
    syntax::{Binary, Built, Expression, Unary},
    syntax_error::At,
    value::Value,
};

/// The steps of a script or a function, each with the place that it came from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Code {
    /// In the order in which they are carried out, apart from jumps.
    pub steps: Vec<(At, Step)>,
}

/// One step. Values are taken from a stack and put back onto it.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Puts a value.
    Push(Value),
    /// Puts a variable's value.
    Load(String),
    /// Takes a value and forgets it.
    Drop,
    /// Takes as many values and puts their texts, joined.
    Join(usize),
    /// Takes as many values and puts an array with these keys.
    List(Vec<Option<String>>),
    /// Takes a value and puts another.
    Unary(Unary),
    /// Takes two values and puts one.
    Binary(Binary),
    /// Goes on elsewhere.
    Jump(usize),
    /// Takes a boolean and goes on elsewhere where it is false.
    Unless(usize),
    /// Begins a block: what is declared from here on ends with it.
    Enter,
    /// Ends a block.
    Leave,
    /// Declares a variable; takes its value where `valued`.
    Declare {
        /// Whether it lives on after the script.
        global: bool,
        /// The variable.
        name: String,
        /// Whether its value is on the stack.
        valued: bool,
    },
    /// Takes a value and sets a variable to it.
    Set(String),
    /// Takes as many values and puts what the command makes of them.
    Built(Built, usize),
    /// Takes the values of the arguments and puts what the command returns.
    Menu(Arc<MenuStep>),
    /// Takes the values of the arguments and puts what the function returns.
    Call(String, Vec<Option<String>>),
    /// Takes step, to and from, and begins a loop over the numbers.
    Count,
    /// Takes an array and begins a loop over its items.
    Each,
    /// Sets the loop's variables to what comes next, or ends the loop and goes on elsewhere.
    Next {
        /// The item's key.
        key: Option<String>,
        /// The item.
        name: String,
        /// Where to go when there is none.
        exit: usize,
    },
    /// Errors from here on go on at `handler`.
    Try {
        /// The variable that then holds the message.
        message: Option<String>,
        /// Where.
        handler: usize,
    },
    /// Errors go on as before.
    EndTry,
    /// Takes the value that the script or function returns.
    Return,
}

/// A command of a menu, its values on the stack: those of the condition's holes on top.
#[derive(Debug, Clone, PartialEq)]
pub struct MenuStep {
    /// `/interface/vlan`
    pub menu: String,
    /// `add`
    pub verb: String,
    /// Names, and whether a value is there for each.
    pub arguments: Vec<(String, bool)>,
    /// What rows must fulfil.
    pub condition: Option<Expression>,
    /// How many values the condition needs.
    pub holes: usize,
}
