//! Converging on a router that does what it is told, and no more.

use super::*;
use crate::flow::{
    object::INSTALLER,
    vif::{Vif, objects::objects},
};
use proptest::prelude::*;
use shared::{
    ids::VifId,
    net::{InterfaceName, Subnet, VlanId},
    vif::{Egress, KillSwitchMode, Protocol, PublishedPort, VifName, VifSpec},
};

/// A router that does what a step says and nothing else: enough of RouterOS for order and marks. What RouterOS
/// makes of the words is the twin's matter.
#[derive(Clone, Default)]
struct Rows {
    menus: BTreeMap<Menu, Vec<Row>>,
    last: u32,
}

impl Rows {
    fn row(&mut self, values: impl IntoIterator<Item = (String, String)>) -> Row {
        self.last += 1;
        Row::new(values.into_iter().chain([(".id".to_owned(), format!("*{:X}", self.last))]))
    }

    fn foreign(&mut self, menu: Menu, comment: &str, dynamic: bool) {
        let row = self.row([("comment".to_owned(), comment.to_owned()), ("dynamic".to_owned(), dynamic.to_string())]);
        self.menus.entry(menu).or_default().push(row);
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.menus.clone())
    }

    fn put(&mut self, menu: Menu, row: Row, before: Option<&Anchor>) {
        let rows = self.menus.entry(menu).or_default();
        let at = before.map_or(rows.len(), |anchor| {
            rows.iter()
                .position(|row| match anchor {
                    Anchor::Mark(mark) => row.mark() == Some(mark.as_str()),
                    Anchor::Foreign(id) => row.id() == id,
                })
                .expect("the anchor is there when its step runs")
        });
        rows.insert(at, row);
    }

    fn apply(&mut self, step: &Step) {
        match step {
            Step::Add { object, before } => {
                let values: Vec<_> = object.made().map(|(name, value)| (name.to_owned(), value.into_owned())).collect();
                let row = self.row(values);
                self.put(object.menu, row, before.as_ref());
            }
            Step::Set { id, object, enable } => {
                let rows = self.menus.entry(object.menu).or_default();
                let row = rows.iter_mut().find(|row| row.id() == id).expect("the row");
                for (name, value) in object.arguments() {
                    *row = row.with([(name, &*value)]);
                }
                if *enable {
                    *row = row.with([("disabled", "false")]);
                }
            }
            Step::Clear { id, object, name } => {
                let rows = self.menus.entry(object.menu).or_default();
                let row = rows.iter_mut().find(|row| row.id() == id).expect("the row");
                *row = row.with([(*name, "")]);
            }
            Step::Shut { id, .. } => {
                let rows = self.menus.entry(Menu::Filter).or_default();
                let row = rows.iter_mut().find(|row| row.id() == id).expect("the row");
                *row = row.with([("disabled", "false")]);
            }
            Step::Move { menu, id, before, .. } => {
                let rows = self.menus.entry(*menu).or_default();
                let row = rows.remove(rows.iter().position(|row| row.id() == id).expect("the row"));
                self.put(*menu, row, before.as_ref());
            }
            Step::Remove { menu, id, .. } => self.menus.entry(*menu).or_default().retain(|row| row.id() != id),
        }
    }
}

fn vif(n: u16) -> Vif {
    Vif {
        spec: VifSpec {
            id: VifId::new(format!("v-{n}")).expect("an id"),
            name: VifName::new(format!("svc{n}")).expect("a name"),
            egress: Egress::Interface(InterfaceName::new("wg-vpn").expect("a name")),
            kill_switch: KillSwitchMode::Block,
            resolver: None,
            ports: Vec::new(),
        },
        vlan_id: VlanId::new(100 + n).expect("a VLAN id"),
        subnet: Subnet::containing(std::net::Ipv4Addr::from(0xAC10_4000 + u32::from(n) * 4), 30),
        created_at: 0,
    }
}

fn interface(name: &str) -> Egress {
    Egress::Interface(InterfaceName::new(name).expect("a name"))
}

/// The same VIF with another wish.
fn with(n: u16, alter: impl FnOnce(&mut VifSpec)) -> Vif {
    let mut vif = vif(n);
    alter(&mut vif.spec);
    vif
}

/// The first VIF with everything, falling back to the second.
fn falling_back() -> Vif {
    let port = PublishedPort {
        protocol: Protocol::Tcp,
        port: 8443,
        to_port: 443,
        from: InterfaceName::new("LAN").expect("a name"),
    };
    with(0, |spec| {
        spec.kill_switch = KillSwitchMode::Fallback(VifId::new("v-1").expect("an id"));
        spec.egress = interface("wg-two");
        spec.resolver = Some([10, 64, 0, 1].into());
        spec.ports = vec![port];
    })
}

fn furnished() -> Rows {
    let mut rows = Rows::default();
    rows.foreign(Menu::Filter, "special dummy rule to show fasttrack counters", true);
    rows.foreign(Menu::Filter, &format!("{INSTALLER}/input"), false);
    for menu in [Menu::Filter, Menu::Nat, Menu::Mangle, Menu::RoutingRule] {
        rows.foreign(menu, "somebody's first", false);
        rows.foreign(menu, "somebody's second", false);
    }
    rows
}

fn run(rows: &mut Rows, vifs: &[Vif]) -> usize {
    let steps = converge(&objects(vifs), &rows.snapshot());
    for step in &steps {
        rows.apply(step);
    }
    steps.len()
}

/// Ours stand above everything foreign and below the installer's, in the list's order.
fn assert_in_place(rows: &Rows, vifs: &[Vif]) {
    let desired = objects(vifs);
    for menu in Menu::ALL.into_iter().filter(|menu| menu.is_ordered()) {
        let snapshot = rows.snapshot();
        let marks: Vec<&str> = snapshot.static_rows(menu).map(|row| row.mark().unwrap_or("foreign")).collect();
        let wanted: Vec<&str> = desired.iter().filter(|o| o.menu == menu).map(|o| o.mark.as_str()).collect();
        let ours: Vec<&str> =
            marks.iter().copied().filter(|mark| !mark.starts_with(INSTALLER)).take(wanted.len()).collect();
        assert_eq!(ours, wanted, "{}", menu.path());
    }
}

#[test]
fn a_first_vif_is_made_above_all_foreign_rows_and_a_second_run_writes_nothing() {
    let mut rows = furnished();
    let steps = run(&mut rows, &[vif(0)]);
    assert!(steps > 30, "{steps}");
    assert_in_place(&rows, &[vif(0)]);
    assert_eq!(run(&mut rows, &[vif(0)]), 0);
}

#[test]
fn removing_the_last_vif_leaves_what_was_there_before() {
    let mut rows = furnished();
    let before = rows.snapshot();
    run(&mut rows, &[vif(0), vif(1)]);
    run(&mut rows, &[vif(1)]);
    assert_in_place(&rows, &[vif(1)]);
    run(&mut rows, &[]);
    rows.menus.retain(|_, rows| !rows.is_empty());
    assert_eq!(rows.snapshot(), before);
}

#[test]
fn whatever_opens_comes_last_and_goes_first() {
    let mut rows = furnished();
    let steps = converge(&objects(&[vif(0)]), &rows.snapshot());
    let opens = |step: &Step| step.mark().ends_with("/accept-out") || step.mark().ends_with("/route");
    let closes = |step: &Step| {
        ["closed", "jump-forward-in", "blackhole", "rule", "vlan-member"]
            .iter()
            .any(|part| step.mark().ends_with(&format!("/{part}")))
    };
    let first_open = steps.iter().position(opens).expect("an accept");
    let last_close = steps.iter().rposition(closes).expect("a drop");
    assert!(last_close < first_open);
    run(&mut rows, &[vif(0)]);
    let steps = converge(&objects(&[]), &rows.snapshot());
    let last_open = steps.iter().rposition(opens).expect("an accept");
    let first_close = steps.iter().position(closes).expect("a drop");
    assert!(last_open < first_close);
}

#[test]
fn a_rule_that_somebody_puts_on_top_makes_ours_move_back_above_it() {
    let mut rows = furnished();
    run(&mut rows, &[vif(0)]);
    let mut foreign = Rows { last: 0xFFFF, ..Rows::default() };
    foreign.foreign(Menu::Filter, "mine first!", false);
    let row = foreign.menus.remove(&Menu::Filter).expect("rows").remove(0);
    rows.menus.get_mut(&Menu::Filter).expect("rows").insert(1, row);
    let steps = converge(&objects(&[vif(0)]), &rows.snapshot());
    assert!(steps.iter().all(|step| matches!(step, Step::Move { .. })), "{steps:?}");
    for step in &steps {
        rows.apply(step);
    }
    assert_in_place(&rows, &[vif(0)]);
}

#[test]
fn an_object_that_came_twice_goes_once_and_one_with_another_value_is_set() {
    let mut rows = furnished();
    run(&mut rows, &[vif(0)]);
    let nat = rows.menus.get_mut(&Menu::Nat).expect("rows");
    let mut twin: BTreeMap<String, String> = BTreeMap::new();
    for name in ["chain", "action", "src-address", "out-interface-list", "comment"] {
        twin.insert(name.to_owned(), nat[0].get(name).to_owned());
    }
    twin.insert(".id".to_owned(), "*FFFF".to_owned());
    nat.push(Row::new(twin));
    let routes = rows.menus.get_mut(&Menu::IpRoute).expect("rows");
    let changed = routes.iter_mut().find(|row| row.get("gateway") == "wg-vpn").expect("the route");
    let values: Vec<_> = ["dst-address", "routing-table", "distance", "comment", ".id"]
        .map(|n| (n.to_owned(), changed.get(n).to_owned()))
        .into();
    *changed = Row::new(values.into_iter().chain([("gateway".to_owned(), "ether1".to_owned())]));
    let steps = converge(&objects(&[vif(0)]), &rows.snapshot());
    assert!(matches!(&steps[..], [Step::Set { .. }, Step::Remove { id, .. }] if id == "*FFFF"), "{steps:?}");
}

/// Switches the gate of the first VIF as the keeper does.
fn switch(rows: &mut Rows, disabled: &str) {
    let filter = rows.menus.get_mut(&Menu::Filter).expect("rows");
    for row in filter.iter_mut().filter(|row| row.mark().is_some_and(|mark| mark.contains("v-0/gate-"))) {
        *row = row.with([("disabled", disabled)]);
    }
}

#[test]
fn another_way_out_shuts_the_gate_first_and_nothing_of_a_change_opens_it_again() {
    let mut rows = furnished();
    run(&mut rows, &[vif(0), vif(1)]);
    switch(&mut rows, "true");
    assert_eq!(run(&mut rows, &[vif(0), vif(1)]), 0, "an open gate is no difference");
    let other = [with(0, |spec| spec.egress = interface("wg-two")), vif(1)];
    let steps = converge(&objects(&other), &rows.snapshot());
    let shut = |step: &Step| matches!(step, Step::Shut { .. });
    assert!(steps.len() > 2 && steps[..2].iter().all(shut) && !steps[2..].iter().any(shut), "{steps:?}");
    for step in &steps {
        rows.apply(step);
    }
    assert!(converge(&objects(&other), &rows.snapshot()).is_empty(), "a shut gate is no difference either");
    // Of a change that is about something else the gate hears nothing.
    switch(&mut rows, "true");
    let ports =
        [with(0, |spec| (spec.egress, spec.resolver) = (interface("wg-two"), Some([9, 9, 9, 9].into()))), vif(1)];
    assert!(!converge(&objects(&ports), &rows.snapshot()).iter().any(shut));
}

#[test]
fn a_matcher_that_somebody_adds_to_a_rule_of_ours_is_taken_away() {
    let mut rows = furnished();
    run(&mut rows, &[vif(0)]);
    for (menu, part, name, value) in [
        (Menu::Filter, "closed", "protocol", "tcp"),
        (Menu::Filter, "jump-forward-in", "connection-state", "new"),
        (Menu::RoutingRule, "rule", "dst-address", "203.0.113.0/24"),
        (Menu::Raw, "raw-stray", "in-interface", ""),
        (Menu::Nat, "masquerade", "protocol", "tcp"),
    ] {
        let all = rows.menus.get_mut(&menu).expect("rows");
        let row = all.iter_mut().find(|row| row.mark().is_some_and(|mark| mark.ends_with(part))).expect("a row");
        *row = row.with([(name, value)]);
        let steps = converge(&objects(&[vif(0)]), &rows.snapshot());
        assert_eq!(steps.len(), 1, "{part}: {steps:?}");
        for step in &steps {
            rows.apply(step);
        }
        assert!(converge(&objects(&[vif(0)]), &rows.snapshot()).is_empty(), "{part}");
    }
}

proptest! {
    /// Stop anywhere, turn round, stop again: the next run always arrives, and nothing foreign has moved.
    #[test]
    fn from_any_stop_both_directions_arrive(stops in prop::collection::vec((0_usize..100, 0_usize..7), 1..6)) {
        let off = with(0, |spec| (spec.kill_switch, spec.resolver) = (KillSwitchMode::Off, None));
        let sets = [
            vec![],
            vec![vif(0)],
            vec![vif(1)],
            vec![vif(0), vif(1), vif(2)],
            vec![off],
            vec![vif(1), falling_back()],
            vec![with(0, |spec| spec.egress = interface("wg-two")), vif(1)],
        ];
        let mut rows = furnished();
        let foreign = |rows: &Rows| {
            let snapshot = rows.snapshot();
            Menu::ALL.into_iter().flat_map(|menu| snapshot.rows(menu).to_vec()).filter(|row| row.mark().is_none()).collect::<Vec<_>>()
        };
        let before = foreign(&rows);
        for (stop, target) in stops {
            let steps = converge(&objects(&sets[target]), &rows.snapshot());
            steps.iter().take(stop).for_each(|step| rows.apply(step));
            let mut arrived = rows.clone();
            run(&mut arrived, &sets[target]);
            assert_in_place(&arrived, &sets[target]);
            prop_assert_eq!(run(&mut arrived, &sets[target]), 0);
        }
        prop_assert_eq!(foreign(&rows), before);
    }
}
