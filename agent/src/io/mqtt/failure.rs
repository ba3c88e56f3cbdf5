//! Why there is no connection, in words for the person who can put it right.

use super::options::{CONNECT, Options};
use rumqttc::{ConnectReturnCode, ConnectionError, DisconnectReasonCode, StateError, TlsError};
use std::io::{self, ErrorKind};

/// What an error of the library means.
pub(super) fn words(options: &Options, error: &ConnectionError) -> String {
    let broker = options.address();
    if let ConnectionError::ConnectionRefused(code)
    | ConnectionError::MqttState(StateError::ConnFail { reason: code }) = error
    {
        return refused(&broker, *code);
    }
    if let Some(error) = certificate(error) {
        return tls(options, error);
    }
    if let ConnectionError::Tls(error) = error {
        return format!("no TLS with the broker {broker} ({error}): check that mqtt.url names its TLS port");
    }
    if let ConnectionError::MqttState(StateError::ServerDisconnect { reason_code, reason_string }) = error {
        return sent_away(options, *reason_code, reason_string.as_deref());
    }
    if let ConnectionError::Timeout(_) = error {
        let seconds = CONNECT.as_secs();
        return format!(
            "the broker {broker} did not answer within {seconds} s: check mqtt.url, that the controller is up, and that \
             the router's firewall lets the agent reach it"
        );
    }
    if let ConnectionError::MqttState(StateError::AwaitPingResp) = error {
        return format!("the broker {broker} stopped answering");
    }
    if let ConnectionError::MqttState(StateError::ConnectionAborted) = error {
        return closed(options);
    }
    match io_error(error) {
        Some(error) => io_words(options, error),
        None => format!("the connection to the broker {broker} failed: {error}"),
    }
}

/// The failure of the stream, which the library hands on from three places.
fn io_error(error: &ConnectionError) -> Option<&io::Error> {
    if let ConnectionError::Io(error)
    | ConnectionError::MqttState(StateError::Io(error) | StateError::Deserialization(rumqttc::Error::Io(error))) =
        error
    {
        Some(error)
    } else {
        None
    }
}

fn io_words(options: &Options, error: &io::Error) -> String {
    let broker = options.address();
    let kind = error.kind();
    if kind == ErrorKind::ConnectionRefused {
        format!("nothing listens at {broker}: check that the controller runs and that mqtt.url names its MQTT port")
    } else if kind == ErrorKind::NotFound {
        format!("the broker's name has no address ({error}): write its IP address into mqtt.url, or check DNS")
    } else if matches!(kind, ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) {
        closed(options)
    } else {
        format!("the connection to the broker {broker} failed: {error}")
    }
}

fn closed(options: &Options) -> String {
    let broker = options.address();
    let why = if options.tls() { "it does not take the agent's certificate, or " } else { "" };
    format!(
        "the broker {broker} closed the connection: if it does so each time, {why}mqtt.url names a port of something else"
    )
}

fn refused(broker: &str, code: ConnectReturnCode) -> String {
    use ConnectReturnCode as C;
    if matches!(code, C::BadUserNamePassword | C::NotAuthorized | C::Banned | C::BadAuthenticationMethod) {
        format!("the broker {broker} refuses user name, password or certificate ({code:?}): enrol the agent anew")
    } else if matches!(code, C::ServerBusy | C::ServerUnavailable | C::ServiceUnavailable | C::ConnectionRateExceeded) {
        format!("the broker {broker} has no time ({code:?})")
    } else if matches!(code, C::RefusedProtocolVersion | C::UnsupportedProtocolVersion) {
        format!(
            "the broker {broker} does not speak MQTT 5: use one that does (Mosquitto 2, EMQX, the controller's own)"
        )
    } else {
        format!("the broker {broker} refuses the agent ({code:?})")
    }
}

fn sent_away(options: &Options, code: DisconnectReasonCode, reason: Option<&str>) -> String {
    let broker = options.address();
    if code == DisconnectReasonCode::SessionTakenOver {
        let id = options.mqtt().client_id();
        return format!("another client signed in at {broker} as {id}: does a second agent run for this router?");
    }
    let reason = reason.map(|reason| format!(", {reason}")).unwrap_or_default();
    format!("the broker {broker} ended the connection ({code:?}{reason})")
}

/// What TLS said of a certificate, where that is what failed.
fn certificate(error: &ConnectionError) -> Option<&rustls::Error> {
    if let ConnectionError::Tls(TlsError::TLS(error)) = error {
        return Some(error);
    }
    let error = if let ConnectionError::Tls(TlsError::Io(error)) = error { error } else { io_error(error)? };
    error.get_ref()?.downcast_ref()
}

fn tls(options: &Options, error: &rustls::Error) -> String {
    use rustls::CertificateError as C;
    let broker = options.address();
    if let rustls::Error::AlertReceived(alert) = error {
        return format!(
            "the broker {broker} does not take the agent's certificate ({alert:?}): enrol the agent anew (`bulkhead router rekey`)"
        );
    }
    let rustls::Error::InvalidCertificate(certificate) = error else {
        return format!("no TLS with the broker {broker} ({error}): check that mqtt.url names its TLS port");
    };
    if matches!(certificate, C::UnknownIssuer | C::BadSignature) {
        format!(
            "the certificate of the broker {broker} was not signed by mqtt.ca_file: take the file from the controller"
        )
    } else if matches!(certificate, C::NotValidForName | C::NotValidForNameContext { .. }) {
        let host = options.host();
        format!("the certificate of the broker {broker} is not for {host}: write a name into mqtt.url for which it is")
    } else if matches!(certificate, C::NotValidYet | C::NotValidYetContext { .. }) {
        format!("the certificate of the broker {broker} is not valid yet: the router's clock is wrong, switch on NTP")
    } else if matches!(certificate, C::Expired | C::ExpiredContext { .. }) {
        format!("the certificate of the broker {broker} has expired, or the router's clock is wrong")
    } else {
        format!("the certificate of the broker {broker} cannot be trusted: {error}")
    }
}
