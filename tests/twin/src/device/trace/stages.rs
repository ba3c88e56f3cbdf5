//! The stages of a packet's way, in their order.

use shared::routeros::trace::{ConnectionState, Verdict};

use super::{Arrival, End, Table, Walk, address, route};

impl Walk<'_> {
    /// A packet that comes in.
    pub(super) fn arrive(&mut self) -> Verdict {
        if let Some(verdict) = self.take_in() {
            return verdict;
        }
        // *FastTrack*: such packets pass by the whole firewall, raw too, as its dummy rule there shows.
        if self.is_fasttracked() {
            self.track("prerouting");
            return self.fast();
        }
        if let Some(verdict) = self.table(Table::Raw, "prerouting") {
            return verdict;
        }
        self.track("prerouting");
        if let Some(verdict) = self.table(Table::Mangle, "prerouting") {
            return verdict;
        }
        self.translate_destination();
        if self.packet.dst.is_multicast() {
            // No route is asked for it, and nobody is told that there is none (RFC 1122, 3.2.2).
            self.tell("routing", "local", "local", None, Some("multicast".to_owned()));
            return self.input();
        }
        let to = match self.route() {
            route::Decision::Local => return self.input(),
            route::Decision::Out(to) => to,
            route::Decision::Stop(verdict) => return verdict,
        };
        if let Some(verdict) = self.cannot_forward() {
            return verdict;
        }
        self.leaving = Some(to.interface.clone());
        for table in [Table::Mangle, Table::Filter] {
            if let Some(verdict) = self.table(table, "forward") {
                return verdict;
            }
        }
        self.leave(&to)
    }

    /// A packet that the router sends. Its way is looked up before the rules and, when they marked it for another
    /// table, again after them: *routing adjustment* of the packet flow.
    pub(super) fn send(&mut self) -> Verdict {
        let mut to = self.route();
        if let route::Decision::Stop(verdict) = to {
            return verdict;
        }
        self.set_out(&to);
        if let Some(verdict) = self.table(Table::Raw, "output") {
            return verdict;
        }
        self.track("output");
        let mark = self.packet.routing_mark.clone();
        for table in [Table::Mangle, Table::Filter] {
            if let Some(verdict) = self.table(table, "output") {
                return verdict;
            }
        }
        if self.packet.routing_mark != mark {
            to = self.route();
            self.set_out(&to);
        }
        match to {
            // To itself: out and in again (*Packet Flow in RouterOS*).
            route::Decision::Local => self.input(),
            route::Decision::Out(to) => self.leave(&to),
            route::Decision::Stop(verdict) => verdict,
        }
    }

    fn set_out(&mut self, to: &route::Decision) {
        if let route::Decision::Out(hop) = to {
            self.leaving = Some(hop.interface.clone());
        }
    }

    fn input(&mut self) -> Verdict {
        let stopped = [Table::Mangle, Table::Filter].into_iter().find_map(|table| self.table(table, "input"));
        stopped.unwrap_or(Verdict::Local)
    }

    fn leave(&mut self, to: &route::Hop) -> Verdict {
        if let Some(verdict) = self.table(Table::Mangle, "postrouting") {
            return verdict;
        }
        self.translate_source();
        self.enter_tunnel(to).unwrap_or(Verdict::Forward)
    }

    /// Fasttracked packets of a connection meet no more rules (*FastTrack*) and honour the table `main` only.
    fn fast(&mut self) -> Verdict {
        self.tell("fasttrack", "prerouting", "fasttrack-connection", None, Some("no rule sees this packet".to_owned()));
        self.count_as_fasttracked();
        self.packet.routing_mark = None;
        self.translate_destination();
        match self.route_by_main() {
            route::Decision::Local => Verdict::Local,
            route::Decision::Stop(verdict) => verdict,
            route::Decision::Out(to) => {
                if let Some(verdict) = self.cannot_forward() {
                    return verdict;
                }
                self.leaving = Some(to.interface.clone());
                self.translate_source();
                self.enter_tunnel(&to).unwrap_or(Verdict::Forward)
            }
        }
    }

    /// Which interface the packet reaches: rules see the bridge or the VLAN interface, never a port (a port in a rule
    /// makes that rule invalid).
    fn take_in(&mut self) -> End {
        let name = self.packet.in_interface.clone().unwrap_or_default();
        let runs = |name: &str| self.device.interface(name).is_some_and(|row| row.is("running"));
        if !runs(&name) {
            self.tell("interface", &name, "drop", None, Some("the interface does not run".to_owned()));
            return Some(Verdict::Drop);
        }
        match self.device.arrives_at(&name) {
            Arrival::At(interface) if runs(&interface) => {
                if interface != name {
                    let note = format!("`{name}` is a port: the packet comes in by `{interface}`");
                    self.tell("interface", &name, "accept", None, Some(note));
                }
                self.arrived = Some(interface);
                self.leave_tunnel()
            }
            Arrival::At(interface) => {
                self.tell("interface", &interface, "drop", None, Some("the interface does not run".to_owned()));
                Some(Verdict::Drop)
            }
            Arrival::Nowhere(why) => {
                self.tell("interface", &name, "drop", None, Some(why));
                Some(Verdict::Drop)
            }
        }
    }

    /// WireGuard takes packets from and for addresses that a peer's `allowed-address` holds only.
    fn leave_tunnel(&mut self) -> End {
        let interface = self.arrived.clone().unwrap_or_default();
        if address::wireguard_allows(self.device, &interface, self.packet.src) {
            return None;
        }
        let note = format!("no peer's allowed-address holds {}", self.packet.src);
        self.tell("wireguard", &interface, "drop", None, Some(note));
        Some(Verdict::Drop)
    }

    fn enter_tunnel(&mut self, to: &route::Hop) -> End {
        // Whatever the gateway is: WireGuard has no neighbours, and looks at the packet's destination.
        if address::wireguard_allows(self.device, &to.interface, self.packet.dst) {
            return None;
        }
        let note = format!("no peer's allowed-address holds {}", self.packet.dst);
        self.tell("wireguard", &to.interface, "unreachable", None, Some(note));
        Some(Verdict::Unreachable)
    }

    fn cannot_forward(&mut self) -> End {
        let (menu, name) =
            if self.packet.dst.is_ipv4() { ("/ip/settings", "ip-forward") } else { ("/ipv6/settings", "forward") };
        if self.device.setting(menu, name) != "false" {
            return None;
        }
        self.tell("routing", "forward", "drop", None, Some(format!("{menu} {name}=no")));
        Some(Verdict::Drop)
    }

    /// Whether the packet takes the short way: its connection is known, and a rule or who asks says so.
    fn is_fasttracked(&self) -> bool {
        let known = self.is(ConnectionState::Established) || self.is(ConnectionState::Related);
        let said = || self.packet.fasttrack || self.device.remembered(&self.packet).is_some_and(|row| row.fasttrack);
        known && self.device.setting("/ip/firewall/connection/tracking", "enabled") != "no" && said()
    }

    /// Connection tracking: what is remembered of the packet's connection.
    fn track(&mut self, chain: &str) {
        if self.device.setting("/ip/firewall/connection/tracking", "enabled") == "no" {
            self.packet.connection_state = ConnectionState::Untracked;
        }
        if !matches!(self.packet.connection_state, ConnectionState::Established | ConnectionState::Related) {
            self.packet.fasttrack = false;
            return;
        }
        let Some(remembered) = self.device.remembered(&self.packet) else { return };
        if let Some(note) = remembered.note() {
            let row = self.device.connection(self.packet.dst, remembered.id);
            self.tell("connection", chain, "accept", row, Some(note));
        }
        self.packet.connection_mark.clone_from(&remembered.mark);
        self.packet.fasttrack |= remembered.fasttrack;
        self.packet.connection_nat_state.clone_from(&remembered.nat);
        self.remembered = remembered;
    }
}
