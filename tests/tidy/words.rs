//! What must not be in a committed text: hosts that only a package manager should name, and paths of one machine.

use crate::{none, source};

#[test]
fn no_package_registry_is_named() {
    // Joined here, so that this file does not find itself.
    let hosts = [
        ["index.crates", ".io"].concat(),
        ["static.crates", ".io"].concat(),
        ["crates.io", "-index"].concat(),
        ["registry.npm", "js.org"].concat(),
        ["npm", "js.com"].concat(),
        ["registry.yarn", "pkg.com"].concat(),
        ["py", "pi.org"].concat(),
        ["files.python", "hosted.org"].concat(),
        ["proxy.go", "lang.org"].concat(),
        ["deb.deb", "ian.org"].concat(),
    ];
    none("leave the registry to the client's own configuration:", &found(&hosts));
}

#[test]
fn no_path_of_one_machine_is_named() {
    let paths = [
        ["/wo", "rk/"].concat(),
        ["/ho", "me/"].concat(),
        ["/ro", "ot/"].concat(),
        ["/Us", "ers/"].concat(),
        ["/tmp/", "brief"].concat(),
    ];
    none("the project stands alone; name nothing of the machine it was written on:", &found(&paths));
}

fn found(words: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for file in source::files().iter().filter(|file| !file.path.ends_with("Cargo.lock")) {
        for (index, line) in file.text.lines().enumerate() {
            let hits = words.iter().filter(|word| line.contains(word.as_str()));
            found.extend(hits.map(|word| format!("{}:{}: {word}", file.path, index + 1)));
        }
    }
    found
}
