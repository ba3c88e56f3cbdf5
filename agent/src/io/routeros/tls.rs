//! TLS with exactly one certificate.

use std::sync::{Arc, OnceLock};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use sha2::{Digest, Sha256};
use tokio::time::timeout;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    Target,
    error::{ConnectError, Fingerprint},
    transport::Transport,
};

/// Agrees on TLS and returns the fingerprint of the certificate whose key the peer proved to hold.
pub(super) async fn handshake<S: Transport>(
    stream: S,
    target: &Target,
    pinned: Option<Fingerprint>,
) -> Result<(TlsStream<S>, Fingerprint), ConnectError> {
    let failed = |reason: String| ConnectError::Tls { address: target.address(), reason };
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(Pin { pinned, seen: OnceLock::new(), provider: provider.clone() });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier.clone())
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    let name = ServerName::try_from(target.host.clone())
        .map_err(|_| failed(format!("{} is neither an address nor a name", target.host)))?;
    let after = target.connect_timeout;
    let agreed = timeout(after, TlsConnector::from(Arc::new(config)).connect(name, stream)).await;
    match (agreed, verifier.seen.get().copied(), pinned) {
        (Ok(Ok(stream)), Some(seen), _) => Ok((stream, seen)),
        (Ok(Err(_)), Some(seen), Some(pinned)) if seen != pinned => {
            Err(ConnectError::CertificateChanged { address: target.address(), pinned, seen })
        }
        (Ok(Ok(_)), None, _) => Err(failed("the peer showed no certificate".to_owned())),
        (Ok(Err(error)), ..) => Err(failed(explain(&error))),
        (Err(_), ..) => Err(failed(format!(
            "no answer to the handshake within {after:?}; is this the port of `api-ssl`, not of `api`?"
        ))),
    }
}

/// Accepts the pinned certificate, or, without a pin, the first one. The peer still has to sign with its key.
#[derive(Debug)]
struct Pin {
    pinned: Option<Fingerprint>,
    seen: OnceLock<Fingerprint>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pin {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let seen = *self.seen.get_or_init(|| fingerprint(end_entity));
        if self.pinned.is_some_and(|pinned| pinned != seen) {
            return Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure));
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        None
    }
}

fn fingerprint(certificate: &CertificateDer<'_>) -> Fingerprint {
    Fingerprint(Sha256::digest(certificate.as_ref()).into())
}

/// What rustls says, and what on a router is the usual reason for it.
fn explain(error: &std::io::Error) -> String {
    use rustls::{AlertDescription, Error};
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    let advice = match tls {
        Some(Error::AlertReceived(AlertDescription::HandshakeFailure)) => {
            "`api-ssl` without a certificate cannot be used: create one in `/certificate` and set it with \
             `/ip/service/set api-ssl certificate=…`"
        }
        Some(Error::InvalidMessage(_)) => "the port does not speak TLS: `api-ssl` usually has 8729, `api` 8728",
        _ => "check in `/ip/service` that `api-ssl` is enabled, has a certificate, and allows this agent's address",
    };
    format!("{error}; {advice}")
}
