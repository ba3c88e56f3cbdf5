//! TLS to the broker, over real sockets: whom the agent trusts and what it shows.

use bulkhead_agent::{
    config::Config,
    io::{
        clock::Clock,
        mqtt::{self, Link, Options, StartError},
        store::Store,
    },
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc, time::Duration};
use tokio::{io::AsyncReadExt as _, net::TcpListener, time::timeout};
use tokio_rustls::TlsAcceptor;

/// Whom something is signed by, and a certificate that it signed.
struct Authority {
    certificate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.self_signed(&key).expect("a certificate");
        Self { certificate, issuer: Issuer::new(parameters, key) }
    }

    fn sign(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        let parameters = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        (parameters.signed_by(&key, &self.issuer).expect("a certificate"), key)
    }
}

/// A TLS server that wants a certificate of `authority` from whoever comes; gives the first byte of each.
async fn server(authority: &Authority, name: &str) -> (u16, tokio::task::JoinHandle<Option<u8>>) {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate.der().clone()).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone()).build().expect("a verifier");
    let (certificate, key) = authority.sign(name);
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("a server");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let first = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.ok()?;
        let mut stream = TlsAcceptor::from(Arc::new(config)).accept(stream).await.ok()?;
        stream.read_u8().await.ok()
    });
    (port, first)
}

/// The agent's files: trusting `trusted`, holding a certificate of `own` where there is one.
fn config(folder: &Path, port: u16, trusted: &Authority, own: Option<&Authority>) -> Config {
    fs::write(folder.join("ca.pem"), trusted.certificate.pem()).expect("written");
    let mut files = String::new();
    if let Some(own) = own {
        let (certificate, key) = own.sign("agent-r1");
        fs::write(folder.join("cert.pem"), certificate.pem()).expect("written");
        fs::write(folder.join("key.pem"), key.serialize_pem()).expect("written");
        fs::set_permissions(folder.join("key.pem"), fs::Permissions::from_mode(0o600)).expect("a mode");
        files.push_str("cert_file = \"cert.pem\"\nkey_file = \"key.pem\"");
    }
    let text = format!(
        "router_id = \"r1\"\n[mqtt]\nurl = \"mqtts://127.0.0.1:{port}\"\nca_file = \"ca.pem\"\n{files}\n[keys]\n\
         controller = \"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n"
    );
    Config::parse(&folder.join("agent.toml"), &text).expect("a configuration")
}

/// What the agent says when it cannot connect.
async fn failure(config: &Config) -> String {
    let options = Options::load(config).expect("options");
    let (bus, _inbound) = mqtt::start_with(options, Store::in_memory().expect("a store"), Clock::system());
    let mut link = bus.connected();
    let failed = |link: &Link| matches!(link, Link::Failing { error, .. } if !error.ends_with("yet"));
    let found = timeout(Duration::from_secs(60), link.wait_for(failed)).await.expect("in time").expect("a bus").clone();
    match found {
        Link::Failing { error, .. } => error,
        Link::Connected => String::new(),
    }
}

#[tokio::test]
async fn an_agent_with_its_certificate_gets_through_to_mqtt() {
    let (folder, authority) = (tempfile::tempdir().expect("a folder"), Authority::new());
    let (port, first) = server(&authority, "127.0.0.1").await;
    let options = Options::load(&config(folder.path(), port, &authority, Some(&authority))).expect("options");
    let (_bus, _inbound) = mqtt::start_with(options, Store::in_memory().expect("a store"), Clock::system());
    let first = timeout(Duration::from_secs(60), first).await.expect("in time").expect("a server");
    assert_eq!(first, Some(0x10), "CONNECT");
}

#[tokio::test]
async fn a_broker_of_another_authority_is_not_trusted() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ours, theirs) = (Authority::new(), Authority::new());
    let (port, first) = server(&theirs, "127.0.0.1").await;
    let error = failure(&config(folder.path(), port, &ours, Some(&theirs))).await;
    assert!(error.contains("was not signed by mqtt.ca_file"), "{error}");
    assert_eq!(first.await.expect("a server"), None, "nothing was said");
}

#[tokio::test]
async fn a_broker_with_the_certificate_of_another_name_is_not_trusted() {
    let (folder, authority) = (tempfile::tempdir().expect("a folder"), Authority::new());
    let (port, _first) = server(&authority, "127.0.0.2").await;
    let error = failure(&config(folder.path(), port, &authority, Some(&authority))).await;
    assert!(error.contains("is not for 127.0.0.1"), "{error}");
}

#[tokio::test]
async fn an_agent_without_its_certificate_is_told_so() {
    let (folder, authority) = (tempfile::tempdir().expect("a folder"), Authority::new());
    let (port, _first) = server(&authority, "127.0.0.1").await;
    let error = failure(&config(folder.path(), port, &authority, None)).await;
    assert!(error.contains("does not take the agent's certificate"), "{error}");
}

#[tokio::test]
async fn files_that_are_no_certificates_are_refused() {
    let (folder, authority) = (tempfile::tempdir().expect("a folder"), Authority::new());
    let good = config(folder.path(), 1, &authority, Some(&authority));
    assert!(Options::load(&good).is_ok());
    fs::write(folder.path().join("ca.pem"), "nothing").expect("written");
    assert!(matches!(Options::load(&good), Err(StartError::Pem { .. })));
}
