//! What a trace reads of a router: the menus, and of each the properties.

/// Every menu that a trace reads. One that a router does not have counts as empty.
pub const MENUS: &[&str] = &[
    "/interface",
    "/interface/bridge",
    "/interface/bridge/port",
    "/interface/bridge/vlan",
    "/interface/list",
    "/interface/list/member",
    "/interface/vlan",
    "/interface/wireguard",
    "/interface/wireguard/peers",
    "/ip/address",
    "/ip/firewall/address-list",
    "/ip/firewall/connection/tracking",
    "/ip/firewall/filter",
    "/ip/firewall/mangle",
    "/ip/firewall/nat",
    "/ip/firewall/raw",
    "/ip/route",
    "/ip/settings",
    "/ipv6/address",
    "/ipv6/firewall/address-list",
    "/ipv6/firewall/filter",
    "/ipv6/firewall/mangle",
    "/ipv6/firewall/nat",
    "/ipv6/firewall/raw",
    "/ipv6/route",
    "/ipv6/settings",
    "/routing/rule",
    "/routing/settings",
    "/routing/table",
];

/// What a trace needs of a menu's rows, as a `.proplist`; empty for a menu that it does not read. Of a rule it is all but
/// its counters and its log's words, so that nothing that narrows one stays unseen.
///
/// A property that a version does not know is simply missing from its rows.
pub fn properties(menu: &str) -> &'static str {
    match menu {
        "/interface" => ".id,name,type,running,disabled,dynamic",
        "/interface/bridge" => ".id,name,vlan-filtering,pvid,frame-types,disabled",
        "/interface/bridge/port" => ".id,bridge,interface,pvid,frame-types,ingress-filtering,dynamic,disabled",
        "/interface/bridge/vlan" => ".id,bridge,vlan-ids,tagged,untagged,dynamic,disabled",
        "/interface/list" => ".id,name,include,exclude",
        "/interface/list/member" => ".id,list,interface,dynamic,disabled",
        "/interface/vlan" => ".id,name,interface,vlan-id,disabled",
        "/interface/wireguard" => ".id,name,disabled",
        "/interface/wireguard/peers" => ".id,interface,allowed-address,dynamic,disabled,comment",
        "/ip/address" | "/ipv6/address" => ".id,address,network,interface,dynamic,disabled",
        "/ip/route" | "/ipv6/route" => {
            ".id,dst-address,gateway,routing-table,distance,scope,target-scope,check-gateway,pref-src,blackhole,connect,dynamic,disabled,inactive,comment"
        }
        "/ip/firewall/address-list" | "/ipv6/firewall/address-list" => ".id,list,address,dynamic,disabled",
        "/ip/firewall/connection/tracking" => "enabled",
        "/ip/settings" => "ip-forward,rp-filter",
        "/ipv6/settings" => "forward,disable-ipv6",
        "/routing/rule" => {
            ".id,chain,action,table,src-address,dst-address,interface,routing-mark,min-prefix,realm,vrf,disabled,comment"
        }
        "/routing/settings" => "policy-rules",
        "/routing/table" => ".id,name,fib,disabled",
        "/ip/firewall/filter"
        | "/ip/firewall/mangle"
        | "/ip/firewall/nat"
        | "/ip/firewall/raw"
        | "/ipv6/firewall/filter"
        | "/ipv6/firewall/mangle"
        | "/ipv6/firewall/nat"
        | "/ipv6/firewall/raw" => RULE,
        _ => "",
    }
}

/// Everything of a rule but its counters and its log's words.
const RULE: &str = ".id,chain,action,jump-target,new-connection-mark,new-mss,new-packet-mark,new-routing-mark,passthrough,to-addresses,to-ports,reject-with,address-list,address-list-timeout,\
connection-bytes,connection-limit,connection-mark,connection-nat-state,connection-rate,connection-state,connection-type,content,dscp,dst-address,dst-address-list,dst-address-type,dst-limit,dst-port,dst-prefix,fragment,headers,hop-limit,hotspot,icmp-options,in-bridge-port,in-bridge-port-list,in-interface,in-interface-list,ingress-priority,ipsec-policy,ipv4-options,layer7-protocol,limit,nth,out-bridge-port,out-bridge-port-list,out-interface,out-interface-list,p2p,packet-mark,packet-size,per-connection-classifier,port,priority,protocol,psd,random,realm,routing-mark,src-address,src-address-list,src-address-type,src-mac-address,src-port,src-prefix,tcp-flags,tcp-mss,time,tls-host,tos,ttl,\
dynamic,disabled,invalid,comment";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_menu_that_is_read_says_what_is_read_of_it() {
        for menu in MENUS {
            assert!(!properties(menu).is_empty(), "{menu}");
            assert!(properties(menu).split(',').all(|name| !name.is_empty() && name.trim() == name), "{menu}");
        }
        assert_eq!(properties("/user"), "");
    }
}
