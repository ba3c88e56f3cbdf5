//! Where a packet comes in, and tunnels, which take only what their peers may send and be sent.

use std::net::IpAddr;

use super::{
    super::{Verdict, address::Range, interface::Entry, route::Decision},
    Impossible, Walk,
};

impl<'m> Walk<'m, '_> {
    /// The interface at which it comes in; none where the router sends it itself.
    pub(super) fn where_it_comes_in(&mut self) -> Result<Option<&'m str>, Impossible> {
        let world = self.world;
        if let Some(name) = &self.seen.packet.in_interface {
            let known = world.interfaces.named(name);
            return known.map(Some).ok_or_else(|| Impossible::Interface(name.clone()));
        }
        let src = self.seen.packet.src;
        if world.routing.is_local(src) {
            return Ok(None);
        }
        match world.routing.decide_by_main(&world.interfaces, src) {
            Decision::Routed { route, .. } if !route.blackhole => {
                self.seen.packet.in_interface = Some(route.interface.to_owned());
                Ok(Some(route.interface))
            }
            Decision::Local
            | Decision::Routed { .. }
            | Decision::Dropped(_)
            | Decision::Refused(_)
            | Decision::Nowhere => Err(Impossible::Entry(src)),
        }
    }

    /// Takes the packet in by an interface or a port of a bridge.
    pub(super) fn enter(&mut self, interface: &'m str) -> Option<Verdict> {
        let interfaces = &self.world.interfaces;
        let mut by = interface;
        if !interfaces.is_up(interface) {
            return Some(self.stopped("interface", interface, "it is down"));
        }
        match interfaces.entry(interface) {
            Some(Entry::Stopped(reason)) => return Some(self.stopped("interface", interface, reason)),
            Some(Entry::By(routed)) => {
                by = routed;
                let note = format!("`{interface}` is a port: the packet comes in by `{by}`");
                self.tell("interface", interface, "accept", Some(note));
                if !interfaces.is_up(by) {
                    return Some(self.stopped("interface", by, "it is down"));
                }
            }
            None => {}
        }
        self.seen.in_interface = Some(by);
        if interfaces.is_wireguard(by) && !self.is_allowed(by, self.seen.packet.src) {
            return Some(self.stopped("wireguard", by, "no peer may send from this address"));
        }
        None
    }

    /// *WireGuard*: a peer is chosen by `allowed-address`; without one the sender is told that there is no way.
    pub(super) fn enter_tunnel(&mut self) -> Option<Verdict> {
        let interface = self.seen.out_interface.filter(|name| self.world.interfaces.is_wireguard(name))?;
        if self.is_allowed(interface, self.seen.packet.dst) {
            return None;
        }
        self.tell("wireguard", interface, "unreachable", Some("no peer takes this address".to_owned()));
        Some(Verdict::Unreachable)
    }

    fn is_allowed(&self, interface: &str, address: IpAddr) -> bool {
        let peers = self.world.model.rows("/interface/wireguard/peers").iter();
        peers.filter(|peer| peer.get("interface") == interface && !peer.is("disabled")).any(|peer| {
            let mut allowed = peer.get("allowed-address").split(',').filter_map(Range::parse);
            allowed.any(|range| range.contains(address))
        })
    }

    fn stopped(&mut self, table: &str, interface: &str, reason: &str) -> Verdict {
        self.tell(table, interface, "drop", Some(reason.to_owned()));
        Verdict::Drop
    }
}
