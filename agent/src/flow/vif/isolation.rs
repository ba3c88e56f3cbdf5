//! What of the objects of VIFs is not as it should be. They are always put back.

use super::{Vif, objects::objects};
use crate::flow::{
    change_set::converge::{Step, converge},
    drift::Finding,
    meaning::same,
    object::{Object, Row, Snapshot, Switch},
};
use shared::drift::{Altered, Difference, Policy};
use std::borrow::Cow;

/// Every difference; none when the router is as VIFs need it.
pub fn isolation(vifs: &[Vif], router: &Snapshot) -> Vec<Finding> {
    let owner =
        |mark: &str| vifs.iter().map(|vif| &vif.spec.id).find(|id| mark.starts_with(&format!("bulkhead:vif/{id}/")));
    let finding = |step: &Step| Finding {
        menu: step.menu().path().to_owned(),
        row: vec![("comment".to_owned(), step.mark().to_owned())],
        item: None,
        vif: owner(step.mark()).cloned(),
        difference: match step {
            Step::Add { object, .. } => Difference::Missing(
                object.arguments().map(|(name, value)| (name.to_owned(), value.into_owned())).collect(),
            ),
            Step::Set { id, object, .. } | Step::Clear { id, object, .. } => {
                let row = router.rows(object.menu).iter().find(|row| row.id() == id);
                Difference::Altered(row.map(|row| altered(object, row)).unwrap_or_default())
            }
            Step::Shut { .. } | Step::Move { .. } => Difference::Moved,
            Step::Remove { .. } => Difference::Surplus,
        },
        policy: Policy::Reconcile,
    };
    let steps = converge(&objects(vifs), router);
    // That a gate is shut on the way is no difference.
    let mut all: Vec<Finding> = steps.iter().filter(|step| !matches!(step, Step::Shut { .. })).map(finding).collect();
    // A row may need several writes to be put right: it differs once.
    all.dedup();
    all
}

fn altered(object: &Object, row: &Row) -> Vec<Altered> {
    let found = |name: &str| Some(row.get(name)).filter(|value| !value.is_empty()).map(str::to_owned);
    let wanted = |value: Cow<str>| Some(value.into_owned()).filter(|value| !value.is_empty());
    let mut all: Vec<Altered> = object
        .attributes()
        .filter(|(name, value)| !same(name, value, row.get(name)))
        .map(|(name, value)| Altered { property: name.to_owned(), wanted: wanted(value), found: found(name) })
        .collect();
    let told = |name: &str, all: &[Altered]| all.iter().any(|one| one.property == name);
    for name in object.surplus(row) {
        if !told(name, &all) {
            all.push(Altered { property: name.to_owned(), wanted: None, found: found(name) });
        }
    }
    let flags: &[&str] = if object.switch == Switch::On { &["disabled", "invalid"] } else { &["invalid"] };
    for flag in flags.iter().filter(|flag| row.is(flag)) {
        all.push(Altered { property: (*flag).to_owned(), wanted: Some("no".to_owned()), found: found(flag) });
    }
    all
}
