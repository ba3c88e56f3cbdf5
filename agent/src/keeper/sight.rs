//! What the keeper has seen so far: pure state, from which the router's summary is made.

use crate::{
    flow::vif::{Seen, Vif, verify::Verdicts},
    voice::News,
};
use shared::{
    ids::VifId,
    notice::Severity,
    router::{ApiState, Device, Interface, RouterState},
    vif::{Gate, Gateway, Isolation, KillSwitch, KillSwitchState, Traffic, VifReport, VifStatus},
};
use std::collections::BTreeMap;

/// A summary as far as it changes only when something happens: without counters, loads and clocks.
pub(super) fn essence(state: &RouterState) -> RouterState {
    let device = state.device.clone().map(|device| Device { uptime_s: 0, cpu_percent: 0, memory_free: 0, ..device });
    let vifs = state.vifs.iter().cloned();
    let still = |vif: VifReport| VifReport { traffic: Traffic::default(), gateway: Gateway::default(), ..vif };
    let vifs = vifs.map(still).collect();
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
                kill_switch: unchecked(&vif, now),
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

    /// The router does not answer.
    pub(super) fn lost(&mut self, why: &str) {
        if !matches!(self.reachable, Some(Err(_))) {
            let message = format!("The agent does not reach the router: {why}. Every gate closes within 30 s.");
            self.news.push(news(Severity::Warning, "router_unreachable", message, None));
        }
        self.reachable = Some(Err(why.to_owned()));
    }

    /// Where the kill switches stand, and what is known of the ways behind them.
    pub(super) fn switched(&mut self, reports: Vec<(VifId, KillSwitch, Gateway)>) {
        for (vif, kill_switch, gateway) in reports {
            if let Some(known) = self.vifs.get_mut(&vif) {
                (known.kill_switch, known.gateway) = (kill_switch, gateway);
            }
        }
    }

    /// What each VIF has carried since it was made.
    pub(super) fn carried(&mut self, totals: &BTreeMap<VifId, Traffic>) {
        for (id, known) in &mut self.vifs {
            known.traffic = totals.get(id).copied().unwrap_or_default();
        }
    }

    /// Takes what was verified.
    pub(super) fn verified(&mut self, verdicts: &Verdicts) {
        for (vif, verdict) in verdicts {
            if let Some(known) = self.vifs.get_mut(vif) {
                (known.status, known.isolation) = (verdict.status, Some(verdict.isolation.clone()));
            }
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

/// A kill switch that nothing was said of yet: closed.
fn unchecked(vif: &Vif, now: i64) -> KillSwitch {
    KillSwitch {
        mode: vif.spec.kill_switch.clone(),
        state: KillSwitchState::Engaged,
        active: true,
        gate: Gate::Closed,
        since: now,
        reason: "the egress has not been checked yet".to_owned(),
        held: false,
        way: None,
        reaction_ms: None,
    }
}

fn news(severity: Severity, code: &'static str, message: String, vif: Option<VifId>) -> News {
    News { severity, code, message, vif, change_set: None }
}
