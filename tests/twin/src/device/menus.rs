//! The menus that are modelled closely: a table.
//!
//! Defaults are those of a fresh 7.x device where the manual or the CLI reference names them.

use super::spec::{BRIDGE, INTERFACE, LIST, Spec, TABLE, Target, menu};

const INTERFACE_TAKEN: &str = "already have interface with such name";
const POOL: Target = Target::Named("/ip/pool", "");
const NAME_TAKEN: &str = "item with such name already exists";

/// All modelled menus.
pub(super) fn all() -> Vec<Spec> {
    [interfaces(), bridging(), addressing(), firewall(), services(), system(), containers()].concat()
}

fn interfaces() -> Vec<Spec> {
    let kind = |path: &'static str, kind| {
        menu(path).of("/interface", kind).unique("name", INTERFACE_TAKEN).flags("disabled running").topology()
    };
    vec![
        kind("/interface", "").flags("disabled dynamic running"),
        kind("/interface/ethernet", "ether").defaults("mtu=1500 arp=enabled auto-negotiation=true l2mtu=1514"),
        kind("/interface/bridge", "bridge").defaults(
            "mtu=auto arp=enabled arp-timeout=auto protocol-mode=rstp fast-forward=true igmp-snooping=false \
             auto-mac=true ageing-time=5m priority=0x8000 max-message-age=20s forward-delay=15s \
             transmit-hold-count=6 vlan-filtering=false dhcp-snooping=false port-cost-mode=long mvrp=false \
             max-learned-entries=auto ether-type=0x8100 pvid=1 frame-types=admit-all ingress-filtering=true",
        ),
        kind("/interface/vlan", "vlan")
            .needs("vlan-id interface")
            .defaults(
                "mtu=1500 arp=enabled arp-timeout=auto use-service-tag=false mvrp=false loop-protect=default \
                 loop-protect-send-interval=5s loop-protect-disable-time=5m",
            )
            .refers("interface", INTERFACE),
        kind("/interface/veth", "veth").defaults("gateway= gateway6= address= dhcp=false"),
        kind("/interface/wireguard", "wg").defaults("mtu=1420 listen-port=13231").secret("private-key"),
        menu("/interface/wireguard/peers")
            .ordered()
            .needs("interface")
            .flags("disabled dynamic")
            .defaults("persistent-keepalive=0s responder=false endpoint-address= endpoint-port=0")
            .refers("interface", Target::Named("/interface", "wg"))
            .secret("private-key preshared-key")
            .topology(),
        menu("/interface/list")
            .needs("name")
            .unique("name", NAME_TAKEN)
            .flags("builtin dynamic")
            .defaults("include= exclude=")
            .refers("include exclude", LIST)
            .topology(),
        menu("/interface/list/member")
            .needs("list interface")
            .unique("list interface", "already have such entry")
            .refers("list", LIST)
            .refers("interface", INTERFACE)
            .topology(),
    ]
}

fn bridging() -> Vec<Spec> {
    vec![
        menu("/interface/bridge/port")
            .ordered()
            .needs("bridge interface")
            .unique("interface", "device already added as bridge port")
            .flags("disabled dynamic inactive hw-offload")
            .defaults(
                "pvid=1 frame-types=admit-all ingress-filtering=true horizon=none priority=0x80 edge=auto \
                 point-to-point=auto learn=auto hw=true auto-isolate=false bpdu-guard=false restricted-role=false \
                 restricted-tcn=false broadcast-flood=true unknown-unicast-flood=true unknown-multicast-flood=true \
                 tag-stacking=false trusted=false multicast-router=temporary-query fast-leave=false",
            )
            .refers("bridge", BRIDGE)
            .refers("interface", Target::InterfaceOrList)
            .topology(),
        menu("/interface/bridge/vlan")
            .needs("bridge vlan-ids")
            .flags("disabled dynamic")
            .defaults("tagged= untagged= mvrp-forbidden=")
            .refers("bridge", BRIDGE)
            .refers("tagged untagged mvrp-forbidden", INTERFACE)
            .topology(),
        menu("/interface/bridge/host").flags("disabled dynamic invalid local external"),
        menu("/interface/bridge/settings").single().defaults(
            "use-ip-firewall=false use-ip-firewall-for-vlan=false use-ip-firewall-for-pppoe=false allow-fast-path=true",
        ),
    ]
}

fn addressing() -> Vec<Spec> {
    vec![
        menu("/ip/address")
            .needs("address interface")
            .unique("address interface", "already have such address")
            .flags("disabled dynamic invalid slave")
            .refers("interface", INTERFACE)
            .topology(),
        menu("/ipv6/address")
            .needs("interface")
            .unique("address interface", "already have such address")
            .flags("disabled dynamic invalid link-local global slave deprecated")
            .defaults("eui-64=false advertise=true no-dad=false auto-link-local=true from-pool=")
            .refers("interface", INTERFACE)
            .topology(),
        menu("/ip/route")
            .flags("disabled dynamic inactive ecmp hw-offloaded")
            .defaults("distance=1 scope=30 target-scope=10 routing-table=main dst-address=0.0.0.0/0 suppress-hw-offload=false")
            .refers("routing-table", TABLE)
            .refers("gateway", Target::Gateway)
            .judged(),
        menu("/routing/table")
            .needs("name")
            .unique("name", NAME_TAKEN)
            .flags("disabled dynamic invalid")
            .topology(),
        menu("/routing/rule")
            .ordered()
            .flags("disabled dynamic inactive invalid")
            .defaults("action=lookup")
            .refers("table routing-mark", TABLE)
            .refers("interface", INTERFACE)
            .judged(),
        menu("/routing/settings").single().defaults("single-process=false policy-rules=mangle,vrf,local,user,main"),
        menu("/ip/settings").single().defaults(
            "ip-forward=true send-redirects=true accept-source-route=false accept-redirects=false secure-redirects=true \
             rp-filter=no tcp-syncookies=false max-neighbor-entries=16384 arp-timeout=30s icmp-rate-limit=10 \
             icmp-rate-mask=0x1818 route-cache=true allow-fast-path=true ipv4-fast-path-active=true \
             ipv4-fasttrack-active=true",
        ),
        menu("/ipv6/settings").single().defaults(
            "disable-ipv6=false forward=true accept-redirects=yes-if-forwarding-disabled \
             accept-router-advertisements=yes-if-forwarding-disabled max-neighbor-entries=16384 allow-fast-path=true",
        ),
    ]
}

fn firewall() -> Vec<Spec> {
    let table = |path: &'static str| {
        menu(path)
            .ordered()
            .needs("chain")
            .flags("disabled dynamic invalid")
            .defaults("action=accept log=false log-prefix=")
            .refers("in-interface out-interface in-bridge-port out-bridge-port", INTERFACE)
            .refers("in-interface-list out-interface-list in-bridge-port-list out-bridge-port-list", LIST)
            .judged()
    };
    let list = |path: &'static str| {
        menu(path).needs("list address").unique("list address", "already have such entry").flags("disabled dynamic")
    };
    vec![
        table("/ip/firewall/filter"),
        table("/ip/firewall/nat"),
        table("/ip/firewall/mangle").refers("new-routing-mark", TABLE),
        table("/ip/firewall/raw"),
        table("/ipv6/firewall/filter"),
        table("/ipv6/firewall/nat"),
        table("/ipv6/firewall/mangle").refers("new-routing-mark", TABLE),
        table("/ipv6/firewall/raw"),
        list("/ip/firewall/address-list"),
        list("/ipv6/firewall/address-list"),
        menu("/ip/firewall/connection")
            .read_only()
            .flags("assured confirmed dying expected fasttrack hw-offload seen-reply srcnat dstnat"),
        menu("/ipv6/firewall/connection")
            .read_only()
            .flags("assured confirmed dying expected fasttrack hw-offload seen-reply srcnat dstnat"),
        menu("/ip/firewall/connection/tracking").single().defaults(
            "enabled=auto active-ipv4=true active-ipv6=true tcp-established-timeout=1d udp-timeout=30s \
             loose-tcp-tracking=true",
        ),
        menu("/queue/simple")
            .ordered()
            .flags("disabled dynamic invalid")
            .defaults(
                "parent=none packet-marks= priority=8/8 queue=default-small/default-small limit-at=0/0 max-limit=0/0",
            )
            .unique("name", NAME_TAKEN),
    ]
}

fn services() -> Vec<Spec> {
    vec![
        menu("/ip/dhcp-client")
            .needs("interface")
            .unique("interface", "already have such interface")
            .flags("disabled dynamic invalid")
            .defaults("add-default-route=yes use-peer-dns=true use-peer-ntp=true default-route-distance=1 dhcp-options=hostname,clientid")
            .refers("interface", INTERFACE)
            .topology(),
        menu("/ip/dhcp-server")
            .needs("interface")
            .unique("name", NAME_TAKEN)
            .flags("disabled dynamic invalid")
            .defaults("lease-time=30m address-pool=static-only use-radius=no lease-script= authoritative=yes")
            .refers("interface", INTERFACE)
            .refers("address-pool", POOL)
            .topology(),
        menu("/ip/dhcp-server/lease")
            .unique("address", "already have such entry")
            .flags("disabled dynamic radius blocked")
            .defaults("address-lists= dhcp-option=")
            .refers("server", Target::Named("/ip/dhcp-server", "")),
        menu("/ip/arp").flags("disabled dynamic invalid").defaults("published=false"),
        menu("/ip/dhcp-server/network").needs("address").unique("address", "already have such entry").flags("dynamic").defaults("dns-server= wins-server= ntp-server= caps-manager= dhcp-option="),
        menu("/ip/pool").needs("name ranges").unique("name", NAME_TAKEN).flags("").refers("next-pool", POOL),
        menu("/ip/dns").single().defaults(
            "servers= use-doh-server= verify-doh-cert=false allow-remote-requests=false max-udp-packet-size=4096 \
             query-server-timeout=2s query-total-timeout=10s max-concurrent-queries=100 \
             max-concurrent-tcp-sessions=20 cache-size=2048 cache-max-ttl=1w address-list-extra-time=0s vrf=main",
        ),
        menu("/ip/dns/static").ordered().flags("disabled dynamic").defaults("type=A ttl=1d"),
        menu("/ip/service").flags("disabled dynamic invalid").defaults("address= max-sessions=20 vrf=main tls-version=any certificate=none")
            .refers("certificate", Target::Named("/certificate", "")),
        menu("/certificate").unique("name", NAME_TAKEN).flags("private-key trusted expired revoked"),
    ]
}

fn system() -> Vec<Spec> {
    vec![
        menu("/user").needs("name group").unique("name", "user with the same name already exists").hidden("password").flags("disabled expired").defaults("address= inactivity-timeout=10m inactivity-policy=none").refers("group", Target::Named("/user/group", "")),
        menu("/user/group").needs("name").unique("name", "group with the same name already exists").flags("").defaults("policy= skin=default"),
        menu("/user/active").read_only(),
        menu("/system/resource").single(),
        menu("/system/identity").single().defaults("name=MikroTik"),
        menu("/system/clock").single().defaults("time-zone-autodetect=true time-zone-name=UTC"),
        menu("/system/package").read_only().flags("disabled available"),
        menu("/system/routerboard").single(),
        menu("/system/device-mode").single(),
        menu("/system/history").read_only().flags("undoable redoable floating-undo"),
        menu("/system/health").read_only(),
        menu("/system/script").unique("name", NAME_TAKEN).flags("invalid").defaults("source= policy=ftp,reboot,read,write,policy,test,password,sniff,sensitive,romon dont-require-permissions=false"),
        menu("/system/script/job").read_only(),
        menu("/system/scheduler").unique("name", NAME_TAKEN).flags("disabled").defaults("interval=0s on-event= policy=ftp,reboot,read,write,policy,test,password,sniff,sensitive,romon"),
        menu("/disk").unique("slot", NAME_TAKEN).flags("disabled dynamic"),
        menu("/log").read_only(),
        menu("/system/logging")
            .flags("disabled invalid default")
            .defaults("topics=info prefix= action=memory regex=")
            .refers("action", Target::Named("/system/logging/action", "")),
        menu("/system/logging/action")
            .needs("name")
            .unique("name", NAME_TAKEN)
            .flags("default")
            .defaults("target=memory memory-lines=1000 memory-stop-on-full=false"),
        menu("/file").flags(""),
        menu("/tool/mac-server").single().defaults("allowed-interface-list=all"),
        menu("/tool/mac-server/mac-winbox").single().defaults("allowed-interface-list=all"),
        menu("/tool/romon").single().defaults("enabled=false id=00:00:00:00:00:00").hidden("secrets"),
        menu("/tool/netwatch").needs("host").defaults("type=simple interval=10s timeout=3s start-delay=3s startup-delay=5m up-script= down-script= test-script="),
        menu("/safe-mode").single(),
    ]
}

fn containers() -> Vec<Spec> {
    vec![
        menu("/container")
            .needs("interface")
            .unique("name", NAME_TAKEN)
            .flags("")
            .defaults("start-on-boot=false logging=false hostname= dns= workdir= user= stop-signal=15-SIGTERM privileged=false")
            .refers("interface", Target::Named("/interface", "veth"))
            .topology(),
        menu("/container/config").single().defaults("registry-url= username= tmpdir= layer-dir=").hidden("password"),
        menu("/container/envs").flags("disabled"),
        menu("/container/mounts").flags("disabled"),
    ]
}
