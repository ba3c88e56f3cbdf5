//! A demo that is started again on its data: what it made is still there, and works.

use crate::vif::{confirmed, gone, shown};
use nix::sys::signal::Signal;
use serde_json::Value;
use support::{
    clock,
    demo::{Demo, Options},
};

#[tokio::test]
async fn a_vif_outlives_its_demo_and_goes_without_a_trace() -> anyhow::Result<()> {
    let data = tempfile::tempdir()?;
    let options = Options { data: Some(data.path().to_owned()), ..Options::default() };
    let mut demo = Demo::start(&options).await?;
    let before = demo.control().export().await?;
    confirmed(&demo, &demo.rest.create_vif("r1", "tor", "make-1").await?).await?;
    let made = sound(&demo, &Value::Null).await?;
    demo.stop(Signal::SIGTERM).await?;

    let demo = Demo::start(&options).await?;
    let kept = sound(&demo, &made["isolation"]["verified_at"]).await?;
    for property in ["id", "interface", "vlan_id", "gateway_ip", "egress"] {
        assert_eq!(kept[property], made[property], "{property}");
    }
    let id = kept["id"].as_str().unwrap_or_default();
    confirmed(&demo, &demo.rest.remove_vif("r1", id, "remove-1").await?).await?;
    gone(&demo, "tor").await?;
    assert_eq!(demo.control().export().await?, before, "the router is not as it was before");
    Ok(())
}

/// Waits until the agent says that the VIF is whole and its gate open, by a look at the router that is not of `before`.
async fn sound(demo: &Demo, before: &Value) -> anyhow::Result<Value> {
    shown(demo, "tor").await?;
    clock::wait("the VIF to be sound", clock::SOON, || async {
        let sound = |vif: &Value| {
            ["active", "inactive"].iter().any(|status| vif["status"] == *status)
                && vif["isolation"]["ok"] == true
                && vif["isolation"]["verified_at"] != *before
                && vif["kill_switch"]["gate"] == "open"
        };
        Ok(demo.rest.vif("r1", "tor").await?.filter(sound))
    })
    .await
}
