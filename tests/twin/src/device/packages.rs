//! `/system/package`: what is to be switched on or off or taken away with the next restart (manual, "Packages").

use super::{Device, Reply, request::Request, row::Row, spec::Spec, trap::Trap};

const MENU: &str = "/system/package";

/// The package without which there is no router.
const SYSTEM: &str = "routeros";

impl Device {
    /// `enable`, `disable`, `uninstall` and `unschedule`: noted, and carried out by a restart.
    pub(super) fn schedule_package(&mut self, spec: &Spec, request: &Request) -> Result<Reply, Trap> {
        let rows = request.rows().ok_or_else(|| Trap::Missing("numbers".to_owned()))?;
        let plan = match request.verb.as_str() {
            "unschedule" => String::new(),
            verb => format!("scheduled for {verb}"),
        };
        for id in self.resolve(spec, rows)? {
            let Some(row) = self.store_mut(MENU).live_mut(id) else { continue };
            if row.name() == SYSTEM && !plan.is_empty() {
                return Err(Trap::failure("system package can not be changed"));
            }
            row.attributes.insert("scheduled".to_owned(), plan.clone());
        }
        Ok(Reply::Done(None))
    }

    /// What a restart does with what was noted.
    pub(super) fn carry_out_schedule(&mut self) {
        let store = self.store_mut(MENU);
        store.rows.retain(|row| row.text("scheduled") != "scheduled for uninstall");
        for row in &mut store.rows {
            let disabled = match row.text("scheduled") {
                "scheduled for disable" => "true",
                "scheduled for enable" => "false",
                _ => continue,
            };
            row.attributes.insert("disabled".to_owned(), disabled.to_owned());
            row.attributes.insert("scheduled".to_owned(), String::new());
        }
        store.changes += 1;
    }

    /// Whether a menu belongs to a package that is not there or is switched off.
    pub(super) fn lacks_package(&self, menu: &str) -> bool {
        let package = self.store(MENU).named("container");
        (menu == "/container" || menu.starts_with("/container/")) && package.is_none_or(Row::is_disabled)
    }
}
