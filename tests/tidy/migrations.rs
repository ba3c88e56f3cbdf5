//! Schema changes: numbered without a gap, and each one carried out.

use crate::{none, source};

#[test]
fn every_migration_is_numbered_and_listed() {
    let files = source::files();
    let mut findings = Vec::new();
    for side in ["agent", "controller"] {
        let folder = format!("{side}/src/io/store/migrations/");
        let store = format!("{side}/src/io/store");
        let code: String = files
            .iter()
            .filter(|file| file.path.starts_with(&store) && source::has_extension(&file.path, &["rs"]))
            .map(|file| file.text.as_str())
            .collect();
        for (index, name) in files.iter().filter_map(|file| file.path.strip_prefix(&folder)).enumerate() {
            let number: Option<usize> = name.split(['-', '_', '.']).next().and_then(|digits| digits.parse().ok());
            if number != Some(index + 1) {
                findings.push(format!("{folder}{name}: number {} comes next", index + 1));
            }
            if !code.contains(name) {
                findings.push(format!("{folder}{name}: no store carries it out"));
            }
        }
    }
    none("a migration must run, once, in its order:", &findings);
}
