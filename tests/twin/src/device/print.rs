//! Commands that look: print, get, find, and a row as it is shown.

use std::time::Duration;

use shared::routeros::{schema::Version, value::RowId};

use super::{
    Device, Fields, Reply, Stream,
    caller::Caller,
    live::period,
    query::Query,
    request::Request,
    row::{Origin, Row},
    spec::{Shape, Spec},
    trap::Trap,
};

/// What of a row is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Everything, counters and ages too.
    Whole,
    /// Only what a listener is told about: what does not change by itself all the time.
    Lasting,
}

/// How many rows are rendered at once; longer tables are answered in pages, so that no print needs much memory.
pub const PAGE: usize = 200;

/// A print's request, read.
struct View<'a> {
    spec: &'a Spec,
    request: &'a Request,
    query: Query,
    only: Option<Vec<RowId>>,
    depth: Depth,
}

impl<'a> View<'a> {
    fn new(device: &Device, spec: &'a Spec, request: &'a Request, depth: Depth) -> Result<Self, Trap> {
        let ids = request.get(".id").or_else(|| request.get("from"));
        let only = ids.map(|ids| device.resolve(spec, ids)).transpose()?;
        Ok(Self { spec, request, query: Query::parse(&request.queries)?, only, depth })
    }
}

impl Device {
    pub(super) fn print(&mut self, caller: &Caller, spec: &Spec, request: &Request) -> Result<Reply, Trap> {
        let follow_only = request.switch("follow-only");
        if (follow_only || request.switch("follow")) && spec.shape == Shape::Single {
            let name = if follow_only { "follow-only" } else { "follow" };
            return Err(Trap::UnknownParameter(name.to_owned()));
        }
        if follow_only || request.switch("follow") {
            return Ok(Reply::Stream(Stream::Follow { snapshot: !follow_only }));
        }
        if request.get("interval").is_some() {
            let interval = period(request, "interval", Duration::from_secs(1))?;
            return Ok(Reply::Stream(Stream::Repeat(interval)));
        }
        if request.paged && self.store(&spec.store).rows.len() > PAGE && !request.switch("count-only") {
            Query::parse(&request.queries)?;
            return Ok(Reply::Pages(self.ids(&request.menu)));
        }
        let rows = self.render_menu(caller, request, Depth::Whole)?;
        if request.switch("count-only") {
            return Ok(Reply::Done(Some(rows.len().to_string())));
        }
        Ok(Reply::Rows(rows.into_iter().map(|(_, fields)| fields).collect()))
    }

    /// The rows that a print of this request shows, each with its id.
    ///
    /// # Errors
    /// A query that is none, or a menu that is not there.
    pub fn render_menu(&self, caller: &Caller, request: &Request, depth: Depth) -> Result<Vec<(RowId, Fields)>, Trap> {
        let spec = self.specs.get(&request.menu).ok_or(Trap::NoSuchCommand)?;
        if spec.shape == Shape::Single {
            let fields = self.render_single(caller, spec);
            return Ok(vec![(RowId(0), chosen(fields, request.proplist()))]);
        }
        let view = View::new(self, spec, request, depth)?;
        let rows = self.store(&spec.store).rows.iter().enumerate();
        Ok(rows.filter_map(|(at, row)| Some((row.id, self.shown(caller, &view, at, row)?))).collect())
    }

    /// Some of the rows that a print shows, each with its id: those of these ids that are still there.
    ///
    /// # Errors
    /// As [`Device::render_menu`].
    pub fn render_rows(
        &self,
        caller: &Caller,
        request: &Request,
        ids: impl IntoIterator<Item = RowId>,
        depth: Depth,
    ) -> Result<Vec<(RowId, Fields)>, Trap> {
        let spec = self.specs.get(&request.menu).ok_or(Trap::NoSuchCommand)?;
        if spec.shape == Shape::Single {
            return self.render_menu(caller, request, depth);
        }
        let view = View::new(self, spec, request, depth)?;
        let store = self.store(&spec.store);
        let places = ids.into_iter().filter_map(|id| Some((id, store.position(id)?)));
        Ok(places.filter_map(|(id, at)| Some((id, self.shown(caller, &view, at, store.rows.get(at)?)?))).collect())
    }

    /// A row as a print shows it, unless it is not to be shown.
    fn shown(&self, caller: &Caller, view: &View<'_>, at: usize, row: &Row) -> Option<Fields> {
        let spec = view.spec;
        let kind = spec.kind.is_empty() || row.kind == spec.kind;
        let wanted = view.only.as_ref().is_none_or(|ids| ids.contains(&row.id));
        let switch = |name: &str| view.request.switch(name);
        if !kind || !wanted || (switch("dynamic") && !row.is_dynamic()) || (switch("static") && row.is_dynamic()) {
            return None;
        }
        let mut fields = self.render(caller, spec, row, view.depth);
        if spec.shape == Shape::Ordered && view.depth == Depth::Whole {
            let next = self.store(&spec.store).rows.get(at + 1).map_or(RowId(u32::MAX), |row| row.id);
            fields.insert(1, (".nextid".to_owned(), next.to_string()));
        }
        let value = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        view.query.keeps(value).then(|| chosen(fields, view.request.proplist()))
    }

    /// One row, all that the caller may see of it.
    pub(super) fn render(&self, caller: &Caller, spec: &Spec, row: &Row, depth: Depth) -> Fields {
        self.rendered.set(self.rendered.get() + 1);
        let mut fields = vec![(".id".to_owned(), row.id.to_string())];
        let general = spec.path == "/interface";
        for (name, value) in &row.attributes {
            let hidden = spec.hidden.contains(&name.as_str())
                || (spec.secret.contains(&name.as_str()) && !caller.may("sensitive"))
                || (general && !COMMON.contains(&name.as_str()));
            if !hidden && !spec.flags.contains(&name.as_str()) {
                fields.push((name.clone(), value.clone()));
            }
        }
        for flag in &spec.flags {
            let value = match *flag {
                "disabled" => row.is_disabled(),
                "dynamic" => row.is_dynamic(),
                "default" => row.origin == Origin::BuiltIn,
                flag => row.is(flag) || row.get(flag) == Some("true"),
            };
            fields.push(((*flag).to_owned(), value.to_string()));
        }
        for (name, value) in &row.derived {
            if !spec.flags.contains(name) {
                fields.retain(|(key, _)| key != name);
                fields.push(((*name).to_owned(), value.clone()));
            }
        }
        if depth == Depth::Whole {
            fields.extend(self.volatile(spec, row));
        }
        fields
    }

    pub(super) fn get(&self, caller: &Caller, spec: &Spec, request: &Request) -> Result<Reply, Trap> {
        let fields = if spec.shape == Shape::Single {
            self.render_single(caller, spec)
        } else {
            let rows = request.rows().ok_or_else(|| Trap::Missing("number".to_owned()))?;
            let id = self.resolve(spec, rows)?.first().copied().ok_or(Trap::NoSuchItem)?;
            let row = self.store(&spec.store).row(id).ok_or(Trap::NoSuchItem)?;
            self.render(caller, spec, row, Depth::Whole)
        };
        match request.get("value-name") {
            Some(name) => {
                let value = fields.into_iter().find(|(key, _)| key == name).map(|(_, value)| value);
                let known = ["add", "set"].iter().any(|verb| self.schema.has(&format!("{}/{verb}", spec.path), name));
                // A property that is not set has an empty value; one that does not exist has none.
                match value.or_else(|| known.then(String::new)) {
                    Some(value) => Ok(Reply::Done(Some(value))),
                    None => Err(Trap::NoMatch("value-name".to_owned())),
                }
            }
            None => Ok(Reply::Done(Some(
                fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(";"),
            ))),
        }
    }

    pub(super) fn find(&self, spec: &Spec, request: &Request) -> Result<Reply, Trap> {
        let print = Request { queries: request.queries.clone(), ..Request::new(&spec.path, "print", &[]) };
        let rows = self.render_menu(&Caller::router(), &print, Depth::Whole)?;
        Ok(Reply::Done(Some(rows.iter().map(|(id, _)| id.to_string()).collect::<Vec<_>>().join(";"))))
    }

    /// Rows of a menu whose shown values are these (`yes` and `no` for booleans), as a script's `find` looks for them.
    pub fn rows_where(&self, menu: &str, conditions: &[(String, String)]) -> Vec<RowId> {
        let queries = conditions.iter().map(|(name, value)| format!("={name}={value}")).collect();
        let request = Request { queries, ..Request::new(menu, "print", &[]) };
        let rows = self.render_menu(&Caller::router(), &request, Depth::Whole);
        rows.unwrap_or_default().into_iter().map(|(id, _)| id).collect()
    }

    /// Whether an answer without rows says so (`!empty`, 7.18 and later).
    pub fn says_empty(&self) -> bool {
        self.version() >= Version::new(7, 18, 0)
    }
}

/// What `/interface` shows of interfaces of every kind.
const COMMON: [&str; 6] = ["name", "comment", "disabled", "mtu", "mac-address", "default-name"];

/// The properties of a `.proplist`, in its order; those that are not there are left out.
fn chosen(fields: Fields, proplist: Option<&str>) -> Fields {
    let Some(proplist) = proplist else { return fields };
    proplist.split(',').filter_map(|name| fields.iter().find(|(key, _)| key == name).cloned()).collect()
}
