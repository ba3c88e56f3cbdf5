//! Ansible's community.routeros against a running twin: the wanted state of several menus, made once and not again.

use std::process::Command;

use crate::{
    client::twin,
    other_clients::{folder, python, skip, target},
};

#[tokio::test(flavor = "multi_thread")]
async fn ansible_makes_a_wanted_state_once_and_finds_it_made() {
    let collections = target().join("collections");
    let ansible = python().with_file_name("ansible-playbook");
    if !collections.join("ansible_collections/community/routeros").is_dir() || !ansible.exists() {
        skip(
            "ansible_makes_a_wanted_state_once_and_finds_it_made",
            "ansible-core or the collection community.routeros is not installed: run scripts/test",
        );
        return;
    }
    let twin = twin("7.24").await;
    // Ansible keeps its modules and their leftovers in a home, which is not to be the person's.
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(ansible)
        .arg(folder().join("ansible/play.yml"))
        .args(["-e", &format!("host={} api_port={} user=admin password=admin", twin.api.ip(), twin.api.port())])
        .env("ANSIBLE_HOME", home.path())
        .env("ANSIBLE_REMOTE_TEMP", home.path())
        .env("ANSIBLE_COLLECTIONS_PATH", collections)
        .env("ANSIBLE_LOCALHOST_WARNING", "false")
        .env("ANSIBLE_INVENTORY_UNPARSED_WARNING", "false")
        .env("ANSIBLE_NOCOLOR", "true")
        .env("ANSIBLE_PIPELINING", "true")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}
