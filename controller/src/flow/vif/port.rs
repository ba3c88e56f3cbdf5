//! A published port as people write it, on the command line and in a form: `tcp/8443:443@LAN`.

use crate::view::PortView;
use shared::vif::Protocol;

/// The form, for messages and help.
pub const PORT_FORM: &str = "protocol/port:port of the service@interface list, such as `tcp/8443:443@LAN`";

/// Reads a port; without a port of the service it is the same.
///
/// # Errors
/// What is wrong, as a sentence.
pub fn port_from(text: &str) -> Result<PortView, String> {
    let wrong = || format!("`{}` is no port.", shown(text));
    let (protocol, rest) = text.trim().split_once('/').ok_or_else(wrong)?;
    let (ports, from) = rest.split_once('@').ok_or_else(wrong)?;
    let (port, to_port) = ports.split_once(':').unwrap_or((ports, ports));
    let number = |text: &str| {
        let number = text.trim().parse().ok().filter(|&number: &u16| number > 0);
        number.ok_or_else(|| format!("`{}` is no port from 1 to 65535.", shown(text)))
    };
    let protocol = match protocol.trim().to_ascii_lowercase().as_str() {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        _ => return Err(format!("`{}` is neither `tcp` nor `udp`.", shown(protocol))),
    };
    Ok(PortView { protocol, port: number(port)?, to_port: number(to_port)?, from: from.trim().to_owned() })
}

/// Writes a port as [`port_from`] reads it.
pub fn port_text(port: &PortView) -> String {
    format!("{}/{}:{}@{}", port.protocol.as_str(), port.port, port.to_port, port.from)
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_reads_back_as_it_was_written() {
        for (text, again) in [
            ("tcp/8443:443@LAN", "tcp/8443:443@LAN"),
            (" UDP/53@guests ", "udp/53:53@guests"),
            ("tcp/1:65535@a b", "tcp/1:65535@a b"),
        ] {
            assert_eq!(port_from(text).map(|port| port_text(&port)).as_deref(), Ok(again));
        }
    }

    #[test]
    fn what_is_no_port_is_told_by_the_part_that_is_wrong() {
        for (text, said) in [
            ("", "is no port"),
            ("8443", "is no port"),
            ("tcp/8443:443", "is no port"),
            ("icmp/1@LAN", "neither"),
            ("tcp/0@LAN", "1 to 65535"),
            ("tcp/70000@LAN", "1 to 65535"),
            ("tcp/80:x@LAN", "1 to 65535"),
            ("tcp/-1@LAN", "1 to 65535"),
        ] {
            let wrong = port_from(text).expect_err(text);
            assert!(wrong.contains(said), "{text}: {wrong}");
        }
    }
}
