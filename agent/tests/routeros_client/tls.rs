//! TLS, with the certificate pinned.

use std::{sync::Arc, time::Duration};

use bulkhead_agent::io::routeros::{Client, ConnectError, Fingerprint, Security, Signed, Target};
use rcgen::{CertifiedKey, KeyPair};
use rustls::{
    ServerConfig, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::{ClientHello, ResolvesServerCert},
    sign,
};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;

use crate::peer::{Peer, accept, add, done, server};

#[tokio::test]
async fn the_pinned_certificate_is_accepted_with_either_version_of_tls() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let router = Router::new();
        let (signed, _) = connect(&router, version, Some(router.fingerprint())).await.expect("signed in");
        assert_eq!(signed.fingerprint, Some(router.fingerprint()));
    }
}

#[tokio::test]
async fn at_first_use_the_certificate_is_accepted_and_its_fingerprint_returned() {
    let router = Router::new();
    let (signed, client) = connect(&router, &rustls::version::TLS12, None).await.expect("signed in");
    assert_eq!(signed.fingerprint, Some(router.fingerprint()));
    assert!(client.run(add()).await.is_ok());
}

#[tokio::test]
async fn another_certificate_is_refused_with_both_fingerprints_and_what_to_do() {
    let (router, pinned) = (Router::new(), Router::new().fingerprint());
    let error = connect(&router, &rustls::version::TLS13, Some(pinned)).await.map(|_| ()).expect_err("another one");
    assert!(matches!(error, ConnectError::CertificateChanged { .. }), "{error:?}");
    let text = error.to_string();
    for part in [pinned.to_string(), router.fingerprint().to_string(), "/certificate".to_owned()] {
        assert!(text.contains(&part), "{text}");
    }
    assert!(error.needs_a_person());
}

#[tokio::test]
async fn the_pinned_certificate_in_the_hands_of_one_without_its_key_is_refused() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let router = Router::new();
        let impostor = Router { key: Router::new().key, ..router.clone() };
        let error = connect(&impostor, version, Some(router.fingerprint())).await.map(|_| ()).expect_err("no key");
        assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn large_and_many_sentences_pass_through_tls() {
    let router = Router::new();
    let (_, client) = connect(&router, &rustls::version::TLS13, None).await.expect("signed in");
    let large = add().attribute("comment", vec![b'x'; 100_000]);
    let answers = client.run_all([vec![large; 40], vec![add(); 1000]].concat()).await;
    assert!(answers.iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_port_that_does_not_speak_tls_is_said_to_be_one() {
    let (listener, target) = server().await;
    let target = Target { security: Security::Pinned { fingerprint: None }, ..target };
    let plain = async {
        let mut peer = accept(&listener).await;
        peer.send_raw(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    };
    let (client, ()) = tokio::join!(Client::connect(&target), plain);
    let error = client.map(|_| ()).expect_err("no TLS");
    assert!(error.to_string().contains("does not speak TLS"), "{error}");
}

#[tokio::test]
async fn a_handshake_that_is_never_answered_is_given_up() {
    let (_listener, target) = server().await;
    let connect_timeout = Duration::from_millis(100);
    let target = Target { security: Security::Pinned { fingerprint: None }, connect_timeout, ..target };
    let error = Client::connect(&target).await.map(|_| ()).expect_err("silence");
    assert!(error.to_string().contains("no answer to the handshake"), "{error}");
}

#[tokio::test]
async fn a_service_without_a_certificate_is_said_to_need_one() {
    let (listener, target) = server().await;
    let target = Target { security: Security::Pinned { fingerprint: None }, ..target };
    let bare = async {
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Nothing));
        let stream = accept(&listener).await.stream;
        TlsAcceptor::from(Arc::new(config)).accept(stream).await.map(|_| ()).expect_err("nothing to show");
    };
    let (client, ()) = tokio::join!(Client::connect(&target), bare);
    let error = client.map(|_| ()).expect_err("no certificate");
    assert!(error.to_string().contains("api-ssl"), "{error}");
}

/// A router's certificate and key.
#[derive(Clone)]
pub(crate) struct Router {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Router {
    pub(crate) fn new() -> Self {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(vec!["router.lan".to_owned()]).expect("a certificate");
        Self { certificate: cert.der().clone(), key: KeyPair::serialize_der(&signing_key) }
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint(Sha256::digest(&self.certificate).into())
    }

    pub(crate) fn acceptor(&self, version: &'static SupportedProtocolVersion) -> TlsAcceptor {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.clone()));
        let key = ring::sign::any_supported_type(&key).expect("a key");
        let shown = Shown(Arc::new(sign::CertifiedKey::new(vec![self.certificate.clone()], key)));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[version])
            .expect("versions")
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(shown));
        TlsAcceptor::from(Arc::new(config))
    }
}

/// Shows a certificate, whether or not the key is its own.
#[derive(Debug)]
struct Shown(Arc<sign::CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<sign::CertifiedKey>> {
        Some(self.0.clone())
    }
}

#[derive(Debug)]
struct Nothing;

impl ResolvesServerCert for Nothing {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<sign::CertifiedKey>> {
        None
    }
}

/// Connects to a router that signs in and answers every command.
async fn connect(
    router: &Router,
    version: &'static SupportedProtocolVersion,
    fingerprint: Option<Fingerprint>,
) -> Result<(Signed, Client), ConnectError> {
    let (listener, target) = server().await;
    let target = Target { security: Security::Pinned { fingerprint }, ..target };
    let acceptor = router.acceptor(version);
    let serving = tokio::spawn(async move {
        let stream = accept(&listener).await.stream;
        let Ok(stream) = acceptor.accept(stream).await else { return };
        let mut peer = Peer::new(stream);
        // With TLS 1.3 the server's side is done before the client has refused the certificate.
        let Some(_login) = peer.receive().await else { return };
        peer.send(done()).await;
        while let Some(command) = peer.receive().await {
            let tag = String::from_utf8_lossy(command.tag_word().expect("a tag")).into_owned();
            peer.send(done().tag(&tag)).await;
        }
    });
    let connected = Client::connect(&target).await;
    if connected.is_err() {
        serving.await.expect("the server saw the end");
    }
    connected.map(|(client, signed)| (signed, client))
}
