//! How a packet goes through the chains of one table: from rule to rule, into chains and back.

use std::{cell::OnceCell, collections::BTreeMap};

use super::{
    Step, Verdict,
    matcher::Says,
    rule::{Rule, judge},
    table::Table,
    walk::{Walk, World},
};
use crate::routeros::model::Row;

/// What a rule that matched does to the packet's way.
pub(super) enum Next<'m> {
    /// On to the next rule.
    On,
    /// Into a chain; back behind this rule when that lets the packet through.
    Into(&'m str),
    /// Back to where the packet came into the chain.
    Back,
    /// This table lets it through.
    Through,
    /// Here its way ends.
    Ends(Verdict),
}

/// Source: *Filter*: rules from top to bottom; what no rule stops goes on. Gives the verdict where one did.
pub(super) fn pass<'m>(walk: &mut Walk<'m, '_>, table: Table, chain: &'m str) -> Option<Verdict> {
    let mut open: Vec<(&str, usize)> = vec![(chain, 0)];
    while let Some((chain, at)) = open.pop() {
        let Some(rule) = walk.world.chains.rule(walk.world, table, chain, at) else { continue };
        match meet(walk, table, rule, chain, &open) {
            Next::On => open.push((chain, at + 1)),
            Next::Into(target) => open.extend([(chain, at + 1), (target, 0)]),
            Next::Back => {}
            Next::Through => return None,
            Next::Ends(verdict) => return Some(verdict),
        }
    }
    None
}

/// The rules of each chain in their order, found when the first packet comes to its table.
#[derive(Debug, Default)]
pub(super) struct Chains<'m> {
    tables: [OnceCell<BTreeMap<&'m str, Vec<Rule<'m>>>>; 4],
}

impl<'m> Chains<'m> {
    /// The `at`-th rule of a chain that is in force.
    fn rule(&self, world: &World<'m>, table: Table, chain: &str, at: usize) -> Option<&Rule<'m>> {
        let chains = self.tables.get(table as usize)?.get_or_init(|| {
            let mut chains: BTreeMap<&str, Vec<Rule>> = BTreeMap::new();
            let rows = world.model.rows(table.menu(world.family)).iter();
            for rule in rows.filter_map(|row| Rule::of(&world.interfaces, row)) {
                chains.entry(rule.row.get("chain")).or_default().push(rule);
            }
            chains
        });
        chains.get(chain)?.get(at)
    }
}

/// Puts the packet to one rule, and tells of it where it matched or could not be judged.
fn meet<'m>(walk: &mut Walk<'m, '_>, table: Table, rule: &Rule<'m>, chain: &str, open: &[(&str, usize)]) -> Next<'m> {
    let ((says, unknown), row) = (judge(walk.world, &walk.seen, rule), rule.row);
    let (next, note) = match says {
        Says::No => return Next::On,
        Says::Unknown => (Next::On, Some(format!("passed over: {unknown} cannot be judged"))),
        Says::Yes => match table.act(walk, row, chain) {
            (Next::Into(target), _) if target == chain || open.iter().any(|(above, _)| *above == target) => {
                (Next::On, Some("the chains jump in a circle: not followed".to_owned()))
            }
            done => done,
        },
    };
    walk.steps.push(Step {
        table: table.name().to_owned(),
        chain: chain.to_owned(),
        rule: some(row.id()),
        comment: some(row.get("comment")),
        action: action(row).to_owned(),
        matched: says == Says::Yes,
        note,
    });
    next
}

/// What a rule does; `accept` is the default.
pub(super) fn action(row: &Row) -> &str {
    Some(row.get("action")).filter(|action| !action.is_empty()).unwrap_or("accept")
}

/// A text that is there.
pub(super) fn some(text: &str) -> Option<String> {
    Some(text).filter(|text| !text.is_empty()).map(str::to_owned)
}
