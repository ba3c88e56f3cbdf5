//! What is known of the router's interfaces between two looks at all of it.
//!
//! Names, kinds and comments hardly ever change, what an interface counted changes each time. So everything is read once
//! in a while, and in between of those that run what moves: a third of the bytes, of rows and of work for the router.
//! Packets and drops wait for the next look at everything; what came meanwhile is in it.

use crate::flow::object::Row;

/// Everything.
pub const ALL: &str =
    "name,type,running,disabled,slave,comment,rx-byte,tx-byte,rx-packet,tx-packet,rx-drop,tx-drop,rx-error,tx-error";
/// What moves, and of whom.
pub const MOVING: &str = "name,rx-byte,tx-byte";
/// The query for those that run: that an interface is not in the answer is what says that it does not.
pub const RUNNING: &str = "running=true";

/// The interfaces as far as they are known.
#[derive(Debug, Default)]
pub struct Interfaces {
    rows: Vec<Row>,
}

impl Interfaces {
    /// Rows of `/interface`, as a look at everything gives them.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Takes a look at everything.
    pub fn read(&mut self, rows: Vec<Row>) {
        self.rows = rows;
    }

    /// Takes a look at what moves. False, and nothing is taken, where everything has to be read: there is an interface
    /// that was not there before, or none runs any more, not even the loopback.
    #[must_use]
    pub fn moved(&mut self, running: &[Row]) -> bool {
        let known = |row: &Row| self.rows.iter().any(|known| known.get("name") == row.get("name"));
        if running.is_empty() || !running.iter().all(known) {
            return false;
        }
        for row in &mut self.rows {
            let now = running.iter().find(|now| now.get("name") == row.get("name"));
            *row = match now {
                Some(now) => row.with([
                    ("running", "true"),
                    ("disabled", "false"),
                    ("rx-byte", now.get("rx-byte")),
                    ("tx-byte", now.get("tx-byte")),
                ]),
                None => row.with([("running", "false")]),
            };
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_is_put_over_what_is_known() {
        let mut interfaces = known();
        assert!(interfaces.moved(&[moving("lo", "0"), moving("wg", "7")]));
        let wg = &interfaces.rows()[1];
        assert_eq!((wg.get("rx-byte"), wg.get("rx-packet"), wg.get("type")), ("7", "3", "wg"));
        assert!(wg.is("running") && !wg.is("disabled"));
    }

    #[test]
    fn an_interface_that_is_not_among_those_that_run_does_not_run() {
        let mut interfaces = known();
        assert!(interfaces.moved(&[moving("lo", "0")]));
        assert!(!interfaces.rows()[1].is("running"));
        assert_eq!(interfaces.rows()[1].get("rx-byte"), "5", "its counters stay where they were");
    }

    #[test]
    fn a_new_interface_or_a_router_on_which_nothing_runs_is_read_whole() {
        let mut interfaces = known();
        assert!(!interfaces.moved(&[moving("lo", "0"), moving("ether9", "1")]));
        assert!(!interfaces.moved(&[]));
        assert!(interfaces.rows()[1].is("running"), "nothing was taken");
        assert!(!Interfaces::default().moved(&[moving("lo", "0")]));
    }

    fn known() -> Interfaces {
        let mut interfaces = Interfaces::default();
        let wg = [("name", "wg"), ("type", "wg"), ("running", "true"), ("rx-byte", "5"), ("rx-packet", "3")];
        interfaces.read(vec![Row::new([("name", "lo"), ("running", "true")]), Row::new(wg)]);
        interfaces
    }

    fn moving(name: &str, received: &str) -> Row {
        Row::new([("name", name), ("rx-byte", received), ("tx-byte", "0")])
    }
}
