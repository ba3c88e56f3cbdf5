//! Many who listen at once, and what they cost.

use bulkhead_twin::{Options, Twin};

use crate::client::{Client, twin};

const ROWS: usize = 10_000;
const LISTENERS: usize = 100;
const CHANGES: usize = 1000;

/// A twin with a large table.
async fn large() -> Twin {
    let entry = |n: usize| format!("/ip/firewall/address-list/add list=many address=10.0.{}.{}\n", n / 250, n % 250);
    let scripts = vec![(0..ROWS).map(entry).collect()];
    Twin::start(Options { scripts, ..Options::default() }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_listeners_on_a_long_table_look_at_the_rows_that_change_and_at_no_other() {
    let twin = large().await;
    let mut listener = Client::admin(&twin).await;
    for tag in 0..LISTENERS {
        listener.send(&["/ip/firewall/address-list/listen", &format!(".tag={tag}"), "=.proplist=address"]).await;
    }
    // Each begins to look when it first runs: then it has seen all rows once.
    let before = u64::try_from(LISTENERS * ROWS).unwrap();
    while twin.rendered() < before {
        assert_eq!(listener.ask(&["/system/identity/print", ".tag=x"]).await.len(), 2);
    }
    let begun = twin.rendered();
    let mut heard = 0;
    for n in 0..CHANGES {
        let address = format!("10.9.{}.{}", n / 250, n % 250);
        twin.run("/ip/firewall/address-list", "add", &[("list", "more"), ("address", &address)]).unwrap();
        let said = format!("=address={address}");
        for _ in 0..LISTENERS {
            assert!(listener.next().await.unwrap().ends_with(&said));
            heard += 1;
        }
    }
    let looked = twin.rendered() - begun;
    assert_eq!(heard, LISTENERS * CHANGES);
    // Once to see whether it is different, once to say it.
    let most = u64::try_from(LISTENERS * CHANGES * 2).unwrap();
    assert!(looked <= most, "{looked} rows were made up for {heard} that were said");
    // What follows from other rows is none of this table's business.
    twin.set_link("ether2", false).unwrap();
    twin.run("/interface/vlan", "add", &[("name", "v7"), ("vlan-id", "7"), ("interface", "ether1")]).unwrap();
    twin.run("/ip/firewall/address-list", "add", &[("list", "last"), ("address", "10.8.0.1")]).unwrap();
    for _ in 0..LISTENERS {
        assert!(listener.next().await.unwrap().ends_with("=address=10.8.0.1"));
    }
    let after = twin.rendered() - begun - looked;
    assert!(after <= u64::try_from(LISTENERS * 3).unwrap(), "{after} rows were made up for one");
}

#[tokio::test]
async fn a_listener_who_missed_more_than_the_table_remembers_is_told_all_the_same() {
    let twin = twin("7.24").await;
    let mut listener = Client::admin(&twin).await;
    listener.send(&["/ip/firewall/address-list/listen", ".tag=L", "=.proplist=address"]).await;
    listener.ask(&["/system/identity/print", ".tag=x"]).await;
    // Without a pause between, no listener looks before all is done.
    let mut ids = Vec::new();
    for n in 0..2000_u32 {
        let address = format!("10.1.{}.{}", n / 250, n % 250);
        let id = twin.run("/ip/firewall/address-list", "add", &[("list", "l"), ("address", &address)]).unwrap();
        ids.push(id.unwrap());
    }
    for _ in 0..2000 {
        assert!(listener.next().await.unwrap().starts_with("!re .tag=L =address=10.1."));
    }
    twin.run("/ip/firewall/address-list", "remove", &[("numbers", &ids.join(","))]).unwrap();
    for _ in 0..2000 {
        assert!(listener.next().await.unwrap().ends_with("=.dead=true"));
    }
    twin.run("/ip/firewall/address-list", "add", &[("list", "l"), ("address", "10.2.0.1")]).unwrap();
    assert_eq!(listener.next().await.as_deref(), Some("!re .tag=L =address=10.2.0.1"), "and nothing twice");
}

#[tokio::test]
async fn a_tag_that_is_used_twice_answers_for_both_and_one_cancel_ends_both() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    for menu in ["/interface/list/listen", "/ip/firewall/address-list/listen"] {
        client.send(&[menu, ".tag=L", "=.proplist=list,name"]).await;
    }
    client.ask(&["/system/identity/print", ".tag=x"]).await;
    twin.run("/interface/list", "add", &[("name", "one")]).unwrap();
    assert_eq!(client.next().await.as_deref(), Some("!re .tag=L =name=one"));
    twin.run("/ip/firewall/address-list", "add", &[("list", "two"), ("address", "10.0.0.1")]).unwrap();
    assert_eq!(client.next().await.as_deref(), Some("!re .tag=L =list=two"));
    client.send(&["/cancel", "=tag=L", ".tag=C"]).await;
    let mut said = Vec::new();
    while said.iter().filter(|sentence| *sentence == "!done .tag=L").count() < 2 {
        said.push(client.next().await.unwrap());
    }
    let interrupted = said.iter().filter(|sentence| sentence.starts_with("!trap .tag=L")).count();
    assert_eq!(interrupted, 2, "{said:?}");
    twin.run("/interface/list", "add", &[("name", "three")]).unwrap();
    assert_eq!(client.ask(&["/system/identity/print", "=.proplist=name"]).await, ["!re =name=MikroTik", "!done"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_with_thousands_of_listeners_is_refused_more_until_one_ends() {
    const PLACES: usize = 4096;
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    for tag in 0..PLACES {
        client.send(&["/interface/list/listen", &format!(".tag={tag}")]).await;
    }
    let refused = client.ask(&["/interface/list/listen", ".tag=more"]).await;
    assert_eq!(refused, ["!trap .tag=more =message=failure: too many commands", "!done .tag=more"]);
    client.send(&["/cancel", "=tag=7", ".tag=C"]).await;
    while client.next().await.as_deref() != Some("!done .tag=7") {}
    assert_eq!(client.ask(&["/system/identity/print", "=.proplist=name"]).await, ["!re =name=MikroTik", "!done"]);
}
