//! Properties whose values are nobody's business: they are written, and never read out, shown or told.

use crate::change_set::Attribute;

/// What stands where a secret would.
pub const HIDDEN: &str = "(hidden)";

/// Names of secrets that their endings do not tell.
const NAMES: [&str; 6] = ["secret", "auth-key", "client-endpoint", "eab-hmac-key", "pin", "wep-key"];
/// Endings of the names of secrets.
const ENDINGS: [&str; 6] = ["password", "passphrase", "private-key", "preshared-key", "pre-shared-key", "-secret"];

/// Whether a property holds a secret.
pub fn is_secret(name: &str) -> bool {
    NAMES.contains(&name) || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Whether RouterOS makes up a secret where none is given (manual, "WireGuard", `private-key`).
pub fn is_made_up(menu: &str, name: &str) -> bool {
    menu == "/interface/wireguard" && name == "private-key"
}

/// A value as it may be told.
pub fn told<'a>(name: &str, value: &'a str) -> &'a str {
    if is_secret(name) && !value.is_empty() { HIDDEN } else { value }
}

/// Properties as they may be told.
pub fn hidden(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes.iter().map(|(name, value)| (name.clone(), told(name, value).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hidden_and_all_else_is_not() {
        for name in
            ["password", "private-key", "wpa2-pre-shared-key", "authentication-password", "secret", "radius-secret"]
        {
            assert_eq!(told(name, "x"), HIDDEN, "{name}");
        }
        for name in ["name", "public-key", "comment", "password-authentication", "use-secrets"] {
            assert_eq!(told(name, "x"), "x", "{name}");
        }
        assert_eq!(told("password", ""), "");
    }
}
