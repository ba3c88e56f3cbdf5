//! Commands that change rows: add, set, unset, remove, move and their kin.

use std::collections::BTreeMap;

use shared::routeros::{schema::Kind, value::RowId};

use super::{
    Device, Reply, consistency,
    form::normalise,
    request::Request,
    row::{Origin, Row},
    spec::{Shape, Spec},
    trap::Trap,
};

/// Arguments that say where or which, not what.
const PLACES: [&str; 8] =
    [".id", "numbers", "number", "place-before", "copy-from", "value-name", ".proplist", "destination"];

type Values = Vec<(String, Option<String>)>;

impl Device {
    pub(super) fn add(&mut self, spec: &Spec, request: &Request) -> Result<RowId, Trap> {
        let mut attributes = match request.get("copy-from") {
            Some(from) => self
                .resolve(spec, from)?
                .first()
                .and_then(|id| self.store(&spec.store).row(*id))
                .map_or_else(BTreeMap::new, |row| copied(&row.attributes)),
            None => spec.defaults.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        };
        apply(&mut attributes, spec, self.values(spec, request)?);
        if let Some(missing) = spec.needs.iter().find(|name| attributes.get(**name).is_none_or(String::is_empty)) {
            return Err(Trap::Missing((*missing).to_owned()));
        }
        self.fill_in(spec, &mut attributes);
        self.check_row(spec, &attributes, None)?;
        let at = match request.get("place-before") {
            Some(place) if spec.shape == Shape::Ordered => self.place(spec, place)?,
            _ => None,
        };
        let expires = self.lease_of(spec, &mut attributes);
        let origin = if expires.is_some() { Origin::Dynamic("timeout".to_owned()) } else { Origin::Static };
        let store = self.store_mut(&spec.store);
        let id = store.insert(at, spec.kind, origin, attributes);
        self.expire_at(spec, id, expires);
        self.born(spec, id);
        self.touch(spec, id);
        Ok(id)
    }

    pub(super) fn set(&mut self, spec: &Spec, request: &Request) -> Result<Reply, Trap> {
        let values = self.values(spec, request)?;
        if spec.shape == Shape::Single {
            self.note_single(&spec.path);
            let single = self.singles.entry(spec.path.clone()).or_default();
            for (name, value) in values {
                single.insert(name, value.unwrap_or_default());
            }
            self.unsettled = true;
            return Ok(Reply::Done(None));
        }
        let rows = request.rows().ok_or_else(|| Trap::Missing("numbers".to_owned()))?;
        for id in self.resolve(spec, rows)? {
            self.change(spec, id, values.clone())?;
        }
        Ok(Reply::Done(None))
    }

    pub(super) fn change_each(
        &mut self,
        spec: &Spec,
        request: &Request,
        pairs: &[(&str, &str)],
    ) -> Result<Reply, Trap> {
        let rows = request.rows().ok_or_else(|| Trap::Missing("numbers".to_owned()))?;
        let values: Values = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (!value.is_empty()).then(|| (*value).to_owned())))
            .collect();
        for id in self.resolve(spec, rows)? {
            self.change(spec, id, values.clone())?;
        }
        Ok(Reply::Done(None))
    }

    pub(super) fn unset(&mut self, spec: &Spec, request: &Request) -> Result<Reply, Trap> {
        let name = request.get("value-name").ok_or_else(|| Trap::Missing("value-name".to_owned()))?;
        if !self.schema.has(&format!("{}/set", spec.path), name) {
            return Err(Trap::NoMatch("value-name".to_owned()));
        }
        self.change_each(spec, request, &[(name, "")])
    }

    pub(super) fn remove(&mut self, spec: &Spec, request: &Request) -> Result<Reply, Trap> {
        let rows = request.rows().ok_or_else(|| Trap::Missing("numbers".to_owned()))?;
        for id in self.resolve(spec, rows)? {
            let row = self.store(&spec.store).row(id).ok_or(Trap::NoSuchItem)?;
            match &row.origin {
                Origin::BuiltIn => return Err(Trap::failure("can not remove builtin")),
                Origin::Dynamic(key)
                    if !matches!(key.as_str(), "timeout" | "lease" | "connection" | "job" | "session") =>
                {
                    return Err(Trap::failure("can not remove dynamic object"));
                }
                Origin::Dynamic(_) | Origin::Static => {}
            }
            if spec.path == "/container" {
                self.check_container_gone(id)?;
            }
            let name = row.name().to_owned();
            self.touch(spec, id);
            self.store_mut(&spec.store).remove(id);
            self.removed(&spec.store, &name, id);
        }
        Ok(Reply::Done(None))
    }

    pub(super) fn reset_counters(&mut self, spec: &Spec, request: &Request) -> Result<Reply, Trap> {
        let ids = request
            .rows()
            .filter(|_| request.verb == "reset-counters")
            .map(|rows| self.resolve(spec, rows))
            .transpose()?;
        for row in &mut self.store_mut(&spec.store).rows {
            if ids.as_ref().is_none_or(|ids| ids.contains(&row.id)) {
                row.meters.iter_mut().for_each(|meter| meter.set_bytes(0));
            }
        }
        Ok(Reply::Done(None))
    }

    pub(super) fn make_static(&mut self, spec: &Spec, request: &Request) -> Result<Reply, Trap> {
        for id in self.resolve(spec, request.rows().unwrap_or_default())? {
            let store = self.store_mut(&spec.store);
            store.note(id);
            if let Some(row) = store.live_mut(id) {
                row.origin = Origin::Static;
                row.expires = None;
            }
        }
        Ok(Reply::Done(None))
    }

    /// Sets values of one row, after all of them were found good.
    fn change(&mut self, spec: &Spec, id: RowId, values: Values) -> Result<(), Trap> {
        let row = self.store(&spec.store).row(id).ok_or(Trap::NoSuchItem)?;
        match &row.origin {
            Origin::Dynamic(key) if key == "timeout" => {}
            // Both texts were seen: on a lease, and on a row of the bridge's VLAN table.
            Origin::Dynamic(key) if key == "lease" => return Err(Trap::failure("can not change dynamic lease")),
            Origin::Dynamic(_) => return Err(Trap::failure("can not change dynamic")),
            Origin::BuiltIn | Origin::Static => {}
        }
        let mut attributes = row.attributes.clone();
        let (old, timed) = (row.name().to_owned(), row.expires);
        apply(&mut attributes, spec, values);
        self.check_row(spec, &attributes, Some(id))?;
        let new = attributes.get("name").cloned().unwrap_or_default();
        let expires = if attributes.contains_key("timeout") { self.lease_of(spec, &mut attributes) } else { timed };
        self.touch(spec, id);
        self.store_mut(&spec.store).replace(id, attributes);
        if expires != timed {
            self.expire_at(spec, id, expires);
        }
        self.touch(spec, id);
        if old != new && !old.is_empty() {
            self.renamed(&spec.store, &old, &new);
        }
        Ok(())
    }

    /// The request's values, rewritten and with their references checked.
    fn values(&self, spec: &Spec, request: &Request) -> Result<Values, Trap> {
        let arguments = self.schema.command(&request.path());
        let mut values = Values::new();
        for (name, value) in request.arguments.iter().filter(|(name, _)| !PLACES.contains(&name.as_str())) {
            let kind = arguments.and_then(|arguments| arguments.get(name)).copied().unwrap_or(Kind::Unknown);
            let value = normalise(&spec.path, name, kind, value)?;
            if let Some(value) = &value {
                self.check_reference(spec, name, value)?;
            }
            values.push((name.clone(), value));
        }
        Ok(values)
    }

    /// What must hold between a row's values, and between rows.
    fn check_row(&mut self, spec: &Spec, attributes: &BTreeMap<String, String>, id: Option<RowId>) -> Result<(), Trap> {
        if let Some((names, taken)) = &spec.unique
            && names.iter().all(|name| attributes.contains_key(*name))
            && self.store_mut(&spec.store).alike(names, attributes).iter().any(|rival| Some(*rival) != id)
        {
            return Err(Trap::failure(taken));
        }
        consistency::check_rule(spec, attributes)?;
        match spec.path.as_str() {
            "/interface/bridge/vlan" => self.check_vlan(attributes, id),
            "/interface/list" => self.check_list(attributes),
            _ => Ok(()),
        }
    }

    /// Ids of rows given as ids or names, in a comma list.
    pub(super) fn resolve(&self, spec: &Spec, text: &str) -> Result<Vec<RowId>, Trap> {
        let store = self.store(&spec.store);
        let here = |row: &&Row| spec.kind.is_empty() || row.kind == spec.kind;
        let one = |part: &str| match part.parse::<RowId>() {
            Ok(id) => store.row(id).filter(here),
            Err(_) => store
                .named(part)
                .filter(here)
                .or_else(|| store.rows.iter().find(|row| here(row) && row.get("slot") == Some(part))),
        };
        // A name may hold a comma itself.
        if let Some(row) = one(text).filter(|_| text.contains(',')) {
            return Ok(vec![row.id]);
        }
        let parts = text.split(',').filter(|part| !part.is_empty());
        parts.map(|part| one(part).map(|row| row.id).ok_or(Trap::NoSuchItem)).collect()
    }
}

/// What a copy takes over: not what each row has for itself.
fn copied(attributes: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    const OWN: [&str; 5] = ["name", "default-name", "mac-address", "network", "creation-time"];
    attributes.iter().filter(|(name, _)| !OWN.contains(&name.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect()
}

fn apply(attributes: &mut BTreeMap<String, String>, spec: &Spec, values: Values) {
    for (name, value) in values {
        match value.or_else(|| spec.defaults.get(name.as_str()).map(|default| (*default).to_owned())) {
            Some(value) => attributes.insert(name, value),
            None => attributes.remove(&name),
        };
    }
}
