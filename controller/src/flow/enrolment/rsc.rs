//! The router's script: the agent's user and what the agent's container is plugged into.
//!
//! It may be imported again and again: what is there stays, passwords are set anew. Lines are kept to what
//! RouterOS 7.16 to 7.24 all understand: a command with `name=value` arguments, `:if` on a count, `:pick` of the
//! first static row.

use super::{LINK_VLAN, Secrets, link_address};
use shared::ids::RouterId;
use std::fmt::Write as _;

/// What the agent needs and no more: it signs in by the API, reads, writes, and probes tunnels with ping. Nothing
/// that it reads is sensitive.
const POLICY: &str = "api,read,write,test";

/// The script.
pub(super) fn script(router: &RouterId, secrets: &Secrets) -> String {
    let mut out = String::new();
    header(&mut out, router);
    user(&mut out, &secrets.routeros_password);
    api_ssl(&mut out);
    link(&mut out, secrets.mac);
    way_in(&mut out);
    out
}

fn header(out: &mut String, router: &RouterId) {
    say(out, &format!("# Bulkhead on the router `{router}`. Import it with /import; it may be imported again."));
    say(out, "# It holds a password: remove it from the router afterwards.");
    say(out, "#");
    say(out, "# It does not make the agent's container: which arguments /container/add takes differs from version");
    say(out, "# to version. Make it by hand: interface bh-agent, and the folder that `bulkhead router add` wrote as");
    say(out, "# its mount.");
}

fn user(out: &mut String, password: &str) {
    let agent = link_address(2);
    say(out, "\n# The agent's user: signs in from the agent's address only.");
    let group = format!("policy={POLICY} comment=\"bulkhead:installer/group\"");
    unless(out, "/user/group/find name=bulkhead", &format!("/user/group/add name=bulkhead {group}"));
    let rest = format!("group=bulkhead address={agent}/32 password=\"{password}\" comment=\"bulkhead:installer/user\"");
    unless(out, "/user/find name=bulkhead", &format!("/user/add name=bulkhead {rest}"));
    say(out, &format!("/user/group/set numbers=bulkhead {group}"));
    say(out, &format!("/user/set numbers=bulkhead {rest}"));
}

/// A certificate that somebody chose stays; `find` then finds no row to set.
fn api_ssl(out: &mut String) {
    say(out, "\n# TLS for the API, where no certificate has been chosen: without one it cannot be spoken to.");
    block(
        out,
        ":if ([:len [/certificate/find name=bulkhead-api]] = 0) do={",
        &[
            "/certificate/add name=bulkhead-api common-name=bulkhead-api key-size=2048 days-valid=3650 \
             key-usage=digital-signature,key-encipherment,tls-server",
            "/certificate/sign number=bulkhead-api",
            "/ip/service/set [/ip/service/find name=api-ssl certificate=none] certificate=bulkhead-api",
        ],
    );
    say(out, "/ip/service/set numbers=api-ssl disabled=no");
}

/// The bridge, and on it the link between router and agent. The agent's port is a trunk too: VIFs are tagged on it.
fn link(out: &mut String, mac: [u8; 5]) {
    let mac = mac.map(|byte| format!("{byte:02X}")).join(":");
    let (gateway, agent) = (link_address(1), link_address(2));
    say(out, "\n# The bridge of all compartments, and on it the link between router and agent.");
    for (find, add) in [
        (
            "/interface/bridge/find name=bulkhead",
            format!(
                "/interface/bridge/add name=bulkhead vlan-filtering=yes protocol-mode=none \
                 frame-types=admit-only-vlan-tagged auto-mac=no \
                 admin-mac=02:{mac} comment=\"bulkhead:installer/bridge\""
            ),
        ),
        (
            "/interface/veth/find name=bh-agent",
            format!(
                "/interface/veth/add name=bh-agent address={agent}/30 gateway={gateway} \
                 comment=\"bulkhead:installer/veth\""
            ),
        ),
        (
            "/interface/bridge/port/find interface=bh-agent",
            format!(
                "/interface/bridge/port/add bridge=bulkhead interface=bh-agent pvid={LINK_VLAN} \
                 frame-types=admit-all ingress-filtering=yes horizon=1 comment=\"bulkhead:installer/port\""
            ),
        ),
        (
            "/interface/bridge/vlan/find comment=\"bulkhead:installer/vlan\"",
            format!(
                "/interface/bridge/vlan/add bridge=bulkhead vlan-ids={LINK_VLAN} tagged=bulkhead untagged=bh-agent \
                 comment=\"bulkhead:installer/vlan\""
            ),
        ),
        (
            "/interface/vlan/find name=bh-mgmt",
            format!(
                "/interface/vlan/add name=bh-mgmt interface=bulkhead vlan-id={LINK_VLAN} \
                 comment=\"bulkhead:installer/link\""
            ),
        ),
        (
            "/ip/address/find interface=bh-mgmt",
            format!("/ip/address/add address={gateway}/30 interface=bh-mgmt comment=\"bulkhead:installer/address\""),
        ),
    ] {
        unless(out, find, &add);
    }
}

/// The agent's way in to the API, above every other static rule. An empty table has no row to stand above.
fn way_in(out: &mut String) {
    let rule = format!(
        "/ip/firewall/filter/add chain=input action=accept in-interface=bh-mgmt src-address={} protocol=tcp \
         dst-port=8729 comment=\"bulkhead:installer/api\"",
        link_address(2)
    );
    say(out, "\n# The agent's way in to the API, and to nothing else, above every other rule.");
    unless(out, "/ip/firewall/filter/find dynamic=no", &rule);
    let first = "[:pick [/ip/firewall/filter/find where dynamic=no] 0]";
    unless(out, "/ip/firewall/filter/find comment=\"bulkhead:installer/api\"", &format!("{rule} place-before={first}"));
}

fn unless(out: &mut String, find: &str, command: &str) {
    block(out, &format!(":if ([:len [{find}]] = 0) do={{"), &[command]);
}

fn block(out: &mut String, head: &str, commands: &[&str]) {
    say(out, head);
    for command in commands {
        say(out, &format!("  {command}"));
    }
    say(out, "}");
}

fn say(out: &mut String, line: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> String {
        let secrets = Secrets {
            routeros_password: "PASSWORD".into(),
            mqtt_password: String::new(),
            agent_seed: String::new(),
            client_certificate: String::new(),
            client_key: String::new(),
            mac: [0, 1, 2, 3, 0xff],
        };
        script(&RouterId::new("r1").unwrap(), &secrets)
    }

    #[test]
    fn what_is_there_already_is_never_added_again() {
        let script = sample();
        let mut guarded = false;
        for line in script.lines() {
            if line.starts_with(":if") {
                guarded = true;
            } else if line == "}" {
                guarded = false;
            }
            assert!(guarded || line.starts_with('#') || !line.contains("/add "), "{line}");
        }
    }

    #[test]
    fn every_object_that_can_carry_a_comment_carries_our_mark() {
        for line in sample().lines().filter(|line| !line.starts_with('#') && line.contains("/add ")) {
            let by_name = ["/user/", "/certificate/"].iter().any(|menu| line.trim_start().starts_with(menu));
            assert!(by_name || line.contains("comment=\"bulkhead:installer/"), "{line}");
        }
    }

    #[test]
    fn the_way_in_is_the_first_static_rule_and_for_the_agent_alone() {
        let script = sample();
        let rules: Vec<&str> = script.lines().filter(|line| line.contains("/filter/add")).collect();
        assert_eq!(rules.len(), 2);
        assert!(rules[1].ends_with("place-before=[:pick [/ip/firewall/filter/find where dynamic=no] 0]"));
        for rule in rules {
            assert!(rule.contains("in-interface=bh-mgmt src-address=172.16.63.2 protocol=tcp dst-port=8729"));
        }
    }

    #[test]
    fn the_user_has_no_right_to_secrets_users_or_a_reboot() {
        let script = sample();
        assert!(script.contains("policy=api,read,write,test comment=\"bulkhead:installer/group\"\n"));
        assert!(script.contains("address=172.16.63.2/32"));
    }
}
