//! Who gets in, and what they may do.

use std::{sync::Arc, time::Duration};

use sha2::{Digest, Sha256};
use tokio::net::TcpStream;

use crate::client::{Client, twin};

#[tokio::test]
async fn the_right_password_gets_in_and_a_wrong_one_may_try_again() {
    let twin = twin("7.24").await;
    let mut client = Client::new(twin.api).await;
    let refused = ["!trap =message=invalid user name or password (6)", "!done"];
    assert_eq!(client.login("admin", "wrong").await, refused);
    assert_eq!(client.login("nobody", "admin").await, refused);
    assert_eq!(client.login("admin", "admin").await, ["!done"]);
    assert_eq!(client.value("/user/active", "?name=admin", "via").await.as_deref(), Some("api"));
}

/// RouterOS-api's issue 45 shows 6.45 so: the challenge is given, its answer refused. 7.x is taken to do the same.
#[tokio::test]
async fn the_sign_in_of_old_versions_gets_a_challenge_and_no_further() {
    let twin = twin("7.24").await;
    let mut client = Client::new(twin.api).await;
    let answer = client.ask(&["/login"]).await;
    let challenge = answer[0].strip_prefix("!done =ret=").unwrap();
    assert!(challenge.len() == 32 && challenge.chars().all(|c| c.is_ascii_hexdigit()), "{answer:?}");
    let response = format!("=response=00{challenge}");
    let refused = ["!trap =message=invalid user name or password (6)", "!done"];
    assert_eq!(client.ask(&["/login", "=name=admin", &response]).await, refused);
    assert_eq!(client.login("admin", "admin").await, ["!done"]);
}

#[tokio::test]
async fn a_command_before_the_sign_in_is_fatal() {
    let twin = twin("7.24").await;
    let mut client = Client::new(twin.api).await;
    assert_eq!(client.ask(&["/interface/print"]).await, ["!fatal not logged in"]);
}

#[tokio::test]
async fn quit_says_goodbye_and_closes() {
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    assert_eq!(client.ask(&["/quit"]).await, ["!fatal session terminated on request"]);
    let mut other = Client::admin(&twin).await;
    assert_eq!(other.ask(&["/user/active/print", "=count-only="]).await, ["!done =ret=1"]);
}

#[tokio::test]
async fn a_group_without_write_reads_and_changes_nothing() {
    let twin = twin("7.24").await;
    let mut admin = Client::admin(&twin).await;
    admin.add(&["/user/add", "=name=eye", "=group=read", "=password=look"]).await;
    let mut eye = Client::new(twin.api).await;
    assert_eq!(eye.login("eye", "look").await, ["!done"]);
    assert_eq!(eye.value("/system/identity", "", "name").await.as_deref(), Some("MikroTik"));
    let refused = ["!trap =message=not enough permissions (9)", "!done"];
    assert_eq!(eye.ask(&["/interface/list/add", "=name=x"]).await, refused);
    admin.add(&["/user/group/add", "=name=pen", "=policy=api,read,write"]).await;
    admin.add(&["/user/add", "=name=clerk", "=group=pen", "=password=ink"]).await;
    let mut clerk = Client::new(twin.api).await;
    clerk.login("clerk", "ink").await;
    assert_eq!(clerk.ask(&["/user/add", "=name=y", "=group=full"]).await, refused);
    assert_eq!(clerk.ask(&["/tool/ping", "=address=192.0.2.1", "=count=1"]).await, refused);
    assert_eq!(clerk.value("/interface/wireguard", "?name=wg-vpn", "private-key").await, None);
    assert_eq!(clerk.value("/interface/wireguard", "?name=wg-vpn", "listen-port").await.as_deref(), Some("51820"));
}

#[tokio::test]
async fn a_user_may_be_bound_to_the_place_that_it_comes_from() {
    let twin = twin("7.24").await;
    let mut admin = Client::admin(&twin).await;
    admin.add(&["/interface/veth/add", "=name=bh-agent", "=address=172.16.64.2/30", "=gateway=172.16.64.1"]).await;
    let first = admin.value("/ip/firewall/filter", "?dynamic=false", ".id").await.unwrap();
    let rule =
        ["/ip/firewall/filter/add", "=chain=input", "=src-address=172.16.64.2", "=protocol=tcp", "=dst-port=8728-8729"];
    admin.add(&[&rule[..], &[&format!("=place-before={first}")]].concat()).await;
    admin.add(&["/interface/bridge/add", "=name=b"]).await;
    admin.add(&["/interface/bridge/port/add", "=bridge=b", "=interface=bh-agent"]).await;
    admin.add(&["/ip/address/add", "=address=172.16.64.1/30", "=interface=b"]).await;
    admin.add(&["/user/add", "=name=bulkhead", "=group=full", "=password=p", "=address=172.16.64.2/32"]).await;
    admin.add(&["/user/add", "=name=stranger", "=group=full", "=password=p", "=address=172.16.64.2/32"]).await;
    let mut agent = Client::new(twin.api).await;
    assert_eq!(agent.login("bulkhead", "p").await, ["!done"]);
    let mut stranger = Client::new(twin.api).await;
    assert_eq!(stranger.login("stranger", "p").await[0], "!trap =message=invalid user name or password (6)");
}

#[tokio::test]
async fn a_locked_out_client_hears_nothing_until_the_rules_let_it_in_again() {
    let twin = twin("7.24").await;
    let mut agent = Client::admin(&twin).await;
    let rule = ["/ip/firewall/filter/add", "=chain=input", "=action=drop", "=src-address=192.168.88.0/24"];
    let first = agent.value("/ip/firewall/filter", "?dynamic=false", ".id").await.unwrap();
    let id = agent.add(&[&rule[..], &[&format!("=place-before={first}")]].concat()).await;
    agent.send(&["/system/identity/print", "=.proplist=name"]).await;
    let mut late = Client::new(twin.api).await;
    late.send(&["/login", "=name=admin", "=password=admin"]).await;
    for client in [&mut agent, &mut late] {
        let heard = tokio::time::timeout(Duration::from_millis(100), client.next()).await;
        assert!(heard.is_err(), "{heard:?}");
    }
    twin.run("/ip/firewall/filter", "remove", &[(".id", &id)]).unwrap();
    assert_eq!(agent.next().await.as_deref(), Some("!re =name=MikroTik"));
    assert_eq!(late.next().await.as_deref(), Some("!done"));
}

#[tokio::test]
async fn a_service_closes_to_places_that_it_does_not_serve() {
    let twin = twin("7.24").await;
    let mut admin = Client::admin(&twin).await;
    admin.ask(&["/ip/service/set", "=.id=api", "=address=10.0.0.0/8"]).await;
    let mut late = Client::new(twin.api).await;
    assert!(late.login("admin", "admin").await.is_empty());
    admin.ask(&["/ip/service/set", "=.id=api", "=address=192.168.88.0/24"]).await;
    Client::admin(&twin).await;
    admin.ask(&["/ip/service/disable", "=.id=api"]).await;
    assert_eq!(Client::new(twin.api).await.next().await, None);
}

#[tokio::test]
async fn api_ssl_shows_the_certificate_whose_fingerprint_is_told() {
    let twin = twin("7.24").await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = Arc::new(Pinned(twin.fingerprint.clone(), Arc::clone(&provider)));
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        let stream = TcpStream::connect(twin.api_tls).await.unwrap();
        let name = rustls_pki_types::ServerName::try_from("localhost").unwrap();
        let stream = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        let mut client = Client::over(stream);
        assert_eq!(client.login("admin", "admin").await, ["!done"]);
        assert_eq!(client.value("/user/active", "", "via").await.as_deref(), Some("api-ssl"));
        client.ask(&["/quit"]).await;
    }
}

#[derive(Debug)]
struct Pinned(String, Arc<rustls::crypto::CryptoProvider>);

impl rustls::client::danger::ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &rustls_pki_types::CertificateDer<'_>,
        _: &[rustls_pki_types::CertificateDer<'_>],
        _: &rustls_pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls_pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        let fingerprint =
            Sha256::digest(certificate).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        assert_eq!(fingerprint, self.0);
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &rustls_pki_types::CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.1.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &rustls_pki_types::CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.1.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.1.signature_verification_algorithms.supported_schemes()
    }
}
