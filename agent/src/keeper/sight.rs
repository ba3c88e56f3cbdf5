//! What the keeper has seen so far: pure state, from which the router's summary is made.

use crate::{
    flow::{
        change_set::differences,
        object::Snapshot,
        vif::{
            Seen, Vif,
            kill_switch::{self, Effect, Egress},
            status,
        },
    },
    voice::News,
};
use shared::{
    ids::VifId,
    notice::Severity,
    router::{ApiState, Device, Interface, RouterState},
    vif::{Gateway, Isolation, KillSwitch, Traffic, VifReport, VifStatus},
};
use std::collections::BTreeMap;

/// A summary as far as it changes only when something happens: without counters, loads and clocks.
pub(super) fn essence(state: &RouterState) -> RouterState {
    let device = state.device.clone().map(|device| Device { uptime_s: 0, cpu_percent: 0, memory_free: 0, ..device });
    let vifs = state.vifs.iter().cloned();
    let vifs = vifs.map(|vif| VifReport { traffic: Traffic::default(), ..vif }).collect();
    RouterState { device, vifs, at: 0, ..state.clone() }
}

/// Everything known of one router. Nothing before the first look.
#[derive(Debug, Default)]
pub(super) struct Sight {
    reachable: Option<Result<(), String>>,
    device: Option<Device>,
    interfaces: Vec<Interface>,
    vifs: BTreeMap<VifId, Known>,
    news: Vec<News>,
}

#[derive(Debug)]
struct Known {
    vif: Vif,
    kill_switch: KillSwitch,
    gateway: Gateway,
    traffic: Traffic,
    status: VifStatus,
    isolation: Option<Isolation>,
}

impl Sight {
    /// Takes the VIFs that there should be: new ones are not known to be good, gone ones are forgotten.
    pub(super) fn keep(&mut self, vifs: Vec<Vif>, now: i64) {
        self.vifs.retain(|_, known| vifs.contains(&known.vif));
        for vif in vifs {
            self.vifs.entry(vif.spec.id.clone()).or_insert_with(|| Known {
                kill_switch: kill_switch::initial(vif.spec.kill_switch.clone(), now),
                gateway: Gateway::default(),
                vif,
                traffic: Traffic::default(),
                status: VifStatus::Failed,
                isolation: None,
            });
        }
    }

    /// The VIFs, by VLAN.
    pub(super) fn vifs(&self) -> Vec<Vif> {
        let mut vifs: Vec<Vif> = self.vifs.values().map(|known| known.vif.clone()).collect();
        vifs.sort_by_key(|vif| vif.vlan_id);
        vifs
    }

    /// The interfaces that a VIF could leave by.
    pub(super) fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// The router answered.
    pub(super) fn seen(&mut self, device: Device, interfaces: Vec<Interface>) {
        if matches!(self.reachable, Some(Err(_))) {
            self.news.push(news(
                Severity::Info,
                "router_reachable",
                "The agent reaches the router again.".to_owned(),
                None,
            ));
        }
        self.reachable = Some(Ok(()));
        self.device = Some(device);
        self.interfaces = interfaces;
    }

    /// The router does not answer: nothing is known to be good.
    pub(super) fn lost(&mut self, why: &str, now: i64) {
        if !matches!(self.reachable, Some(Err(_))) {
            let message = format!("The agent does not reach the router: {why}. Every gate closes within 30 s.");
            self.news.push(news(Severity::Warning, "router_unreachable", message, None));
        }
        self.reachable = Some(Err(why.to_owned()));
        for known in self.vifs.values_mut() {
            (known.kill_switch, _) = kill_switch::next(&known.kill_switch, Egress::Unknown, now);
        }
    }

    /// What is seen of a VIF's egress, and what to do about its gate.
    pub(super) fn egress(&mut self, vif: &VifId, egress: Egress, now: i64) -> Effect {
        let Some(known) = self.vifs.get_mut(vif) else { return Effect::Close };
        let (next, effect) = kill_switch::next(&known.kill_switch, egress, now);
        if next.state != known.kill_switch.state {
            let (name, way) = (&known.vif.spec.name, known.vif.spec.egress.interface());
            self.news.push(if next.active {
                let message = format!("The kill switch of {name} is engaged: {} ({way}).", next.reason);
                news(Severity::Warning, "kill_switch_engaged", message, Some(vif.clone()))
            } else {
                let message = format!("The kill switch of {name} is armed and its gate open: {way} is up.");
                news(Severity::Info, "kill_switch_armed", message, Some(vif.clone()))
            });
        }
        known.kill_switch = next;
        effect
    }

    /// What each VIF has carried since it was made.
    pub(super) fn carried(&mut self, totals: &BTreeMap<VifId, Traffic>) {
        for (id, known) in &mut self.vifs {
            known.traffic = totals.get(id).copied().unwrap_or_default();
        }
    }

    /// Compares the router with what these VIFs need. A finding that names no VIF concerns them all.
    pub(super) fn compared(&mut self, vifs: &[Vif], router: &Snapshot, now: i64) {
        let all = differences(vifs, router);
        for known in self.vifs.values_mut() {
            let own = format!("bulkhead:vif/{}/", known.vif.spec.id);
            let concerns = |finding: &&String| finding.contains(&own) || !finding.contains("bulkhead:vif/");
            let findings: Vec<String> = all.iter().filter(concerns).cloned().collect();
            known.status = status(&known.vif, &findings, router);
            known.isolation = Some(Isolation {
                verified_at: now,
                ok: findings.is_empty(),
                findings,
                took_ms: 0,
                traced: 0,
                tripped: 0,
            });
        }
    }

    /// What happened since this was last asked.
    pub(super) fn news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// The summary for the bus.
    pub(super) fn state(&self, refused: Vec<(String, u64)>, now: i64) -> RouterState {
        let api = match &self.reachable {
            Some(Ok(())) => ApiState::Connected,
            Some(Err(why)) => ApiState::Unreachable(why.clone()),
            None => ApiState::Unreachable("the router has not been asked yet".to_owned()),
        };
        let mut vifs: Vec<_> = self.vifs.values().filter_map(|known| known.vif.report(known.seen()).ok()).collect();
        vifs.sort_by_key(|vif| vif.vlan_id);
        RouterState {
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            api,
            device: self.device.clone(),
            interfaces: self.interfaces.clone(),
            vifs,
            refused,
            at: now,
        }
    }
}

impl Known {
    fn seen(&self) -> Seen {
        Seen {
            status: self.status,
            kill_switch: self.kill_switch.clone(),
            gateway: self.gateway.clone(),
            traffic: self.traffic,
            isolation: self.isolation.clone(),
        }
    }
}

fn news(severity: Severity, code: &'static str, message: String, vif: Option<VifId>) -> News {
    News { severity, code, message, vif, change_set: None }
}
