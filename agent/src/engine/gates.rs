//! Gates are closed while a change turns a VIF's way: masquerade forgets connections when a link or an address changes,
//! not when a route does, so packets of old connections would leave by the new way as they were.

use super::{Begun, Engine, Stopped};
use crate::flow::change_set::{Change, Direction};
use shared::{change_set::Refusal, ids::VifId};
use std::{future::Future, pin::Pin};

/// What comes of asking for a gate to be closed.
pub type Shut = Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send>>;

impl Engine {
    /// Has the gates of VIFs whose way a change turns be closed before its first write, which `shut` brings about. They
    /// stay closed until the change has ended.
    #[must_use]
    pub fn with_gates(mut self, shut: impl FnMut(VifId) -> Shut + Send + 'static) -> Self {
        self.shut = Some(Box::new(shut));
        self
    }

    /// Closes the gates of the VIFs whose way the change turns. An undo goes on where that fails: what is half turned is
    /// worse than what is open.
    pub(super) async fn shut_gates(&mut self, begun: &Begun) -> Result<(), Stopped> {
        let Some(shut) = self.shut.as_mut() else { return Ok(()) };
        for vif in turned(&begun.change) {
            match (shut(vif.clone()).await, begun.direction) {
                (Ok(()), _) => {}
                (Err(refusal), Direction::Forward) => return Err(Stopped::Refused(refusal)),
                (Err(refusal), Direction::Back) => tracing::warn!(%vif, %refusal, "a gate is not closed for an undo"),
            }
        }
        Ok(())
    }
}

/// The VIFs that are there before and after, and leave otherwise after than before.
fn turned(change: &Change) -> Vec<VifId> {
    let egress = |vifs: &[crate::flow::vif::Vif], id: &VifId| {
        vifs.iter().find(|vif| vif.spec.id == *id).map(|vif| vif.spec.egress.clone())
    };
    let pairs = change.before.iter().filter_map(|before| {
        let after = change.after.iter().find(|after| after.spec.id == before.spec.id)?;
        let (old, new) = (&before.spec, &after.spec);
        let own = old.egress != new.egress || old.kill_switch != new.kill_switch;
        let other = new
            .kill_switch
            .fallback()
            .is_some_and(|other| egress(&change.before, other) != egress(&change.after, other));
        (own || other).then(|| old.id.clone())
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::vif::Vif;
    use shared::{
        net::{InterfaceName, VlanId},
        vif::{Egress, KillSwitchMode, VifName, VifSpec},
    };

    fn id(name: &str) -> VifId {
        VifId::new(name).expect("an id")
    }

    fn vif(name: &str, egress: &str, kill_switch: KillSwitchMode) -> Vif {
        let spec = VifSpec {
            id: id(name),
            name: VifName::new(name).expect("a name"),
            egress: Egress::Interface(InterfaceName::new(egress).expect("a name")),
            kill_switch,
            resolver: None,
            ports: Vec::new(),
        };
        let subnet = "172.16.64.0/30".parse().expect("a subnet");
        Vif { spec, vlan_id: VlanId::new(100).expect("a VLAN"), subnet, created_at: 0 }
    }

    #[test]
    fn whose_way_or_mode_is_another_is_closed_and_who_falls_back_to_it_too() {
        let block = KillSwitchMode::Block;
        let a = || vif("a", "wg1", KillSwitchMode::Block);
        let falls = || vif("b", "wg2", KillSwitchMode::Fallback(id("a")));
        let table = [
            (vec![a()], vec![a()], vec![]),
            (vec![], vec![a()], vec![]),
            (vec![a()], vec![], vec![]),
            (vec![a()], vec![vif("a", "wg2", block.clone())], vec!["a"]),
            (vec![a()], vec![vif("a", "wg1", KillSwitchMode::Off)], vec!["a"]),
            (vec![a(), falls()], vec![vif("a", "wg3", block.clone()), falls()], vec!["a", "b"]),
            (vec![a(), vif("b", "wg2", block.clone())], vec![a(), falls()], vec!["b"]),
        ];
        for (before, after, expected) in table {
            let change: Change = serde_json::from_value(serde_json::json!({
                "id": "c1", "before": before, "after": after,
            }))
            .expect("a change");
            assert_eq!(turned(&change).iter().map(VifId::as_str).collect::<Vec<_>>(), expected);
        }
    }
}
