//! How the twin's speed depends on the size of a table: each command against a table that grows to 10,000 rows, the
//! last thousand beside the first.
//!
//! `cargo run -p bulkhead-twin --example growth [MENU]`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement stops where the twin does not follow, and prints"
)]

use std::time::Duration;

use bulkhead_twin::{
    clock::Clock,
    device::{Device, Reply, request::Request},
    schema,
};

const ROWS: usize = 10_000;
const BLOCK: usize = 1_000;

/// A menu, and the arguments of its n-th row.
type Table = (&'static str, fn(usize) -> Vec<(&'static str, String)>);

const TABLES: [Table; 6] = [
    ("/ip/firewall/address-list", |n| vec![("list", "many".to_owned()), ("address", address(n))]),
    ("/ip/firewall/address-list#timed", |n| {
        vec![("list", "many".to_owned()), ("address", address(n)), ("timeout", "1h".to_owned())]
    }),
    ("/ip/firewall/filter", |n| vec![("chain", "forward".to_owned()), ("src-address", address(n))]),
    ("/ip/dns/static", |n| vec![("name", format!("n{n}.example")), ("address", address(n))]),
    ("/ip/route", |n| vec![("dst-address", address(n)), ("blackhole", "yes".to_owned())]),
    ("/interface/vlan", |n| vec![("interface", "bridge1".to_owned()), ("vlan-id", (n % 4094 + 1).to_string())]),
];

fn address(n: usize) -> String {
    format!("10.{}.{}.{}", n / 65_536, n / 256 % 256, n % 256)
}

fn main() {
    let wanted = std::env::args().nth(1);
    println!("{:34} {:>8} {:>12} {:>12} {:>7}", "menu", "command", "first 1000", "last 1000", "ratio");
    for (name, row) in TABLES {
        if wanted.as_deref().is_none_or(|wanted| wanted == name) {
            measure(name, row);
        }
    }
}

fn measure(name: &str, row: fn(usize) -> Vec<(&'static str, String)>) {
    let menu = name.split('#').next().unwrap_or_default();
    let mut device = Device::new(schema::shipped("7.24").unwrap(), Duration::ZERO);
    let mut moment = 0;
    let mut run = |device: &mut Device, menu: &str, verb: &str, arguments: &[(&str, &str)]| {
        moment += 1;
        device.run(Duration::from_millis(moment), &Request::new(menu, verb, arguments)).expect(menu)
    };
    run(&mut device, "/interface/bridge", "add", &[("name", "bridge1")]);
    let mut ids = Vec::new();
    let mut add = |n: usize| {
        let values = row(n);
        let arguments: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let Reply::Done(Some(id)) = run(&mut device, menu, "add", &arguments) else { panic!("{menu}") };
        ids.push(id);
    };
    compare(name, "add", &mut add);
    let mut set = |n: usize| drop(run(&mut device, menu, "set", &[(".id", &ids[n]), ("comment", "changed")]));
    compare(name, "set", &mut set);
    let begun = Clock::default();
    let reply = run(&mut device, menu, "print", &[]);
    let Reply::Rows(rows) = reply else { panic!("{menu}") };
    println!("{name:34} {:>8} {:>12.1?} for {} rows", "print", begun.now(), rows.len());
    // From the end: the table is full at first and empty at last.
    let mut remove = |n: usize| drop(run(&mut device, menu, "remove", &[(".id", &ids[ROWS - 1 - n])]));
    compare(name, "remove", &mut remove);
}

fn compare(name: &str, verb: &str, command: &mut dyn FnMut(usize)) {
    let mut block = |from: usize| {
        let begun = Clock::default();
        (from..from + BLOCK).for_each(&mut *command);
        begun.now()
    };
    let first = block(0);
    (BLOCK..ROWS - BLOCK).step_by(BLOCK).for_each(|from| _ = block(from));
    let last = block(ROWS - BLOCK);
    println!("{name:34} {verb:>8} {first:>12.1?} {last:>12.1?} {:>7.2}", last.as_secs_f64() / first.as_secs_f64());
}
