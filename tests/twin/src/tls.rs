//! The certificate of `api-ssl`, made anew at each start.

use std::sync::Arc;

use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;

/// An acceptor for TLS 1.2 and 1.3 with a self-signed certificate.
pub struct Tls {
    /// Accepts connections.
    pub acceptor: TlsAcceptor,
    /// SHA-256 of the certificate's DER, in lower-case hexadecimal.
    pub fingerprint: String,
}

impl Tls {
    /// A new certificate.
    ///
    /// # Errors
    /// When the machine has no randomness, or the libraries disagree with each other.
    pub fn new() -> anyhow::Result<Self> {
        let names = ["bulkhead-twin".to_owned(), "localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names)?;
        let certificate = made.cert.der().clone();
        let fingerprint =
            Sha256::digest(&certificate).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS12, &rustls::version::TLS13])?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), fingerprint })
    }
}
