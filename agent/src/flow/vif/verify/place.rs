//! Rows of others above ours, where the first row that matches decides.

use super::{Fault, Remedy, named};
use crate::flow::object::{Marked, Menu, Row, Snapshot};

/// Rows that one menu names at most.
const NAMED: usize = 8;

/// Every row of somebody else's that stands above one of ours. Static ones end up below when ours are moved; dynamic ones
/// (of a hotspot, of Back to Home) stay where RouterOS puts them.
pub(super) fn above(router: &Snapshot) -> Vec<Fault> {
    Menu::ALL.into_iter().filter(|menu| menu.is_ordered()).flat_map(|menu| above_in(menu, router)).collect()
}

fn above_in(menu: Menu, router: &Snapshot) -> Vec<Fault> {
    let rows = router.rows(menu);
    let Some(last) = rows.iter().rposition(|row| row.is_vif_object() && !row.is("dynamic")) else { return Vec::new() };
    let others = || rows.iter().enumerate().take(last).filter(|(_, row)| !row.is_isolation());
    let of = |dynamic: bool| others().filter(move |(_, row)| row.is("dynamic") == dynamic && !is_harmless(row));
    let name = |(at, row): (usize, &Row)| named::row(menu.path(), at, row.get("comment"));
    let mut faults: Vec<Fault> = of(false)
        .take(NAMED)
        .map(|row| fault(format!("{} stands above rows of Bulkhead's", name(row)), Remedy::PutBack))
        .collect();
    faults.extend(of(true).take(NAMED).map(|row| {
        let text = format!("{} is RouterOS' own, stands above rows of Bulkhead's and cannot be moved", name(row));
        fault(text, Remedy::Say)
    }));
    let more = (of(false).count() + of(true).count()).saturating_sub(faults.len());
    if more > 0 {
        faults.push(fault(format!("{more} more rows of {} stand above Bulkhead's", menu.path()), Remedy::Say));
    }
    faults
}

/// The rows that only show what fasttrack counted.
fn is_harmless(row: &Row) -> bool {
    row.is("dynamic") && matches!(row.get("action"), "passthrough" | "log")
}

fn fault(text: String, remedy: Remedy) -> Fault {
    Fault { vif: None, text, remedy }
}
