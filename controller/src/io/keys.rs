//! The controller's keys, each in a file of its own that only the user of this process can read.
//!
//! ```text
//! <data>/keys/controller.key   Ed25519 seed, base64: signs what agents obey
//!             ca.pem ca.key    the authority that signed every certificate here
//!             broker.pem .key  the broker's, for agents; valid for ever, for a router boots in 1970
//!             https.pem .key   the web page's; made anew before it ends and when its names change
//! ```

use super::random::{self, RandomError};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ed25519_dalek::SigningKey;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use std::{
    fs,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Days for which browsers still take a server's certificate.
const HTTPS_DAYS: i64 = 397;
/// Days before the end at which it is made anew.
const RENEW_DAYS: i64 = 30;

/// Why the keys are not there.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file or folder.
    #[error("{}: {source}: give this user a folder that it owns (`--data`)", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file that holds something else.
    #[error("{}: is no key of ours ({reason}): bring it back from a backup; a new one would lock every agent out", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A certificate could not be made.
    #[error("a certificate could not be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// A certificate and its key, PEM.
#[derive(Clone)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// Its key, a secret.
    pub key: String,
}

/// Where a server's certificate lies.
#[derive(Debug, Clone)]
pub struct IdentityFiles {
    /// The certificate, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
}

/// What the controller signs with: its own key for commands, and its authority for certificates.
pub struct Authority {
    signing: SigningKey,
    certificate: String,
    key: String,
}

/// The open folder of keys.
pub struct Keys {
    folder: PathBuf,
    authority: Arc<Authority>,
}

impl Authority {
    /// A new one, that is nowhere but in memory.
    ///
    /// # Errors
    /// [`KeyError`]
    pub fn make() -> Result<Self, KeyError> {
        let made = make_ca()?;
        let signing = SigningKey::from_bytes(&random::bytes()?);
        Ok(Self { signing, certificate: made.certificate, key: made.key })
    }

    /// The key by which the controller signs.
    pub fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// The authority's certificate, PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// A certificate for an agent. It signs a client in and is worth nothing as a server's, so that no agent can
    /// stand for the broker.
    ///
    /// # Errors
    /// [`KeyError::Certificate`]
    pub fn client(&self, name: &str) -> Result<Identity, KeyError> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Result<Identity, KeyError> {
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer()?)?;
        Ok(Identity { certificate: certificate.pem(), key: key.serialize_pem() })
    }

    /// Its name is always the same, so it need not be read out of the certificate.
    fn issuer(&self) -> Result<Issuer<'static, KeyPair>, rcgen::Error> {
        Ok(Issuer::new(ca_params()?, KeyPair::from_pem(&self.key)?))
    }
}

impl Keys {
    /// Opens the keys under a data folder, and makes what is missing when there is none yet.
    ///
    /// # Errors
    /// [`KeyError`]
    pub fn open(data: &Path) -> Result<Self, KeyError> {
        private_folder(data)?;
        let folder = data.join("keys");
        private_folder(&folder)?;
        let seed_file = folder.join("controller.key");
        let seed = if let Some(text) = read(&seed_file)? {
            decode_seed(&seed_file, &text)?
        } else {
            let seed = random::bytes::<32>()?;
            write_private(&seed_file, &BASE64.encode(seed))?;
            seed
        };
        let (ca_file, ca_key_file) = (folder.join("ca.pem"), folder.join("ca.key"));
        let (ca_certificate, ca_key) = match (read(&ca_file)?, read(&ca_key_file)?) {
            (Some(certificate), Some(key)) => (certificate, key),
            (None, None) => {
                let made = make_ca()?;
                write_private(&ca_key_file, &made.key)?;
                write_private(&ca_file, &made.certificate)?;
                (made.certificate, made.key)
            }
            (found, _) => {
                let path = if found.is_some() { ca_key_file } else { ca_file };
                return Err(KeyError::Unreadable { path, reason: "it is missing, its other half is there".into() });
            }
        };
        let authority = Authority { signing: SigningKey::from_bytes(&seed), certificate: ca_certificate, key: ca_key };
        let keys = Self { folder, authority: Arc::new(authority) };
        keys.authority.issuer().map_err(|error| keys.unreadable("ca.key", &error))?;
        Ok(keys)
    }

    /// What the controller signs with.
    pub fn authority(&self) -> &Arc<Authority> {
        &self.authority
    }

    /// Where the authority's certificate lies.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// The broker's certificate, made when missing or of other names.
    ///
    /// # Errors
    /// [`KeyError`]
    pub fn broker(&self, names: &[String]) -> Result<IdentityFiles, KeyError> {
        self.server("broker", names, None)
    }

    /// The web page's certificate, made when missing, of other names, or about to end.
    ///
    /// # Errors
    /// [`KeyError`]
    pub fn https(&self, names: &[String], now: i64) -> Result<IdentityFiles, KeyError> {
        self.server("https", names, Some(now / 1000))
    }

    /// A server's certificate; with `now` (Unix seconds) one of [`HTTPS_DAYS`]. What it was made for is kept beside
    /// it, as text.
    fn server(&self, file: &str, names: &[String], now: Option<i64>) -> Result<IdentityFiles, KeyError> {
        const DAY: i64 = 86_400;
        let files = IdentityFiles {
            certificate: self.folder.join(format!("{file}.pem")),
            key: self.folder.join(format!("{file}.key")),
        };
        let made_for = self.folder.join(format!("{file}.names"));
        let known = read(&made_for)?.unwrap_or_default();
        let mut lines = known.lines();
        let until: Option<i64> = lines.next().and_then(|line| line.parse().ok());
        let valid = until.is_some_and(|until| now.is_none_or(|now| now + RENEW_DAYS * DAY < until));
        if valid && lines.eq(names.iter()) && files.certificate.exists() && files.key.exists() {
            return Ok(files);
        }
        let mut wanted = CertificateParams::new(names)?;
        wanted.distinguished_name.push(DnType::CommonName, "Bulkhead");
        wanted.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        wanted.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let mut until = i64::MAX;
        if let Some(now) = now {
            until = now + HTTPS_DAYS * DAY;
            wanted.not_before = date(now - DAY);
            wanted.not_after = date(until);
        }
        let signed = self.authority.sign(&wanted)?;
        write_private(&files.key, &signed.key)?;
        write_private(&files.certificate, &signed.certificate)?;
        write_private(&made_for, &format!("{until}\n{}\n", names.join("\n")))?;
        Ok(files)
    }

    fn unreadable(&self, file: &str, reason: &dyn std::fmt::Display) -> KeyError {
        KeyError::Unreadable { path: self.folder.join(file), reason: reason.to_string() }
    }
}

fn date(unix_seconds: i64) -> time::OffsetDateTime {
    time::OffsetDateTime::from_unix_timestamp(unix_seconds).unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
}

fn ca_params() -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "Bulkhead CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn make_ca() -> Result<Identity, KeyError> {
    let key = KeyPair::generate()?;
    let certificate = ca_params()?.self_signed(&key)?;
    Ok(Identity { certificate: certificate.pem(), key: key.serialize_pem() })
}

fn decode_seed(path: &Path, text: &str) -> Result<[u8; 32], KeyError> {
    let wrong = || KeyError::Unreadable { path: path.to_owned(), reason: "no 32 bytes in base64".into() };
    BASE64.decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(wrong)
}

/// Makes a folder that only this user can enter; one that is there stays as it is.
///
/// # Errors
/// [`KeyError::File`]
pub fn private_folder(path: &Path) -> Result<(), KeyError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|source| file_error(path, source))
}

/// Writes a file that only this user can read, in one step: it is there wholly or not at all.
///
/// # Errors
/// [`KeyError::File`]
pub fn write_private(path: &Path, text: &str) -> Result<(), KeyError> {
    let beside = path.with_extension("new");
    let written = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    written.map_err(|source| file_error(path, source))
}

fn read(path: &Path) -> Result<Option<String>, KeyError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(file_error(path, source)),
    }
}

fn file_error(path: &Path, source: std::io::Error) -> KeyError {
    KeyError::File { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn the_keys_stay_the_same_over_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let first = Keys::open(folder.path()).unwrap();
        let again = Keys::open(folder.path()).unwrap();
        assert_eq!(first.authority.signing.to_bytes(), again.authority.signing.to_bytes());
        assert_eq!(first.authority.certificate, again.authority.certificate);
    }

    #[test]
    fn nobody_else_can_read_a_key() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::open(&folder.path().join("data")).unwrap();
        keys.https(&names(&["localhost"]), 0).unwrap();
        let keys_folder = folder.path().join("data/keys");
        assert_eq!(fs::metadata(&keys_folder).unwrap().permissions().mode() & 0o777, 0o700);
        for file in fs::read_dir(keys_folder).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
        }
    }

    #[test]
    fn half_an_authority_is_refused_instead_of_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        Keys::open(folder.path()).unwrap();
        fs::remove_file(folder.path().join("keys/ca.key")).unwrap();
        assert!(matches!(Keys::open(folder.path()), Err(KeyError::Unreadable { .. })));
    }

    #[test]
    fn the_pages_certificate_is_made_anew_for_other_names_and_before_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::open(folder.path()).unwrap();
        let made = |names: &[String], day: i64| {
            fs::read_to_string(keys.https(names, day * 86_400_000).unwrap().certificate).unwrap()
        };
        let here = names(&["localhost", "127.0.0.1"]);
        let first = made(&here, 1_000);
        assert_eq!(made(&here, 1_300), first);
        let renewed = made(&here, 1_000 + HTTPS_DAYS - RENEW_DAYS);
        assert_ne!(renewed, first);
        assert_ne!(made(&names(&["other"]), 1_400), renewed);
    }
}
