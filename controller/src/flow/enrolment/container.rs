//! The agent's container and its mounts, in the forms that RouterOS 7.16 to 7.24 want.
//!
//! Which arguments a version has is from the `/console/inspect` dumps of those versions; what they mean from the
//! manual's page on containers. Four forms cover all of them:
//!
//! | from | mounts are | what RouterOS does when the agent ends by itself |
//! | --- | --- | --- |
//! | 7.16 | named one by one | nothing, until the next boot |
//! | 7.20 | named one by one, perhaps read-only | starts it again after `auto-restart-interval` |
//! | 7.21 | a list of a name | the same |
//! | 7.23 | a list of a name, with a mode | starts it again, by `restart-policy` |

use super::{
    installer::{Attributes, Object, Value, Way, mark},
    link_address,
};
use shared::routeros::schema::Version;

/// The first version of each form, oldest first.
pub(super) const FORMS: [Version; 4] =
    [Version::new(7, 16, 0), Version::new(7, 20, 0), Version::new(7, 21, 0), Version::new(7, 23, 0)];

/// What one confirmation by button or power cut has to switch on, where it is off: containers, and what home mode
/// switches off as well and undoing changes and diagnosing the way out need. (Manual, *Device-mode*.)
pub(super) const DEVICE_MODE: &str = "/system/device-mode/update container=yes scheduler=yes fetch=yes";

/// How long RouterOS waits before it starts an agent that has ended.
const RESTART: &str = "10s";
/// The folder that enrolment wrote, mounted read-only where RouterOS can do that.
pub(super) const CONFIG: &str = "bulkhead-config";
/// Journal, outbox and reservations: the one thing of the agent that has to survive.
const DATA: &str = "bulkhead-data";
/// Where RouterOS unpacks the image.
const ROOT: &str = "bulkhead-root";
/// The name of the container, and of the list of its mounts.
const NAME: &str = "bulkhead-agent";

/// The container and what it is made with.
pub(super) struct Installation {
    /// The mounts; made before the container.
    pub(super) mounts: Vec<Object>,
    /// The container.
    pub(super) container: Object,
    /// What tells that the image has been unpacked and that the container stands still.
    pub(super) at_rest: Attributes,
}

/// The form for a version: the newest that is not newer than it; nothing for versions before the first.
pub(super) fn form(version: Version) -> Option<Version> {
    FORMS.into_iter().rev().find(|form| *form <= version)
}

/// The container in one of the [`FORMS`].
pub(super) fn installation(form: Version) -> Installation {
    Installation {
        mounts: vec![mount(form, CONFIG, "/config", true), mount(form, DATA, "/data", false)],
        container: Object {
            menu: "/container",
            key: vec![mark("container")],
            values: arguments(form),
            way: Way::Once,
            then: Vec::new(),
        },
        // Flags in place of the property `status` since 7.20. (CLI reference)
        at_rest: if form >= Version::new(7, 20, 0) {
            vec![("stopped", "yes".into())]
        } else {
            vec![("status", "stopped".into())]
        },
    }
}

fn mount(form: Version, folder: &'static str, inside: &'static str, read_only: bool) -> Object {
    let listed = form >= Version::new(7, 21, 0);
    let mut key: Attributes = if listed { vec![("list", NAME.into())] } else { vec![("name", folder.into())] };
    let mut values: Attributes = vec![("src", Value::BesideImage(folder))];
    if listed { &mut key } else { &mut values }.push(("dst", inside.into()));
    match read_only {
        true if form >= Version::new(7, 23, 0) => values.push(("mode", "ro".into())),
        true if form >= Version::new(7, 20, 0) => values.push(("read-only", "yes".into())),
        _ => {}
    }
    values.push(mark(folder.trim_start_matches("bulkhead-")));
    Object { menu: "/container/mounts", key, values, way: Way::Once, then: Vec::new() }
}

fn arguments(form: Version) -> Attributes {
    let mut arguments: Attributes = vec![
        ("file", Value::Image),
        ("interface", "bh-agent".into()),
        ("root-dir", Value::BesideImage(ROOT)),
        ("start-on-boot", "yes".into()),
        ("logging", "yes".into()),
        // A container without any name server does not start. (Manual, *Container*.)
        ("dns", link_address(1).into()),
    ];
    if form >= Version::new(7, 21, 0) {
        arguments.push(("mountlists", NAME.into()));
    } else {
        arguments.push(("mounts", format!("{CONFIG},{DATA}").into()));
    }
    if form >= Version::new(7, 20, 0) {
        arguments.push(("name", NAME.into()));
    }
    if form >= Version::new(7, 23, 0) {
        arguments.extend([
            ("restart-policy", "always".into()),
            ("restart-interval", RESTART.into()),
            // The image's file may be removed afterwards: without this RouterOS unpacks it again and stops. (Seen on 7.24.)
            ("ignore-remote-image-change", "yes".into()),
        ]);
    } else if form >= Version::new(7, 20, 0) {
        arguments.push(("auto-restart-interval", RESTART.into()));
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(form: &str) -> String {
        let made = installation(form.parse().unwrap());
        let all: Vec<&str> = made.mounts[0].key.iter().chain(&made.mounts[0].values).map(|(name, _)| *name).collect();
        let own: Vec<&str> = made.container.values.iter().map(|(name, _)| *name).skip(6).collect();
        format!("{} | {}", all.join(" "), own.join(" "))
    }

    #[test]
    fn each_form_uses_what_its_versions_have() {
        assert_eq!(names("7.16"), "name src dst comment | mounts");
        assert_eq!(names("7.20"), "name src dst read-only comment | mounts name auto-restart-interval");
        assert_eq!(names("7.21"), "list dst src read-only comment | mountlists name auto-restart-interval");
        assert_eq!(
            names("7.23"),
            "list dst src mode comment | mountlists name restart-policy restart-interval ignore-remote-image-change"
        );
    }

    #[test]
    fn a_version_takes_the_newest_form_that_is_not_newer_than_it() {
        let of = |version: &str| form(version.parse().unwrap()).map(|form| form.to_string());
        for (version, expected) in [
            ("7.15.3", None),
            ("7.16", Some("7.16")),
            ("7.19.6", Some("7.16")),
            ("7.20.8", Some("7.20")),
            ("7.22.3", Some("7.21")),
            ("7.24.5 (stable)", Some("7.23")),
            ("8.0", Some("7.23")),
        ] {
            assert_eq!(of(version).as_deref(), expected, "{version}");
        }
    }
}
