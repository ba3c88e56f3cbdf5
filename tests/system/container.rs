//! The scripts that make the agent's container, carried out by routers of six versions.

use anyhow::Context as _;
use bulkhead_twin::{Options, Twin, schema};
use shared::routeros::schema::Version;
use std::{fs, path::Path, time::Duration};
use support::{
    agent, needs,
    parts::{Broker, Controller},
};

/// Longer than the script waits for the image.
const LOOKS: u32 = 200;

fn value<'a>(row: &'a [(String, String)], name: &str) -> Option<&'a str> {
    row.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn ours(twin: &Twin) -> Option<Vec<(String, String)>> {
    let mark = Some("bulkhead:installer/container");
    twin.rows("/container").into_iter().find(|row| value(row, "comment") == mark)
}

fn runs(row: &[(String, String)]) -> bool {
    value(row, "running") == Some("true") || value(row, "status") == Some("running")
}

/// A router with the first script carried out, and files as somebody uploads them.
async fn router(version: &str, place: &str, files: &[(&str, &str)]) -> anyhow::Result<Twin> {
    let options = Options {
        routeros_version: version.to_owned(),
        scripts: vec![place.to_owned()],
        clock_stands: true,
        ..Options::default()
    };
    let twin = Twin::start(options).await?;
    for (name, contents) in files {
        twin.run("/file", "add", &[("name", name), ("contents", contents)])?;
    }
    Ok(twin)
}

fn import(twin: &Twin) -> anyhow::Result<()> {
    twin.run("", "import", &[("file-name", "container.rsc")])?;
    for _ in 0..LOOKS {
        if ours(twin).is_some_and(|row| runs(&row)) {
            break;
        }
        twin.advance(Duration::from_secs(1));
    }
    Ok(())
}

/// The scripts that `bulkhead router add` writes.
struct Scripts {
    /// Of user, way in and bridge.
    place: String,
    folder: tempfile::TempDir,
}

impl Scripts {
    async fn written(broker: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let broker = Broker::start(broker, folder.path()).await?;
        let controller = Controller::start(&broker, folder.path()).await?;
        agent::enrolled(&controller, folder.path()).await?;
        Ok(Self { place: fs::read_to_string(folder.path().join("attic/attic.rsc"))?, folder })
    }

    /// The newest script of the container that is not newer than the router.
    fn container(&self, version: &str) -> anyhow::Result<String> {
        let version: Version = version.parse()?;
        let forms = ["7.23", "7.21", "7.20", "7.16"].map(str::parse::<Version>);
        let form = forms.into_iter().flatten().find(|form| *form <= version).context("no script for this version")?;
        Ok(fs::read_to_string(self.folder.path().join(format!("attic/attic-container-{form}.rsc")))?)
    }
}

#[tokio::test]
async fn the_containers_script_brings_the_agent_up_on_every_version() -> anyhow::Result<()> {
    let broker = needs!("the_containers_script_brings_the_agent_up_on_every_version", Broker::program());
    let scripts = Scripts::written(&broker).await?;
    for version in schema::versions() {
        let script = scripts.container(version)?;
        let upload = [
            ("disk1/bulkhead-agent-arm64.tar", "an image"),
            ("disk1/bulkhead-config/agent.toml", "router_id"),
            ("container.rsc", script.as_str()),
        ];
        let twin = router(version, &scripts.place, &upload).await?;
        import(&twin)?;
        let row = ours(&twin).unwrap_or_default();
        assert!(runs(&row), "{version}: {row:?} {:?}", twin.rows("/log").last());
        assert_eq!(value(&row, "root-dir"), Some("disk1/bulkhead-root"), "{version}");
        let mounts = twin.rows("/container/mounts");
        let places: Vec<_> = mounts.iter().map(|row| (value(row, "src"), value(row, "dst"))).collect();
        let expected = [("disk1/bulkhead-config", "/config"), ("disk1/bulkhead-data", "/data")];
        assert_eq!(places, expected.map(|(src, dst)| (Some(src), Some(dst))), "{version}");

        // Once more: nothing is made twice.
        let before = twin.export();
        import(&twin)?;
        assert_eq!(twin.export(), before, "{version}");
    }
    Ok(())
}

#[tokio::test]
async fn the_containers_script_makes_nothing_where_something_is_missing() -> anyhow::Result<()> {
    let broker = needs!("the_containers_script_makes_nothing_where_something_is_missing", Broker::program());
    let scripts = Scripts::written(&broker).await?;
    let script = scripts.container("7.24")?;
    let (image, config) = ("disk1/bulkhead-agent-arm64.tar", "disk1/bulkhead-config/agent.toml");

    // The image is missing, is for another processor, or lies elsewhere than the folder; the veth is missing.
    for (place, files) in [
        (scripts.place.as_str(), vec![(config, "x")]),
        (scripts.place.as_str(), vec![("disk1/bulkhead-agent-arm-v7.tar", "x"), (config, "x")]),
        (scripts.place.as_str(), vec![(image, "x"), ("bulkhead-config/agent.toml", "x")]),
        ("", vec![(image, "x"), (config, "x")]),
    ] {
        let upload: Vec<(&str, &str)> = files.into_iter().chain([("container.rsc", script.as_str())]).collect();
        let twin = router("7.24", place, &upload).await?;
        let before = twin.export();
        let refused = twin.run("", "import", &[("file-name", "container.rsc")]);
        twin.advance(Duration::from_secs(300));
        assert!(refused.is_err_and(|why| why.to_string().contains("first") || why.to_string().contains("upload")));
        assert_eq!(twin.export(), before, "{upload:?}");
    }
    Ok(())
}
