//! The way of a packet: what the controller says of the rules that it reads agrees with what the twin does with them.

use crate::{cli::bulkhead, demo, vif::confirmed};
use serde_json::{Value, json};
use support::demo::Demo;

async fn told(demo: &Demo, asked: &Value) -> anyhow::Result<Value> {
    let answer = demo.rest.call("POST", "/api/v1/routers/r1/trace", Some(asked), &[]).await?;
    anyhow::ensure!(answer.status == 200, "{asked}: {}", answer.body);
    Ok(answer.body)
}

#[tokio::test]
async fn the_controller_and_the_router_agree_on_where_packets_go() -> anyhow::Result<()> {
    let demo = demo().await?;
    confirmed(&demo, &demo.rest.create_vif("r1", "tor", "make").await?).await?;
    let vif = demo.rest.get("/api/v1/routers/r1/vifs").await?[0].clone();
    let (service, interface) = (vif["service_ip"].clone(), vif["interface"].clone());
    let mut verdicts = Vec::new();
    for (src, dst, protocol, port, into) in [
        (json!("192.168.88.10"), "1.1.1.1", "tcp", Some(443), Value::Null),
        (json!("192.168.88.10"), "192.168.88.1", "udp", Some(53), Value::Null),
        (json!("8.8.8.8"), "203.0.113.10", "tcp", Some(22), json!("ether1")),
        (json!("8.8.8.8"), "192.168.88.10", "tcp", Some(80), json!("ether1")),
        (service.clone(), "1.1.1.1", "tcp", Some(443), interface.clone()),
        (service.clone(), "192.168.88.10", "icmp", None, interface.clone()),
        (service.clone(), "9.9.9.9", "udp", Some(53), interface.clone()),
        (json!("172.16.63.2"), "172.16.63.1", "tcp", Some(8729), Value::Null),
        (json!("192.168.88.10"), "172.16.64.2", "tcp", Some(80), Value::Null),
    ] {
        let mut asked = json!({"src": src, "dst": dst, "protocol": protocol});
        for (name, value) in [("dst_port", json!(port)), ("in_interface", into)] {
            if !value.is_null() {
                asked[name] = value;
            }
        }
        let ours = told(&demo, &asked).await?;
        let routers = demo.control().post("/trace", &asked).await?;
        for member in ["verdict", "out_interface", "packet"] {
            assert_eq!(ours[member], routers[member], "{asked}: {member}");
        }
        let rules = |trace: &Value| -> Vec<Value> {
            let steps = trace["steps"].as_array().cloned().unwrap_or_default();
            // A route that follows from an address is known by that address here, and has a row of its own there.
            let rule = |step: &Value| if step["table"] == "routing" { Value::Null } else { step["rule"].clone() };
            steps.iter().map(|step| json!([step["table"], step["chain"], rule(step), step["action"]])).collect()
        };
        assert_eq!(rules(&ours), rules(&routers), "{asked}");
        verdicts.push(ours["verdict"].clone());
    }
    for verdict in ["forward", "local", "drop"] {
        assert!(verdicts.contains(&json!(verdict)), "{verdict} among {verdicts:?}");
    }

    let by_name = told(&demo, &json!({"src": "tor", "dst": "1.1.1.1", "dst_port": 443})).await?;
    assert_eq!((&by_name["verdict"], &by_name["out_interface"]), (&json!("forward"), &json!("wg-vpn")));
    Ok(())
}

#[tokio::test]
async fn the_command_line_says_by_which_rule_and_ends_with_what_became_of_it() -> anyhow::Result<()> {
    let demo = demo().await?;
    for (words, code, expected) in [
        (&["192.168.88.10", "1.1.1.1:443"][..], 0, "It would leave by ether1, as 203.0.113.10."),
        (&["172.16.63.2", "172.16.63.1:8729"], 0, "It would reach the router itself."),
        (&["8.8.8.8", "203.0.113.10:22", "--in", "ether1"], 3, "“defconf: drop all not coming from LAN”"),
        (&["nobody", "1.1.1.1"], 1, "`nobody` is neither an address nor a VIF."),
        (&["8.8.8.8", "1.1.1.1", "--in", "ether99"], 1, "Its interfaces: "),
        (&["8.8.8.8", "2001:db8::1"], 1, "different families"),
    ] {
        let output = bulkhead(&demo, &[&["trace", "r1"], words].concat()).await?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {text}");
        assert!(text.contains(expected), "{words:?}: {text}");
    }
    Ok(())
}
