//! One end of a WireGuard tunnel: the kernel's own, or where it has none a program's.

use crate::{clock, lane, namespace::Namespace};
use anyhow::ensure;
use std::{process::Child, sync::Arc};

/// An end that runs.
pub(crate) enum Tunnel {
    /// An interface of the kernel's.
    Interface(Arc<Namespace>, String),
    /// What makes the interface for as long as it lives.
    Program(Child),
}

impl Tunnel {
    /// Makes an interface with such settings.
    ///
    /// # Errors
    /// What WireGuard's programs say.
    pub(crate) fn start(there: &Arc<Namespace>, name: &str, settings: String) -> anyhow::Result<Self> {
        let tunnel = if lane::abilities().wireguard {
            there.command("ip", &["link", "add", name, "type", "wireguard"])?;
            Self::Interface(there.clone(), name.to_owned())
        } else {
            Self::Program(program(there, name)?)
        };
        there.feed("wg", &["setconf", name, "/dev/stdin"], settings)?;
        Ok(tunnel)
    }

    /// Takes it away.
    ///
    /// # Errors
    /// It is gone already.
    pub(crate) fn end(self) -> anyhow::Result<()> {
        match self {
            Self::Interface(there, name) => there.command("ip", &["link", "del", &name]).map(drop),
            Self::Program(mut child) => {
                child.kill()?;
                child.wait()?;
                Ok(())
            }
        }
    }
}

fn program(there: &Namespace, name: &str) -> anyhow::Result<Child> {
    let socket = format!("/run/wireguard/{name}.sock");
    // One that was killed leaves it behind.
    let old = socket.clone();
    let _ = there.run(move || Ok(std::fs::remove_file(old)?));
    let child = there.start("wireguard-go", &["-f", name])?;
    let ready = there.run(move || Ok(clock::until(5000, || std::fs::exists(&socket).unwrap_or(false))))?;
    ensure!(ready, "wireguard-go has not made {name} within 5 s");
    Ok(child)
}
