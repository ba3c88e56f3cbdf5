//! The control surface over HTTP.

use bulkhead_twin::Twin;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::client::{Client, twin};

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
