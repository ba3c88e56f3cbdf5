//! The life of containers, as the versions tell it (CLI reference `/container`, changelogs, public logs).

use bulkhead_twin::device::containers::Image;

use crate::router::Router;

/// Every word by which a version tells a container's state, that is true now.
fn state(router: &mut Router) -> String {
    let row = router.rows("/container").pop().unwrap();
    let flags =
        ["stopped", "starting", "running", "stopping", "downloading/extracting", "download/extract failed", "status"];
    let told = row.iter().filter(|(name, _)| flags.contains(&name.as_str()));
    told.map(|(name, value)| if name == "status" { value.clone() } else { format!("{name}={value}") })
        .collect::<Vec<_>>()
        .join(" ")
}

fn with_veth(version: &str) -> Router {
    let mut router = Router::new(version);
    router.add("/interface/veth", &[("name", "veth-x"), ("address", "172.20.0.2/24"), ("gateway", "172.20.0.1")]);
    router
}

fn made(router: &mut Router) -> String {
    router.add("/container", &[("interface", "veth-x"), ("root-dir", "usb1/x"), ("remote-image", "some/image:1")])
}

fn number(version: &str) -> &'static str {
    if version.starts_with("7.1") { "number" } else { "numbers" }
}

#[test]
fn a_container_is_fetched_started_and_stopped_and_each_version_tells_it_in_its_words() {
    for (version, flags) in [("7.16.2", false), ("7.18.2", false), ("7.20.8", true), ("7.21.4", true), ("7.24", true)] {
        let mut router = with_veth(version);
        let says = |text: &str, flag: &str| if flags { format!("{flag}=true") } else { text.to_owned() };
        let id = made(&mut router);
        let rows = [(number(version), id.as_str())];
        let fetching = says("downloading/extracting", "downloading/extracting");
        assert_eq!(state(&mut router), fetching, "{version}");
        assert!(router.ask("/container/start", &rows).is_err(), "{version}: nothing to start yet");
        // 20 MB at 10 MB/s, then unpacked at 20 MB/s.
        router.pass(2999);
        assert_eq!(state(&mut router), fetching, "{version}");
        router.pass(1);
        assert_eq!(state(&mut router), says("stopped", "stopped"), "{version}");
        assert!(router.logged("import successful"), "{version}");
        assert_eq!(router.value("/interface/veth", "running").as_deref(), Some("false"), "{version}");
        router.ask("/container/start", &rows).unwrap();
        assert_eq!(state(&mut router), says("stopped", "starting"), "{version}");
        router.pass(500);
        assert_eq!(state(&mut router), says("running", "running"), "{version}");
        assert_eq!(router.value("/interface/veth", "running").as_deref(), Some("true"), "{version}");
        assert!(router.ask("/container/remove", &[(".id", &id)]).is_err(), "{version}: it runs");
        router.ask("/container/stop", &rows).unwrap();
        assert_eq!(state(&mut router), says("stopping", "stopping"), "{version}");
        assert!(router.ask("/container/remove", &[(".id", &id)]).is_err(), "{version}: it has not ended");
        router.pass(500);
        assert_eq!(state(&mut router), says("stopped", "stopped"), "{version}");
        router.ask("/container/remove", &[(".id", &id)]).unwrap();
        assert!(router.rows("/container").is_empty(), "{version}");
    }
}

#[test]
fn a_process_that_ignores_sigterm_is_killed_after_ten_seconds() {
    let mut router = with_veth("7.24");
    let deaf = Image { stop_ms: 60_000, ..Image::default() };
    router.device.world.registry.images.insert("some/image:1".to_owned(), deaf);
    let id = made(&mut router);
    router.pass(3000);
    router.ask("/container/start", &[("numbers", &id)]).unwrap();
    router.pass(500);
    router.ask("/container/stop", &[("numbers", &id)]).unwrap();
    router.pass(9999);
    assert_eq!(state(&mut router), "stopping=true");
    router.pass(1);
    assert_eq!(state(&mut router), "stopped=true");
}

#[test]
fn what_keeps_an_image_from_coming_is_told_in_the_flag_and_in_about() {
    type Hinder = fn(&mut Router);
    let cases: [(Hinder, &str); 3] = [
        (|router| router.device.world.registry.reachable = false, "could not connect"),
        (|router| router.device.world.registry.no_space = true, "no space left"),
        (
            |router| {
                let other = Image { architecture: Some("arm".to_owned()), ..Image::default() };
                router.device.world.registry.images.insert("some/image:1".to_owned(), other);
            },
            "no manifest found for this architecture",
        ),
    ];
    for (hinder, reason) in cases {
        for version in ["7.18.2", "7.20.8", "7.24"] {
            let mut router = with_veth(version);
            hinder(&mut router);
            let id = made(&mut router);
            router.pass(3000);
            let flags = version != "7.18.2";
            assert_eq!(state(&mut router), if flags { "download/extract failed=true" } else { "error" }, "{reason}");
            assert!(router.value("/container", ".about").is_some_and(|about| about.contains(reason)), "{reason}");
            assert!(router.logged("was unable to import"), "{reason}");
            assert!(router.ask("/container/start", &[(number(version), &id)]).is_err(), "{reason}");
            if flags && reason != "no manifest found for this architecture" {
                router.device.world.registry.reachable = true;
                router.device.world.registry.no_space = false;
                router.ask("/container/repull", &[("number", &id)]).unwrap();
                router.pass(3000);
                assert_eq!(state(&mut router), "stopped=true", "{reason}");
            }
        }
    }
}

#[test]
fn an_archive_must_be_there_and_one_for_another_processor_ends_at_its_start() {
    let mut router = with_veth("7.24");
    let archive = [("interface", "veth-x"), ("root-dir", "usb1/x"), ("file", "usb1/x.tar")];
    let missing = router.ask("/container/add", &archive).unwrap_err();
    assert_eq!(missing, "input does not match any value of file");
    let other = Image { bytes: 8_000_000, architecture: Some("arm".to_owned()), ..Image::default() };
    router.device.world.registry.images.insert("usb1/x.tar".to_owned(), other);
    let id = router.add("/container", &archive);
    router.pass(400);
    assert_eq!(state(&mut router), "stopped=true");
    router.ask("/container/start", &[("numbers", &id)]).unwrap();
    router.pass(500);
    assert_eq!(state(&mut router), "stopped=true");
    assert!(router.logged("exec format error"));
}

#[test]
fn versions_refuse_what_they_refuse() {
    for (version, taken) in [("7.21.4", true), ("7.23.3", false)] {
        let mut router = with_veth(version);
        made(&mut router);
        let again = [("interface", "veth-x"), ("root-dir", "/usb1/x"), ("remote-image", "other")];
        assert_eq!(router.ask("/container/add", &again).is_ok(), taken, "{version}: a root directory that is there");
    }
    let mut router = with_veth("7.24").restored(|kept| {
        kept["singles"]["/system/device-mode"]["container"] = "false".into();
    });
    let new = [("interface", "veth-x"), ("root-dir", "usb1/x"), ("remote-image", "other")];
    assert_eq!(router.ask("/container/add", &new).unwrap_err(), "failure: not allowed by device-mode");
}

#[test]
fn after_a_restart_only_those_run_that_start_on_boot_and_what_was_half_there_comes_again() {
    let mut router = with_veth("7.24");
    let id = made(&mut router);
    router.pass(3000);
    router.ask("/container/set", &[("numbers", &id), ("start-on-boot", "yes")]).unwrap();
    router.device.reboot(router.now);
    assert_eq!(state(&mut router), "starting=true");
    router.pass(500);
    assert_eq!(state(&mut router), "running=true");
    router.add("/container", &[("interface", "veth-x"), ("root-dir", "usb1/y"), ("remote-image", "y")]);
    router.device.reboot(router.now);
    assert_eq!(state(&mut router), "downloading/extracting=true");
    router.pass(3000);
    assert_eq!(state(&mut router), "stopped=true");
}

#[test]
fn a_process_that_ends_by_itself_leaves_its_status_in_the_log() {
    let mut router = with_veth("7.24");
    let brief = Image { exits: Some(7), ..Image::default() };
    router.device.world.registry.images.insert("some/image:1".to_owned(), brief);
    let id = made(&mut router);
    router.pass(3000);
    router.ask("/container/start", &[("numbers", &id)]).unwrap();
    router.pass(500);
    assert_eq!(state(&mut router), "running=true");
    router.pass(1000);
    assert_eq!(state(&mut router), "stopped=true");
    assert!(router.logged("exited with status 7"));
}

/// A guess: as everywhere else in the API, however they were given.
#[test]
fn what_is_yes_or_no_of_a_container_is_printed_as_true_or_false() {
    let mut router = with_veth("7.24");
    let id = made(&mut router);
    for (given, printed) in [("yes", "true"), ("true", "true"), ("no", "false"), ("false", "false")] {
        for name in ["start-on-boot", "logging", "privileged"] {
            router.ask("/container/set", &[("numbers", &id), (name, given)]).unwrap();
            let rows = router.rows("/container");
            let value = rows[0].iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
            assert_eq!(value, Some(printed), "{name}={given}");
        }
    }
}
