//! The agent from its image alone: a root with nothing in it but what the image brings, the mounts, and the emulator.

use crate::built::Built;
use anyhow::Context as _;
use nix::unistd::Uid;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use support::{
    agent::{Agent, configure, enrolled},
    needs,
    outside::{self, Lacking},
    parts::{Broker, Controller},
};

fn root() -> Result<(), Lacking> {
    if Uid::effective().is_root() { Ok(()) } else { Err(Lacking("changing the root needs root".to_owned())) }
}

/// Unpacks an image as RouterOS does: by its manifest, one layer.
async fn unpacked(image: &Path, into: &Path) -> anyhow::Result<serde_json::Value> {
    let archive = into.join("archive");
    let root = into.join("root");
    fs::create_dir_all(&archive)?;
    fs::create_dir_all(&root)?;
    outside::run(Command::new("tar").arg("-xf").arg(image).arg("-C").arg(&archive)).await?;
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(archive.join("manifest.json"))?)?;
    let layers = manifest[0]["Layers"].as_array().context("no layers")?;
    anyhow::ensure!(layers.len() == 1, "RouterOS takes one layer: {manifest}");
    let layer = layers[0].as_str().context("a layer's name")?;
    outside::run(Command::new("tar").arg("-xf").arg(archive.join(layer)).arg("-C").arg(&root)).await?;
    let config = manifest[0]["Config"].as_str().context("no configuration")?;
    Ok(serde_json::from_slice(&fs::read(archive.join(config))?)?)
}

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

async fn runs_from_its_image(test: &str, processor: &str, platform: (&str, Option<&str>)) -> anyhow::Result<()> {
    let built = needs!(test, Built::find(processor));
    let program = needs!(test, Broker::program());
    needs!(test, root());
    let folder = tempfile::tempdir()?;
    let place = folder.path();
    let config = unpacked(&built.image, place).await?;
    assert_eq!((config["architecture"].as_str(), config["variant"].as_str()), (Some(platform.0), platform.1));
    let entry = config["config"]["Entrypoint"][0].as_str().context("no entry point")?;

    let broker = Broker::start(&program, place).await?;
    let controller = Controller::start(&broker, place).await?;
    let (mount, twin) = enrolled(&controller, place).await?;
    configure(&mount, &twin, None)?;
    let root: PathBuf = place.join("root");
    copy_folder(&mount, &root.join("config"))?;
    fs::copy(&built.emulator, root.join("emulator"))?;
    let mut command = Command::new("chroot");
    command.arg(&root).arg("/emulator").args(built.emulation()).arg(entry);
    let mut agent = Agent::start_by(command, place)?;
    controller.rest.router_is("attic", "online").await?;
    assert!(root.join("data").read_dir()?.next().is_some(), "nothing was written to /data");
    let ended = agent.part.ended_by_sigterm().await?;
    anyhow::ensure!(ended.success(), "told to end, it ended with {ended}: {}", agent.part.said());
    Ok(())
}

#[tokio::test]
async fn the_arm64_image_has_all_that_the_agent_needs() -> anyhow::Result<()> {
    runs_from_its_image("the_arm64_image_has_all_that_the_agent_needs", "arm64", ("arm64", None)).await
}

#[tokio::test]
async fn the_armv7_image_has_all_that_the_agent_needs() -> anyhow::Result<()> {
    runs_from_its_image("the_armv7_image_has_all_that_the_agent_needs", "arm-v7", ("arm", Some("v7"))).await
}

#[tokio::test]
async fn the_armv5_image_has_all_that_the_agent_needs() -> anyhow::Result<()> {
    runs_from_its_image("the_armv5_image_has_all_that_the_agent_needs", "arm-v5", ("arm", Some("v5"))).await
}
