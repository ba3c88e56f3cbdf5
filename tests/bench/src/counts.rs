//! What does not vary from run to run, for the gates that keep it: a line for each, its name and figure parted by a tab.

use crate::{instructions, router, wire};

/// Counts and prints.
///
/// # Errors
/// A client, valgrind or strace fails.
pub(crate) fn print() -> anyhow::Result<()> {
    let router = router::start()?;
    println!("instructions per add\t{:.0}", instructions::each("adds", router)?);
    println!("instructions per row\t{:.0}", instructions::each("rows", router)?);
    println!("sends per 1000 adds\t{:.0}", 1000.0 * wire::sends(router)?);
    println!("bytes per counter row\t{}", wire::counter_row()?);
    Ok(())
}
