//! The order of rows: where a new one is put, and moving them.

use super::{Device, Reply, request::Request, row::Row, spec::Spec, trap::Trap};

impl Device {
    /// Moves rows, in the order in which they are named, before another, or to the end.
    pub(super) fn move_rows(&mut self, spec: &Spec, request: &Request) -> Result<Reply, Trap> {
        let rows = request.rows().ok_or_else(|| Trap::Missing("numbers".to_owned()))?;
        let ids = self.resolve(spec, rows)?;
        let before = request
            .get("destination")
            .filter(|text| !text.is_empty())
            .map(|text| self.resolve(spec, text))
            .transpose()?;
        let mut before = before.and_then(|ids| ids.first().copied());
        let store = self.store_mut(&spec.store);
        // Seen where a rule is moved to or before the dummy row of fasttrack.
        if ids.iter().chain(&before).any(|id| store.row(*id).is_some_and(Row::is_dynamic)) {
            return Err(Trap::failure("can not move builtin"));
        }
        // Before a row that moves itself: before the one that follows it and stays.
        while let Some(id) = before.filter(|id| ids.contains(id)) {
            before = store.position(id).and_then(|at| store.rows.get(at + 1)).map(|row| row.id);
        }
        store.move_before(&ids, before);
        Ok(Reply::Done(None))
    }

    /// Where `place-before` puts a new row.
    pub(super) fn place(&self, spec: &Spec, text: &str) -> Result<Option<usize>, Trap> {
        let Some(id) = self.resolve(spec, text)?.first().copied() else { return Ok(None) };
        let store = self.store(&spec.store);
        if store.row(id).is_some_and(Row::is_dynamic) {
            return Err(Trap::failure("can not move builtin"));
        }
        Ok(store.position(id))
    }
}
