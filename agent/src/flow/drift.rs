//! Drift: what the agent owns, compared by meaning with what the router has.
//!
//! Owned are the rows that kept changes left as they should be ([`OwnedRow`]) and the objects of VIFs. What differs is a
//! [`Finding`]; the [`Book`] knows which of them are news, and [`Fights`] when putting back has to stop.

mod book;
mod compare;
mod fight;
mod order;
mod owned;
mod put_back;

pub use book::Book;
pub use compare::{Compared, compare};
pub use fight::{Fight, Fights};
pub use order::Order;
pub use owned::fold;
pub use put_back::{accepted, pairs};

use crate::flow::{
    change_set::{
        converge::{Step, converge},
        row::secret::{Known, KnownRow},
    },
    object::{Object, Row, Snapshot, Switch},
    vif::{Vif, objects::objects},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use shared::{
    change_set::{Attribute, MenuWords},
    drift::{Altered, Difference, Policy},
    ids::{ChangeSetId, DriftId, VifId},
    routeros::secret::is_secret,
};

/// A row that a kept change left as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedRow {
    /// The change set.
    pub change_set: ChangeSetId,
    /// The item in it.
    pub item: String,
    /// The menu.
    pub menu: String,
    /// What finds the row as the change left it.
    pub key: Vec<Attribute>,
    /// The properties that changes were about; one with nothing has no value.
    pub wanted: Vec<(String, Option<String>)>,
    /// All that is known of the row: what it is made of again when it is gone.
    pub whole: Vec<Attribute>,
    /// What is done when somebody else alters it.
    pub policy: Policy,
}

/// What the agent owns beside the objects of VIFs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owned {
    /// The rows.
    pub rows: Vec<OwnedRow>,
    /// What is known of their menus.
    pub menus: Vec<MenuWords>,
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The menu.
    pub menu: String,
    /// What finds the row.
    pub row: Vec<Attribute>,
    /// Who asked for it, of a row.
    pub item: Option<(ChangeSetId, String)>,
    /// Whose object it is.
    pub vif: Option<VifId>,
    /// How it differs.
    pub difference: Difference,
    /// What is done about it.
    pub policy: Policy,
}

impl Owned {
    /// What changes have written that cannot be read.
    pub fn secrets(&self) -> Known {
        Known::new(self.rows.iter().map(|row| KnownRow {
            menu: row.menu.clone(),
            key: row.key.clone(),
            values: row.wanted.iter().filter(|(name, _)| is_secret(name)).cloned().collect(),
        }))
    }
}

impl OwnedRow {
    /// The row by its menu and key, whatever becomes of its ids.
    pub fn subject(&self) -> String {
        subject(&self.menu, &self.key)
    }
}

impl Finding {
    /// The row by its menu and key.
    pub fn subject(&self) -> String {
        subject(&self.menu, &self.row)
    }

    /// The same for as long as the same row differs in the same way.
    pub fn id(&self) -> Option<DriftId> {
        let mut digest = Sha256::new();
        digest.update(self.subject());
        digest.update(serde_json::to_string(&self.difference).unwrap_or_default());
        let start = digest.finalize().iter().take(8).fold(0_u64, |start, byte| start << 8 | u64::from(*byte));
        DriftId::new(format!("d-{start:016x}")).ok()
    }
}

fn subject(menu: &str, key: &[Attribute]) -> String {
    key.iter().fold(menu.to_owned(), |text, (name, value)| format!("{text} {}:{name}={value}", value.len()))
}

/// What of the objects of VIFs is not as it should be. They are always put back.
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
                object.arguments().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
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
    let differ = |(name, value): &&(&'static str, String)| {
        !value.is_empty() && !crate::flow::meaning::same(name, value, row.get(name))
    };
    let mut all: Vec<Altered> = object
        .attributes
        .iter()
        .filter(differ)
        .map(|(name, value)| Altered { property: (*name).to_owned(), wanted: Some(value.clone()), found: found(name) })
        .collect();
    all.extend(object.surplus(row).map(|name| Altered { property: name.to_owned(), wanted: None, found: found(name) }));
    let flags: &[&str] = if object.switch == Switch::On { &["disabled", "invalid"] } else { &["invalid"] };
    for flag in flags.iter().filter(|flag| row.is(flag)) {
        all.push(Altered { property: (*flag).to_owned(), wanted: Some("no".to_owned()), found: found(flag) });
    }
    all
}
