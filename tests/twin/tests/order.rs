//! Properties of the device: order and ids hold whatever is done, and nothing that is asked makes it fall over.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where the twin does not follow"
)]

use std::{collections::BTreeSet, time::Duration};

use bulkhead_twin::{
    device::{Device, Reply, caller::Caller, request::Request},
    schema,
};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Add(Option<usize>),
    Set(usize),
    Move(usize, Option<usize>),
    Remove(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => prop::option::of(any::<usize>()).prop_map(Step::Add),
        1 => any::<usize>().prop_map(Step::Set),
        2 => (any::<usize>(), prop::option::of(any::<usize>())).prop_map(|(row, to)| Step::Move(row, to)),
        1 => any::<usize>().prop_map(Step::Remove),
    ]
}

fn device() -> Device {
    Device::new(schema::shipped("7.24").unwrap(), Duration::ZERO)
}

fn run(device: &mut Device, verb: &str, arguments: &[(&str, &str)]) -> Option<String> {
    match device.run(Duration::ZERO, &Request::new("/ip/firewall/filter", verb, arguments)) {
        Ok(Reply::Done(value)) => value,
        other => panic!("{verb} {arguments:?}: {other:?}"),
    }
}

/// Ids of the static rows in their order.
fn ids(device: &Device) -> Vec<String> {
    device.static_rows("/ip/firewall/filter").iter().map(|row| row.id.to_string()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_sequence_of_edits_keeps_the_order_of_a_plain_list_and_unique_ids(steps in prop::collection::vec(step(), 1..60)) {
        let mut device = device();
        // A dummy row stands above all of them throughout.
        let fast = run(&mut device, "add", &[("chain", "forward"), ("action", "fasttrack-connection")]).unwrap_or_default();
        let mut model = vec![fast.clone()];
        let mut given = BTreeSet::from([fast]);
        for step in steps {
            match step {
                Step::Add(before) => {
                    let before = before.map(|at| at % model.len());
                    let place = before.map(|at| model[at].clone()).unwrap_or_default();
                    let mut arguments = vec![("chain", "forward")];
                    if before.is_some() {
                        arguments.push(("place-before", &place));
                    }
                    let id = run(&mut device, "add", &arguments).unwrap_or_default();
                    prop_assert!(given.insert(id.clone()), "{id} was given twice");
                    model.insert(before.unwrap_or(model.len()), id);
                }
                Step::Set(row) => {
                    let row = model[row % model.len()].clone();
                    run(&mut device, "set", &[(".id", &row), ("comment", "seen")]);
                }
                Step::Move(row, to) => {
                    let row = model[row % model.len()].clone();
                    let to = to.map(|at| model[at % model.len()].clone()).filter(|to| *to != row);
                    let mut arguments = vec![("numbers", &*row)];
                    arguments.extend(to.as_deref().map(|to| ("destination", to)));
                    run(&mut device, "move", &arguments);
                    model.retain(|id| *id != row);
                    let at = to.and_then(|to| model.iter().position(|id| *id == to)).unwrap_or(model.len());
                    model.insert(at, row);
                }
                Step::Remove(row) if model[row % model.len()] != model[0] && model.len() > 1 => {
                    let row = model.remove(row % model.len());
                    run(&mut device, "remove", &[(".id", &row)]);
                }
                Step::Remove(_) => {}
            }
            prop_assert_eq!(&ids(&device), &model);
        }
    }

    #[test]
    fn nothing_that_is_asked_makes_the_device_fall_over(
        asked in prop::collection::vec((0_usize..1974, "[a-z*0-9,!/.-]{0,12}", any::<u8>(), 0_u64..100_000), 1..40),
    ) {
        let mut device = device();
        device.build("x", "y");
        let paths: Vec<String> = device.schema.commands().map(|(path, _)| path.to_owned()).collect();
        for (at, value, argument, ms) in asked {
            let path = &paths[at % paths.len()];
            let (menu, verb) = path.rsplit_once('/').unwrap_or_default();
            let names: Vec<String> = device.schema.command(path).into_iter().flatten().map(|(name, _)| name.clone()).collect();
            let name = names.get(usize::from(argument) % names.len().max(1)).cloned().unwrap_or_default();
            let request = Request { queries: vec![value.clone()], ..Request::new(menu, verb, &[(&name, &value), ("numbers", &value)]) };
            let _ = device.perform(Duration::from_millis(ms), &Caller::router(), &request);
            let _ = device.export();
        }
    }
}
