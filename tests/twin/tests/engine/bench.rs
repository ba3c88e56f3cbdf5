//! A device without rows, asked as a router is.

use std::time::Duration;

use bulkhead_twin::{
    device::{Device, Fields, Reply, caller::Caller, request::Request},
    schema,
};

/// A device and its clock.
pub(crate) struct Bench {
    pub(crate) device: Device,
    pub(crate) now: Duration,
}

impl Bench {
    /// A device of a version, with one bridge and one ethernet port's worth of interfaces: `bridge1` and `veth1`.
    pub(crate) fn new(version: &str) -> Self {
        let device = Device::new(schema::shipped(version).unwrap(), Duration::ZERO);
        let mut bench = Self { device, now: Duration::ZERO };
        bench.add("/interface/bridge", &[("name", "bridge1")]);
        bench.add("/interface/veth", &[("name", "veth1")]);
        bench
    }

    /// What a command comes to, with the trap as `category message`.
    pub(crate) fn ask(&mut self, menu: &str, verb: &str, arguments: &[(&str, &str)]) -> Result<Reply, String> {
        let reply = self.device.perform(self.now, &Caller::router(), &Request::new(menu, verb, arguments));
        reply.map_err(|trap| match trap.category() {
            Some(category) => format!("{category} {trap}"),
            None => trap.to_string(),
        })
    }

    /// The id of a new row.
    pub(crate) fn add(&mut self, menu: &str, arguments: &[(&str, &str)]) -> String {
        match self.ask(menu, "add", arguments) {
            Ok(Reply::Done(Some(id))) => id,
            other => panic!("{menu}/add {arguments:?}: {other:?}"),
        }
    }

    /// A command that must succeed.
    pub(crate) fn run(&mut self, menu: &str, verb: &str, arguments: &[(&str, &str)]) {
        if let Err(trap) = self.ask(menu, verb, arguments) {
            panic!("{menu}/{verb} {arguments:?}: {trap}");
        }
    }

    /// The text of a refusal.
    pub(crate) fn refusal(&mut self, menu: &str, verb: &str, arguments: &[(&str, &str)]) -> String {
        match self.ask(menu, verb, arguments) {
            Err(trap) => trap,
            Ok(reply) => panic!("{menu}/{verb} {arguments:?} was taken: {reply:?}"),
        }
    }

    /// The rows that a print with queries shows.
    pub(crate) fn print(&mut self, menu: &str, queries: &[&str]) -> Vec<Fields> {
        let queries = queries.iter().map(|&query| query.to_owned()).collect();
        let request = Request { queries, ..Request::new(menu, "print", &[]) };
        match self.device.perform(self.now, &Caller::router(), &request) {
            Ok(Reply::Rows(rows)) => rows,
            other => panic!("{menu}/print: {other:?}"),
        }
    }

    /// One property of the one row that a query leaves.
    pub(crate) fn value(&mut self, menu: &str, query: &str, name: &str) -> Option<String> {
        let rows = self.print(menu, &[query]);
        let [row] = &rows[..] else { panic!("{menu} ?{query}: {rows:?}") };
        row.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    /// A property of all rows, in their order.
    pub(crate) fn column(&mut self, menu: &str, name: &str) -> Vec<String> {
        let rows = self.print(menu, &[]);
        rows.iter()
            .map(|row| row.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value).to_owned())
            .collect()
    }
}
