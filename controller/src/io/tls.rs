//! TLS for the web server and for brokers of the user's own.

use super::keys::IdentityFiles;
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file.
    #[error("{}: {reason}: a PEM file is needed", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Key, certificate or versions do not fit together.
    #[error("TLS cannot be set up: {0}")]
    Rustls(#[from] rustls::Error),
}

/// Makes ring the provider of this process, for the crates that ask for a default.
pub fn install_provider() {
    // It is installed already when this is called twice, which is as good.
    let _ = ring::default_provider().install_default();
}

/// A server with a certificate of ours.
///
/// # Errors
/// [`TlsError`]
pub fn server(identity: &IdentityFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let key = PrivateKeyDer::from_pem_file(&identity.key).map_err(|error| file_error(&identity.key, &error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates(&identity.certificate)?, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// A client that trusts what is signed by a certificate in this file, and nothing else.
///
/// # Errors
/// [`TlsError`]
pub fn client(ca_file: &Path) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(ca_file)? {
        roots.add(certificate)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// A client that trusts nobody, for plain HTTP.
///
/// # Errors
/// [`TlsError::Rustls`]
pub fn client_of_nobody() -> Result<Arc<ClientConfig>, TlsError> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(file_error(path, &"it holds no certificate")),
        Err(error) => Err(file_error(path, &error)),
    }
}

fn file_error(path: &Path, reason: &dyn std::fmt::Display) -> TlsError {
    TlsError::File { path: path.to_owned(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::keys::Keys;

    #[test]
    fn our_own_certificate_makes_a_server_and_our_authority_a_client() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::open(folder.path()).unwrap();
        assert!(server(&keys.https(&["localhost".to_owned()], 0).unwrap()).is_ok());
        assert!(client(&keys.ca_file()).is_ok());
    }

    #[test]
    fn a_file_without_a_certificate_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, "nothing").unwrap();
        for path in [file, folder.path().join("none.pem")] {
            let error = client(&path).expect_err("no client").to_string();
            assert!(error.contains(&path.display().to_string()), "{error}");
        }
    }
}
