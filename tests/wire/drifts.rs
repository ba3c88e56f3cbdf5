//! Drifts for the wire: one sample with every variant, and whatever else can be said of them.

use proptest::{collection::vec, option, prelude::*, sample::select};
use shared::{
    change_set::Attribute,
    drift::{Altered, Difference, Drift, DriftReport, Policy, State},
    ids::{ChangeSetId, DriftId, VifId},
};

pub(crate) fn sample_id() -> DriftId {
    DriftId::new("d-0123456789abcdef").expect("an id")
}

/// A drift of each kind and state.
pub(crate) fn sample(at: i64) -> DriftReport {
    let mark = |mark: &str| vec![("comment".to_owned(), mark.to_owned())];
    let altered = |wanted: Option<&str>, found: Option<&str>| Altered {
        property: "src-address".to_owned(),
        wanted: wanted.map(str::to_owned),
        found: found.map(str::to_owned),
    };
    let drift = |difference, policy, state| Drift {
        id: sample_id(),
        menu: "/ip/firewall/filter".to_owned(),
        row: mark("bulkhead:row/house/no-guests"),
        item: Some((ChangeSetId::new("cs-1").expect("an id"), "no-guests".to_owned())),
        vif: None,
        difference,
        policy,
        state,
        first_seen: at - 60_000,
        last_seen: at,
    };
    let values = vec![altered(Some("10.0.0.0/8"), None), altered(None, Some("größer"))];
    let drifts = vec![
        drift(Difference::Altered(values), Policy::Report, State::Open),
        drift(Difference::Missing(mark("a")), Policy::Reconcile, State::Reconciling),
        drift(Difference::Moved, Policy::Report, State::Gone),
        drift(Difference::Moved, Policy::Reconcile, State::Fighting),
        drift(Difference::Missing(Vec::new()), Policy::Report, State::Accepted),
        Drift {
            item: None,
            vif: Some(VifId::new("tor-1").expect("an id")),
            ..drift(Difference::Surplus, Policy::Reconcile, State::Open)
        },
    ];
    DriftReport { drifts, more: 7, at }
}

pub(crate) fn policy() -> impl Strategy<Value = Policy> {
    select(vec![Policy::Report, Policy::Reconcile])
}

pub(crate) fn id() -> impl Strategy<Value = DriftId> {
    "[a-z0-9][a-z0-9-]{0,39}".prop_map(|id| DriftId::new(id).expect("an id"))
}

fn words() -> impl Strategy<Value = String> {
    "\\PC{0,40}"
}

fn attributes() -> impl Strategy<Value = Vec<Attribute>> {
    vec((words(), words()), 0..4)
}

prop_compose! {
    fn altered()(property in words(), wanted in option::of(words()), found in option::of(words())) -> Altered {
        Altered { property, wanted, found }
    }
}

fn difference() -> impl Strategy<Value = Difference> {
    prop_oneof![
        vec(altered(), 0..3).prop_map(Difference::Altered),
        attributes().prop_map(Difference::Missing),
        Just(Difference::Moved),
        Just(Difference::Surplus),
    ]
}

prop_compose! {
    fn drift()(
        (id, menu, row) in (id(), words(), attributes()),
        item in option::of((id().prop_map(String::from), words())),
        vif in option::of(id().prop_map(String::from)),
        (difference, policy) in (difference(), policy()),
        state in select(vec![State::Open, State::Reconciling, State::Gone, State::Fighting, State::Accepted]),
        (first_seen, last_seen) in any::<(i64, i64)>(),
    ) -> Drift {
        let item = item.map(|(set, item)| (ChangeSetId::new(set).expect("an id"), item));
        let vif = vif.map(|vif| VifId::new(vif).expect("an id"));
        Drift { id, menu, row, item, vif, difference, policy, state, first_seen, last_seen }
    }
}

prop_compose! {
    pub(crate) fn report()(drifts in vec(drift(), 0..4), more in any::<u32>(), at in any::<i64>()) -> DriftReport {
        DriftReport { drifts, more, at }
    }
}
