//! Stage 4: can this device, with this version, these packages and this device-mode, do it?
//!
//! Sources: the manual's pages *Device-mode* (which features each flag covers) and *Packages*; *L3 Hardware Offloading*
//! (which packets pass the firewall); *Container* (architectures).

use shared::{
    change_set::{Item, Resource, RowChange, RowOperation},
    routeros::model::Model,
    routeros::schema::{Schema, Version},
};

use super::{
    Finding,
    context::Context,
    finding::{
        ARCHITECTURE_LACKS, DEVICE_FLAGGED, DEVICE_MODE_FORBIDS, MEMORY_LOW, OFFLOAD_BYPASS, OFFLOAD_LOST,
        PACKAGE_MISSING, SCHEMA_GUESSED, STORAGE_LOW, VERSION_LACKS,
    },
    menu::is_firewall,
    rows::{enabled, is, rows, text},
};

/// Menus that come with a package of their own; any of those named will do.
const PACKAGES: [(&str, &[&str]); 10] = [
    ("/caps-man", &["wireless"]),
    ("/container", &["container"]),
    ("/dude", &["dude"]),
    ("/interface/wifi", &["wifi-qcom", "wifi-qcom-ac", "wifi-qcom-be", "wifi-mediatek"]),
    ("/interface/wireless", &["wireless"]),
    ("/iot", &["iot"]),
    ("/system/gps", &["gps"]),
    ("/system/ups", &["ups"]),
    ("/user-manager", &["user-manager"]),
    ("/zerotier", &["zerotier"]),
];

/// Menus that a flag of the device-mode covers.
const MODES: [(&str, &str); 12] = [
    ("/container", "container"),
    ("/interface/l2tp-server", "l2tp"),
    ("/interface/pptp-client", "pptp"),
    ("/interface/pptp-server", "pptp"),
    ("/ip/hotspot", "hotspot"),
    ("/ip/ipsec", "ipsec"),
    ("/ip/proxy", "proxy"),
    ("/ip/smb", "smb"),
    ("/ip/socks", "socks"),
    ("/system/scheduler", "scheduler"),
    ("/tool/romon", "romon"),
    ("/zerotier", "zerotier"),
];

/// Features that RouterOS blocks on a device that it has flagged.
const FLAGGED: [&str; 7] = ["scheduler", "socks", "pptp", "l2tp", "ipsec", "proxy", "smb"];

const MIB: u64 = 1 << 20;

/// Below so much the router itself is in need.
const LEAST_MEMORY: u64 = 16 * MIB;
/// What a container of a service wants at least.
const CONTAINER_MEMORY: u64 = 64 * MIB;
/// Below so much a configuration may not be saved.
const LEAST_STORAGE: u64 = MIB / 2;
/// What an image takes at least.
const CONTAINER_STORAGE: u64 = 16 * MIB;

/// What the stage finds.
pub(super) fn stage(items: &[Item], router: &Model, after: &Model, context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if context.schema.version != context.version {
        let message = format!(
            "RouterOS {} is not known here; the change was checked as for {}.",
            context.version, context.schema.version
        );
        findings.push(Finding::new(&SCHEMA_GUESSED, message, "The agent's plan still checks what the router answers."));
    }
    for item in items {
        let Resource::Row(row) = &item.resource else { continue };
        let mut found: Vec<Finding> = version(row, context);
        found.extend(package(row, context));
        found.extend(mode(row, context));
        if row.operation != RowOperation::Delete {
            found.extend(architecture(row, context));
            found.extend(room(row, context));
            found.extend(bypass(row, after));
            found.extend(offload(row, router));
        }
        findings.extend(found.into_iter().map(|finding| finding.of(&item.id)));
    }
    findings
}

fn covers(prefix: &str, menu: &str) -> bool {
    menu.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What other versions have.
fn version(row: &RowChange, context: &Context<'_>) -> Vec<Finding> {
    let having = |has: &dyn Fn(&Schema) -> bool| -> Option<String> {
        let versions: Vec<Version> = context.others.iter().filter(|s| has(s)).map(|s| s.version).collect();
        Some(match (versions.iter().min()?, versions.iter().max()?) {
            (least, _) if *least > context.version => format!("It came with a version up to {least}."),
            (_, most) if *most < context.version => format!("It was there up to {most} at least."),
            (least, most) => format!("Versions between {least} and {most} have it."),
        })
    };
    let verb = match row.operation {
        RowOperation::Create => "add",
        RowOperation::Update => "set",
        RowOperation::Delete => "remove",
    };
    let command = format!("{}/{verb}", row.menu);
    if context.schema.command(&command).is_none() {
        let hint = having(&|schema| schema.command(&command).is_some());
        let message = || format!("RouterOS {} has no `{command}`.", context.version);
        return hint.map(|hint| Finding::new(&VERSION_LACKS, message(), hint).at("menu")).into_iter().collect();
    }
    let names = row.attributes.iter().map(|(name, _)| name).chain(&row.unset);
    names
        .filter(|name| !context.schema.has(&command, name))
        .filter_map(|name| {
            let hint = having(&|schema| schema.has(&command, name))?;
            let message = format!("RouterOS {} has no attribute `{name}` in `{}`.", context.version, row.menu);
            Some(Finding::new(&VERSION_LACKS, message, hint).at(name))
        })
        .collect()
}

fn package(row: &RowChange, context: &Context<'_>) -> Option<Finding> {
    let (_, wanted) = PACKAGES.iter().find(|(prefix, _)| covers(prefix, &row.menu))?;
    let installed = context.device.packages.as_ref()?;
    if wanted.iter().any(|name| installed.iter().any(|have| have == name)) {
        return None;
    }
    let message = format!("The package `{}` is not installed or not enabled.", wanted.join("` or `"));
    let hint = "Install it from mikrotik.com for this version and processor, and reboot the router.";
    Some(Finding::new(&PACKAGE_MISSING, message, hint).at("menu"))
}

fn mode(row: &RowChange, context: &Context<'_>) -> Option<Finding> {
    let (_, feature) = MODES.iter().find(|(prefix, _)| covers(prefix, &row.menu))?;
    if row.operation == RowOperation::Delete {
        return None;
    }
    let says = |name: &str, words: [&str; 2]| {
        context.device.device_mode.get(name).is_some_and(|value| words.contains(&value.as_str()))
    };
    if says(feature, ["no", "false"]) {
        let message = format!("The device-mode does not allow `{feature}`: what is set would have no effect.");
        let hint = format!("Run /system/device-mode/update {feature}=yes and press the button on the router.");
        return Some(Finding::new(&DEVICE_MODE_FORBIDS, message, hint).at("menu"));
    }
    if says("flagged", ["yes", "true"]) && FLAGGED.contains(feature) {
        let message = format!("RouterOS has flagged this device's configuration, and blocks `{feature}`.");
        let hint = "Look for changes that nobody made, then run /system/device-mode/update flagged=no.";
        return Some(Finding::new(&DEVICE_FLAGGED, message, hint).at("menu"));
    }
    None
}

fn architecture(row: &RowChange, context: &Context<'_>) -> Option<Finding> {
    const CONTAINERS: [&str; 4] = ["arm", "arm64", "x86", "x86_64"];
    const ARM: [&str; 2] = ["arm", "arm64"];
    let have = context.device.architecture.as_str();
    let wanted: &[&str] = match row.menu.as_str() {
        menu if covers("/container", menu) => &CONTAINERS,
        menu if covers("/zerotier", menu) => &ARM,
        _ => return None,
    };
    if have.is_empty() || wanted.contains(&have) {
        return None;
    }
    let message = format!("RouterOS has `{}` not for `{have}`.", row.menu);
    Some(Finding::new(&ARCHITECTURE_LACKS, message, format!("It needs {}.", wanted.join(" or "))).at("menu"))
}

fn room(row: &RowChange, context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let container = row.menu == "/container" && row.operation == RowOperation::Create;
    let (memory, storage) =
        if container { (CONTAINER_MEMORY, CONTAINER_STORAGE) } else { (LEAST_MEMORY, LEAST_STORAGE) };
    if context.device.free_memory.is_some_and(|free| free < memory) {
        let free = context.device.free_memory.unwrap_or(0) / MIB;
        let message = format!("The router has {free} MiB of free memory; {} MiB are wanted.", memory / MIB);
        findings.push(Finding::new(&MEMORY_LOW, message, "Stop something, or choose a smaller service."));
    }
    // An image may lie on a disk of its own.
    let elsewhere = row.attributes.iter().any(|(name, value)| {
        matches!(name.as_str(), "root-dir" | "file") && value.trim_start_matches('/').contains("disk")
    });
    if !elsewhere && context.device.free_storage.is_some_and(|free| free < storage) {
        let free = context.device.free_storage.unwrap_or(0) / 1024;
        let message = format!("The router has {free} KiB of free storage; {} KiB are wanted.", storage / 1024);
        findings.push(Finding::new(&STORAGE_LOW, message, "Remove files, or add a disk.").at("root-dir"));
    }
    findings
}

/// Routed by the switch chip, a packet meets no rule of `forward` or of mangle.
fn bypass(row: &RowChange, after: &Model) -> Option<Finding> {
    let switch = enabled(after, "/interface/ethernet/switch").find(|row| is(row, "l3-hw-offloading"))?;
    if !is_firewall(&row.menu) || row.menu.ends_with("/nat") {
        return None;
    }
    let chain = row.attributes.iter().find(|(name, _)| name == "chain").map_or("", |(_, value)| value.as_str());
    if matches!(chain, "input" | "output") {
        return None;
    }
    let message =
        format!("`{}` routes by itself: packets that it forwards never meet this rule.", text(switch, "name"));
    Some(Finding::new(&OFFLOAD_BYPASS, message, "Switch l3-hw-offloading off, for all or for the ports concerned."))
}

/// Bridged packets that are to meet the firewall have to pass the processor.
fn offload(row: &RowChange, router: &Model) -> Option<Finding> {
    let asked =
        |wanted: &str| row.attributes.iter().any(|(name, v)| name == wanted && matches!(v.as_str(), "yes" | "true"));
    let chip = rows(router, "/interface/bridge/port").iter().any(|port| is(port, "hw-offload"));
    let turns = row.menu == "/interface/bridge/settings" && asked("use-ip-firewall");
    if !(chip && turns) {
        return None;
    }
    let message = "Bridged packets will pass the processor, which is much slower than the switch chip.";
    let hint = "Leave it off unless bridged packets have to meet the IP firewall.";
    Some(Finding::new(&OFFLOAD_LOST, message, hint).at("use-ip-firewall"))
}
