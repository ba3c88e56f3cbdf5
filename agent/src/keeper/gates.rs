//! Gates made to be what they should: closed, read back, then emptied of connections; turned; opened.
//!
//! Which writes that takes is in [`crate::flow::vif::gate`]. All of them can be repeated, and none is journaled: what a
//! gate should be follows from what is known now.

use crate::{
    flow::vif::{
        Vif,
        gate::{Gates, Wish},
        watch::Watch,
    },
    io::{
        clock::{Clock, Instant},
        router::{Failed, RouterPort, errands::Errands, gates::Sight},
    },
};
use std::{collections::BTreeSet, net::Ipv4Addr};

/// How often closing is tried before the next beat: ids that a reboot or somebody else made stale are read anew between.
const ROUNDS: usize = 3;

/// What makes gates follow.
pub(super) struct Enforcer {
    router: RouterPort,
    clock: Clock,
    gates: Gates,
    /// Services whose connections are being forgotten: their gates stay closed as long.
    emptied: BTreeSet<Ipv4Addr>,
}

impl Enforcer {
    pub(super) fn new(router: RouterPort, clock: Clock) -> Self {
        Self { router, clock, gates: Gates::default(), emptied: BTreeSet::new() }
    }

    /// The gates as they were last read.
    pub(super) fn gates(&self) -> &Gates {
        &self.gates
    }

    /// Nothing is known of them any more. What cannot be read is not said to be open: its lease runs out by itself.
    pub(super) fn forget(&mut self) {
        self.gates = Gates::default();
        self.emptied.clear();
    }

    /// Refreshes the leases of open gates and reads all.
    pub(super) async fn refresh(&mut self, watch: &Watch) -> Result<Sight, Failed> {
        let leases = self.gates.wanted(&watch.wishes());
        let sight = self.router.refresh_gates(&leases, watch.has_two_ways()).await?;
        self.gates.clone_from(&sight.gates);
        Ok(sight)
    }

    /// Has the gates follow. Gives when the router had said that all that had to be closed is, where anything had.
    pub(super) async fn enforce(&mut self, watch: &Watch, errands: &mut Errands) -> Result<Option<Instant>, Failed> {
        let wishes = watch.wishes();
        let closed = self.shut(watch, &wishes, errands).await?;
        let steps = self.gates.turn(&wishes);
        if !steps.is_empty() && self.gates.shut(&wishes).is_empty() {
            self.write(&steps).await?;
            self.read(watch).await?;
        }
        let settled: Vec<Wish> = wishes.into_iter().filter(|wish| !self.is_emptied(wish)).collect();
        let steps = self.gates.open(&settled);
        if !steps.is_empty() {
            self.write(&steps).await?;
            self.read(watch).await?;
        }
        Ok(closed)
    }

    /// The router has forgotten connections, or could not.
    pub(super) fn emptied(&mut self, services: &[Ipv4Addr]) {
        self.emptied.retain(|service| !services.contains(service));
    }

    async fn shut(
        &mut self,
        watch: &Watch,
        wishes: &[Wish<'_>],
        errands: &mut Errands,
    ) -> Result<Option<Instant>, Failed> {
        let mut closing = BTreeSet::new();
        for _ in 0..ROUNDS {
            let steps = self.gates.shut(wishes);
            if steps.is_empty() {
                break;
            }
            closing.extend(self.gates.closing(wishes).into_iter().map(Vif::service_ip));
            self.write(&steps).await?;
            self.read(watch).await?;
        }
        if closing.is_empty() {
            return Ok(None);
        }
        if !self.gates.shut(wishes).is_empty() {
            tracing::error!("the router did not close a gate that it was told to; trying again at the next look");
            return Ok(None);
        }
        let at = self.clock.now();
        self.purge(closing, errands)?;
        Ok(Some(at))
    }

    /// Has the router forget the connections of services. A gate that is closed meanwhile stays so until it has.
    pub(super) fn purge(&mut self, services: BTreeSet<Ipv4Addr>, errands: &mut Errands) -> Result<(), Failed> {
        if services.is_empty() {
            return Ok(());
        }
        self.router.purge(errands, services.iter().copied().collect())?;
        self.emptied.extend(services);
        Ok(())
    }

    fn is_emptied(&self, wish: &Wish) -> bool {
        self.emptied.contains(&wish.vif.service_ip())
    }

    async fn write(&self, steps: &[crate::flow::vif::gate::Step]) -> Result<(), Failed> {
        if let Some(why) = self.router.write_gates(steps).await? {
            tracing::info!(why, "a gate was not as it was read a moment ago");
        }
        Ok(())
    }

    async fn read(&mut self, watch: &Watch) -> Result<(), Failed> {
        self.gates = self.router.refresh_gates(&[], watch.has_two_ways()).await?.gates;
        Ok(())
    }
}
