//! What an item is about, on the wire. That the agent puts a row back is a kind of its own, so that rows without that
//! are written as they always were.

use super::Wire;
use crate::{
    change_set::{self, Position, RowOperation},
    drift::Policy,
    ids::VifId,
    vif::VifSpec,
};
use serde::{Deserialize, Serialize};

/// `change_set::Resource`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Resource {
    /// `VifCreate`
    VifCreate(<VifSpec as Wire>::Form),
    /// `VifRemove`
    VifRemove(<VifId as Wire>::Form),
    /// `Row` with `Policy::Report`
    Row(RowChange),
    /// `Row` with `Policy::Reconcile`
    RowReconciled(RowChange),
    /// `VifUpdate`
    VifUpdate(<VifSpec as Wire>::Form),
}

/// `change_set::RowChange` but for its policy
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowChange {
    /// `menu`
    pub menu: String,
    /// `operation`
    pub operation: <RowOperation as Wire>::Form,
    /// `key`
    pub key: Vec<(String, String)>,
    /// `attributes`
    pub attributes: Vec<(String, String)>,
    /// `unset`
    pub unset: Vec<String>,
    /// `position`
    pub position: <Option<Position> as Wire>::Form,
}

impl Wire for change_set::Resource {
    type Form = Resource;

    fn to_wire(&self) -> Resource {
        match self {
            Self::VifCreate(spec) => Resource::VifCreate(spec.to_wire()),
            Self::VifRemove(vif) => Resource::VifRemove(vif.to_wire()),
            Self::Row(change) if change.drift == Policy::Reconcile => Resource::RowReconciled(row(change)),
            Self::Row(change) => Resource::Row(row(change)),
            Self::VifUpdate(spec) => Resource::VifUpdate(spec.to_wire()),
        }
    }

    fn from_wire(form: Resource) -> Option<Self> {
        Some(match form {
            Resource::VifCreate(spec) => Self::VifCreate(Wire::from_wire(spec)?),
            Resource::VifRemove(vif) => Self::VifRemove(Wire::from_wire(vif)?),
            Resource::Row(form) => Self::Row(change(form, Policy::Report)?),
            Resource::RowReconciled(form) => Self::Row(change(form, Policy::Reconcile)?),
            Resource::VifUpdate(spec) => Self::VifUpdate(Wire::from_wire(spec)?),
        })
    }
}

fn row(change: &change_set::RowChange) -> RowChange {
    RowChange {
        menu: change.menu.to_wire(),
        operation: change.operation.to_wire(),
        key: change.key.to_wire(),
        attributes: change.attributes.to_wire(),
        unset: change.unset.to_wire(),
        position: change.position.to_wire(),
    }
}

fn change(form: RowChange, drift: Policy) -> Option<change_set::RowChange> {
    Some(change_set::RowChange {
        menu: form.menu,
        operation: Wire::from_wire(form.operation)?,
        key: form.key,
        attributes: form.attributes,
        unset: form.unset,
        position: Wire::from_wire(form.position)?,
        drift,
    })
}
