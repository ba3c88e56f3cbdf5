//! Where images come from: a registry, or an archive among the files. Both take time, and both may fail.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use shared::routeros::{schema::Version, value::RowId};

use super::{Device, Request, life::Phase};
use crate::device::system::ARCHITECTURE;

/// What the registries of the world hold, and whether the router reaches them. Every name is there; `images` says
/// what is particular about some. A name there that is a path is an archive on the router's disk, too.
#[derive(Debug, Clone)]
pub struct Registry {
    /// Whether the registries answer.
    pub reachable: bool,
    /// Whether the router's disks are full.
    pub no_space: bool,
    /// By name.
    pub images: BTreeMap<String, Image>,
}

impl Default for Registry {
    fn default() -> Self {
        Self { reachable: true, no_space: false, images: BTreeMap::new() }
    }
}

/// An image.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Image {
    /// Its size.
    pub bytes: u64,
    /// What it was built for, as `/system/resource` names it; every architecture when nothing is said.
    pub architecture: Option<String>,
    /// How long its process takes to end after SIGTERM, in milliseconds.
    pub stop_ms: u64,
    /// The status with which its process ends by itself a second after it was started.
    pub exits: Option<u8>,
}

impl Default for Image {
    fn default() -> Self {
        Self { bytes: 20_000_000, architecture: None, stop_ms: 500, exits: None }
    }
}

/// Bytes a second, to be downloaded and to be unpacked.
const DOWNLOAD: u64 = 10_000_000;
const EXTRACT: u64 = 20_000_000;

const TOPICS: &str = "container,info,debug";

impl Device {
    /// The archive of a name, if it is there.
    pub(super) fn archive(&self, name: &str) -> Option<Image> {
        let listed = self.world.registry.images.get(name).cloned();
        let file = || self.store("/file").named(name.trim_start_matches('/'));
        listed.or_else(|| {
            let size = file()?.derived.get("size").and_then(|size| size.parse().ok());
            Some(Image { bytes: size.unwrap_or(Image::default().bytes), ..Image::default() })
        })
    }

    /// What a container was made of.
    pub(super) fn image_of(&self, id: RowId) -> Option<Image> {
        let row = self.store("/container").row(id)?;
        match row.text("remote-image") {
            "" => self.archive(row.text("file")),
            name => Some(self.world.registry.images.get(name).cloned().unwrap_or_default()),
        }
    }

    /// `repull` may name another source.
    pub(super) fn take_source(&mut self, id: RowId, request: &Request) {
        let Some(mut attributes) = self.store("/container").row(id).map(|row| row.attributes.clone()) else { return };
        for (name, other) in [("file", "remote-image"), ("remote-image", "file")] {
            if let Some(value) = request.get(name) {
                attributes.insert(name.to_owned(), value.to_owned());
                attributes.remove(other);
            }
        }
        self.store_mut("/container").replace(id, attributes);
    }

    /// Begins to fetch and unpack a container's image.
    pub(super) fn fetch(&mut self, id: RowId) {
        let Some(row) = self.store("/container").row(id) else { return };
        let remote = row.text("remote-image").to_owned();
        let bytes = self.image_of(id).map_or(0, |image| image.bytes);
        let millis = |rate: u64| Duration::from_millis(bytes.saturating_mul(1000) / rate);
        let mut takes = millis(EXTRACT);
        if remote.is_empty() {
            self.log(TOPICS, "importing archive");
        } else {
            takes += millis(DOWNLOAD);
            self.log(TOPICS, "importing remote image");
            if self.world.registry.reachable {
                self.log(TOPICS, &format!("getting layer sha256:{}", digest("layer", &remote)));
            }
        }
        self.enter_phase(id, Phase::Fetching, Some(self.now + takes));
    }

    /// The time that it takes is over: the image is there, or it is known why it is not.
    pub(super) fn fetched(&mut self, id: RowId) {
        let Some(row) = self.store("/container").row(id) else { return };
        let remote = row.text("remote-image").to_owned();
        let name = digest("container", &format!("{id} {remote}"));
        let name = format!("{}-{}-{}-{}-{}", &name[..8], &name[8..12], &name[12..16], &name[16..20], &name[20..32]);
        match self.obstacle(id, &remote) {
            None => {
                if !remote.is_empty() {
                    self.log(TOPICS, &format!("layer sha256:{} downloaded", digest("layer", &remote)));
                }
                self.log(TOPICS, &format!("import successful, container {name}"));
                self.unpacked(id);
            }
            Some(reason) => {
                self.log("container,error", &format!("import error: {reason}"));
                self.log(TOPICS, &format!("was unable to import, container {name}"));
                self.enter_phase(id, Phase::Failed(reason), None);
            }
        }
    }

    /// What keeps an image from being there.
    fn obstacle(&self, id: RowId, remote: &str) -> Option<String> {
        let registry = &self.world.registry;
        let Some(image) = self.image_of(id) else { return Some("could not find image manifest in archive".to_owned()) };
        let other = image.architecture.as_deref().is_some_and(|built| built != ARCHITECTURE);
        // There is no name below `.invalid` (RFC 6761).
        let nowhere = remote.split('/').next().is_some_and(|host| host.ends_with(".invalid"));
        if !remote.is_empty() && (!registry.reachable || nowhere) {
            return Some("fetch manifest failed: could not connect".to_owned());
        }
        if !remote.is_empty() && other {
            return Some("fetch manifest failed: no manifest found for this architecture".to_owned());
        }
        (registry.no_space || image.bytes > self.free_space(id)).then(|| "no space left on device".to_owned())
    }

    /// Bytes that the disk of a container's root directory has free.
    fn free_space(&self, id: RowId) -> u64 {
        let root = self.store("/container").row(id).map_or("", |row| row.text("root-dir")).trim_start_matches('/');
        let disk = self.store("/disk").rows.iter().find(|row| row.get("slot") == root.split('/').next());
        disk.and_then(|row| row.get("free")).and_then(|free| free.parse().ok()).unwrap_or(u64::MAX)
    }

    /// An unpacked container, with what its image says of itself.
    pub(super) fn unpacked(&mut self, id: RowId) {
        self.enter_phase(id, Phase::Stopped, None);
        let (architecture, ids) = (ARCHITECTURE.to_owned(), self.version() >= Version::new(7, 24, 0));
        let Some(row) = self.store_mut("/container").live_mut(id) else { return };
        let source = match row.text("remote-image") {
            "" => row.text("file").to_owned(),
            remote => remote.to_owned(),
        };
        row.derived.insert("tag", source.clone());
        row.derived.insert("os", "linux".to_owned());
        row.derived.insert("arch", architecture);
        if ids {
            row.derived.insert("image-id", format!("sha256:{}", digest("image", &source)));
        }
    }
}

fn digest(kind: &str, name: &str) -> String {
    Sha256::digest(format!("{kind} {name}").as_bytes())
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
