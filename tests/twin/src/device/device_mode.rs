//! `/system/device-mode`: what the owner lets the device do, changed only by somebody who stands beside it (manual,
//! "Device-mode"). An update waits for a press of the button or for the power to go; either confirms it and restarts
//! the device. Without one it is forgotten when its time is over.

use std::{collections::BTreeMap, time::Duration};

use shared::routeros::{
    schema::Version,
    value::{format_duration, parse_bool, parse_duration},
};

use super::{Device, Fields, Reply, Stream, request::Request, trap::Trap, world::Impossible};

const MENU: &str = "/system/device-mode";

/// Updates without a confirmation after which the device wants a person first (manual; from 7.17).
const ATTEMPTS: u32 = 3;

/// What a mode may forbid, as far as the version knows it.
const FEATURES: [&str; 21] = [
    "scheduler",
    "socks",
    "fetch",
    "pptp",
    "l2tp",
    "bandwidth-test",
    "traffic-gen",
    "sniffer",
    "ipsec",
    "romon",
    "proxy",
    "hotspot",
    "smb",
    "email",
    "zerotier",
    "container",
    "install-any-version",
    "partitions",
    "routerboard",
    "flagging-enabled",
    "flagged",
];

/// What each mode switches off (manual, "Device-mode", for `home` and `advanced`; `basic` and `rose` are guesses).
const OFF: [(&str, &str); 5] = [
    (
        "home",
        "scheduler socks fetch bandwidth-test traffic-gen sniffer romon proxy hotspot email zerotier container install-any-version partitions flagged",
    ),
    (
        "basic",
        "socks bandwidth-test traffic-gen proxy hotspot zerotier container install-any-version partitions flagged",
    ),
    ("advanced", "traffic-gen container install-any-version partitions flagged"),
    ("enterprise", "container flagged"),
    ("rose", "traffic-gen install-any-version partitions flagged"),
];

/// Commands of a feature, by the beginning of their paths.
const GATED: [(&str, &str); 6] = [
    ("/container/start", "container"),
    ("/container/restart", "container"),
    ("/container/run", "container"),
    ("/container/shell", "container"),
    ("/tool/fetch", "fetch"),
    ("/tool/e-mail/send", "email"),
];

/// What cannot be made or switched on while the device is flagged (manual, "Device-mode").
const FLAGGED: [&str; 9] = [
    "/system/scheduler/add",
    "/system/scheduler/enable",
    "/ip/socks/set",
    "/ip/proxy/set",
    "/ip/smb/set",
    "/interface/pptp-client/add",
    "/interface/l2tp-client/add",
    "/ip/ipsec/peer/add",
    "/ip/ipsec/peer/enable",
];

/// An update that waits for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Update {
    number: u64,
    values: BTreeMap<String, String>,
    ends: Duration,
}

/// The update that waits, if one does.
#[derive(Debug, Default)]
pub(super) struct Updates {
    waiting: Option<Update>,
    begun: u64,
}

impl Device {
    /// Whether device-mode forbids a feature.
    pub fn forbids(&self, feature: &str) -> bool {
        let mode = self.single(MENU);
        let said = |name: &str| mode.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        match said(feature) {
            Some(value) => parse_bool(value) == Some(false),
            None => is_off(said("mode").unwrap_or("advanced"), feature),
        }
    }

    /// Whether device-mode lets a request be carried out.
    pub(super) fn check_mode(&self, request: &Request) -> Result<(), Trap> {
        let path = request.path();
        if GATED.iter().any(|(gated, feature)| path == *gated && self.forbids(feature)) {
            return Err(Trap::failure("not allowed by device-mode"));
        }
        if FLAGGED.contains(&path.as_str()) && !self.forbids("flagged") {
            return Err(Trap::failure(
                "configuration flagged, check all router configuration for unauthorized changes and update device-mode",
            ));
        }
        Ok(())
    }

    /// What `print` shows beside what was set.
    pub(super) fn mode_fields(&self) -> Fields {
        let takes = |name: &&&str| self.schema.has(&format!("{MENU}/update"), name);
        FEATURES.iter().filter(takes).map(|name| ((*name).to_owned(), (!self.forbids(name)).to_string())).collect()
    }

    /// `update`: the session waits. A second one ends both (manual).
    pub(super) fn update_mode(&mut self, request: &Request) -> Result<Reply, Trap> {
        let lasts = activation_timeout(request)?;
        let mut values = BTreeMap::new();
        for (name, value) in request.arguments.iter().filter(|(name, _)| name == "mode" || FEATURES.contains(&&**name))
        {
            let value = if name == "mode" {
                self.modes().contains(&value.as_str()).then(|| value.clone())
            } else {
                parse_bool(value).map(|value| value.to_string())
            };
            values.insert(name.clone(), value.ok_or_else(|| Trap::NoMatch(name.clone()))?);
        }
        if self.updates.waiting.take().is_some() {
            return Err(Trap::Interrupted);
        }
        let attempts = self.attempts();
        if self.version() >= Version::new(7, 17, 0) {
            if attempts >= ATTEMPTS {
                return Err(Trap::failure("too many unconfirmed attempts, press a button or turn the power off first"));
            }
            self.put_single(MENU, &[("attempt-count", &(attempts + 1).to_string())]);
        }
        self.updates.begun += 1;
        let number = self.updates.begun;
        self.updates.waiting = Some(Update { number, values, ends: self.now + lasts });
        Ok(Reply::Stream(Stream::Activation(number)))
    }

    /// What a waiting update shows now; nothing once it is over.
    pub fn activation(&self, number: u64) -> Option<Fields> {
        let update =
            self.updates.waiting.as_ref().filter(|update| update.number == number && update.ends > self.now)?;
        let left =
            Duration::from_secs(update.ends.saturating_sub(self.now).as_millis().div_ceil(1000).try_into().ok()?);
        let text = format!(
            "please activate by turning power off or pressing reset or mode button in {}",
            format_duration(left)
        );
        Some(vec![("update".to_owned(), text)])
    }

    /// The session that waited has gone: its update goes with it.
    pub fn forget_activation(&mut self, number: u64) {
        self.updates.waiting.take_if(|update| update.number == number);
    }

    /// Somebody is at the device: what waits is confirmed, attempts count from zero. Whether anything was confirmed.
    pub(super) fn confirm_mode(&mut self) -> bool {
        if self.attempts() > 0 {
            self.put_single(MENU, &[("attempt-count", "0")]);
        }
        let Some(update) = self.updates.waiting.take().filter(|update| update.ends > self.now) else { return false };
        if update.values.contains_key("mode") {
            // A mode takes back what was said of single features.
            if let Some(single) = self.singles.get_mut(MENU) {
                single.retain(|name, _| !FEATURES.contains(&name.as_str()));
            }
        }
        let values: Vec<(&str, &str)> = update.values.iter().map(|(name, value)| (&**name, &**value)).collect();
        self.put_single(MENU, &values);
        self.log("system,info", "device-mode changed");
        true
    }

    /// Sets what device-mode says, without anybody's confirmation.
    ///
    /// # Errors
    /// A name or value that this version does not have.
    pub fn set_mode(&mut self, values: &BTreeMap<String, String>) -> Result<(), Impossible> {
        for (name, value) in values {
            let known = if name == "mode" {
                self.modes().contains(&value.as_str())
            } else {
                self.schema.has(&format!("{MENU}/update"), name)
                    && FEATURES.contains(&name.as_str())
                    && parse_bool(value).is_some()
            };
            if !known {
                return Err(Impossible(format!("device-mode of {} has no {name}={value}", self.version())));
            }
        }
        for (name, value) in values {
            let value = parse_bool(value).map_or_else(|| value.clone(), |value| value.to_string());
            self.put_single(MENU, &[(name, &value)]);
        }
        Ok(())
    }

    fn attempts(&self) -> u32 {
        let mode = self.single(MENU);
        mode.iter().find(|(name, _)| name == "attempt-count").and_then(|(_, count)| count.parse().ok()).unwrap_or(0)
    }

    /// The modes of the version: `enterprise` became `advanced` with 7.17, `rose` came with 7.19.
    fn modes(&self) -> &'static [&'static str] {
        if self.version() < Version::new(7, 17, 0) {
            &["enterprise", "home"]
        } else if self.version() < Version::new(7, 19, 0) {
            &["advanced", "basic", "home"]
        } else {
            &["advanced", "basic", "home", "rose"]
        }
    }
}

fn is_off(mode: &str, feature: &str) -> bool {
    let off = OFF.iter().find(|(name, _)| *name == mode).map_or("", |(_, off)| off);
    off.split(' ').any(|name| name == feature)
}

/// From 10 s to a day, five minutes when nothing is said (seen on 7.22.1, with the text for what is outside).
fn activation_timeout(request: &Request) -> Result<Duration, Trap> {
    const NAME: &str = "activation-timeout";
    let Some(text) = request.get(NAME) else { return Ok(Duration::from_secs(300)) };
    let lasts = parse_duration(text).map_err(|_| Trap::InvalidValue(NAME.to_owned()))?;
    if (Duration::from_secs(10)..=Duration::from_secs(86_400)).contains(&lasts) {
        return Ok(lasts);
    }
    let (least, most) = ("00:00:10".to_owned(), "1d00:00:00".to_owned());
    Err(Trap::OutOfRange { name: NAME.to_owned(), least, most })
}
