//! A configuration that outlives its twin.

use crate::client::Client;
use bulkhead_twin::{Options, Twin};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

const SCRIPT: &str = r#"
/user/group/add name=bulkhead policy=read,write,api,test
/user/add name=bulkhead group=bulkhead password="s3cret"
/certificate/add name=bulkhead-api common-name=bulkhead-api days-valid=3650
/certificate/sign number=bulkhead-api
/interface/bridge/add name=bulkhead vlan-filtering=yes
"#;

/// What a VIF is made of, in the order in which it is made.
const ROWS: [(&str, &[(&str, &str)]); 10] = [
    ("/interface/veth", &[("name", "bh-tor"), ("address", "172.16.65.2/30"), ("gateway", "172.16.65.1")]),
    ("/interface/vlan", &[("name", "bh-v-tor"), ("vlan-id", "101"), ("interface", "bulkhead")]),
    ("/interface/bridge/port", &[("bridge", "bulkhead"), ("interface", "bh-tor"), ("pvid", "101")]),
    ("/interface/bridge/vlan", &[("bridge", "bulkhead"), ("vlan-ids", "101"), ("tagged", "bulkhead")]),
    ("/ip/address", &[("address", "172.16.65.1/30"), ("interface", "bh-v-tor")]),
    ("/routing/table", &[("name", "bh-101"), ("fib", "")]),
    ("/ip/route", &[("dst-address", "0.0.0.0/0"), ("gateway", "wg-vpn"), ("routing-table", "bh-101")]),
    ("/ip/firewall/filter", &[("chain", "forward"), ("action", "drop"), ("comment", "last")]),
    ("/ip/firewall/filter", &[("chain", "forward"), ("action", "accept"), ("comment", "first")]),
    ("/ip/firewall/address-list", &[("list", "bh-open"), ("address", "172.16.65.2"), ("timeout", "30s")]),
];

fn options(state: &Path) -> Options {
    Options { state: Some(state.to_owned()), scripts: vec![SCRIPT.to_owned()], ..Options::default() }
}

async fn refusal(options: Options) -> String {
    format!("{:#}", Twin::start(options).await.unwrap_err())
}

fn put_first(twin: &Twin, id: &str) {
    let filter = twin.rows("/ip/firewall/filter");
    let value = |row: &Vec<(String, String)>, name: &str| row.iter().find(|(key, _)| key == name).cloned();
    let own = filter.iter().find(|row| value(row, "dynamic").is_none_or(|(_, dynamic)| dynamic == "false")).unwrap();
    let (_, first) = value(own, ".id").unwrap();
    twin.run("/ip/firewall/filter", "move", &[("numbers", id), ("destination", &first)]).unwrap();
}

#[tokio::test]
async fn a_configuration_outlives_its_twin_with_order_passwords_and_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("twin.state");
    let twin = Twin::start(options(&file)).await.unwrap();
    for (menu, values) in ROWS {
        let id = twin.run(menu, "add", values).unwrap().unwrap();
        if values.contains(&("comment", "first")) {
            put_first(&twin, &id);
        }
    }
    twin.run("/interface/vlan", "add", &[("name", "gone"), ("vlan-id", "7"), ("interface", "bridge")]).unwrap();
    twin.run("/ip/address", "add", &[("address", "10.7.0.1/24"), ("interface", "gone")]).unwrap();
    twin.run("/interface/vlan", "remove", &[("numbers", "gone")]).unwrap();
    twin.run("/user", "set", &[("numbers", "admin"), ("password", "changed")]).unwrap();
    twin.run("/ip/service", "set", &[("numbers", "ftp"), ("disabled", "yes"), ("port", "2121")]).unwrap();
    twin.run("/system/identity", "set", &[("name", "named")]).unwrap();
    twin.save().unwrap();
    let (before, fingerprint) = (twin.export(), twin.fingerprint.clone());
    let certificates = twin.rows("/certificate");
    drop(twin);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let twin = Twin::start(options(&file)).await.unwrap();
    assert_eq!(twin.export(), before);
    assert_eq!(twin.fingerprint, fingerprint);
    let signed = |rows: &[Vec<(String, String)>]| {
        rows.iter().flatten().filter(|(name, _)| name == "fingerprint").cloned().collect::<Vec<_>>()
    };
    assert_eq!(signed(&twin.rows("/certificate")), signed(&certificates));
    assert_eq!(twin.rows("/ip/firewall/address-list"), Vec::<Vec<_>>::new(), "entries with a time-out live in memory");
    let mut client = Client::new(twin.api).await;
    assert_eq!(client.login("admin", "changed").await, ["!done"]);
    let mut client = Client::new(twin.api).await;
    assert_eq!(client.login("bulkhead", "s3cret").await, ["!done"]);
    let id = twin.run("/interface/vlan", "add", &[("name", "new"), ("vlan-id", "8"), ("interface", "bridge")]).unwrap();
    let addresses = twin.rows("/ip/address");
    let dead = addresses.iter().flatten().find(|(name, value)| name == "interface" && value.starts_with('*')).unwrap();
    assert_ne!(Some(&dead.1), id.as_ref(), "a dead id came to name a new row");
}

#[tokio::test]
async fn each_change_is_written_soon_without_being_asked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("twin.state");
    let twin = Twin::start(options(&file)).await.unwrap();
    twin.run("/interface/list", "add", &[("name", "soon")]).unwrap();
    tokio::time::timeout(crate::client::BOUND, async {
        while !fs::read_to_string(&file).unwrap().contains("soon") {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_twin_starts_again_without_what_the_factory_gave_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("twin.state");
    let twin = Twin::start(options(&file)).await.unwrap();
    twin.run("/interface/wireguard", "remove", &[("numbers", "wg-vpn")]).unwrap();
    twin.save().unwrap();
    let before = twin.export();
    drop(twin);
    assert_eq!(Twin::start(options(&file)).await.unwrap().export(), before);
}

#[tokio::test]
async fn a_damaged_state_and_one_of_another_version_are_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("twin.state");
    drop(Twin::start(options(&file)).await.unwrap());
    let other = refusal(Options { routeros_version: "7.20.8".to_owned(), ..options(&file) }).await;
    assert!(other.contains("is of RouterOS 7.24, and this twin plays 7.20.8: play that version"), "{other}");
    let whole = fs::read_to_string(&file).unwrap();
    let damages = [
        whole[..whole.len() / 2].to_owned(),
        String::new(),
        whole.replace("BEGIN", "B"),
        whole.replace("\"ether\"", "\"ring\""),
    ];
    for damage in damages {
        fs::write(&file, &damage).unwrap();
        let said = refusal(options(&file)).await;
        assert!(said.contains(&format!("{} is damaged: move the file away", file.display())), "{said}");
        assert_eq!(fs::read_to_string(&file).unwrap(), damage, "a refused file was written");
    }
}
