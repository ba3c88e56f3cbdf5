//! The same VIF on every RouterOS version whose command tree the twin has: the twin refuses a word that a version
//! does not know, so a change that is confirmed used none.

use crate::vif::{confirmed, shown};
use support::demo::{Demo, Options};

#[tokio::test]
async fn a_vif_comes_and_goes_on_every_version() -> anyhow::Result<()> {
    let versions = bulkhead_twin::schema::versions();
    assert!(versions.len() >= 6, "{versions:?}");
    for version in versions {
        let demo = Demo::start(&Options { version: Some(version.to_owned()), ..Options::default() }).await?;
        let router = demo.rest.get("/api/v1/routers/r1").await?;
        assert_eq!(router["routeros_version"], version);
        let before = demo.control().export().await?;
        confirmed(&demo, &demo.rest.create_vif("r1", "tor", "make").await?).await?;
        let id = shown(&demo, "tor").await?["id"].as_str().unwrap_or_default().to_owned();
        confirmed(&demo, &demo.rest.remove_vif("r1", &id, "remove").await?).await?;
        assert_eq!(demo.control().export().await?, before, "{version}");
    }
    Ok(())
}
