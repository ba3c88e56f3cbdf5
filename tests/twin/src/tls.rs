//! The certificate of `api-ssl`.

use std::sync::Arc;

use anyhow::Context;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;

/// A certificate and its private key, both in PEM.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    certificate: String,
    key: String,
}

impl Identity {
    /// A new, self-signed one.
    ///
    /// # Errors
    /// When the machine has no randomness.
    pub fn new() -> anyhow::Result<Self> {
        let names = ["bulkhead-twin".to_owned(), "localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names)?;
        Ok(Self { certificate: made.cert.pem(), key: made.signing_key.serialize_pem() })
    }
}

/// An acceptor for TLS 1.2 and 1.3.
pub struct Tls {
    /// Accepts connections.
    pub acceptor: TlsAcceptor,
    /// SHA-256 of the certificate's DER, in lower-case hexadecimal.
    pub fingerprint: String,
}

impl Tls {
    /// Shows this certificate.
    ///
    /// # Errors
    /// A certificate or key that cannot be read, or that do not belong together.
    pub fn new(identity: &Identity) -> anyhow::Result<Self> {
        let certificate =
            CertificateDer::from_pem_slice(identity.certificate.as_bytes()).context("the certificate of api-ssl")?;
        let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).context("the key of api-ssl")?;
        let fingerprint =
            Sha256::digest(&certificate).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS12, &rustls::version::TLS13])?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), fingerprint })
    }
}
