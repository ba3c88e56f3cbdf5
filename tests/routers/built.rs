//! What `scripts/build-agent` left in `target/agent`, and the processor to run it on.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};
use support::outside::{self, Lacking};

/// One binary, its image, and the emulator of its least processor.
pub(crate) struct Built {
    /// The binary.
    pub(crate) binary: PathBuf,
    /// Docker's archive.
    pub(crate) image: PathBuf,
    /// qemu-user, static itself.
    pub(crate) emulator: PathBuf,
    cpu: &'static str,
}

impl Built {
    /// The build for a processor as `scripts/build-agent` names it.
    ///
    /// # Errors
    /// [`Lacking`] the build or the emulator.
    pub(crate) fn find(processor: &str) -> Result<Self, Lacking> {
        // The least of what MikroTik sells: IPQ-6010 and 88F7040 are Cortex-A53 and A72; IPQ-4018 is a Cortex-A7 and
        // AL21400 an A15, here an A9 without NEON; EN7562CT takes images for ARMv5 only.
        let (emulator, cpu) = match processor {
            "arm64" => ("qemu-aarch64-static", "cortex-a53"),
            "arm-v7" => ("qemu-arm-static", "cortex-a9,neon=off"),
            _ => ("qemu-arm-static", "arm926"),
        };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/agent");
        let binary = folder.join(format!("bulkhead-agent-{processor}"));
        let image = folder.join(format!("bulkhead-agent-{processor}.tar"));
        if !binary.is_file() || !image.is_file() {
            return Err(Lacking(format!(
                "there is no {} (scripts/build-agent --all --install makes it)",
                binary.display()
            )));
        }
        Ok(Self { binary, image, emulator: outside::program(emulator)?, cpu })
    }

    /// The binary, run on its processor.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.emulator);
        command.args(["-cpu", self.cpu]).arg(&self.binary);
        command
    }

    /// The emulator's words before the binary's name.
    pub(crate) fn emulation(&self) -> [OsString; 2] {
        ["-cpu".into(), self.cpu.into()]
    }
}
