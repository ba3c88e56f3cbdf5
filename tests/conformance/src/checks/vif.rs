//! Everything that the agent writes for a VIF: written disabled and about scratch interfaces, read back, and compared as
//! the agent compares.

use bulkhead_agent::flow::{
    meaning::same,
    object::{Menu, Object},
    vif::{BRIDGE, Vif, objects},
};
use shared::{
    ids::VifId,
    net::{InterfaceName, VlanId},
    vif::{Egress, KillSwitchMode, Protocol, PublishedPort, VifName, VifSpec},
};

use crate::{
    bench::Bench,
    check::{Area::Vif as Area, Check, Evidence, Outcome, Stop},
};

const MANUAL: Evidence = Evidence::Sourced("manual: the tables of properties of each menu");

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::writes(
            "vif-objects-read-back",
            Area,
            "Every row of a VIF is taken as the agent writes it and reads back as the agent compares it.",
            MANUAL,
            |bench| Box::pin(read_back(bench)),
        )
        .package("container"),
        Check::reads(
            "vif-menus-are-read",
            Area,
            "Every menu and property that the agent reads can be read.",
            Evidence::Sourced("schemas"),
            |bench| Box::pin(menus_are_read(bench)),
        ),
    ]
}

/// A VIF whose names and addresses are all scratch.
fn vif(kill_switch: KillSwitchMode) -> Option<Vif> {
    let from = InterfaceName::new("bh-conf-list").ok()?;
    Some(Vif {
        spec: VifSpec {
            id: VifId::new("conf").ok()?,
            name: VifName::new("conf-veth").ok()?,
            egress: Egress::Interface(InterfaceName::new("bh-conf-egress").ok()?),
            kill_switch,
            resolver: Some([192, 0, 2, 129].into()),
            ports: vec![PublishedPort { protocol: Protocol::Tcp, port: 65_432, to_port: 443, from }],
        },
        vlan_id: VlanId::new(3991).ok()?,
        subnet: "192.0.2.0/30".parse().ok()?,
        created_at: 0,
    })
}

/// An object's values with scratch names in place of those that the agent's own rows have, and a chain that nothing
/// jumps to in place of those that packets pass.
fn scratch(vif: &Vif, object: &Object) -> Vec<(&'static str, String)> {
    let own = [
        (vif.egress_list(), "bh-conf-egress-list"),
        (vif.interface(), "bh-conf-vlan"),
        (vif.table(), "bh-conf-table"),
        (vif.replies_table(), "bh-conf-replies"),
        (vif.veth(), "bh-conf-veth"),
        (objects::VIF_LIST.to_owned(), "bh-conf-list"),
        (objects::OPEN_LIST.to_owned(), "bh-conf-open"),
        ("bulkhead-private".to_owned(), "bh-conf-private"),
        ("bh-agent".to_owned(), "bh-conf-egress"),
        (BRIDGE.to_owned(), "bh-conf-bridge"),
    ];
    let rename = |part: &str| {
        let (sign, bare) = part.strip_prefix('!').map_or(("", part), |bare| ("!", bare));
        let found = own.iter().find(|(name, _)| name == bare).map(|(_, scratch)| *scratch);
        format!("{sign}{}", found.unwrap_or(bare))
    };
    let attributes = object.attributes().map(|(name, value)| {
        let value = match name {
            "chain" => "bh-conf".to_owned(),
            "jump-target" => "bh-conf-target".to_owned(),
            _ => value.split(',').map(rename).collect::<Vec<_>>().join(","),
        };
        (name, value)
    });
    attributes.collect()
}

async fn read_back(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let (Some(vif), Some(off)) = (vif(KillSwitchMode::Block), vif(KillSwitchMode::Off)) else {
        return Err(Stop::Unsupported("a scratch VIF is none".to_owned()));
    };
    bench.bridge().await?;
    let egress = ["=name=bh-conf-egress", "=interface=bh-conf-bridge", "=vlan-id=3992", "=disabled=yes"];
    bench.add("/interface/vlan", &egress).await?;
    let mut wanted = objects::objects(std::slice::from_ref(&vif));
    let without = objects::objects(std::slice::from_ref(&off));
    wanted.extend(without.into_iter().filter(|object| !wanted.contains(object)).collect::<Vec<_>>());
    wanted.sort_by_key(|object| objects::rank(&object.mark));
    let mut differing = Vec::new();
    for object in wanted {
        let part = object.mark.rsplit('/').next().unwrap_or_default().to_owned();
        let values = scratch(&vif, &object);
        let given = values.iter().filter(|(_, value)| !value.is_empty());
        let mut words: Vec<String> = given.map(|(name, value)| format!("={name}={value}")).collect();
        if !matches!(object.menu, Menu::InterfaceList) {
            words.push("=disabled=yes".to_owned());
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match bench.attempt_add(object.menu.path(), &words).await? {
            Ok(id) => differing
                .extend(compared(bench, (object.menu, &values), &id).await?.map(|why| format!("{part}: {why}"))),
            Err(traps) => differing.push(format!("{part}: {}", crate::check::joined(&traps))),
        }
    }
    Ok(Outcome::of("", differing.join(", ")))
}

/// Which values do not read back, as the agent reads and compares.
async fn compared(
    bench: &Bench<'_>,
    (menu, values): (Menu, &[(&'static str, String)]),
    id: &str,
) -> Result<Option<String>, Stop> {
    let proplist = format!("=.proplist={}", menu.properties());
    let rows = bench.rows(menu.path(), &[&proplist, &format!("?.id={id}")]).await?;
    let Some(row) = rows.first() else { return Ok(Some("not there".to_owned())) };
    let wrong: Vec<String> = values
        .iter()
        .filter(|(name, value)| !same(name, value, row.get(name)))
        .map(|(name, value)| format!("{name}={value} reads {}", row.get(name)))
        .collect();
    Ok((!wrong.is_empty()).then(|| wrong.join(" ")))
}

async fn menus_are_read(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut refused = Vec::new();
    for menu in Menu::ALL {
        let proplist = format!("=.proplist={}", menu.properties());
        if let Err(traps) = bench.attempt(&[&format!("{}/print", menu.path()), &proplist]).await? {
            refused.push(format!("{}: {}", menu.path(), crate::check::joined(&traps)));
        }
    }
    Ok(Outcome::of("", refused.join(", ")))
}
