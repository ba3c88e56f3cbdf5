//! Containers: made, started, stopped. Extraction takes no time here.

use shared::routeros::{schema::Version, value::RowId};

use super::{Device, Reply, request::Request, row::Row, spec::Spec, trap::Trap};

impl Device {
    /// A new container stands still.
    pub(super) fn container_born(&mut self, id: RowId) {
        self.set_container(id, false);
    }

    pub(super) fn container(&mut self, spec: &Spec, request: &Request) -> Result<Reply, Trap> {
        let rows = request.rows().ok_or_else(|| Trap::Missing("number".to_owned()))?;
        let run = matches!(request.verb.as_str(), "start" | "restart");
        for id in self.resolve(spec, rows)? {
            self.set_container(id, run);
            self.log("container,info", if run { "started" } else { "stopped" });
        }
        self.unsettled = true;
        Ok(Reply::Done(None))
    }

    /// Up to 7.19 a `status`, later a flag for each state, there only while it is true.
    fn set_container(&mut self, id: RowId, run: bool) {
        let by_flag = self.version() >= Version::new(7, 20, 0);
        let Some(row) = self.store_mut("/container").row_mut(id) else { return };
        row.derived.clear();
        row.flag(if run { "running" } else { "stopped" }, true);
        if !by_flag {
            row.derived.insert("status", if run { "running" } else { "stopped" }.to_owned());
        }
    }

    /// After a restart of the router only those run that are to start on boot.
    pub(super) fn boot_containers(&mut self) {
        let rows: Vec<(RowId, bool)> = self
            .store("/container")
            .rows
            .iter()
            .map(|row: &Row| (row.id, row.get("start-on-boot") == Some("true")))
            .collect();
        for (id, run) in rows {
            self.set_container(id, run);
        }
    }
}
