//! The router's rows carried out by a Linux kernel, in a network namespace.
//!
//! Follows the twin: whenever something has changed there, what differs is done here: interfaces and addresses first,
//! then routes, then one load of all rules, which takes effect as a whole. What was counted goes back to the twin. A row
//! that cannot be carried out is an error that ends the run.

mod counters;
mod firewall;
mod links;
mod routes;
pub(crate) mod rows;
mod rule;
mod vlans;

use crate::{clock, lane, namespace::Namespace};
use firewall::Firewall;
use links::Links;
use routes::{Routes, Tables};
use rows::{Row, Rows};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Instant,
};

/// Where the other end of a port's cable is: the namespace, and the interface's name there.
pub(crate) type Cables = BTreeMap<&'static str, (Arc<Namespace>, &'static str)>;

/// What is left out or bent before the rows are carried out: a mutant, or a layer that is off.
pub(crate) type Bend = Arc<dyn Fn(&str, &Row) -> Option<Row> + Send + Sync>;

/// What protects by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    /// The routes of all tables but `main`.
    Tables,
    /// The routing rules.
    Rules,
    /// All rules of all firewall tables.
    Firewall,
}

/// How long packets may be under way inside of a kernel that has much to do.
const UNDER_WAY_MS: u64 = 100;

/// How long a timed entry may differ from the twin's before it is loaded anew.
const SLACK_MS: u64 = 1500;

/// The kernel's side of the router.
pub(crate) struct Kernel {
    /// Where the router is.
    pub(crate) namespace: Arc<Namespace>,
    /// What is changed in the rows before they are carried out.
    pub(crate) bends: Vec<Bend>,
    cables: Cables,
    tables: Tables,
    links: Links,
    routes: Routes,
    firewall: Firewall,
    /// Interfaces at which packets of known flows are taken out.
    fast: BTreeSet<String>,
    /// When the timed entries were loaded.
    loaded: Option<Instant>,
    /// When an open gate's entry was first absent from, or present in, what is loaded.
    gate: (bool, Option<Instant>),
    counted: BTreeMap<String, (u64, u64)>,
    epoch: u32,
    /// How many loads there were.
    pub(crate) loads: u64,
}

impl Kernel {
    /// A router with nothing.
    ///
    /// # Errors
    /// What the namespace says.
    pub(crate) fn new(namespace: Arc<Namespace>, cables: Cables) -> anyhow::Result<Self> {
        for (name, value) in [
            ("ipv4/ip_forward", "1"),
            ("ipv6/conf/all/forwarding", "1"),
            ("ipv4/conf/all/rp_filter", "0"),
            ("ipv4/conf/default/rp_filter", "0"),
            ("ipv4/conf/all/send_redirects", "0"),
            // What the router says of packets is said each time: what is said now and then is seen by chance.
            ("ipv4/icmp_ratemask", "0"),
            ("ipv6/icmp/ratelimit", "0"),
            // Addresses of the link are there at once: there is nobody to doubt them.
            ("ipv6/conf/all/accept_dad", "0"),
            ("ipv6/conf/default/accept_dad", "0"),
            ("bridge/bridge-nf-call-iptables", "0"),
            ("bridge/bridge-nf-call-ip6tables", "0"),
        ] {
            namespace.sysctl(name, value)?;
        }
        namespace.command("ip", &["rule", "add", "fwmark", firewall::FAST_MARK, "lookup", "main", "pref", "400"])?;
        Ok(Self {
            namespace,
            bends: Vec::new(),
            cables,
            tables: Tables::default(),
            links: Links::default(),
            routes: Routes::default(),
            firewall: Firewall::default(),
            fast: BTreeSet::new(),
            loaded: None,
            gate: (false, None),
            counted: BTreeMap::new(),
            epoch: 0,
            loads: 0,
        })
    }

    /// Does what differs.
    ///
    /// # Errors
    /// A row that cannot be carried out, or what the kernel says.
    pub(crate) fn apply(&mut self, rows: &Rows) -> anyhow::Result<()> {
        // The agent's writes take effect one after the other on a router; here many are seen at once. What goes is gone
        // before its rules, and what comes finds its rules there.
        let bent = self.bent(rows);
        let wanted = links::wanted(&bent)?;
        self.bridge(&links::leaving_vlans(&self.links, &wanted))?;
        self.ip("", &links::leaving(&self.links, &wanted))?;
        self.apply_firewall(&bent)?;
        self.apply_links(wanted)?;
        self.apply_routes(&bent)
    }

    fn bent(&self, rows: &Rows) -> Rows {
        let one = |menu: &str, row: &Row| self.bends.iter().try_fold(row.clone(), |row, bend| bend(menu, &row));
        let all = |menu: &'static str, rows: &[Row]| (menu, rows.iter().filter_map(|row| one(menu, row)).collect());
        Rows(rows.0.iter().map(|(menu, rows)| all(menu, rows)).collect())
    }

    fn apply_links(&mut self, wanted: Links) -> anyhow::Result<()> {
        if wanted == self.links {
            return Ok(());
        }
        let fresh: Vec<_> = wanted.all.keys().filter(|name| !self.links.all.contains_key(*name)).cloned().collect();
        self.ip("", &links::coming(&self.links, &wanted))?;
        if lane::abilities().vlans {
            self.namespace.feed("nft", &["-f", "-"], wanted.filtering.tagged())?;
        }
        self.bridge(&links::coming_vlans(&self.links, &wanted))?;
        for name in fresh {
            if let Some((there, end)) = self.cables.get(name.as_str()) {
                let (far, id) = (format!("{name}-x"), there.id());
                self.namespace.command("ip", &["link", "set", &far, "netns", &id, "name", end])?;
                there.command("ip", &["link", "set", end, "up"])?;
            }
        }
        self.links = wanted;
        self.watch_flows()?;
        // What the kernel took along with an interface is put in anew.
        self.routes.routes.clear();
        Ok(())
    }

    /// Flows are known again at interfaces that are new.
    fn watch_flows(&mut self) -> anyhow::Result<()> {
        let routed = self.links.all.keys().filter(|name| !self.links.ports.contains_key(*name)).cloned().collect();
        if let Some(text) = firewall::flows_at(&routed).filter(|_| routed != self.fast) {
            self.namespace.feed("nft", &["-f", "-"], text)?;
        }
        self.fast = routed;
        Ok(())
    }

    fn apply_routes(&mut self, rows: &Rows) -> anyhow::Result<()> {
        let wanted = routes::wanted(rows, &mut self.tables)?;
        if wanted == self.routes {
            return Ok(());
        }
        for family in ["-4", "-6"] {
            let (gone, come): (Vec<_>, Vec<_>) =
                routes::lines(&self.routes, &wanted, family).into_iter().partition(|line| line.contains(" del "));
            self.ip(family, &come)?;
            // What went by itself, or was replaced, is no longer there to be removed.
            if !gone.is_empty() {
                let _ = self.namespace.feed("ip", &[family, "-force", "-batch", "-"], text(&gone));
            }
        }
        self.routes = wanted;
        Ok(())
    }

    fn apply_firewall(&mut self, rows: &Rows) -> anyhow::Result<()> {
        let tables = &mut self.tables;
        let wanted = firewall::wanted(rows, self.epoch, &mut |name| tables.number(name))?;
        let age = self.loaded.map_or(0, clock::millis_since);
        let near = |(mine, left): (&u64, &u64)| mine.saturating_sub(age).abs_diff(*left) < SLACK_MS;
        let same = wanted.text == self.firewall.text
            && wanted.timed.keys().eq(self.firewall.timed.keys())
            && self.firewall.timed.values().zip(wanted.timed.values()).all(near);
        if same {
            return Ok(());
        }
        self.namespace.feed("nft", &["-f", "-"], wanted.load())?;
        let open = wanted.timed.keys().any(|(_, list, _)| list == "bh-open") && !gate_is_shut(rows);
        if self.gate.0 != open {
            self.gate = (open, Some(clock::now()));
        }
        (self.firewall, self.loaded, self.loads) = (wanted, Some(clock::now()), self.loads + 1);
        Ok(())
    }

    /// Whether a gate is open, and since when that is loaded.
    pub(crate) fn gate(&self) -> (bool, Option<Instant>) {
        self.gate
    }

    /// Forgets routes that went by themselves.
    pub(crate) fn forget_routes(&mut self) {
        self.routes.routes.clear();
    }

    /// Takes a layer out of the kernel, behind the back of everybody.
    ///
    /// # Errors
    /// What the kernel says.
    pub(crate) fn take(&mut self, layer: Layer) -> anyhow::Result<()> {
        match layer {
            Layer::Tables => {
                let numbers: Vec<String> = (1000..1032).map(|table| format!("route flush table {table}")).collect();
                let _ = self.namespace.feed("ip", &["-force", "-batch", "-"], text(&numbers));
                self.routes.routes.clear();
            }
            Layer::Rules => {
                for family in ["-4", "-6"] {
                    let rules = self.routes.rules.iter().filter(|(of, _)| *of == family);
                    let lines: Vec<String> = rules.map(|(_, line)| format!("rule del {line}")).collect();
                    self.ip(family, &lines)?;
                }
                self.routes.rules.clear();
            }
            Layer::Firewall => {
                // The rules go, not the hooks: connections keep their translation, as they do on a router.
                self.namespace.feed("nft", &["-f", "-"], firewall::emptied())?;
                self.firewall = Firewall::default();
            }
        }
        Ok(())
    }

    /// Forgets an interface that went by itself, or has another name now.
    pub(crate) fn forget_link(&mut self, name: &str) {
        self.links.all.remove(name);
        self.links.addresses.retain(|(interface, _)| interface != name);
        self.fast.remove(name);
        self.routes.routes.clear();
    }

    /// Forgets that an interface is a port of a bridge.
    pub(crate) fn forget_port(&mut self, name: &str) {
        self.links.ports.remove(name);
    }

    /// A boot: nothing of the last one is there, and nothing passes until [`Self::booted`]. Interfaces with cables stay
    /// plugged in.
    ///
    /// # Errors
    /// What the kernel says.
    pub(crate) fn boot(&mut self) -> anyhow::Result<()> {
        self.epoch += 1;
        let nothing_passes =
            "table inet boot { chain p { type filter hook prerouting priority -500; policy drop;\n }\n }\n";
        self.namespace.feed("nft", &["-f", "-"], nothing_passes.to_owned())?;
        // What the kernel has begun to look at goes on by the old hooks; on a router that boots it is gone.
        clock::pause(UNDER_WAY_MS);
        for layer in [Layer::Rules, Layer::Tables, Layer::Firewall] {
            self.take(layer)?;
        }
        let gone = std::mem::take(&mut self.links.addresses);
        for (interface, address) in gone {
            let address = address.split(' ').next().unwrap_or_default();
            let _ = self.namespace.command("ip", &["addr", "del", address, "dev", &interface]);
        }
        Ok(())
    }

    /// The boot is over.
    ///
    /// # Errors
    /// What the kernel says.
    pub(crate) fn booted(&self) -> anyhow::Result<()> {
        self.namespace.command("nft", &["delete", "table", "inet", "boot"]).map(drop)
    }

    /// Lines about VLANs.
    fn bridge(&self, lines: &[String]) -> anyhow::Result<()> {
        if !lines.is_empty() {
            self.namespace.feed("bridge", &["-batch", "-"], text(lines))?;
        }
        Ok(())
    }

    /// Lines for one family; for both where it is empty.
    fn ip(&self, family: &str, lines: &[String]) -> anyhow::Result<()> {
        let words: Vec<&str> = [family, "-batch", "-"].into_iter().filter(|word| !word.is_empty()).collect();
        if !lines.is_empty() {
            self.namespace.feed("ip", &words, text(lines))?;
        }
        Ok(())
    }
}

/// Whether a gate rule of ours, which drops all that comes from a VIF, is switched on.
fn gate_is_shut(rows: &Rows) -> bool {
    let gate = |row: &&Row| row.text("comment").contains("/gate") && row.text("action") == "drop";
    rows.working("/ip/firewall/filter").any(|row| gate(&row))
}

fn text(lines: &[String]) -> String {
    let mut text = lines.join("\n");
    text.push('\n');
    text
}
