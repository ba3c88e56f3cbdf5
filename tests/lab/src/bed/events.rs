//! What is done to the router and around it: to the kernel first, where it would happen, then the twin is told.

use super::{Bed, TUNNEL, state};
use crate::{clock, kernel::rows::Rows, marker::Kind, network};
use anyhow::Context as _;
use std::{collections::BTreeMap, sync::atomic::Ordering};

/// A row that was deleted, to be put back.
pub(crate) struct Deleted {
    menu: String,
    row: BTreeMap<String, String>,
    before: Option<String>,
}

impl Bed {
    /// Cuts or restores the tunnel's link.
    ///
    /// # Errors
    /// What the kernel or the twin says.
    pub(crate) fn set_tunnel(&self, up: bool) -> anyhow::Result<()> {
        let state = if up { "up" } else { "down" };
        // Nobody carries out rows that say otherwise meanwhile: a route by what is down is refused.
        let mut kernel = self.kernel();
        self.network.router.command("ip", &["link", "set", TUNNEL, state])?;
        self.bench.twin.set_link(TUNNEL, up)?;
        if up {
            kernel.forget_routes();
        }
        drop(kernel);
        self.settle()
    }

    /// Cuts or restores the first provider's line.
    ///
    /// # Errors
    /// What the kernel or the twin says.
    pub(crate) fn set_line(&self, up: bool) -> anyhow::Result<()> {
        self.network.isp.command("ip", &["link", "set", "wan1", if up { "up" } else { "down" }])?;
        if up {
            network::batch(&self.network.isp, "addr replace 2001:db8:1::1/64 dev wan1 nodad\n")?;
        }
        self.bench.twin.set_link("ether1", up)?;
        self.settle()
    }

    /// A boot of the router: memory is lost, only what is kept comes back. Nothing is forwarded before the configuration
    /// is there.
    ///
    /// # Errors
    /// What the kernel says.
    pub(crate) fn boot(&mut self, up: bool) -> anyhow::Result<()> {
        self.frozen(|bed| {
            bed.kernel().boot()?;
            if !up {
                bed.network.router.command("ip", &["link", "set", TUNNEL, "down"])?;
                bed.bench.twin.set_link(TUNNEL, false)?;
            }
            bed.bench.twin.reboot();
            bed.carry_out()?;
            bed.kernel().booted()
        })?;
        self.settle()
    }

    /// Does something while the kernel does not follow the twin.
    ///
    /// # Errors
    /// Those of what is done.
    pub(crate) fn frozen<T>(&mut self, work: impl FnOnce(&mut Self) -> anyhow::Result<T>) -> anyhow::Result<T> {
        self.follower.frozen.store(true, Ordering::SeqCst);
        // A round that is under way holds the kernel.
        drop(self.kernel());
        let done = work(self);
        self.follower.frozen.store(false, Ordering::SeqCst);
        done
    }

    /// Carries out what the twin has now, whether or not the kernel follows.
    ///
    /// # Errors
    /// A row that cannot be carried out.
    pub(crate) fn carry_out(&self) -> anyhow::Result<()> {
        self.kernel().apply(&Rows::of(&self.bench.twin))
    }

    /// Kills the tunnel's program and takes the interface off the router.
    ///
    /// # Errors
    /// What the twin says.
    pub(crate) fn kill_tunnel(&mut self) -> anyhow::Result<()> {
        self.frozen(|bed| {
            bed.network.kill_tunnel()?;
            bed.kernel().forget_link(TUNNEL);
            bed.admin("/interface/wireguard", "remove", &[("numbers", TUNNEL)])?;
            bed.carry_out()
        })
    }

    /// Makes the tunnel anew, as an administrator would.
    ///
    /// # Errors
    /// What the twin or WireGuard's programs say.
    pub(crate) fn make_tunnel(&mut self) -> anyhow::Result<()> {
        let [private, public] = self.keys.clone();
        self.frozen(|bed| {
            let tunnel = [("name", TUNNEL), ("listen-port", "51820"), ("private-key", private.as_str())];
            bed.admin("/interface/wireguard", "add", &tunnel)?;
            let peer = [
                ("interface", TUNNEL),
                ("public-key", public.as_str()),
                ("endpoint-address", "198.51.100.7"),
                ("endpoint-port", "51820"),
                ("allowed-address", "0.0.0.0/0"),
                ("persistent-keepalive", "25s"),
            ];
            bed.admin("/interface/wireguard/peers", "add", &peer)?;
            let rows = Rows::of(&bed.bench.twin);
            let old = rows.menu("/ip/address").iter().filter(|row| row.text("address") == "10.66.0.2/32");
            for row in old {
                bed.admin("/ip/address", "remove", &[("numbers", row.text(".id"))])?;
            }
            bed.admin("/ip/address", "add", &[("address", "10.66.0.2/32"), ("interface", TUNNEL)])?;
            let settings = state::tunnel_settings(&bed.bench.twin, TUNNEL)?;
            bed.network.open_tunnel(TUNNEL, settings)?;
            bed.carry_out()
        })?;
        self.settle()
    }

    /// Renames the tunnel's interface.
    ///
    /// # Errors
    /// What the kernel or the twin says.
    pub(crate) fn rename_tunnel(&mut self, from: &str, to: &str) -> anyhow::Result<()> {
        self.frozen(|bed| {
            bed.network.rename_tunnel(from, to)?;
            bed.admin("/interface/wireguard", "set", &[("numbers", from), ("name", to)])?;
            bed.kernel().forget_link(from);
            bed.carry_out()
        })?;
        self.settle()
    }

    /// Notes where the tunnel carries anything while it may not.
    pub(crate) fn shut(&mut self, when: &str) {
        let carried = |bed: &Self| Kind::CARRIED.map(|kind| bed.book.count(crate::capture::Wire::Tunnel, kind));
        // What is under way arrives.
        clock::pause(100);
        let before = carried(self);
        clock::pause(200);
        if carried(self) != before {
            self.findings.push(format!("the tunnel carries packets {when}"));
        }
    }

    /// Deletes the row of ours whose comment ends so.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn delete(&self, menu: &str, mark: &str) -> anyhow::Result<Deleted> {
        let ids = self.ids(menu, "");
        let id = self.ids(menu, mark).first().cloned().with_context(|| format!("{menu} has no row {mark}"))?;
        let before = ids.iter().skip_while(|one| **one != id).nth(1).cloned();
        let export = self.bench.export();
        let rows = export.get(menu).into_iter().flatten();
        let ours = |row: &&BTreeMap<String, String>| row.get("comment").is_some_and(|comment| comment.ends_with(mark));
        let row = rows.into_iter().find(ours).cloned().context("the row is in no export")?;
        self.admin(menu, "remove", &[("numbers", &id)])?;
        self.settle()?;
        Ok(Deleted { menu: menu.to_owned(), row, before })
    }

    /// Puts it back where it stood, unless somebody already has.
    ///
    /// # Errors
    /// The router's trap.
    pub(crate) fn put_back(&self, deleted: Deleted) -> anyhow::Result<()> {
        let Deleted { menu, row, before } = deleted;
        let comment = row.get("comment").map_or("", String::as_str);
        if !self.ids(&menu, comment).is_empty() {
            return Ok(());
        }
        let mut words: Vec<(&str, &str)> = row.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let ordered = menu.contains("/firewall/") || menu == "/routing/rule";
        words.extend(before.as_deref().filter(|_| ordered).map(|before| ("place-before", before)));
        self.admin(&menu, "add", &words)?;
        self.settle()
    }
}
