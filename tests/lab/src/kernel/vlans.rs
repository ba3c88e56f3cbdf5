//! Bridges with VLAN filtering, by a kernel that filters VLANs itself.
//!
//! A port belongs to the VLANs that the VLAN table names it for, and to that of its `pvid`; the bridge's own name in the table
//! stands for the router. Linux asks of every frame that comes in whether its port belongs to its VLAN, so a port with
//! `ingress-filtering=no` belongs to all VLANs of its bridge. A `horizon` becomes the isolation of the port.

use super::rows::{Row, Rows};
use anyhow::{Context as _, ensure};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

/// What all bridges of the router do with VLANs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filtering {
    /// Bridges that filter.
    bridges: BTreeSet<String>,
    /// Port or bridge and VLAN, and what the member is.
    members: BTreeMap<(String, u16), Member>,
    /// Ports that send nothing to each other.
    isolated: BTreeSet<String>,
    /// Ports that take no frame with a tag.
    untagged: BTreeSet<String>,
}

/// How frames of a VLAN come and go at a member.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Member {
    /// The bridge itself, as the router's interface.
    itself: bool,
    /// Frames without a tag belong to this VLAN.
    pvid: bool,
    /// They leave without a tag.
    untagged: bool,
}

impl Filtering {
    /// What the rows ask for.
    ///
    /// # Errors
    /// A VLAN's number that is none, or horizons that are not carried out.
    pub(super) fn wanted(
        rows: &Rows,
        filtering: &BTreeSet<&str>,
        ports: &BTreeMap<String, String>,
    ) -> anyhow::Result<Self> {
        let bridges = filtering.iter().map(|bridge| (*bridge).to_owned()).collect();
        let mut wanted = Self { bridges, ..Self::default() };
        let table: Vec<_> = rows.working("/interface/bridge/vlan").collect();
        for row in &table {
            let bridge = row.text("bridge");
            for id in ids(row.text("vlan-ids"))? {
                let named =
                    |which: &str| row.text(which).split(',').filter(|name| !name.is_empty()).collect::<Vec<_>>();
                for name in [named("tagged"), named("untagged"), named("current-untagged")].concat() {
                    if name == bridge || ports.get(name).is_some_and(|on| on == bridge) {
                        let member = wanted.member(name, id);
                        member.itself = name == bridge;
                        member.untagged |= !named("tagged").contains(&name);
                    }
                }
            }
        }
        let own = rows.menu("/interface/bridge").iter().filter(|row| filtering.contains(row.text("name")));
        for bridge in own.filter(|row| admits_untagged(row)) {
            let member = wanted.member(bridge.text("name"), bridge.text("pvid").parse()?);
            *member = Member { itself: true, pvid: true, untagged: true };
        }
        let mut horizons = BTreeSet::new();
        for port in rows.working("/interface/bridge/port").filter(|row| ports.contains_key(row.text("interface"))) {
            let (name, bridge) = (port.text("interface"), port.text("bridge"));
            if !matches!(port.text("horizon"), "" | "none") {
                horizons.insert((bridge, port.text("horizon")));
                wanted.isolated.insert(name.to_owned());
            }
            if !filtering.contains(bridge) {
                continue;
            }
            if admits_untagged(port) {
                let member = wanted.member(name, port.text("pvid").parse()?);
                (member.pvid, member.untagged) = (true, true);
            }
            if port.text("frame-types") == "admit-only-untagged-and-priority-tagged" {
                wanted.untagged.insert(name.to_owned());
            }
            if !port.is("ingress-filtering") {
                for row in table.iter().filter(|row| row.text("bridge") == bridge) {
                    for id in ids(row.text("vlan-ids"))? {
                        wanted.member(name, id);
                    }
                }
            }
        }
        ensure!(
            horizons.iter().map(|(bridge, _)| bridge).collect::<BTreeSet<_>>().len() == horizons.len(),
            "a bridge with several horizons: the kernel backend does not carry that out"
        );
        Ok(wanted)
    }

    fn member(&mut self, name: &str, id: u16) -> &mut Member {
        self.members.entry((name.to_owned(), id)).or_default()
    }

    /// The lines for `ip -batch` by which bridges filter or do not, as far as it differs or the bridge is new.
    pub(super) fn modes(&self, from: &Self, fresh: &dyn Fn(&String) -> bool) -> Vec<String> {
        let on = self.bridges.iter().filter(|bridge| !from.bridges.contains(*bridge) || fresh(bridge));
        let off = from.bridges.difference(&self.bridges).filter(|bridge| !fresh(bridge));
        let line = |bridge: &String, word| format!("link set {bridge} type bridge vlan_filtering {word}");
        on.map(|bridge| line(bridge, 1)).chain(off.map(|bridge| line(bridge, 0))).collect()
    }

    /// The lines for `bridge -batch` by which members go that `stay` otherwise.
    pub(super) fn leaving(&self, to: &Self, stays: &dyn Fn(&String) -> bool) -> Vec<String> {
        let gone = self.members.iter().filter(|(key, _)| !to.members.contains_key(*key) && stays(&key.0));
        let mut lines: Vec<String> =
            gone.map(|((name, id), member)| format!("vlan del dev {name} vid {id}{}", place(*member))).collect();
        let free = self.isolated.difference(&to.isolated).filter(|name| stays(name));
        lines.extend(free.map(|name| format!("link set dev {name} isolated off")));
        lines
    }

    /// The lines by which members come or change, those all that are `fresh`.
    pub(super) fn coming(&self, from: &Self, fresh: &dyn Fn(&String) -> bool) -> Vec<String> {
        let apart = self.isolated.iter().filter(|name| !from.isolated.contains(*name) || fresh(name));
        let mut lines: Vec<String> = apart.map(|name| format!("link set dev {name} isolated on")).collect();
        for (key, member) in &self.members {
            if from.members.get(key) != Some(member) || fresh(&key.0) {
                let mut line = format!("vlan add dev {} vid {}", key.0, key.1);
                for (word, _) in [(" pvid", member.pvid), (" untagged", member.untagged)].iter().filter(|(_, is)| *is) {
                    line.push_str(word);
                }
                lines.push(line + place(*member));
            }
        }
        lines
    }

    /// What frames with a tag meet at ports that take none, for nftables.
    pub(super) fn tagged(&self) -> String {
        let mut text = "add table bridge tagged\nflush table bridge tagged\n\
             add chain bridge tagged c { type filter hook prerouting priority -300; }\n"
            .to_owned();
        for port in &self.untagged {
            let _ = writeln!(text, "add rule bridge tagged c iifname \"{port}\" vlan id 1-4094 drop");
        }
        text
    }
}

fn place(member: Member) -> &'static str {
    if member.itself { " self" } else { " master" }
}

fn admits_untagged(row: &Row) -> bool {
    row.text("frame-types") != "admit-only-vlan-tagged"
}

/// Numbers of VLANs: `100`, `100,200` or `100-120`.
fn ids(value: &str) -> anyhow::Result<Vec<u16>> {
    let mut ids = Vec::new();
    for part in value.split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str| text.parse::<u16>().with_context(|| format!("vlan-ids={value}"));
        ids.extend(number(first)?..=number(last)?);
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[(&str, &str)]) -> Row {
        Row(values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    fn wanted(port: &[(&str, &str)]) -> anyhow::Result<Filtering> {
        let tables = [("bridge", "b"), ("vlan-ids", "100"), ("tagged", "b"), ("untagged", "p")];
        let other = [("bridge", "b"), ("vlan-ids", "200"), ("tagged", "b")];
        let bridge = [("name", "b"), ("vlan-filtering", "yes"), ("frame-types", "admit-only-vlan-tagged")];
        let rows = Rows(BTreeMap::from([
            ("/interface/bridge", vec![row(&bridge)]),
            ("/interface/bridge/vlan", vec![row(&tables), row(&other)]),
            ("/interface/bridge/port", vec![row(&[&[("bridge", "b"), ("interface", "p")], port].concat())]),
        ]));
        Filtering::wanted(&rows, &["b"].into(), &[("p".to_owned(), "b".to_owned())].into())
    }

    #[test]
    fn a_port_belongs_to_its_own_vlan_and_the_router_to_all() -> anyhow::Result<()> {
        let lines = wanted(&[("pvid", "100"), ("ingress-filtering", "yes")])?.coming(&Filtering::default(), &|_| false);
        let all = ["vlan add dev b vid 100 self", "vlan add dev b vid 200 self"];
        assert_eq!(lines, [&all[..], &["vlan add dev p vid 100 pvid untagged master"]].concat());
        Ok(())
    }

    #[test]
    fn a_port_that_does_not_ask_belongs_to_all_vlans() -> anyhow::Result<()> {
        let strict = wanted(&[("pvid", "100"), ("ingress-filtering", "yes")])?;
        let lax = wanted(&[("pvid", "100"), ("ingress-filtering", "no")])?;
        assert_eq!(lax.coming(&strict, &|_| false), ["vlan add dev p vid 200 master"]);
        assert_eq!(lax.leaving(&strict, &|_| true), ["vlan del dev p vid 200 master"]);
        Ok(())
    }
}
