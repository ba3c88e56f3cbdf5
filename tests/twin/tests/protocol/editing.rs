//! Rows added, printed, changed, moved and removed, and what is refused.

use crate::client::{Client, property, twin};

#[tokio::test]
async fn what_the_version_does_not_have_is_refused_in_its_words() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    let cases: [(&[&str], &str); 16] = [
        (&["/interface/vlan/explode"], "=category=0 =message=no such command"),
        (&["/no/such/menu/print"], "=category=0 =message=no such command prefix"),
        (&["/ping", "=address=192.0.2.1"], "=category=0 =message=no such command"),
        (&["/interface/vlan/add", "=colour=red"], "=category=0 =message=unknown parameter colour"),
        (&["/interface/vlan/add", "=vlan-id=5"], "=message=missing =interface="),
        (
            &["/interface/vlan/add", "=vlan-id=5", "=interface=ether99"],
            "=category=1 =message=input does not match any value of interface",
        ),
        (
            &["/interface/vlan/add", "=vlan-id=9999", "=interface=bridge"],
            "=category=1 =message=value of vlan-id is out of range (1 .. 4094)",
        ),
        (&["/interface/bridge/add", "=name=wg-vpn"], "=message=failure: already have interface with such name"),
        (
            &["/ip/address/add", "=address=192.168.88.1/24", "=interface=bridge"],
            "=message=failure: already have such address",
        ),
        (&["/ip/route/add", "=gateway=nowhere"], "=category=1 =message=invalid value for argument gateway"),
        (&["/ip/route/set", "=.id=*FFFF", "=distance=2"], "=category=0 =message=no such item"),
        (
            &["/ip/firewall/filter/add", "=chain=forward", "=action=explode"],
            "=category=1 =message=input does not match any value of action",
        ),
        (
            &["/ip/firewall/filter/add", "=chain=forward", "=in-interface-list=none-such"],
            "=category=1 =message=input does not match any value of in-interface-list",
        ),
        (
            &["/routing/rule/add", "=action=lookup", "=table=none-such"],
            "=category=1 =message=input does not match any value of table",
        ),
        (&["/system/identity/listen"], "=category=0 =message=unknown parameter follow-only"),
        (&["/user/add", "=name=admin", "=group=full"], "=message=failure: user with the same name already exists"),
    ];
    for (words, trap) in cases {
        assert_eq!(client.ask(words).await, [format!("!trap {trap}"), "!done".to_owned()], "{words:?}");
    }
}

#[tokio::test]
async fn an_answer_without_rows_says_empty_from_7_18_on() {
    for (version, answer) in [("7.16.2", &["!done .tag=a"][..]), ("7.18.2", &["!empty .tag=a", "!done .tag=a"])] {
        let twin = twin(version).await;
        let mut client = Client::admin(&twin).await;
        assert_eq!(client.ask(&["/queue/simple/print", ".tag=a"]).await, answer, "{version}");
    }
}

#[tokio::test]
async fn rows_are_addressed_by_id_by_name_and_in_lists() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    let one = client.add(&["/interface/vlan/add", "=name=v1", "=vlan-id=1", "=interface=bridge"]).await;
    client.add(&["/interface/vlan/add", "=name=v2", "=vlan-id=2", "=interface=bridge"]).await;
    assert_eq!(client.ask(&["/interface/vlan/set", "=.id=v2", "=comment=second"]).await, ["!done"]);
    assert_eq!(client.value("/interface/vlan", "?name=v2", "comment").await.as_deref(), Some("second"));
    assert_eq!(client.ask(&["/interface/vlan/disable", &format!("=numbers={one},v2")]).await, ["!done"]);
    assert_eq!(client.ask(&["/interface/vlan/print", "?disabled=true", "=count-only="]).await, ["!done =ret=2"]);
    assert_eq!(client.ask(&["/interface/vlan/remove", &format!("=.id={one},v2")]).await, ["!done"]);
    assert_eq!(client.ask(&["/interface/vlan/print", "=.proplist=name"]).await, ["!empty", "!done"]);
}

#[tokio::test]
async fn a_print_gives_the_wanted_properties_of_the_wanted_rows() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    let rows =
        client.ask(&["/interface/print", "=.proplist=name,type,absent", "?type=bridge", "?type=wg", "?#|"]).await;
    assert_eq!(rows, ["!re =name=bridge =type=bridge", "!re =name=wg-vpn =type=wg", "!done"]);
    assert_eq!(client.ask(&["/interface/getall", "=count-only=", "?running=true"]).await, ["!done =ret=8"]);
}

#[tokio::test]
async fn rules_stand_where_they_are_put() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    let first = client.value("/ip/firewall/filter", "?dynamic=false", ".id").await.unwrap();
    let rule = |comment: &str| format!("=comment={comment}");
    let a =
        client.add(&["/ip/firewall/filter/add", "=chain=forward", &rule("a"), &format!("=place-before={first}")]).await;
    let b = client.add(&["/ip/firewall/filter/add", "=chain=forward", &rule("b"), &format!("=place-before={a}")]).await;
    let c = client.add(&["/ip/firewall/filter/add", "=chain=forward", &rule("c")]).await;
    let order = async |client: &mut Client| -> Vec<String> {
        let rows = client
            .ask(&[
                "/ip/firewall/filter/print",
                "=.proplist=comment",
                "?=comment=a",
                "?=comment=b",
                "?=comment=c",
                "?#||",
            ])
            .await;
        rows.iter().filter_map(|row| property(row, "comment")).collect()
    };
    assert_eq!(order(&mut client).await, ["b", "a", "c"]);
    assert_eq!(client.value("/ip/firewall/filter", "?comment=b", ".nextid").await, Some(a.clone()));
    assert_eq!(
        client.ask(&["/ip/firewall/filter/move", &format!("=numbers={c},{a}"), &format!("=destination={b}")]).await,
        ["!done"]
    );
    assert_eq!(order(&mut client).await, ["c", "a", "b"]);
    assert_eq!(
        client.value("/ip/firewall/filter", "", "action").await.as_deref(),
        Some("passthrough"),
        "the dummy stays first"
    );
    let dummy = client.value("/ip/firewall/filter", "?dynamic=true", ".id").await.unwrap();
    let refused = ["!trap =message=failure: can not move builtin", "!done"];
    assert_eq!(
        client.ask(&["/ip/firewall/filter/move", &format!("=numbers={a}"), &format!("=destination={dummy}")]).await,
        refused
    );
}

#[tokio::test]
async fn a_removed_interface_leaves_dead_ids_that_a_new_one_of_its_name_does_not_revive() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    let id = client.add(&["/interface/vlan/add", "=name=v9", "=vlan-id=9", "=interface=bridge"]).await;
    client.add(&["/ip/address/add", "=address=10.9.0.1/24", "=interface=v9"]).await;
    client
        .add(&["/ip/firewall/raw/add", "=chain=prerouting", "=in-interface=!v9", "=comment=r", "=action=notrack"])
        .await;
    client.add(&["/interface/list/member/add", "=list=LAN", "=interface=v9", "=comment=m"]).await;
    client.add(&["/interface/list/add", "=name=l9"]).await;
    client.add(&["/ip/firewall/filter/add", "=chain=forward", "=out-interface-list=l9", "=comment=f"]).await;
    assert_eq!(client.value("/ip/route", "?dst-address=10.9.0.0/24", "connect").await.as_deref(), Some("true"));
    client.ask(&["/interface/vlan/remove", "=.id=v9"]).await;
    client.ask(&["/interface/list/remove", "=.id=l9"]).await;
    client.add(&["/interface/vlan/add", "=name=v9", "=vlan-id=9", "=interface=bridge"]).await;
    for (menu, query, name, negated) in [
        ("/ip/address", "?address=10.9.0.1/24", "interface", ""),
        ("/ip/firewall/raw", "?comment=r", "in-interface", "!"),
        ("/interface/list/member", "?comment=m", "interface", ""),
    ] {
        assert_eq!(client.value(menu, query, name).await, Some(format!("{negated}{id}")), "{menu}");
    }
    assert_eq!(client.value("/ip/address", "?address=10.9.0.1/24", "invalid").await.as_deref(), Some("true"));
    assert_eq!(client.value("/ip/firewall/raw", "?comment=r", "invalid").await.as_deref(), Some("true"));
    assert_eq!(client.value("/ip/firewall/filter", "?comment=f", "invalid").await.as_deref(), Some("true"));
    assert_eq!(client.ask(&["/ip/route/print", "?dst-address=10.9.0.0/24"]).await, ["!empty", "!done"]);
}

#[tokio::test]
async fn a_bridge_slave_is_matched_by_no_rule_and_carries_no_address() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    client.add(&["/ip/address/add", "=address=10.8.0.1/24", "=interface=ether3"]).await;
    client.add(&["/ip/firewall/filter/add", "=chain=forward", "=in-interface=ether3", "=comment=s"]).await;
    assert_eq!(client.value("/ip/address", "?address=10.8.0.1/24", "invalid").await.as_deref(), Some("true"));
    assert_eq!(
        client.value("/ip/address", "?address=10.8.0.1/24", "actual-interface").await.as_deref(),
        Some("bridge")
    );
    assert_eq!(client.value("/ip/firewall/filter", "?comment=s", "invalid").await.as_deref(), Some("true"));
}

#[tokio::test]
async fn a_renamed_interface_is_still_the_one_that_others_name() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    assert_eq!(client.ask(&["/interface/wireguard/set", "=.id=wg-vpn", "=name=wg-new"]).await, ["!done"]);
    assert_eq!(client.value("/ip/address", "?address=10.66.0.2/32", "interface").await.as_deref(), Some("wg-new"));
    assert_eq!(client.value("/interface/wireguard/peers", "", "interface").await.as_deref(), Some("wg-new"));
}

#[tokio::test]
async fn values_come_back_as_the_bytes_that_they_were() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    let mut add = b"\x13/interface/list/add\x08=name=by".to_vec();
    add.extend(b"\x0b=comment=\xff\xe4\x00");
    client.stream.write_all(&add).await.unwrap();
    assert!(client.next().await.unwrap().starts_with("!done =ret=*"));
    client.send(&["/interface/list/print", "=.proplist=comment", "?name=by"]).await;
    let mut bytes = vec![0; 64];
    let count = client.stream.read(&mut bytes).await.unwrap();
    assert!(bytes[..count].windows(11).any(|window| window == b"=comment=\xff\xe4"), "{:?}", &bytes[..count]);
}

#[tokio::test]
async fn unset_takes_a_value_back() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    let id = client.add(&["/ip/firewall/filter/add", "=chain=forward", "=src-address=10.0.0.1", "=comment=u"]).await;
    assert_eq!(
        client.ask(&["/ip/firewall/filter/unset", &format!("=.id={id}"), "=value-name=src-address"]).await,
        ["!done"]
    );
    assert_eq!(client.value("/ip/firewall/filter", "?comment=u", "src-address").await, None);
}
