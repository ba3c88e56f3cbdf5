//! What is outside of the configuration and cannot be set through the API: cables, peers, load.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    Device,
    clients::{Client, LEASES},
    containers::Registry,
    meter::Rate,
    request::Request,
    row::Row,
    trap::Trap,
    wan::Wan,
};

/// The state of the world around the device.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// Interfaces that have lost their link.
    pub down: BTreeSet<String>,
    /// WireGuard interfaces whose peers are silent, and since when.
    pub silent: BTreeMap<String, Duration>,
    /// Wireguard interfaces with somebody at the other end.
    pub peered: BTreeMap<String, Duration>,
    /// Whether the file system and processor figures were set: per cent.
    pub cpu_percent: Option<u64>,
    /// How much memory is in use.
    pub memory_percent: Option<u64>,
    /// How the provider serves.
    pub wan: Wan,
    /// Where container images come from.
    pub registry: Registry,
    /// Who is on the LAN, by MAC address.
    pub clients: BTreeMap<String, Client>,
}

/// A request to the world that cannot be fulfilled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Impossible(pub String);

impl Device {
    /// Cuts or restores an interface's link.
    ///
    /// # Errors
    /// No interface of that name.
    pub fn set_link(&mut self, now: Duration, interface: &str, up: bool) -> Result<(), Impossible> {
        self.known_interface(interface)?;
        self.settle(now);
        if up {
            self.world.down.remove(interface);
        } else {
            self.world.down.insert(interface.to_owned());
        }
        self.unsettled = true;
        self.settle(now);
        Ok(())
    }

    /// Lets a WireGuard interface's peer fall silent or speak again. The interface runs on.
    ///
    /// # Errors
    /// No WireGuard interface of that name.
    pub fn set_peer(&mut self, now: Duration, interface: &str, alive: bool) -> Result<(), Impossible> {
        if self.known_interface(interface)?.kind != "wg" {
            return Err(Impossible(format!("`{interface}` is no WireGuard interface, so it has no peer")));
        }
        self.settle(now);
        if alive {
            self.world.silent.remove(interface);
            self.world.peered.insert(interface.to_owned(), now);
        } else {
            let last = self.handshake_age(interface).unwrap_or_default();
            self.world.silent.insert(interface.to_owned(), now.saturating_sub(last));
        }
        self.unsettled = true;
        self.settle(now);
        Ok(())
    }

    /// Time since the last handshake of a WireGuard interface's peers; nothing when there never was one.
    pub fn handshake_age(&self, interface: &str) -> Option<Duration> {
        // A live peer renews its keys about every two minutes.
        const RENEWED: u128 = 120_000;
        if let Some(last) = self.world.silent.get(interface) {
            return Some(self.now.saturating_sub(*last));
        }
        let since = self.world.peered.get(interface)?;
        let age = self.now.saturating_sub(*since).as_millis() % RENEWED;
        Some(Duration::from_millis(u64::try_from(age).unwrap_or(0)))
    }

    /// How much of the processor and memory is in use, per cent, and the processor's temperature in degrees Celsius.
    ///
    /// # Errors
    /// More than a hundred per cent.
    pub fn set_resource(
        &mut self,
        now: Duration,
        cpu: Option<u64>,
        memory: Option<u64>,
        temperature: Option<u64>,
    ) -> Result<(), Impossible> {
        if [cpu, memory].into_iter().flatten().any(|percent| percent > 100) {
            return Err(Impossible("nothing is used by more than 100 per cent".to_owned()));
        }
        self.settle(now);
        self.world.cpu_percent = cpu.or(self.world.cpu_percent);
        self.world.memory_percent = memory.or(self.world.memory_percent);
        let id = self.store("/system/health").named("cpu-temperature").map(|row| row.id);
        if let (Some(id), Some(temperature)) = (id, temperature)
            && let Some(row) = self.store_mut("/system/health").row_mut(id)
        {
            row.attributes.insert("value".to_owned(), temperature.to_string());
        }
        Ok(())
    }

    /// Lets an interface's counters run at these rates, in bits a second.
    ///
    /// # Errors
    /// No interface of that name.
    pub fn set_traffic(&mut self, now: Duration, interface: &str, rx: u64, tx: u64) -> Result<(), Impossible> {
        self.known_interface(interface)?;
        self.settle(now);
        let id = self.interface(interface).map(|row| row.id);
        if let Some(row) = id.and_then(|id| self.store_mut("/interface").row_mut(id)) {
            for (meter, bps) in row.meters.iter_mut().zip([rx, tx]) {
                meter.rate = if bps == 0 { Rate::Still } else { Rate::Flat(bps) };
            }
        }
        self.rates_changed();
        Ok(())
    }

    /// Sets a rule's byte counter, or the rate at which it runs. `rule` is its id or its comment.
    ///
    /// # Errors
    /// No menu or rule of that kind.
    pub fn set_rule(
        &mut self,
        now: Duration,
        menu: &str,
        rule: &str,
        bytes: Option<u64>,
        bps: Option<u64>,
    ) -> Result<(), Impossible> {
        self.settle(now);
        let id = self
            .store(menu)
            .rows
            .iter()
            .find(|row| row.id.to_string() == rule || row.get("comment") == Some(rule))
            .map(|row| row.id);
        let id = id.ok_or_else(|| Impossible(format!("{menu} has no rule with the id or comment `{rule}`")))?;
        if let Some(row) = self.store_mut(menu).row_mut(id) {
            if let Some(bytes) = bytes {
                row.meters[0].set_bytes(bytes);
            }
            if let Some(bps) = bps {
                row.meters[0].rate = Rate::Flat(bps);
            }
        }
        self.rates_changed();
        Ok(())
    }

    /// Every counter of the device at zero, as after a restart.
    pub fn reset_all_counters(&mut self, now: Duration) {
        self.settle(now);
        for store in self.stores.values_mut() {
            for row in &mut store.rows {
                row.meters.iter_mut().for_each(|meter| meter.set_bytes(0));
            }
        }
    }

    /// The power goes: what was configured within `lost` before is gone (how long a router takes to write it to its
    /// flash no source says), and all that a restart loses.
    pub fn power_cut(&mut self, now: Duration, lost: Duration) {
        self.settle(now);
        self.undo_newer(now.saturating_sub(lost));
        self.confirm_mode();
        self.reboot(now);
    }

    /// Somebody presses the button. Whether that has confirmed a change of device-mode: then the device restarts.
    pub fn press(&mut self, now: Duration) -> bool {
        self.settle(now);
        self.confirm_mode()
    }

    /// The time of day jumps by so many milliseconds, backward when below zero. No time passes.
    pub fn shift_clock(&mut self, now: Duration, by_ms: i64) {
        self.settle(now);
        let by = Duration::from_millis(by_ms.unsigned_abs());
        self.epoch = if by_ms < 0 { self.epoch.saturating_sub(by) } else { self.epoch + by };
        self.log("system,info", "time changed");
    }

    /// A restart: what lived in memory is gone, ids are others, counters and uptime begin at zero.
    pub fn reboot(&mut self, now: Duration) {
        self.reset_all_counters(now);
        let unpacked = self.take_containers();
        for store in self.stores.values_mut() {
            store.rows.retain(|row| {
                !row.is_dynamic() || matches!(&row.origin, super::row::Origin::Dynamic(key) if key == "lease")
            });
            store.renumber();
        }
        self.forget_links();
        self.scripts.reboot();
        self.forget_files_in_memory();
        self.booted = now;
        self.forget_schedules();
        self.forget_watches();
        self.boot_containers(&unpacked);
        self.unsettled = true;
        self.begin_history();
        self.updates = super::device_mode::Updates::default();
        self.carry_out_schedule();
        self.settle(now);
        self.log("system,info", "router rebooted");
    }

    /// Links are counted since the start; leases go on to run out, under their new ids.
    fn forget_links(&mut self) {
        for row in &mut self.store_mut("/interface").rows {
            for name in ["running", "link-downs", "last-link-up-time", "last-link-down-time"] {
                row.derived.remove(name);
            }
        }
        let leases = self.store(LEASES).rows.iter().filter_map(|row| Some((row.expires?, row.id)));
        let leases: Vec<_> = leases.map(|(at, id)| (at, LEASES.to_owned(), id)).collect();
        self.expiries.extend(leases);
    }

    fn known_interface(&self, name: &str) -> Result<&Row, Impossible> {
        self.interface(name).ok_or_else(|| {
            let names: Vec<&str> = self.store("/interface").rows.iter().map(Row::name).collect();
            Impossible(format!("the router has no interface `{name}`; it has: {}", names.join(" ")))
        })
    }

    /// A request of the router itself, for the twin's own use.
    ///
    /// # Errors
    /// As [`Device::perform`].
    pub fn run(&mut self, now: Duration, request: &Request) -> Result<super::Reply, Trap> {
        self.perform(now, &super::caller::Caller::router(), request)
    }
}
