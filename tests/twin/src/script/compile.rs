//! Makes steps of a script. Every command leaves one value on the stack, so that any of them may stand in brackets.

use std::sync::Arc;

use super::{
    code::{Code, MenuStep, Step},
    syntax::{Block, Expression, Kind, Menu, Statement},
    syntax_error::At,
    value::Value,
};

/// The steps of a script.
pub fn compile(block: &Block) -> Code {
    let mut compiler = Compiler::default();
    compiler.statements(block);
    compiler.step(Step::Push(Value::Nothing));
    compiler.step(Step::Return);
    Code { steps: compiler.steps }
}

#[derive(Default)]
struct Compiler {
    steps: Vec<(At, Step)>,
    at: At,
}

impl Compiler {
    fn step(&mut self, step: Step) -> usize {
        self.steps.push((self.at, step));
        self.steps.len() - 1
    }

    fn here(&self) -> usize {
        self.steps.len()
    }

    /// Lets a jump that was written before go to here.
    fn land(&mut self, jump: usize) {
        let here = self.here();
        match self.steps.get_mut(jump) {
            Some((
                _,
                Step::Jump(to) | Step::Unless(to) | Step::Next { exit: to, .. } | Step::Try { handler: to, .. },
            )) => {
                *to = here;
            }
            _ => debug_assert!(false, "only jumps land"),
        }
    }

    fn statements(&mut self, block: &Block) {
        for statement in block {
            self.statement(statement);
            self.step(Step::Drop);
        }
    }

    fn scope(&mut self, block: &Block) {
        self.step(Step::Enter);
        self.statements(block);
        self.step(Step::Leave);
    }

    fn nothing(&mut self) {
        self.step(Step::Push(Value::Nothing));
    }

    fn statement(&mut self, statement: &Statement) {
        self.at = statement.at;
        match &statement.kind {
            Kind::Menu(menu) => self.menu(menu),
            Kind::Built(built, values) => {
                self.expressions(values);
                self.at = statement.at;
                self.step(Step::Built(*built, values.len()));
            }
            Kind::Block(block) => {
                self.scope(block);
                self.nothing();
            }
            Kind::Value(value) => self.expression(value),
            Kind::Declare { global, name, value } => {
                let valued = value.is_some() || !global;
                if valued {
                    self.or_nothing(value.as_ref());
                }
                self.step(Step::Declare { global: *global, name: name.clone(), valued });
                self.nothing();
            }
            Kind::Set { name, value } => {
                self.or_nothing(value.as_ref());
                self.step(Step::Set(name.clone()));
                self.nothing();
            }
            Kind::Return(value) => {
                self.or_nothing(value.as_ref());
                self.step(Step::Return);
            }
            Kind::Call { name, arguments } => {
                self.expressions(arguments.iter().map(|(_, value)| value));
                let names = arguments.iter().map(|(name, _)| name.clone()).collect();
                self.step(Step::Call(name.clone(), names));
            }
            Kind::If { .. } | Kind::Try { .. } => self.branch(&statement.kind),
            Kind::While { .. } | Kind::DoWhile { .. } | Kind::For { .. } | Kind::ForEach { .. } => {
                self.round(&statement.kind);
                self.nothing();
            }
        }
    }

    fn or_nothing(&mut self, value: Option<&Expression>) {
        match value {
            Some(value) => self.expression(value),
            None => self.nothing(),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller hands over these two")]
    fn branch(&mut self, kind: &Kind) {
        match kind {
            Kind::If { condition, then, otherwise } => {
                self.expression(condition);
                let unless = self.step(Step::Unless(0));
                self.scope(then);
                let end = self.step(Step::Jump(0));
                self.land(unless);
                self.scope(otherwise);
                self.land(end);
            }
            Kind::Try { body, message, otherwise } => {
                let attempt = self.step(Step::Try { message: message.clone(), handler: 0 });
                self.scope(body);
                self.step(Step::EndTry);
                let end = self.step(Step::Jump(0));
                // The handler begins in a scope of its own, which holds the message.
                self.land(attempt);
                self.statements(otherwise);
                self.step(Step::Leave);
                self.land(end);
            }
            _ => {}
        }
        self.nothing();
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller hands over these four")]
    fn round(&mut self, kind: &Kind) {
        match kind {
            Kind::While { condition, body } => {
                let again = self.here();
                self.expression(condition);
                let exit = self.step(Step::Unless(0));
                self.scope(body);
                self.step(Step::Jump(again));
                self.land(exit);
            }
            Kind::DoWhile { body, condition } => {
                let again = self.here();
                self.scope(body);
                self.expression(condition);
                let exit = self.step(Step::Unless(0));
                self.step(Step::Jump(again));
                self.land(exit);
            }
            Kind::For { name, bounds, body } => {
                self.expressions(bounds.iter());
                self.step(Step::Count);
                self.over(None, name, body);
            }
            Kind::ForEach { key, name, list, body } => {
                self.expression(list);
                self.step(Step::Each);
                self.over(key.clone(), name, body);
            }
            _ => {}
        }
    }

    fn over(&mut self, key: Option<String>, name: &str, body: &Block) {
        self.step(Step::Enter);
        let again = self.here();
        let next = self.step(Step::Next { key, name: name.to_owned(), exit: 0 });
        self.scope(body);
        self.step(Step::Jump(again));
        self.land(next);
        self.step(Step::Leave);
    }

    fn menu(&mut self, menu: &Menu) {
        let at = self.at;
        self.expressions(menu.arguments.iter().filter_map(|(_, value)| value.as_ref()));
        let mut holes = Vec::new();
        let condition = menu.condition.as_ref().map(|condition| pierce(condition, &mut holes));
        self.expressions(&holes);
        self.at = at;
        self.step(Step::Menu(Arc::new(MenuStep {
            menu: menu.menu.clone(),
            verb: menu.verb.clone(),
            arguments: menu.arguments.iter().map(|(name, value)| (name.clone(), value.is_some())).collect(),
            condition,
            holes: holes.len(),
        })));
    }

    fn expressions<'a>(&mut self, expressions: impl IntoIterator<Item = &'a Expression>) {
        for expression in expressions {
            self.expression(expression);
        }
    }

    fn expression(&mut self, expression: &Expression) {
        match expression {
            Expression::Literal(value) => self.step(Step::Push(value.clone())),
            Expression::Variable(name) => self.step(Step::Load(name.clone())),
            Expression::Text(parts) => {
                self.expressions(parts);
                self.step(Step::Join(parts.len()))
            }
            Expression::List(items) => {
                self.expressions(items.iter().map(|(_, value)| value));
                self.step(Step::List(items.iter().map(|(key, _)| key.clone()).collect()))
            }
            Expression::Function(block) => self.step(Step::Push(Value::Code(Arc::new(compile(block))))),
            Expression::Unary(sign, value) => {
                self.expression(value);
                self.step(Step::Unary(*sign))
            }
            Expression::Binary(sign, left, right) => {
                self.expression(left);
                self.expression(right);
                self.step(Step::Binary(*sign))
            }
            Expression::Command(block) => {
                self.brackets(block);
                0
            }
            // Only in conditions, which are not compiled.
            Expression::Property(_) | Expression::Hole(_) => self.step(Step::Push(Value::Nothing)),
        };
    }

    /// `[ … ]` is worth what its last command returns.
    fn brackets(&mut self, block: &Block) {
        let at = self.at;
        let Some((last, before)) = block.split_last() else { return self.nothing() };
        self.step(Step::Enter);
        for statement in before {
            self.statement(statement);
            self.step(Step::Drop);
        }
        self.statement(last);
        self.step(Step::Leave);
        self.at = at;
    }
}

/// Takes out of a condition what has to be computed before rows are looked at.
fn pierce(condition: &Expression, holes: &mut Vec<Expression>) -> Expression {
    match condition {
        Expression::Property(_) | Expression::Literal(_) | Expression::Hole(_) => condition.clone(),
        Expression::Unary(sign, value) => Expression::Unary(*sign, Box::new(pierce(value, holes))),
        Expression::Binary(sign, left, right) => {
            let left = pierce(left, holes);
            Expression::Binary(*sign, Box::new(left), Box::new(pierce(right, holes)))
        }
        Expression::Text(_)
        | Expression::Variable(_)
        | Expression::List(_)
        | Expression::Command(_)
        | Expression::Function(_) => {
            holes.push(condition.clone());
            Expression::Hole(holes.len() - 1)
        }
    }
}
