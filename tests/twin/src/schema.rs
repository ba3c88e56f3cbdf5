//! The schemas that the twin knows, and reading one from a file.

use std::collections::BTreeMap;

use shared::routeros::schema::{self, Bounds, Kind, Schema, Version};

pub use shared::routeros::schema::shipped::{offered, versions};

/// The schema of a shipped version.
///
/// # Errors
/// When the version is not among [`versions`]; the text names them.
pub fn shipped(version: &str) -> Result<Schema, SchemaError> {
    let unknown = || SchemaError::Unknown { version: version.to_owned(), known: versions().join(" ") };
    schema::shipped::shipped(version).ok_or_else(unknown)
}

/// A schema from the form of `/console/inspect` dumps: `{"/interface/vlan/add": {"name": "string value", …}, …}`.
///
/// # Errors
/// When the text is not of that form, or the version is none.
pub fn from_json(version: &str, text: &str) -> Result<Schema, SchemaError> {
    let version: Version = version.parse().map_err(|_| SchemaError::NoVersion(version.to_owned()))?;
    let dump: BTreeMap<String, BTreeMap<String, String>> = serde_json::from_str(text).map_err(SchemaError::Json)?;
    let commands = dump.into_iter().map(|(path, arguments)| {
        let arguments = arguments.into_iter().map(|(name, text)| {
            let kind = match text.as_str() {
                text if text.contains("time interval") => Kind::Time(Bounds::NONE),
                text if text.starts_with("string value") => Kind::Text(Bounds::NONE),
                text if text.contains("MAC address") => Kind::Mac,
                _ => Kind::Unknown,
            };
            (name, kind)
        });
        (path, arguments.collect())
    });
    Ok(Schema::new(version, commands.collect()))
}

/// Why there is no schema.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// A version that is not shipped.
    #[error("no schema of RouterOS {version} is shipped; give one with --routeros-schema, or choose one of: {known}")]
    Unknown {
        /// The version asked for.
        version: String,
        /// The shipped ones.
        known: String,
    },
    /// A version that is no version.
    #[error("`{0}` is not a RouterOS version; write it as 7.24 or 7.20.8")]
    NoVersion(String),
    /// A file of another form.
    #[error("the schema file is not of the form {{\"/interface/vlan/add\": {{\"name\": \"string value\"}}}}: {0}")]
    Json(serde_json::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_is_not_shipped_names_those_that_are() {
        assert!(shipped("7.1").is_err_and(|error| error.to_string().contains("7.16.2")));
    }

    #[test]
    fn a_file_in_the_dumps_form_is_a_schema_too() {
        let schema = from_json("7.99", r#"{"/x/add": {"name": "string value", "ttl": "time interval"}}"#).unwrap();
        let ttl = schema.command("/x/add").and_then(|arguments| arguments.get("ttl"));
        assert_eq!(ttl, Some(&Kind::Time(Bounds::NONE)));
    }
}
