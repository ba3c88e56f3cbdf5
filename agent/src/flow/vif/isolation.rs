//! What of the objects of VIFs is not as it should be. They are always put back.

use super::{Vif, objects::objects};
use crate::flow::{
    change_set::converge::{Step, converge},
    drift::Finding,
    meaning::same,
    object::{Object, Row, Snapshot, Switch},
};
use shared::drift::{Altered, Difference, Policy};
use std::collections::BTreeSet;

/// Every difference; none when the router is as VIFs need it.
pub fn isolation(vifs: &[Vif], router: &Snapshot) -> Vec<Finding> {
    let owner =
        |mark: &str| vifs.iter().map(|vif| &vif.spec.id).find(|id| mark.starts_with(&format!("bulkhead:vif/{id}/")));
    let steps = converge(&objects(vifs), router);
    let made: BTreeSet<&str> = steps.iter().filter(|step| matches!(step, Step::Add { .. })).map(Step::mark).collect();
    let difference = |step: &Step| match step {
        Step::Add { object, .. } => missing(object, router),
        Step::Set { id, object, .. } => {
            let row = router.rows(object.menu).iter().find(|row| row.id() == id);
            Difference::Altered(row.map(|row| altered(object, row)).unwrap_or_default())
        }
        Step::Move { .. } => Difference::Moved,
        Step::Remove { .. } => Difference::Surplus,
    };
    let finding = |step: &Step| Finding {
        menu: step.menu().path().to_owned(),
        row: vec![("comment".to_owned(), step.mark().to_owned())],
        item: None,
        vif: owner(step.mark()).cloned(),
        difference: difference(step),
        policy: Policy::Reconcile,
    };
    // A row that is made anew is told once.
    let replaced = |step: &&Step| matches!(step, Step::Remove { .. }) && made.contains(step.mark());
    steps.iter().filter(|step| !replaced(step)).map(finding).collect()
}

/// A row that is there and was narrowed is altered, though it is put right by making it anew.
fn missing(object: &Object, router: &Snapshot) -> Difference {
    let narrowed = router.static_rows(object.menu).find(|row| row.mark() == Some(object.mark.as_str()));
    match narrowed {
        Some(row) => Difference::Altered(altered(object, row)),
        None => {
            Difference::Missing(object.arguments().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
        }
    }
}

fn altered(object: &Object, row: &Row) -> Vec<Altered> {
    let found = |name: &str| Some(row.get(name)).filter(|value| !value.is_empty()).map(str::to_owned);
    let differ = |(name, value): &&(&'static str, String)| !same(name, value, row.get(name));
    let mut all: Vec<Altered> = object
        .attributes
        .iter()
        .filter(differ)
        .map(|(name, value)| Altered { property: (*name).to_owned(), wanted: Some(value.clone()), found: found(name) })
        .collect();
    let flags: &[&str] = if object.switch == Switch::On { &["disabled", "invalid"] } else { &["invalid"] };
    for flag in flags.iter().filter(|flag| row.is(flag)) {
        all.push(Altered { property: (*flag).to_owned(), wanted: Some("no".to_owned()), found: found(flag) });
    }
    let narrowed = row.narrowed(object);
    all.extend(narrowed.map(|(name, _)| Altered { property: name.to_owned(), wanted: None, found: found(name) }));
    all
}
