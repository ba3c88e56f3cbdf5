//! The kill switches of all VIFs over the tunnels that they leave by: what is known, what follows from it, what is told.
//!
//! Pure: whoever feeds it has the clock and the router. Many VIFs share a tunnel, and one look at that serves them all.

use super::{
    Vif,
    gate::{Gates, Wish},
    kill_switch::{self, Egress, Event, State, Told, Way},
    tunnel::{Link, Tunnel},
    verify::{Verdict, Verdicts},
};
use crate::flow::object::Row;
use shared::{
    ids::VifId,
    net::InterfaceName,
    vif::{Gate, Gateway, KillSwitch, KillSwitchMode, VifStatus},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// The watch over all VIFs.
#[derive(Debug, Default)]
pub struct Watch {
    probing: bool,
    switches: BTreeMap<VifId, Switch>,
    tunnels: BTreeMap<InterfaceName, Tunnel>,
    /// VIFs that a change is being made to: closed, whatever is seen.
    changing: BTreeSet<VifId>,
    /// VIFs that the verifier found a way past: closed, by the other way too.
    leaking: BTreeSet<VifId>,
    /// VIFs that were not whole when they were last verified.
    broken: BTreeSet<VifId>,
    /// Whether nothing was decided yet: then leases that an earlier run gave are left to run out.
    decided: bool,
}

#[derive(Debug)]
struct Switch {
    vif: Vif,
    state: State,
    way: Way,
    seen: Egress,
    since: i64,
    reason: String,
    reaction_ms: Option<u32>,
}

/// A kill switch that went elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Whose it is.
    pub vif: VifId,
    /// The VIF's name.
    pub name: String,
    /// Whether packets could pass before and cannot now, or only by another way.
    pub closed: bool,
    /// What is told.
    pub told: Told,
}

impl Watch {
    /// A watch over nothing. `probing`: whether probes are sent.
    pub fn new(probing: bool) -> Self {
        Self { probing, ..Self::default() }
    }

    /// Takes the VIFs that there should be, and since when a person holds some. One that is new, or is wanted otherwise
    /// than before, begins anew; what was switched off by that is told.
    pub fn keep(&mut self, vifs: &[Vif], holds: &BTreeMap<VifId, i64>, now: i64) -> Vec<Moved> {
        let before: BTreeMap<VifId, State> =
            self.switches.iter().map(|(id, switch)| (id.clone(), switch.state)).collect();
        self.switches.retain(|_, switch| vifs.contains(&switch.vif));
        for vif in vifs {
            self.switches.entry(vif.spec.id.clone()).or_insert_with(|| {
                let held = holds.get(&vif.spec.id);
                let state = State::initial(vif.spec.kill_switch == KillSwitchMode::Off, held.is_some());
                let since = held.copied().unwrap_or(now);
                let (way, seen, reason) =
                    (kill_switch::way(state, None), Egress::Unknown, reason(state, Egress::Unknown));
                Switch { vif: vif.clone(), state, way, seen, since, reason, reaction_ms: None }
            });
        }
        let wanted: BTreeSet<&InterfaceName> = vifs.iter().map(|vif| vif.spec.egress.interface()).collect();
        self.tunnels.retain(|name, _| wanted.contains(name));
        for name in wanted {
            self.tunnels.entry(name.clone()).or_default();
        }
        self.changing.retain(|vif| self.switches.contains_key(vif));
        let switched_off = self.switches.iter().filter(|(id, switch)| {
            let was = before.get(*id).is_some_and(|before| !matches!(before, State::Off | State::HeldOff));
            was && switch.state == State::Off
        });
        let moved = |(id, switch): (&VifId, &Switch)| {
            let own = switch.vif.spec.egress.interface().as_str();
            let told = kill_switch::told((State::Armed, Way::Own), (State::Off, Way::Own), Egress::Unknown, own, None)?;
            Some(Moved { vif: id.clone(), name: switch.vif.spec.name.to_string(), closed: false, told })
        };
        switched_off.filter_map(moved).collect()
    }

    /// The VIFs, as they were last taken.
    pub fn vifs(&self) -> impl Iterator<Item = &Vif> {
        self.switches.values().map(|switch| &switch.vif)
    }

    /// One tunnel, where a VIF leaves by it.
    pub fn tunnel(&mut self, name: &str) -> Option<&mut Tunnel> {
        self.tunnels.iter_mut().find(|(own, _)| own.as_str() == name).map(|(_, tunnel)| tunnel)
    }

    /// All tunnels, each with whether every VIF on it is settled: then nobody waits for its next probe.
    pub fn tunnels(&self) -> impl Iterator<Item = (&InterfaceName, &Tunnel, bool)> {
        self.tunnels.iter().map(|(name, tunnel)| {
            let on_it = self.switches.values().filter(|switch| switch.vif.spec.egress.interface() == name);
            let mut unsettled =
                on_it.filter(|switch| !matches!(switch.state, State::Armed | State::Off | State::HeldOff));
            (name, tunnel, unsettled.next().is_none())
        })
    }

    /// A look at all interfaces: one that is not among them is not on the router.
    pub fn links(&mut self, interfaces: &[Row]) {
        for (name, tunnel) in &mut self.tunnels {
            let row = interfaces.iter().find(|row| row.get("name") == name.as_str());
            tunnel.link(row.map_or(Link::Missing, link));
        }
    }

    /// Whether a look at those that run says otherwise than what is known.
    pub fn differs(&self, running: &BTreeSet<String>) -> bool {
        self.tunnels.iter().any(|(name, tunnel)| tunnel.is_up() != running.contains(name.as_str()))
    }

    /// Whether there is a way out that nobody has looked at yet.
    pub fn has_unknown(&self) -> bool {
        self.tunnels.values().any(|tunnel| tunnel.egress(self.probing) == Egress::Unknown)
    }

    /// The router does not answer: nothing is known.
    pub fn lost(&mut self) {
        for tunnel in self.tunnels.values_mut() {
            tunnel.link(Link::Unknown);
        }
    }

    /// A person engages one or lets it go; nothing where there is no such VIF.
    pub fn person(&mut self, vif: &VifId, event: Event, now: Duration, at: i64) -> Option<Vec<Moved>> {
        self.switches.get(vif)?;
        Some(self.turn(&BTreeMap::from([(vif.clone(), event)]), now, at))
    }

    /// What follows from what is known of the tunnels at `now` of the monotonic clock, `at` in Unix milliseconds.
    pub fn look(&mut self, now: Duration, at: i64) -> Vec<Moved> {
        let seen = |switch: &Switch| self.tunnels.get(switch.vif.spec.egress.interface());
        let events = self.switches.iter().map(|(id, switch)| {
            let egress = seen(switch).map_or(Egress::Unknown, |tunnel| tunnel.egress(self.probing));
            (id.clone(), Event::Seen(if self.leaking.contains(id) { Egress::Leaks } else { egress }))
        });
        let events = events.collect();
        self.turn(&events, now, at)
    }

    fn turn(&mut self, events: &BTreeMap<VifId, Event>, now: Duration, at: i64) -> Vec<Moved> {
        let mut before = BTreeMap::new();
        for (id, switch) in &mut self.switches {
            before.insert(id.clone(), (switch.state, switch.way));
            if let Some(&event) = events.get(id) {
                if let Event::Seen(egress) = event {
                    switch.seen = egress;
                }
                switch.state = kill_switch::next(switch.state, event, now);
            }
        }
        let states: BTreeMap<VifId, (State, InterfaceName)> = self
            .switches
            .iter()
            .map(|(id, switch)| (id.clone(), (switch.state, switch.vif.spec.egress.interface().clone())))
            .collect();
        let mut moved = Vec::new();
        for (id, switch) in &mut self.switches {
            let other = switch.vif.spec.kill_switch.fallback().and_then(|other| states.get(other));
            // Where something leaks the other way is no better.
            let other = other.filter(|_| switch.seen != Egress::Leaks);
            switch.way = kill_switch::way(switch.state, other.map(|(state, _)| *state));
            let Some(&from) = before.get(id) else { continue };
            let to = (switch.state, switch.way);
            let own = switch.vif.spec.egress.interface();
            let told = kill_switch::told(from, to, switch.seen, own.as_str(), other.map(|(_, name)| name.as_str()));
            let reason = reason(switch.state, switch.seen);
            if told.is_some() || reason != switch.reason {
                (switch.since, switch.reason) = (at, reason);
            }
            if let Some(told) = told {
                let closed = from.1 != Way::Closed && from.1 != switch.way;
                moved.push(Moved { vif: id.clone(), name: switch.vif.spec.name.to_string(), closed, told });
            }
        }
        moved
    }

    /// How long it took to close a gate.
    pub fn reacted(&mut self, vif: &VifId, took: Duration) {
        if let Some(switch) = self.switches.get_mut(vif) {
            switch.reaction_ms = Some(u32::try_from(took.as_millis()).unwrap_or(u32::MAX));
        }
    }

    /// Whether [`Watch::decide`] was said.
    pub fn is_decided(&self) -> bool {
        self.decided
    }

    /// From now on a lease that is not wanted is taken away, an earlier run's too.
    pub fn decide(&mut self) {
        self.decided = true;
    }

    /// Whether something is known of every tunnel that could be, so that the first decision can be made.
    pub fn is_known(&self) -> bool {
        self.decided || self.tunnels.values().all(|tunnel| tunnel.egress(self.probing) != Egress::Unproven)
    }

    /// Has a VIF's gate closed as long as a change is being made to it. False where there is no such VIF.
    pub fn change(&mut self, vif: &VifId, changing: bool) -> bool {
        if changing && self.switches.contains_key(vif) {
            self.changing.insert(vif.clone())
        } else {
            self.changing.remove(vif)
        };
        self.switches.contains_key(vif)
    }

    /// Takes what was verified. Gives the VIFs that are whole again: what their connections took meanwhile from rows
    /// that are gone or below ours now (a fasttrack, an address, a mark) they keep as long as they live.
    pub fn verified(&mut self, verdicts: &Verdicts) -> Vec<&Vif> {
        let those = |is_it: fn(&Verdict) -> bool| {
            verdicts.iter().filter(|(_, verdict)| is_it(verdict)).map(|(vif, _)| vif.clone()).collect()
        };
        self.leaking = those(|verdict| verdict.shut.is_some());
        let were = std::mem::replace(&mut self.broken, those(|verdict| verdict.status == VifStatus::Failed));
        let mended = were.iter().filter(|vif| !self.broken.contains(*vif));
        mended.filter_map(|vif| self.switches.get(vif)).map(|switch| &switch.vif).collect()
    }

    /// No change is under way any more.
    pub fn changed(&mut self) {
        self.changing.clear();
    }

    /// What each VIF is to have on the router.
    pub fn wishes(&self) -> Vec<Wish<'_>> {
        let wish = |(id, switch): (&VifId, &'_ Switch)| {
            let way = if self.changing.contains(id) { Way::Closed } else { switch.way };
            Some(way).filter(|_| self.decided || switch.state != State::Unchecked)
        };
        let mut wishes: Vec<Wish> =
            self.switches.iter().map(|pair| Wish { vif: &pair.1.vif, way: wish(pair) }).collect();
        wishes.sort_by_key(|wish| wish.vif.vlan_id);
        wishes
    }

    /// Whether any VIF has two ways.
    pub fn has_two_ways(&self) -> bool {
        self.switches.values().any(|switch| switch.vif.spec.kill_switch.fallback().is_some())
    }

    /// When the next hold is over, on the monotonic clock.
    pub fn hold_ends(&self) -> Option<Duration> {
        let ends = self.switches.values().filter_map(|switch| match switch.state {
            State::Recovering(since) => Some(since.saturating_add(kill_switch::HOLD)),
            State::Unchecked
            | State::Armed
            | State::Suspect
            | State::Engaged
            | State::Held
            | State::HeldOff
            | State::Off => None,
        });
        ends.min()
    }

    /// What is said of each VIF, with its gate as it was last read from the router.
    pub fn reports(&self, gates: &Gates) -> Vec<(VifId, KillSwitch, Gateway)> {
        let report = |(id, switch): (&VifId, &Switch)| {
            let tunnel = self.tunnels.get(switch.vif.spec.egress.interface());
            (id.clone(), self.report(switch, gates), tunnel.map(Tunnel::gateway).unwrap_or_default())
        };
        self.switches.iter().map(report).collect()
    }

    fn report(&self, switch: &Switch, gates: &Gates) -> KillSwitch {
        let shut = gates.is_shut(&switch.vif);
        let spec = &switch.vif.spec;
        let other = || spec.kill_switch.fallback().and_then(|other| self.switches.get(other));
        let way = match switch.way {
            Way::Closed => None,
            Way::Own => Some(spec.egress.interface().clone()),
            Way::Other => other().map(|other| other.vif.spec.egress.interface().clone()),
        };
        KillSwitch {
            mode: spec.kill_switch.clone(),
            state: switch.state.word(),
            active: shut && switch.state != State::Off,
            gate: if shut { Gate::Closed } else { Gate::Open },
            since: switch.since,
            reason: switch.reason.clone(),
            held: switch.state.is_held(),
            way: way.filter(|_| !shut),
            reaction_ms: switch.reaction_ms,
        }
    }
}

/// Why a kill switch stands where it does, for people.
fn reason(state: State, seen: Egress) -> String {
    match state {
        State::Unchecked => "the egress has not been checked yet",
        State::Armed | State::Suspect | State::Engaged => seen.reason(),
        State::Recovering(_) => "the egress is good again, not yet for long enough",
        State::Held | State::HeldOff => "a person engaged it",
        State::Off => "it is switched off: nothing protects this VIF",
    }
    .to_owned()
}

/// The link in a row of `/interface`.
pub fn link(row: &Row) -> Link {
    if row.is("running") && !row.is("disabled") { Link::Up } else { Link::Down }
}

#[cfg(test)]
mod tests;
