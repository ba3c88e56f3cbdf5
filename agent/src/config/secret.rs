//! Secrets live in files for their owner alone, and are never shown.

use super::{Keys, RouterOs};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ed25519_dalek::SigningKey;
use std::{
    fmt,
    fs::{File, Permissions},
    io::Read as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// No secret of ours is longer, in bytes.
const LONGEST: u64 = 64 * 1024;

/// A text that must not be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text, for whom it is meant.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// Why a secret is not to be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("the secret file {}: {reason}: enrol the agent anew (`bulkhead router rekey`), or correct the path in the configuration", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file does not hold what it should.
    #[error("the secret file {} does not hold {wanted}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What should be in it.
        wanted: &'static str,
    },
}

impl Secret {
    /// Reads a secret: the file's text without the line's end behind it.
    ///
    /// # Errors
    /// [`SecretError`]. A file that group or others may use is closed to them: how a file comes onto a router decides
    /// its mode, and a refusal there would only leave the router without its agent.
    pub fn read(path: &Path) -> Result<Self, SecretError> {
        let unreadable =
            |error: std::io::Error| SecretError::Unreadable { path: path.to_owned(), reason: error.to_string() };
        let file = File::open(path).map_err(unreadable)?;
        // Asked of the open file, so that what is checked is what is read.
        let mode = file.metadata().map_err(unreadable)?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            let closed = file.set_permissions(Permissions::from_mode(0o600)).is_ok();
            let mode = format!("{mode:04o}");
            tracing::warn!(file = %path.display(), mode, closed, "others could use this secret file; enrol anew if they did");
        }
        let mut text = String::new();
        file.take(LONGEST).read_to_string(&mut text).map_err(unreadable)?;
        text.truncate(text.trim_end_matches(['\r', '\n']).len());
        if text.is_empty() {
            return Err(SecretError::Wrong { path: path.to_owned(), wanted: "a secret: it is empty" });
        }
        Ok(Self(text))
    }
}

impl RouterOs {
    /// The password of [`RouterOs::username`].
    ///
    /// # Errors
    /// [`SecretError`]
    pub fn password(&self) -> Result<String, SecretError> {
        Ok(Secret::read(&self.password_file)?.0)
    }
}

impl Keys {
    /// The agent's own key.
    ///
    /// # Errors
    /// [`SecretError`]
    pub fn signing_key(&self) -> Result<SigningKey, SecretError> {
        read_signing_key(&self.agent_file)
    }
}

/// Reads a key: the 32 bytes of an Ed25519 seed in base64.
///
/// # Errors
/// [`SecretError`]
pub fn read_signing_key(path: &Path) -> Result<SigningKey, SecretError> {
    let wrong = || SecretError::Wrong { path: path.to_owned(), wanted: "an Ed25519 seed: 32 bytes in base64" };
    let bytes = BASE64.decode(Secret::read(path)?.reveal().trim()).map_err(|_| wrong())?;
    Ok(SigningKey::from_bytes(&bytes.try_into().map_err(|_| wrong())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn file(text: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        (folder, path)
    }

    #[test]
    fn a_secret_is_read_without_its_line_end_and_never_shown() {
        let (_folder, path) = file("pass word\r\n", 0o600);
        let secret = Secret::read(&path).expect("a secret");
        assert_eq!(secret.reveal(), "pass word");
        assert_eq!(format!("{secret:?}"), "(secret)");
    }

    #[test]
    fn a_secret_that_others_may_use_is_closed_to_them() {
        for mode in [0o640, 0o604, 0o620, 0o601, 0o777] {
            let (_folder, path) = file("password", mode);
            assert_eq!(Secret::read(&path).expect("a secret").reveal(), "password");
            assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o7777, 0o600, "{mode:o}");
        }
        let (_folder, path) = file("password", 0o400);
        assert!(Secret::read(&path).is_ok());
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o7777, 0o400);
    }

    #[test]
    fn a_key_is_32_bytes_and_nothing_else() {
        let (_folder, path) = file(&format!("{}\n", BASE64.encode([7; 32])), 0o600);
        assert_eq!(read_signing_key(&path).expect("a key").to_bytes(), [7; 32]);
        for wrong in ["", "\n", "AAAA", "not base64!", &BASE64.encode([7; 33])] {
            let (_folder, path) = file(wrong, 0o600);
            assert!(matches!(read_signing_key(&path), Err(SecretError::Wrong { .. })), "{wrong}");
        }
        let gone = read_signing_key(Path::new("/nowhere/agent.key"));
        assert!(matches!(gone, Err(SecretError::Unreadable { .. })));
    }
}
