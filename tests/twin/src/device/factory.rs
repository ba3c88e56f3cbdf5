//! A device as it leaves the factory, with what the demo's owner added.

use std::time::Duration;

use super::{
    Device,
    meter::Rate,
    row::{Origin, Row},
};

/// Run by the importer after [`Device::build`].
pub const SCRIPTS: [&str; 2] = [include_str!("../../factory/default.rsc"), include_str!("../../factory/demo.rsc")];

/// Policies of the three groups that every device has.
const GROUPS: [(&str, &str); 3] = [
    (
        "read",
        "local,telnet,ssh,reboot,read,test,winbox,password,web,sniff,sensitive,api,romon,rest-api,!ftp,!write,!policy",
    ),
    (
        "write",
        "local,telnet,ssh,reboot,read,write,test,winbox,password,web,sniff,sensitive,api,romon,rest-api,!ftp,!policy",
    ),
    (
        "full",
        "local,telnet,ssh,ftp,reboot,read,write,policy,test,winbox,password,web,sniff,sensitive,api,romon,rest-api",
    ),
];

/// Name, port, and whether the service is off: the twin serves only the API.
const SERVICES: [(&str, &str, &str); 8] = [
    ("ftp", "21", "true"),
    ("ssh", "22", "false"),
    ("telnet", "23", "true"),
    ("www", "80", "false"),
    ("www-ssl", "443", "true"),
    ("winbox", "8291", "false"),
    ("api", "8728", "false"),
    ("api-ssl", "8729", "false"),
];

/// Host name, address, MAC address of the clients on the LAN.
const CLIENTS: [(&str, &str, &str); 3] = [
    ("laptop", "192.168.88.254", "3C:22:FB:00:00:01"),
    ("phone", "192.168.88.253", "A4:CF:99:00:00:02"),
    ("television", "192.168.88.252", "00:7C:2D:00:00:03"),
];

/// When the version was built; any day will do.
pub(super) const BUILT: &str = "2026-08-10 09:00:00";

const DISK: [(&str, &str); 7] = [
    ("slot", "usb1"),
    ("type", "hardware"),
    ("fs", "ext4"),
    ("size", "1073741824"),
    ("free", "1020000000"),
    ("mount-point", "usb1"),
    ("mounted", "true"),
];

/// A home router after somebody confirmed containers at the device.
const DEVICE_MODE: [(&str, &str); 7] = [
    ("mode", "home"),
    ("container", "true"),
    ("scheduler", "true"),
    ("fetch", "true"),
    ("flagged", "false"),
    ("flagging-enabled", "true"),
    ("attempt-count", "0"),
];

impl Device {
    /// What is there before any configuration: ports, groups, services, the administrator.
    pub fn build(&mut self, identity: &str, password: &str) {
        for number in 1..=9 {
            let name = if number == 9 { "sfp-sfpplus1".to_owned() } else { format!("ether{number}") };
            let mac = format!("48:A9:8A:00:00:{number:02X}");
            let values = [("name", &*name), ("default-name", &name), ("mac-address", &mac)];
            self.put("/interface/ethernet", Origin::BuiltIn, &values);
        }
        let loopback = [("name", "lo"), ("mtu", "65536"), ("mac-address", "00:00:00:00:00:00")];
        let loopback = self.put("/interface", Origin::BuiltIn, &loopback);
        if let Some(row) = self.store_mut("/interface").row_mut(loopback) {
            row.kind = "loopback";
        }
        for list in ["all", "none", "dynamic", "static"] {
            self.put("/interface/list", Origin::BuiltIn, &[("name", list), ("builtin", "true")]);
        }
        for (name, policy) in GROUPS {
            self.put("/user/group", Origin::BuiltIn, &[("name", name), ("policy", policy)]);
        }
        let admin = [("name", "admin"), ("group", "full"), ("password", password), ("comment", "system default user")];
        self.put("/user", Origin::Static, &admin);
        for (name, port, disabled) in SERVICES {
            self.put("/ip/service", Origin::BuiltIn, &[("name", name), ("port", port), ("disabled", disabled)]);
        }
        for name in ["routeros", "container"] {
            let version = self.version().to_string();
            let values = [("name", name), ("version", &*version), ("build-time", BUILT), ("scheduled", "")];
            self.put("/system/package", Origin::BuiltIn, &values);
        }
        for (name, value, unit) in [("cpu-temperature", "47", "C"), ("voltage", "24.1", "V")] {
            self.put("/system/health", Origin::BuiltIn, &[("name", name), ("value", value), ("type", unit)]);
        }
        self.build_logging();
        self.put("/disk", Origin::BuiltIn, &DISK);
        self.put_single("/system/identity", &[("name", identity)]);
        self.put_single("/system/device-mode", &DEVICE_MODE);
    }

    /// What runs once the configuration is there: clients, the provider's peer, some traffic to look at.
    /// What the owner has taken away since is passed over.
    pub fn populate(&mut self) {
        self.settle(self.now);
        self.move_in(&CLIENTS, Duration::from_secs(348));
        self.meet_the_internet();
        self.world.peered.insert("wg-vpn".to_owned(), self.now);
        for (name, rx, tx) in
            [("ether1", 18_000_000, 2_400_000), ("bridge", 2_300_000, 17_600_000), ("wg-vpn", 4_200_000, 600_000)]
        {
            let Some(id) = self.interface(name).map(|row| row.id) else { continue };
            if let Some(row) = self.store_mut("/interface").row_mut(id) {
                row.meters[0].rate = Rate::Wave(rx);
                row.meters[1].rate = Rate::Wave(tx);
            }
        }
        self.unsettled = true;
        self.settle(self.now);
        self.log("system,info", "router started");
    }

    /// What the clients were doing when we came to look.
    fn meet_the_internet(&mut self) {
        for (from, to, port) in [("192.168.88.254", "198.51.100.80", "443"), ("192.168.88.253", "198.51.100.25", "993")]
        {
            let (src, dst) = (format!("{from}:50124"), format!("{to}:{port}"));
            let values = [
                ("protocol", "tcp"),
                ("src-address", &*src),
                ("dst-address", &dst),
                ("reply-src-address", &dst),
                ("reply-dst-address", "203.0.113.10:50124"),
                ("tcp-state", "established"),
                ("assured", "true"),
                ("confirmed", "true"),
                ("seen-reply", "true"),
                ("srcnat", "true"),
                ("fasttrack", "true"),
            ];
            self.put("/ip/firewall/connection", Origin::Dynamic("connection".to_owned()), &values);
        }
    }

    /// The static rows of a menu, for tests that look at the device itself.
    pub fn static_rows(&self, menu: &str) -> Vec<&Row> {
        let Some(spec) = self.specs.get(menu) else { return Vec::new() };
        self.store(&spec.store)
            .rows
            .iter()
            .filter(|row| !row.is_dynamic() && (spec.kind.is_empty() || row.kind == spec.kind))
            .collect()
    }
}
