//! Network namespaces without names: each belongs to a thread, and goes with the process however that ends.
//!
//! What a closure opens in a namespace stays there, so that sockets of several namespaces meet in one process. Programs
//! that are started inside die with their thread.

use anyhow::{Context as _, anyhow, bail};
use nix::{
    ifaddrs::getifaddrs,
    sched::{CloneFlags, unshare},
    sys::socket::LinkAddr,
    unistd::gettid,
};
use std::{
    io::Write as _,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
};

type Task = Box<dyn FnOnce() + Send>;

/// A network namespace, and the thread that lives in it.
pub(crate) struct Namespace {
    name: &'static str,
    tasks: Sender<Task>,
    thread: i32,
}

impl Namespace {
    /// A new one with loopback up.
    pub(crate) fn new(name: &'static str) -> anyhow::Result<Self> {
        let (tasks, received) = channel::<Task>();
        let (told, hears) = channel();
        thread::Builder::new().name(name.to_owned()).spawn(move || live(&told, &received))?;
        let thread = hears.recv()??;
        let namespace = Self { name, tasks, thread };
        namespace.command("ip", &["link", "set", "lo", "up"])?;
        Ok(namespace)
    }

    /// What `ip link … netns` takes.
    pub(crate) fn id(&self) -> String {
        self.thread.to_string()
    }

    /// Runs something inside and waits for it.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let (told, hears) = channel();
        let task: Task = Box::new(move || drop(told.send(work())));
        self.tasks.send(task).map_err(|_| anyhow!("the namespace {} is gone", self.name))?;
        hears.recv().map_err(|_| anyhow!("what ran in the namespace {} has panicked", self.name))?
    }

    /// Runs a program inside to its end; gives what it said.
    pub(crate) fn command(&self, program: &str, arguments: &[&str]) -> anyhow::Result<String> {
        let (program, arguments) = (program.to_owned(), arguments.iter().map(|&a| a.to_owned()).collect::<Vec<_>>());
        self.run(move || finish(Command::new(&program).args(&arguments), None))
    }

    /// Runs a program inside that reads its orders from its input.
    pub(crate) fn feed(&self, program: &str, arguments: &[&str], input: String) -> anyhow::Result<String> {
        let (program, arguments) = (program.to_owned(), arguments.iter().map(|&a| a.to_owned()).collect::<Vec<_>>());
        self.run(move || finish(Command::new(&program).args(&arguments), Some(&input)))
    }

    /// Starts a program inside that goes on; it is killed with this process.
    pub(crate) fn start(&self, program: &str, arguments: &[&str]) -> anyhow::Result<Child> {
        let mut all: Vec<String> = ["--pdeathsig", "KILL", program].map(str::to_owned).to_vec();
        all.extend(arguments.iter().map(|&a| a.to_owned()));
        self.run(move || {
            let mut command = Command::new("setpriv");
            command.args(all).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().context("setpriv does not start")
        })
    }

    /// Sets a value below `/proc/sys/net`; one that the kernel has not is passed over.
    pub(crate) fn sysctl(&self, name: &str, value: &'static str) -> anyhow::Result<()> {
        let path = format!("/proc/sys/net/{name}");
        self.run(move || match std::fs::write(&path, value) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            other => other.with_context(|| path),
        })
    }

    /// An interface's address of the link layer, and its MAC address where it has one.
    pub(crate) fn link(&self, name: &str) -> anyhow::Result<(LinkAddr, [u8; 6])> {
        let name = name.to_owned();
        self.run(move || link(&name))
    }
}

/// An interface of the calling thread's namespace.
pub(crate) fn link(name: &str) -> anyhow::Result<(LinkAddr, [u8; 6])> {
    let found = getifaddrs()?
        .filter(|entry| entry.interface_name == name)
        .find_map(|entry| entry.address.and_then(|address| address.as_link_addr().copied()));
    let link = found.with_context(|| format!("there is no interface {name}"))?;
    Ok((link, link.addr().unwrap_or_default()))
}

fn live(told: &Sender<anyhow::Result<i32>>, tasks: &Receiver<Task>) {
    let entered = enter();
    let failed = entered.is_err();
    if told.send(entered.map(|()| gettid().as_raw())).is_err() || failed {
        return;
    }
    for task in tasks {
        task();
    }
}

/// A namespace of mounts too: the sockets by which WireGuard's programs are told what to do are then this one's alone.
fn enter() -> anyhow::Result<()> {
    const SOCKETS: &str = "/run/wireguard";
    unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS).context("no network namespace (is this root?)")?;
    finish(Command::new("mount").args(["--make-rprivate", "/"]), None)?;
    std::fs::create_dir_all(SOCKETS)?;
    finish(Command::new("mount").args(["-t", "tmpfs", "lab", SOCKETS]), None)?;
    Ok(())
}

fn finish(command: &mut Command, input: Option<&str>) -> anyhow::Result<String> {
    let words = format!("{command:?}").replace('"', "");
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    let mut child =
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().with_context(|| words.clone())?;
    if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
        stdin.write_all(input.as_bytes()).with_context(|| words.clone())?;
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{words}: {}\n{}", said.trim(), input.unwrap_or_default());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
