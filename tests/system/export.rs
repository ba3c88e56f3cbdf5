//! A router as a file: planned as it stands it does nothing, and what is edited in it is all that changes.

use crate::{cli::bulkhead, demo, vif::confirmed};
use bulkhead_twin::schema;
use support::{
    api::Administrator,
    demo::{Demo, Options},
};

async fn said(demo: &Demo, words: &[&str]) -> anyhow::Result<(i32, String)> {
    let output = bulkhead(demo, words).await?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Ok((output.status.code().unwrap_or(-1), text))
}

#[tokio::test]
async fn what_is_exported_applies_to_nothing_on_every_version() -> anyhow::Result<()> {
    for version in schema::versions() {
        let demo = Demo::start(&Options { version: Some(version.to_owned()), ..Options::default() }).await?;
        let mut administrator = Administrator::of(demo.router()).await?;
        confirmed(&demo, &demo.rest.create_vif("r1", "tor", "make").await?).await?;
        // Rows that only what they lack tells apart, two that nothing does, and a comment that TOML has to quote.
        let rule = "/ip/firewall/filter/add";
        administrator.ask(&[rule, "=chain=forward", "=action=drop", "=dst-port=25", "=protocol=tcp"]).await?;
        administrator.ask(&[rule, "=chain=forward", "=action=drop", "=protocol=tcp"]).await?;
        for _ in 0..2 {
            administrator.ask(&["/ip/route/add", "=dst-address=10.9.0.0/16", "=gateway=192.168.88.2"]).await?;
        }
        administrator
            .ask(&["/ip/dns/static/add", "=name=a.lan", "=address=10.0.0.9", "=comment='a' \"b\" \\ ü"])
            .await?;
        let before = demo.control().export().await?;

        let (code, text) = said(&demo, &["router", "export", "r1"]).await?;
        assert_eq!(code, 0, "{version}: {text}");
        assert!(text.contains("# Not in it: 2 rows of /ip/route that are there twice"), "{version}: {text}");
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("as-it-is.toml");
        std::fs::write(&file, &text)?;
        let path = file.to_str().expect("a path");
        let nothing = "Nothing to do: the router is as the file says.";
        let (code, told) = said(&demo, &["change", "apply", path, "--yes"]).await?;
        assert_eq!((code, told.trim()), (0, nothing), "{version}");

        let edited = text.replacen("address = \"10.0.0.9\"", "address = \"10.0.0.8\"", 1);
        assert_ne!(edited, text, "{version}");
        std::fs::write(&file, edited)?;
        let (code, told) = said(&demo, &["change", "plan", path, "--detailed-exitcode"]).await?;
        assert_eq!(code, 2, "{version}: {told}");
        assert!(told.contains("/ip/dns/static set address=10.0.0.8 (was 10.0.0.9)"), "{version}: {told}");
        assert!(told.contains("Plan: 0 to add, 1 to change, 0 to remove, 0 to move."), "{version}: {told}");
        assert_eq!(demo.control().export().await?, before, "{version}");
    }
    Ok(())
}

#[tokio::test]
async fn an_export_as_json_is_a_file_too_and_a_menu_that_is_none_is_named() -> anyhow::Result<()> {
    let demo = demo().await?;
    let (code, text) =
        said(&demo, &["router", "export", "r1", "--menu", "/ip/dns", "--menu", "/ip/pool", "--json"]).await?;
    assert_eq!(code, 0, "{text}");
    let found: serde_json::Value = serde_json::from_str(&text)?;
    let menus: Vec<&str> =
        found["items"].as_array().into_iter().flatten().filter_map(|i| i["resource"].as_str()).collect();
    assert_eq!(menus, ["/ip/dns", "/ip/pool"]);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("as-it-is.json");
    std::fs::write(&file, &text)?;
    let (code, text) = said(&demo, &["change", "plan", file.to_str().expect("a path"), "--detailed-exitcode"]).await?;
    assert_eq!(code, 0, "{text}");

    let (code, text) = said(&demo, &["router", "export", "r1", "--menu", "/ip/nothing"]).await?;
    assert_ne!(code, 0);
    assert!(text.contains("no menu `/ip/nothing`"), "{text}");
    Ok(())
}
