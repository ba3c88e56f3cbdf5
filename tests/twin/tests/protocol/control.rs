//! The control surface over HTTP.

use bulkhead_twin::Twin;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::client::{Client, property, twin};

async fn call(twin: &Twin, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut stream = TcpStream::connect(twin.control).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: twin\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::String(body.to_owned())))
}

#[tokio::test]
async fn the_world_is_changed_and_what_cannot_be_is_refused_with_the_reason() {
    let twin = twin("7.24").await;
    let cases = [
        ("/link", json!({"interface": "wg-vpn", "up": false}), 200),
        ("/link", json!({"interface": "ether99", "up": false}), 422),
        ("/peer", json!({"interface": "wg-vpn", "alive": false}), 200),
        ("/peer", json!({"interface": "ether1", "alive": false}), 422),
        ("/traffic", json!({"interface": "ether2", "rx_bps": 8000, "tx_bps": 8000}), 200),
        ("/traffic", json!({"menu": "/ip/firewall/filter", "rule": "defconf: drop invalid", "bytes": 77}), 200),
        ("/traffic", json!({"menu": "/ip/firewall/filter", "rule": "none", "bytes": 77}), 422),
        ("/fault", json!({"kind": "trap", "command": "/x", "nth": 3}), 200),
        ("/fault", json!({"kind": "earthquake"}), 422),
        ("/fault", json!({"kind": "power-cut", "ms": "long"}), 422),
        ("/clock", json!({"advance_ms": 1000}), 200),
        ("/trace", json!({}), 422),
        ("/link", json!({"interface": "wg-vpn"}), 422),
    ];
    for (path, body, status) in cases {
        let (found, answer) = call(&twin, "POST", path, &body).await;
        assert_eq!(found, status, "{path} {body}: {answer}");
    }
    let faults = json!([{"kind": "trap", "command": "/x", "nth": 3, "when": "before"}]);
    assert_eq!(call(&twin, "GET", "/faults", &Value::Null).await, (200, faults));
    assert_eq!(call(&twin, "DELETE", "/fault", &Value::Null).await.0, 200);
    assert_eq!(call(&twin, "GET", "/faults", &Value::Null).await, (200, json!([])));
    let mut client = Client::admin(&twin).await;
    assert_eq!(client.value("/interface", "?name=wg-vpn", "running").await.as_deref(), Some("false"));
    assert_eq!(
        client.value("/ip/firewall/filter", "?comment=defconf: drop invalid", "bytes").await.as_deref(),
        Some("77")
    );
    assert_eq!(call(&twin, "GET", "/record", &Value::Null).await, (200, json!({"sentences": 3})));
}

#[tokio::test]
async fn the_export_is_the_configuration_without_ids_defaults_and_what_is_born_by_itself() {
    let twin = twin("7.24").await;
    let (status, export) = call(&twin, "GET", "/export", &Value::Null).await;
    assert_eq!(status, 200);
    let lan = json!({"address": "192.168.88.1/24", "comment": "defconf", "interface": "bridge"});
    assert_eq!(export["/ip/address"], json!([{"address": "10.66.0.2/32", "interface": "wg-vpn"}, lan]));
    assert_eq!(export["/ip/firewall/filter"][0]["comment"], "defconf: accept established,related,untracked");
    assert_eq!(export.get("/ip/route"), None);
    assert_eq!(export.get("/user/active"), None);
    assert_eq!(call(&twin, "GET", "/export", &Value::Null).await.1, export);
}

#[tokio::test]
async fn each_field_of_the_provider_changes_what_the_router_sees_and_nothing_else() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    let seen = async |client: &mut Client| {
        let mut seen = Vec::new();
        for (menu, query, name) in
            [("/interface", "?name=ether1", "running"), ("/ip/dhcp-client", "?interface=ether1", "status")]
        {
            seen.push(client.value(menu, query, name).await.unwrap_or_default());
        }
        let ping = client.ask(&["/tool/ping", "=address=192.0.2.1", "=count=1", "=interval=10ms"]).await;
        seen.push(property(&ping[0], "received").unwrap_or_else(|| ping[0].clone()));
        seen.push(client.ask(&["/resolve", "=domain-name=a.example"]).await.remove(0));
        seen.join(" ")
    };
    let well = "true bound 1 !done =ret=198.51.100.80";
    assert_eq!(seen(&mut client).await, well);
    for (body, wrong) in [
        (json!({"up": false}), "false stopped 0 !trap =message=failure: dns server failure"),
        (json!({"dhcp": "error"}), "true error 0 !trap =message=failure: dns server failure"),
        (json!({"dhcp": "renewing"}), "true renewing... 1 !done =ret=198.51.100.80"),
        (json!({"internet": false}), "true bound 0 !done =ret=198.51.100.80"),
        (json!({"dns": "timeout"}), "true bound 1 !trap =message=failure: dns server timeout"),
        (json!({"dns": "servfail"}), "true bound 1 !trap =message=failure: dns server failure"),
    ] {
        assert_eq!(call(&twin, "POST", "/wan", &body).await.0, 200, "{body}");
        assert_eq!(seen(&mut client).await, wrong, "{body}");
        let mended = json!({"up": true, "dhcp": "bound", "internet": true, "dns": "ok"});
        assert_eq!(call(&twin, "POST", "/wan", &mended).await, (200, json!({})));
        assert_eq!(seen(&mut client).await, well, "after {body}");
    }
    for body in [
        json!({"dhcp": "asleep"}),
        json!({"dns": "slow"}),
        json!({"up": "no"}),
        json!({"internet": 0}),
        json!({"cable": true}),
        json!([]),
    ] {
        let (status, answer) = call(&twin, "POST", "/wan", &body).await;
        assert!(status == 422 && answer["error"].is_string(), "{body}: {status} {answer}");
    }
    assert_eq!(seen(&mut client).await, well, "what is refused changes nothing");
}

#[tokio::test]
async fn each_figure_of_the_resources_is_told_by_the_router_until_it_is_set_anew() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    let total: u64 = client.value("/system/resource", "", "total-memory").await.unwrap().parse().unwrap();
    for (body, menu, query, name, told) in [
        (json!({"cpu_percent": 93}), "/system/resource", "", "cpu-load", "93".to_owned()),
        (json!({"cpu_percent": 0}), "/system/resource", "", "cpu-load", "0".to_owned()),
        (json!({"memory_percent": 75}), "/system/resource", "", "free-memory", (total / 4).to_string()),
        (json!({"memory_percent": 100}), "/system/resource", "", "free-memory", "0".to_owned()),
        (json!({"temperature": 81}), "/system/health", "?type=C", "value", "81".to_owned()),
    ] {
        assert_eq!(call(&twin, "POST", "/resource", &body).await, (200, json!({})), "{body}");
        assert_eq!(client.value(menu, query, name).await, Some(told), "{body}");
    }
    for body in [
        json!({"cpu_percent": 101}),
        json!({"memory_percent": 101}),
        json!({"cpu_percent": -1}),
        json!({"temperature": "hot"}),
        json!({"disk_percent": 5}),
    ] {
        let (status, answer) = call(&twin, "POST", "/resource", &body).await;
        assert!(status == 422 && answer["error"].is_string(), "{body}: {status} {answer}");
    }
    assert_eq!(client.value("/system/resource", "", "cpu-load").await.as_deref(), Some("0"), "refused, not taken");
}
