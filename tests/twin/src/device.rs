//! The device: its menus' rows, what follows from them, and what it answers to a request.
//!
//! Knows nothing of sockets. Time comes in with each call.

mod birth;
pub mod caller;
mod certificates;
pub mod clients;
mod connections;
mod consistency;
pub mod containers;
mod device_mode;
mod edit;
pub mod export;
pub mod factory;
mod files;
mod flow;
pub mod form;
mod history;
mod index;
mod jobs;
pub mod kept;
pub mod listening;
pub mod live;
mod logging;
mod menus;
pub mod meter;
mod netwatch;
mod ordering;
mod packages;
pub mod passage;
pub mod print;
pub mod query;
pub mod reach;
pub mod references;
pub mod request;
pub mod row;
pub mod rsc;
pub mod safe_mode;
mod scheduler;
mod settle;
pub mod spec;
pub mod system;
mod time_of_day;
mod trace;
pub mod trap;
mod users;
pub mod wan;
pub mod world;

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use shared::routeros::{
    schema::{Arguments, Schema, Version},
    value::RowId,
};

use self::{
    caller::Caller,
    jobs::Scripts,
    netwatch::Watches,
    request::Request,
    row::Store,
    scheduler::Schedules,
    settle::Touched,
    spec::{Shape, Spec},
    trap::Trap,
    world::World,
};

/// A row as it is answered: names and values.
pub type Fields = Vec<(String, String)>;

/// What a request comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A `!re` for each, then `!done`; none gives `!empty` from 7.18 on.
    Rows(Vec<Fields>),
    /// The rows of a long table, for those who take them in pages: [`Device::render_rows`] gives each.
    Pages(Vec<RowId>),
    /// `!done`, with what was returned.
    Done(Option<String>),
    /// The answer goes on: the session asks [`Device::render_menu`], [`Device::monitor_row`] or
    /// [`Device::ping_row`] again and again.
    Stream(Stream),
    /// The device goes down; the session ends.
    Reboot,
}

/// Answers that go on until they are cancelled or have said enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stream {
    /// `listen`, `print follow` and `print follow-only`.
    Follow {
        /// Begin with what is there.
        snapshot: bool,
    },
    /// `print interval=…`: everything again each period.
    Repeat(Duration),
    /// `/interface/monitor-traffic`
    Monitor {
        /// Interface names, or `aggregate`.
        names: Vec<String>,
        /// Time between rows.
        interval: Duration,
        /// How many rounds; without one, endless.
        rounds: Option<u64>,
    },
    /// `/tool/ping`
    Ping {
        /// Time between packets.
        interval: Duration,
        /// How many; without one, endless.
        count: Option<u64>,
    },
    /// `/system/device-mode/update`: the session asks [`Device::activation`] each second.
    Activation(u64),
    /// A script that waits: the session asks [`Device::job_end`] whenever something has changed.
    Job(RowId),
}

/// Menus of real hardware that the schemas, taken from virtual machines, lack.
const HARDWARE: [&str; 1] = ["/system/routerboard"];

/// Whether a command takes an argument. Beside the console's own there are few: rows are named by `.id` too, and a print
/// shows what it shows with `detail` and `stats` as well as without.
fn takes(verb: &str, arguments: &Arguments, name: &str) -> bool {
    arguments.contains_key(name)
        || match name {
            ".proplist" => true,
            ".id" | "numbers" | "number" => verb != "add",
            "detail" | "stats" => verb == "print",
            "once" | "duration" | "as-string" => verb != "add" && verb != "set",
            _ => false,
        }
}

/// A RouterOS device.
#[derive(Debug)]
pub struct Device {
    /// What this version accepts.
    pub schema: Schema,
    /// What is outside of the configuration: links, peers, what `/traffic` says.
    pub world: World,
    specs: BTreeMap<String, Spec>,
    stores: BTreeMap<String, Store>,
    singles: BTreeMap<String, BTreeMap<String, String>>,
    now: Duration,
    booted: Duration,
    epoch: Duration,
    keys: u64,
    unsettled: bool,
    touched: Vec<Touched>,
    /// When rows vanish by themselves. A row that was given another moment since is still there at the old one.
    expiries: BTreeSet<(Duration, String, RowId)>,
    topology: u64,
    /// How many rows were made up for an answer.
    rendered: Cell<u64>,
    talks: reach::Talks,
    passages: passage::Passages,
    flows: flow::Flows,
    scripts: Scripts,
    schedules: Schedules,
    history: history::History,
    watches: Watches,
    updates: device_mode::Updates,
    sent_away: bool,
    containers: containers::Containers,
}

impl Device {
    /// A device without any rows. `epoch` is the time of day (since 1970) at moment zero.
    pub fn new(schema: Schema, epoch: Duration) -> Self {
        let mut device = Self {
            specs: specs(&schema),
            scripts: Scripts::new(&schema),
            schedules: Schedules::default(),
            history: history::History::default(),
            watches: Watches::default(),
            updates: device_mode::Updates::default(),
            sent_away: false,
            schema,
            world: World::default(),
            stores: BTreeMap::new(),
            singles: BTreeMap::new(),
            now: Duration::ZERO,
            booted: Duration::ZERO,
            epoch,
            keys: 0,
            unsettled: true,
            touched: Vec::new(),
            expiries: BTreeSet::new(),
            topology: 0,
            rendered: Cell::new(0),
            talks: reach::Talks::default(),
            passages: passage::Passages::default(),
            flows: flow::Flows::default(),
            containers: containers::Containers::default(),
        };
        // Observed first ids: most menus begin at one.
        for (menu, first) in [("/queue/tree", 0x0100_0000), ("/ip/route", 0x8000_0001)] {
            device.stores.insert(menu.to_owned(), Store::starting_at(first));
        }
        device
    }

    /// The version that it plays.
    pub fn version(&self) -> Version {
        self.schema.version
    }

    /// The moment up to which everything has happened.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// Carries out a request.
    ///
    /// # Errors
    /// The trap that the router answers.
    pub fn perform(&mut self, now: Duration, caller: &Caller, request: &Request) -> Result<Reply, Trap> {
        self.settle(now);
        if request.verb == "export" && self.tree().has(&request.path()) {
            return self.export_command(caller, request);
        }
        self.check_command(request)?;
        caller.check(request)?;
        self.check_mode(request)?;
        let reply = self.dispatch(caller, request);
        self.write_history(caller, request);
        self.settle(now);
        reply
    }

    fn dispatch(&mut self, caller: &Caller, request: &Request) -> Result<Reply, Trap> {
        let path = request.path();
        match path.as_str() {
            "/ping" | "/tool/ping" => return live::ping(request),
            "/resolve" => return self.resolve_name(request),
            "/ip/dns/cache/flush" => return Ok(Reply::Done(None)),
            "/interface/monitor-traffic" => return self.monitor(request),
            "/system/reboot" | "/system/package/apply-changes" => return Ok(Reply::Reboot),
            "/system/device-mode/update" => return self.update_mode(request),
            "/undo" => return self.undo(),
            "/redo" => return self.redo(),
            "/safe-mode/take" | "/safe-mode/release" | "/safe-mode/unroll" | "/safe-mode/toggle" => {
                return self.safe_mode(caller, request);
            }
            "/execute" => return self.execute(caller, request),
            "/import" => return self.import_file(caller, request),
            "/system/script/run" => return self.run_script(caller, request),
            "/file/add" | "/file/set" | "/file/remove" | "/file/read" => return self.file_command(caller, request),
            "/log/info" | "/log/warning" | "/log/error" | "/log/debug" => {
                self.log(&format!("script,{}", request.verb), request.get("message").unwrap_or_default());
                return Ok(Reply::Done(None));
            }
            _ => {}
        }
        let spec = self.specs.get(&request.menu).cloned().ok_or(Trap::NoSuchCommand)?;
        if spec.path == "/container" {
            self.check_containers(request)?;
        }
        match request.verb.as_str() {
            "print" | "getall" => self.print(caller, &spec, request),
            "listen" if spec.shape == Shape::Single => Err(Trap::UnknownParameter("follow-only".to_owned())),
            "listen" => Ok(Reply::Stream(Stream::Follow { snapshot: false })),
            "get" => self.get(caller, &spec, request),
            "find" => self.find(&spec, request),
            "add" if !spec.read_only => {
                let id = self.add(&spec, &jobs::with_policy(caller, request)?)?;
                self.owned(caller, &spec.path, id);
                Ok(Reply::Done(Some(id.to_string())))
            }
            "set" if spec.path == "/system/clock" => self.set_clock(&spec, request),
            "set" => self.set(&spec, &jobs::with_policy(caller, request)?),
            "unset" => self.unset(&spec, request),
            "remove" | "request-logout" if spec.path == "/user/active" => self.send_away(&spec, request),
            "enable" | "disable" | "uninstall" | "unschedule" if spec.path == "/system/package" => {
                self.schedule_package(&spec, request)
            }
            "remove" => self.remove(&spec, request),
            "move" => self.move_rows(&spec, request),
            "enable" => self.change_each(&spec, request, &[("disabled", "false")]),
            "disable" => self.change_each(&spec, request, &[("disabled", "true")]),
            "comment" => self.change_each(&spec, request, &[("comment", request.get("comment").unwrap_or_default())]),
            "reset-counters" | "reset-counters-all" => self.reset_counters(&spec, request),
            "make-static" => self.make_static(&spec, request),
            "start" | "stop" | "restart" | "kill" | "repull" if request.menu == "/container" => {
                self.container(&spec, request)
            }
            "sign" if request.menu == "/certificate" => self.sign(&spec, request),
            verb => Err(Trap::Failure(format!("failure: this twin does not carry out {}/{verb}", request.menu))),
        }
    }

    /// Whether the version has the command and all of its arguments.
    fn check_command(&self, request: &Request) -> Result<(), Trap> {
        let verb = match request.verb.as_str() {
            "getall" | "listen" | "find" => "print",
            verb => verb,
        };
        let path = format!("{}/{verb}", request.menu);
        if self.lacks_package(&request.menu) {
            return Err(Trap::NoSuchPrefix);
        }
        if HARDWARE.contains(&request.menu.as_str()) && verb == "print" {
            return Ok(());
        }
        let Some(arguments) = self.schema.command(&path) else {
            let prefix = format!("{}/", request.menu);
            let known = self.schema.commands().any(|(path, _)| path.starts_with(&prefix));
            return Err(if known { Trap::NoSuchCommand } else { Trap::NoSuchPrefix });
        };
        match request.arguments.iter().find(|(name, _)| !takes(verb, arguments, name)) {
            Some((name, _)) => Err(Trap::UnknownParameter(name.clone())),
            None => Ok(()),
        }
    }

    /// The description of a menu.
    pub fn spec(&self, menu: &str) -> Option<&Spec> {
        self.specs.get(menu)
    }

    /// The rows behind a menu.
    pub fn store(&self, store: &str) -> &Store {
        static EMPTY: Store = Store::starting_at(1);
        self.stores.get(store).unwrap_or(&EMPTY)
    }

    /// The rows behind a menu, by their ids, in their order; one that stands for all values where there are no rows.
    pub fn ids(&self, menu: &str) -> Vec<RowId> {
        match self.specs.get(menu) {
            Some(spec) if spec.shape == Shape::Single => vec![RowId(0)],
            Some(spec) => self.store(&spec.store).rows.iter().map(|row| row.id).collect(),
            None => Vec::new(),
        }
    }

    fn store_mut(&mut self, store: &str) -> &mut Store {
        self.stores.entry(store.to_owned()).or_default()
    }

    /// The interface of a name.
    pub fn interface(&self, name: &str) -> Option<&row::Row> {
        self.store("/interface").named(name)
    }
}

/// The menus of a version: those of the table as far as the version has them, and the rest from the schema alone.
fn specs(schema: &Schema) -> BTreeMap<String, Spec> {
    let mut specs: BTreeMap<String, Spec> = menus::all()
        .into_iter()
        .filter(|spec| {
            HARDWARE.contains(&spec.path.as_str()) || schema.command(&format!("{}/print", spec.path)).is_some()
        })
        .map(|spec| (spec.path.clone(), spec))
        .collect();
    for (path, _) in schema.commands() {
        let Some(path) = path.strip_suffix("/print") else { continue };
        let has = |verb: &str| schema.command(&format!("{path}/{verb}")).is_some();
        let spec = specs.entry(path.to_owned()).or_insert_with(|| {
            let spec = spec::menu(path);
            if has("remove") || has("enable") {
                if has("move") { spec.ordered() } else { spec }
            } else if has("set") {
                spec.single()
            } else {
                spec.read_only()
            }
        });
        let settable = |name: &str| ["add", "set"].iter().any(|verb| schema.has(&format!("{path}/{verb}"), name));
        if has("set") || has("add") {
            spec.defaults.retain(|name, _| settable(name));
        }
        if !has("enable") && !has("set") {
            spec.flags.retain(|flag| *flag != "disabled");
        }
    }
    specs
}
