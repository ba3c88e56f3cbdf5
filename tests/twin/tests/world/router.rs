//! A router as it leaves the factory, with its own clock in the test's hands.

use std::time::Duration;

use bulkhead_twin::{
    device::{Device, Fields, Reply, caller::Caller, factory, request::Request},
    schema,
    script::import,
};

/// A router and its time.
pub(crate) struct Router {
    pub(crate) device: Device,
    pub(crate) now: Duration,
}

impl Router {
    pub(crate) fn new(version: &str) -> Self {
        let mut device = Device::new(schema::shipped(version).unwrap(), Duration::ZERO);
        device.build("twin", "admin");
        for script in factory::SCRIPTS {
            import(&mut device, Duration::ZERO, script).unwrap();
        }
        device.populate();
        Self { device, now: Duration::ZERO }
    }

    /// The same after a change of its flash that no command makes.
    pub(crate) fn restored(self, change: impl Fn(&mut serde_json::Value)) -> Self {
        let mut kept = serde_json::to_value(self.device.kept()).unwrap();
        change(&mut kept);
        let mut device = Device::new(self.device.schema.clone(), Duration::ZERO);
        device.restore(serde_json::from_value(kept).unwrap()).unwrap();
        Self { device, now: Duration::ZERO }
    }

    pub(crate) fn ask(&mut self, path: &str, arguments: &[(&str, &str)]) -> Result<Reply, String> {
        let (menu, verb) = path.rsplit_once('/').unwrap();
        let request = Request::new(menu, verb, arguments);
        self.device.perform(self.now, &Caller::router(), &request).map_err(|trap| trap.to_string())
    }

    pub(crate) fn add(&mut self, menu: &str, arguments: &[(&str, &str)]) -> String {
        match self.ask(&format!("{menu}/add"), arguments) {
            Ok(Reply::Done(Some(id))) => id,
            other => panic!("{menu}/add {arguments:?}: {other:?}"),
        }
    }

    pub(crate) fn pass(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
        self.device.settle(self.now);
    }

    pub(crate) fn rows(&mut self, menu: &str) -> Vec<Fields> {
        match self.ask(&format!("{menu}/print"), &[]) {
            Ok(Reply::Rows(rows)) => rows,
            other => panic!("{menu}/print: {other:?}"),
        }
    }

    /// A property of a menu's last row.
    pub(crate) fn value(&mut self, menu: &str, name: &str) -> Option<String> {
        let rows = self.rows(menu);
        rows.last()?.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    pub(crate) fn logged(&mut self, text: &str) -> bool {
        self.rows("/log").iter().flatten().any(|(name, value)| name == "message" && value.contains(text))
    }
}
