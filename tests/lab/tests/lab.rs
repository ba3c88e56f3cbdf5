//! The short lab as a test: no packet of a VIF gets out but by its tunnel.

use anyhow::{Context as _, ensure};
use std::process::Command;

#[test]
fn nothing_of_a_vif_leaks_through_a_real_kernel() -> anyhow::Result<()> {
    let output = Command::new(env!("CARGO_BIN_EXE_bulkhead-lab")).arg("--short").output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let last = said.lines().last().context("the lab says nothing")?;
    if output.status.code() == Some(77) {
        support::skip("lab", last);
        return Ok(());
    }
    ensure!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    ensure!(last.contains(" leaked=0 ") && last.ends_with("control=leaks"), "{said}");
    support::say(last);
    Ok(())
}
