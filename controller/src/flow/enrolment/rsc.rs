//! What a router carries for the agent, as scripts for `/import`.
//!
//! They may be imported again and again: what is there stays, passwords are set anew. Lines are kept to what RouterOS
//! 7.16 to 7.24 all understand; which arguments `/container/add` takes differs, so there is a script for each form.

use super::{
    container::{CONFIG, DEVICE_MODE, Installation, installation},
    installer::{Attributes, Command, Object, Part, Rows, Step, Value, Way},
};
use shared::{ids::RouterId, routeros::schema::Version};
use std::fmt::Write as _;

/// How often the script looks whether the image has been unpacked, two seconds apart.
const LOOKS: u32 = 60;

/// The script of user, way in and bridge.
pub(super) fn place(router: &RouterId, parts: &[Part]) -> String {
    let mut out = String::new();
    for line in [
        &format!("# Bulkhead on the router `{router}`. Import it with /import; it may be imported again."),
        "# It holds a password: remove it from the router afterwards.",
    ] {
        say(&mut out, line);
    }
    for part in parts {
        say(&mut out, &format!("\n# {}", part.why));
        for step in &part.steps {
            match step {
                Step::Object(object) => make(&mut out, object),
                Step::Command(command) => say(&mut out, &text(command)),
            }
        }
    }
    out
}

/// The script of the container, for the versions of one form.
pub(super) fn agent(router: &RouterId, form: Version, before: Option<Version>) -> String {
    let Installation { mounts, container, at_rest } = installation(form);
    let mut out = String::new();
    let versions =
        before.map_or_else(|| format!("{form} and later"), |next| format!("{form} and later, before {next}"));
    for line in [
        &format!("# Bulkhead's agent on the router `{router}`: its container, for RouterOS {versions}."),
        "# Import it after the other script. Before that, upload to one place on the router, on whichever disk:",
        &format!("#   the folder {CONFIG}, and bulkhead-agent-ARCHITECTURE.tar for the router's processor."),
    ] {
        say(&mut out, line);
    }
    say(&mut out, "\n# What has to be there.");
    refuse(
        &mut out,
        "[:len [/system/package/find name=container]] = 0",
        "the package container is not installed: upload it for this version and architecture, and reboot",
    );
    refuse(
        &mut out,
        "[/system/device-mode/get container] != true",
        &format!("containers are switched off: run {DEVICE_MODE} and confirm as it says, by button or power cut"),
    );
    refuse(
        &mut out,
        "[:len [/interface/veth/find name=bh-agent]] = 0",
        &format!("the veth bh-agent is not there: import {router}.rsc first"),
    );
    image(&mut out);
    say(&mut out, "\n# The container. It reads its configuration, keeps its journal, and is started at boot.");
    for mount in &mounts {
        make(&mut out, mount);
    }
    run(&mut out, &container, &at_rest);
    out
}

/// Finds the image for this processor, and with it the place of everything else. EN7562CT has no floating point: an
/// image for ARMv7 dies there. (Manual, *Container*.)
fn image(out: &mut String) {
    for line in [
        "",
        "# The image for this processor; everything else is beside it.",
        ":local kind [/system/resource/get architecture-name]",
        ":if ($kind = \"x86_64\") do={ :set kind \"amd64\" }",
        ":if ($kind = \"x86\") do={ :set kind \"amd64\" }",
        ":if ($kind = \"arm\") do={ :set kind \"arm-v7\" }",
        ":if ([/system/resource/get cpu] ~ \"EN7562\") do={ :set kind \"arm-v5\" }",
        ":local file (\"bulkhead-agent-\" . $kind . \".tar\")",
        ":local found [/file/find where name~$file]",
    ] {
        say(out, line);
    }
    say(out, ":if ([:len $found] = 0) do={ :error (\"there is no \" . $file . \" on this router: upload it first\") }");
    say(out, ":local image [/file/get [:pick $found 0] name]");
    say(out, ":local place [:pick $image 0 [:find $image \"bulkhead-agent-\"]]");
    say(
        out,
        &format!(
            ":if ([:len [/file/find where name=($place . \"{CONFIG}/agent.toml\")]] = 0) do={{ \
             :error (\"there is no \" . $place . \"{CONFIG}/agent.toml: upload the folder to where the image is\") }}"
        ),
    );
}

/// Makes the container, waits until its image is unpacked, and starts it where it stands still.
fn run(out: &mut String, container: &Object, at_rest: &Attributes) {
    let values: Attributes = container.key.iter().chain(at_rest).cloned().collect();
    let resting = format!("[/container/find where {}]", list(&values));
    let (find, add) = found_and_made(container);
    let wait =
        format!(":while (([:len {resting}] = 0) && ($looks < {LOOKS})) do={{ :delay 2s; :set looks ($looks + 1) }}");
    unless(out, &find, &[add, ":local looks 0".to_owned(), wait]);
    let hint = "the container runs already, or its image could not be unpacked: see /container/print and /log/print";
    say(
        out,
        &format!(":if ([:len {resting}] > 0) do={{ /container/start {resting} }} else={{ :put {} }}", quoted(hint)),
    );
}

fn refuse(out: &mut String, condition: &str, why: &str) {
    say(out, &format!(":if ({condition}) do={{ :error {} }}", quoted(why)));
}

/// Makes an object where it is not there.
fn make(out: &mut String, object: &Object) {
    let Object { menu, values, way, then, .. } = object;
    let (find, add) = found_and_made(object);
    let mut commands = vec![add.clone()];
    commands.extend(then.iter().map(text));
    match way {
        Way::Once => unless(out, &find, &commands),
        Way::Anew => {
            unless(out, &find, &commands);
            say(out, &format!("{menu}/set [{find}] {}", list(values)));
        }
        Way::First => {
            // An empty table has no row to stand above.
            unless(out, &format!("{menu}/find where dynamic=no"), &commands);
            let first = format!("place-before=[:pick [{menu}/find where dynamic=no] 0]");
            unless(out, &find, &[format!("{add} {first}")]);
        }
    }
}

/// The commands that find an object and that make it.
fn found_and_made(object: &Object) -> (String, String) {
    let Object { menu, key, values, .. } = object;
    let all: Attributes = key.iter().chain(values).cloned().collect();
    (format!("{menu}/find where {}", list(key)), format!("{menu}/add {}", list(&all)))
}

fn text(command: &Command) -> String {
    let rows = match &command.rows {
        None => String::new(),
        Some(Rows::Named(argument, name)) => format!(" {argument}={name}"),
        Some(Rows::Where(menu, values)) => format!(" [{menu}/find where {}]", list(values)),
    };
    let arguments = if command.arguments.is_empty() { String::new() } else { format!(" {}", list(&command.arguments)) };
    format!("{}{rows}{arguments}", command.path)
}

fn list(values: &Attributes) -> String {
    let words: Vec<String> = values.iter().map(|(name, value)| format!("{name}={}", value.written())).collect();
    words.join(" ")
}

impl Value {
    fn written(&self) -> String {
        match self {
            Self::Text(text) if text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.,/".contains(c)) => text.clone(),
            Self::Text(text) => quoted(text),
            Self::Image => "$image".to_owned(),
            Self::BesideImage(name) => format!("($place . \"{name}\")"),
        }
    }
}

/// A text of RouterOS' scripting language.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\' | '$' | '?') {
            out.push('\\');
        }
        out.push(c);
    }
    out + "\""
}

fn unless(out: &mut String, find: &str, commands: &[String]) {
    say(out, &format!(":if ([:len [{find}]] = 0) do={{"));
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
    use crate::flow::enrolment::{Secrets, container::FORMS, installer};
    use expect_test::expect;

    fn script() -> String {
        let secrets = Secrets {
            routeros_password: "PASSWORD".into(),
            mqtt_password: String::new(),
            agent_seed: String::new(),
            client_certificate: String::new(),
            client_key: String::new(),
            mac: [0, 1, 2, 3, 0xff],
        };
        place(&attic(), &installer::parts(&secrets))
    }

    fn attic() -> RouterId {
        RouterId::new("attic").unwrap()
    }

    fn scripts() -> Vec<String> {
        FORMS.into_iter().map(|form| agent(&attic(), form, None)).chain([script()]).collect()
    }

    #[test]
    fn what_is_there_already_is_never_added_again() {
        for script in scripts() {
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
    }

    #[test]
    fn every_object_that_can_carry_a_comment_carries_our_mark() {
        for script in scripts() {
            for line in script.lines().filter(|line| !line.starts_with('#') && line.contains("/add ")) {
                let by_name = line.trim_start().starts_with("/certificate/");
                assert!(by_name || line.contains("comment=\"bulkhead:installer/"), "{line}");
            }
        }
    }

    #[test]
    fn the_way_in_is_the_first_static_rule_and_for_the_agent_alone() {
        let script = script();
        let rules: Vec<&str> = script.lines().filter(|line| line.contains("/filter/add")).collect();
        assert_eq!(rules.len(), 2);
        assert!(rules[1].ends_with("place-before=[:pick [/ip/firewall/filter/find where dynamic=no] 0]"));
        for rule in rules {
            assert!(rule.contains("in-interface=bh-mgmt src-address=172.16.63.2 protocol=tcp dst-port=8729"));
        }
    }

    #[test]
    fn the_user_has_no_right_to_secrets_users_or_a_reboot() {
        let script = script();
        assert!(script.contains("policy=api,read,write,test comment=\"bulkhead:installer/group\"\n"));
        assert!(script.contains("address=172.16.63.2/32"));
    }

    #[test]
    fn the_newest_containers_script_is_this() {
        expect![[r#"
            # Bulkhead's agent on the router `attic`: its container, for RouterOS 7.23 and later.
            # Import it after the other script. Before that, upload to one place on the router, on whichever disk:
            #   the folder bulkhead-config, and bulkhead-agent-ARCHITECTURE.tar for the router's processor.

            # What has to be there.
            :if ([:len [/system/package/find name=container]] = 0) do={ :error "the package container is not installed: upload it for this version and architecture, and reboot" }
            :if ([/system/device-mode/get container] != true) do={ :error "containers are switched off: run /system/device-mode/update container=yes scheduler=yes fetch=yes and confirm as it says, by button or power cut" }
            :if ([:len [/interface/veth/find name=bh-agent]] = 0) do={ :error "the veth bh-agent is not there: import attic.rsc first" }

            # The image for this processor; everything else is beside it.
            :local kind [/system/resource/get architecture-name]
            :if ($kind = "x86_64") do={ :set kind "amd64" }
            :if ($kind = "x86") do={ :set kind "amd64" }
            :if ($kind = "arm") do={ :set kind "arm-v7" }
            :if ([/system/resource/get cpu] ~ "EN7562") do={ :set kind "arm-v5" }
            :local file ("bulkhead-agent-" . $kind . ".tar")
            :local found [/file/find where name~$file]
            :if ([:len $found] = 0) do={ :error ("there is no " . $file . " on this router: upload it first") }
            :local image [/file/get [:pick $found 0] name]
            :local place [:pick $image 0 [:find $image "bulkhead-agent-"]]
            :if ([:len [/file/find where name=($place . "bulkhead-config/agent.toml")]] = 0) do={ :error ("there is no " . $place . "bulkhead-config/agent.toml: upload the folder to where the image is") }

            # The container. It reads its configuration, keeps its journal, and is started at boot.
            :if ([:len [/container/mounts/find where list=bulkhead-agent dst=/config]] = 0) do={
              /container/mounts/add list=bulkhead-agent dst=/config src=($place . "bulkhead-config") mode=ro comment="bulkhead:installer/config"
            }
            :if ([:len [/container/mounts/find where list=bulkhead-agent dst=/data]] = 0) do={
              /container/mounts/add list=bulkhead-agent dst=/data src=($place . "bulkhead-data") comment="bulkhead:installer/data"
            }
            :if ([:len [/container/find where comment="bulkhead:installer/container"]] = 0) do={
              /container/add comment="bulkhead:installer/container" file=$image interface=bh-agent root-dir=($place . "bulkhead-root") start-on-boot=yes logging=yes dns=172.16.63.1 mountlists=bulkhead-agent name=bulkhead-agent restart-policy=always restart-interval=10s ignore-remote-image-change=yes
              :local looks 0
              :while (([:len [/container/find where comment="bulkhead:installer/container" stopped=yes]] = 0) && ($looks < 60)) do={ :delay 2s; :set looks ($looks + 1) }
            }
            :if ([:len [/container/find where comment="bulkhead:installer/container" stopped=yes]] > 0) do={ /container/start [/container/find where comment="bulkhead:installer/container" stopped=yes] } else={ :put "the container runs already, or its image could not be unpacked: see /container/print and /log/print" }
        "#]].assert_eq(&agent(&attic(), FORMS[3], None));
    }
}
