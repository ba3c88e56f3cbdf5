//! Undoing a change that was kept, as long as nobody has built on it.

use super::{Begun, Engine, storage};
use crate::{
    flow::{
        change_set::{Change, Direction, left, row::secret::Taken},
        vif::Vif,
    },
    io::router::Rows,
};
use shared::{
    change_set::{Outcome, Phase, Refusal, Ring},
    ids::ChangeSetId,
};

impl Engine {
    /// Takes a change up again to undo it: one that was kept, or one whose undo left something.
    ///
    /// # Errors
    /// `unknown_change_set`; `not_kept` where there is nothing to undo; `superseded` where the router has moved on.
    pub async fn reopen(&mut self, id: &ChangeSetId) -> Result<Begun, Refusal> {
        let report = Self::show(&self.journal, id)?;
        let kept = report.outcome == Some(Outcome::Confirmed);
        if !kept && report.outcome != Some(Outcome::PartlyReverted) {
            let message = format!("the change `{id}` is not in force");
            return Err(Refusal::new("not_kept", message, "There is nothing to undo."));
        }
        let known = self.journal.change(id).map_err(|error| storage(&error))?;
        let Some(change) = known else { return Self::show(&self.journal, id).and(Err(superseded("it is too old"))) };
        let sight = self.read(&change.menus).await?;
        let vifs = self.journal.vifs().map_err(|error| storage(&error))?;
        let change = if kept { rebased(&change, &vifs)? } else { change };
        // What was undone in part is neither before nor after: there is nothing to hold it against.
        let known = self.secrets(&change.menus).map_err(|error| storage(&error))?;
        let left = left(&change, Direction::Forward, &sight, &Taken::kept(&change.rows, &known));
        if let (true, Some(finding)) = (kept, left.findings().first()) {
            return Err(superseded(finding));
        }
        let mut begun =
            Begun { change, direction: Direction::Back, rows: Rows::default(), taken: Taken::default(), report };
        begun.report.phase = Phase::RollingBack;
        begun.report.outcome = None;
        begun.report.deadline = None;
        // Its script was taken away when it was kept.
        begun.report.undone_by = Some(Ring::Journal);
        begun.report.revision += 1;
        begun.report.at = self.clock.unix_millis();
        self.journal.reopen(&begun.change, &begun.report).map_err(|error| storage(&error))?;
        Ok(begun)
    }
}

/// The same change among the VIFs of today: what it made is there, what it removed is not, the others are nobody's
/// business.
fn rebased(change: &Change, today: &[Vif]) -> Result<Change, Refusal> {
    let made: Vec<&Vif> = change.after.iter().filter(|vif| !change.before.contains(vif)).collect();
    let removed: Vec<&Vif> = change.before.iter().filter(|vif| !change.after.contains(vif)).collect();
    if let Some(gone) = made.iter().find(|vif| !today.contains(vif)) {
        return Err(superseded(&format!("the VIF {} is gone", gone.spec.name)));
    }
    let takes = |vif: &Vif, other: &Vif| {
        vif.spec.id == other.spec.id
            || vif.spec.name == other.spec.name
            || vif.vlan_id == other.vlan_id
            || vif.subnet == other.subnet
    };
    if let Some(taken) = removed.iter().find(|vif| today.iter().any(|other| takes(vif, other))) {
        return Err(superseded(&format!("another VIF has the name or the addresses of {}", taken.spec.name)));
    }
    let mut before: Vec<Vif> = today.iter().filter(|vif| !made.contains(vif)).cloned().collect();
    before.extend(removed.into_iter().cloned());
    before.sort_by_key(|vif| vif.vlan_id);
    Ok(Change { before, after: today.to_vec(), ..change.clone() })
}

fn superseded(why: &str) -> Refusal {
    Refusal::new(
        "superseded",
        format!("the change cannot be undone as it was: {why}"),
        "Make a new change of what should be different; nothing was touched.",
    )
}
