//! A chain of rules: first match, jumps, returns.

use shared::routeros::trace::{Step, Verdict};

use super::{End, Table, Walk, action::Then, matcher::Judgement};
use crate::device::row::{Origin, Row};

/// Jumps deeper than this are a loop.
const DEPTH: usize = 16;

/// How a chain ended.
enum Left {
    /// The packet goes on with the chain that jumped here, or past the table.
    Returned,
    /// No more rules of this table concern it.
    Accepted,
    Stopped(Verdict),
}

impl Walk<'_> {
    /// Sends the packet through a table's built-in chain. What no rule stops goes on.
    pub(super) fn table(&mut self, table: Table, chain: &str) -> End {
        match self.chain(table, chain, chain, 0) {
            Left::Returned | Left::Accepted => None,
            Left::Stopped(verdict) => Some(verdict),
        }
    }

    fn chain(&mut self, table: Table, chain: &str, hook: &str, depth: usize) -> Left {
        let device = self.device;
        let menu = table.menu(self.packet.dst);
        let rules = device.store(menu).rows.iter();
        let counted = |row: &&Row| !row.is_disabled() && !row.is("invalid") && !is_dummy(row);
        for rule in rules.filter(|row| row.text("chain") == chain).filter(counted) {
            match self.judge(rule, hook) {
                Judgement::No => continue,
                Judgement::Unknown(names) => {
                    self.pass_over(table, rule, &names);
                    continue;
                }
                Judgement::Yes => {}
            }
            self.hits.push((menu, rule.id));
            let (then, note) = self.act(table, hook, rule);
            self.meet(table, rule, note);
            match then {
                Then::Next => {}
                Then::Accept => return Left::Accepted,
                Then::Stop(verdict) => return Left::Stopped(verdict),
                Then::Return => return Left::Returned,
                Then::Jump(target) if depth < DEPTH => match self.chain(table, target, hook, depth + 1) {
                    Left::Returned => {}
                    left @ (Left::Accepted | Left::Stopped(_)) => return left,
                },
                Then::Jump(_) => {
                    if let Some(step) = self.steps.last_mut() {
                        step.note = Some("the chains jump in a circle: not followed".to_owned());
                    }
                }
            }
        }
        Left::Returned
    }

    /// Fasttracked packets meet no rule; they are counted by the rows that the router puts first to show them.
    pub(super) fn count_as_fasttracked(&mut self) {
        for table in [Table::Raw, Table::Mangle, Table::Filter] {
            let menu = table.menu(self.packet.dst);
            self.hits.extend(self.device.store(menu).rows.iter().filter(|row| is_dummy(row)).map(|row| (menu, row.id)));
        }
    }

    fn meet(&mut self, table: Table, rule: &Row, note: Option<String>) {
        self.tell(table.name(), rule.text("chain"), rule.text("action"), Some(rule), note);
    }

    /// A rule that nobody can judge from here matches special packets or by chance: it is passed over, and told.
    fn pass_over(&mut self, table: Table, rule: &Row, names: &str) {
        self.steps.push(Step {
            table: table.name().to_owned(),
            chain: rule.text("chain").to_owned(),
            rule: Some(rule.id.to_string()),
            comment: rule.get("comment").map(str::to_owned),
            action: rule.text("action").to_owned(),
            matched: false,
            note: Some(format!("passed over: {names} cannot be judged")),
        });
    }
}

/// A row that shows what fasttrack counted: it is no rule.
fn is_dummy(row: &Row) -> bool {
    matches!(&row.origin, Origin::Dynamic(key) if key.starts_with("dummy "))
}
