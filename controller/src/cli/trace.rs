//! `bulkhead trace`: would this packet leave, and where?

use super::{Reach, output};
use crate::view::{TraceRequest, TraceStepView, TraceView};
use anyhow::Context as _;
use hyper::Method;
use shared::routeros::trace::Verdict;
use std::{net::IpAddr, process::ExitCode};

/// Would this packet leave, and where? By the router's rules as they are now, or as a change would leave them;
/// nothing is sent.
///
/// Exit status: 0 when it would leave or reach the router, 3 when it would not, 1 when that cannot be said.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    reach: Reach,
    /// Id of the router
    router: String,
    /// Where it comes from: an address, or the name of a VIF
    source: String,
    /// Where it goes: an address, with a port such as 1.1.1.1:443 or [2001:db8::1]:443
    destination: String,
    /// tcp, udp, icmp, …; without it tcp where there is a port and icmp where there is none
    #[arg(long, short)]
    protocol: Option<String>,
    /// Source port
    #[arg(long, value_name = "PORT")]
    source_port: Option<u16>,
    /// Where it comes in; without it where the router would answer the source
    #[arg(long = "in", value_name = "INTERFACE")]
    in_interface: Option<String>,
    /// new, established, related, invalid or untracked
    #[arg(long, value_name = "STATE", default_value = "new")]
    state: String,
    /// As the router would be once this change set is carried out
    #[arg(long, value_name = "ID")]
    change_set: Option<String>,
}

/// Runs the command.
pub(super) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let client = arguments.reach.client()?;
    let (dst, dst_port) = destination(&arguments.destination)?;
    let asked = TraceRequest {
        src: arguments.source,
        dst,
        protocol: arguments.protocol,
        src_port: arguments.source_port,
        dst_port,
        in_interface: arguments.in_interface,
        connection_state: Some(arguments.state),
        change_set: arguments.change_set,
    };
    let body = serde_json::to_value(&asked)?;
    let found: TraceView =
        client.write(Method::POST, &format!("/routers/{}/trace", arguments.router), Some(&body)).await?;
    if arguments.reach.json {
        output::json(&found)?;
    } else {
        print(&found)?;
    }
    let passes = matches!(found.verdict, Verdict::Forward | Verdict::Local);
    Ok(if passes { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

/// The command that asks a question about a router after a change.
pub(super) fn command(router: &str, question: &TraceRequest, change_set: &str) -> String {
    let port = |port: u16| {
        if question.dst.contains(':') {
            format!("[{}]:{port}", question.dst)
        } else {
            format!("{}:{port}", question.dst)
        }
    };
    let to = question.dst_port.map_or_else(|| question.dst.clone(), port);
    let mut command = format!("bulkhead trace {router} {} {to}", question.src);
    let options = [
        ("--protocol", question.protocol.clone()),
        ("--source-port", question.src_port.map(|port| port.to_string())),
        ("--in", question.in_interface.clone()),
        ("--state", question.connection_state.clone()),
        ("--change-set", Some(change_set.to_owned())),
    ];
    for (option, value) in options {
        command.extend(value.map(|value| format!(" {option} {}", quoted(&value))));
    }
    command
}

/// A word as a shell takes it; names of interfaces may have blanks.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// An address, and the port behind it.
fn destination(text: &str) -> anyhow::Result<(String, Option<u16>)> {
    if text.parse::<IpAddr>().is_ok() {
        return Ok((text.to_owned(), None));
    }
    let Some((address, port)) = text.rsplit_once(':') else { return Ok((text.to_owned(), None)) };
    let port = port.parse().with_context(|| format!("`{port}` is no port: write {address}:443"))?;
    Ok((address.trim_start_matches('[').trim_end_matches(']').to_owned(), Some(port)))
}

fn print(found: &TraceView) -> anyhow::Result<()> {
    output::line(&output::harmless(&found.says))?;
    if let Some(name) = found.packet.in_interface.as_ref().filter(|_| found.in_interface_inferred) {
        output::line(&format!(
            "It would come in by {}, as the routes tell; --in says another.",
            output::harmless(name)
        ))?;
    }
    output::line("")?;
    let rows: Vec<[String; 4]> = found.steps.iter().map(row).collect();
    output::table(["WHERE", "ROW", "DOES", "WHY"], &rows)?;
    for unknown in &found.unknown {
        output::line(&format!("Not known: {}", output::harmless(unknown)))?;
    }
    Ok(())
}

fn row(step: &TraceStepView) -> [String; 4] {
    let place = step.menu.as_ref().zip(step.number).map(|(menu, number)| format!("{menu} {number}"));
    let does = if step.matched { step.action.clone() } else { "passed over".to_owned() };
    let why: Vec<String> = [
        step.comment.as_ref().map(|comment| format!("“{comment}”")),
        Some(step.properties.join(" ")).filter(|text| !text.is_empty()),
        step.note.as_ref().map(|note| format!("({note})")),
    ]
    .into_iter()
    .flatten()
    .collect();
    [format!("{} {}", step.table, step.chain), place.unwrap_or_else(|| "-".to_owned()), does, why.join(" ")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_an_address_with_or_without_a_port() {
        for (text, address, port) in [
            ("1.1.1.1", "1.1.1.1", None),
            ("1.1.1.1:443", "1.1.1.1", Some(443)),
            ("2001:db8::1", "2001:db8::1", None),
            ("[2001:db8::1]:53", "2001:db8::1", Some(53)),
            ("example.org", "example.org", None),
        ] {
            assert_eq!(destination(text).expect("a destination"), (address.to_owned(), port), "{text}");
        }
        assert!(destination("1.1.1.1:http").is_err());
    }

    #[test]
    fn a_question_is_asked_by_a_command_that_a_shell_takes() {
        let question = TraceRequest {
            src: "fd00::2".to_owned(),
            dst: "fd00::1".to_owned(),
            dst_port: Some(22),
            in_interface: Some("ann's bridge".to_owned()),
            ..TraceRequest::default()
        };
        let expected = r"bulkhead trace r1 fd00::2 [fd00::1]:22 --in 'ann'\''s bridge' --change-set c-1";
        assert_eq!(command("r1", &question, "c-1"), expected);
        let ping = TraceRequest { src: "tor".to_owned(), dst: "1.1.1.1".to_owned(), ..TraceRequest::default() };
        assert_eq!(command("r1", &ping, "c-1"), "bulkhead trace r1 tor 1.1.1.1 --change-set c-1");
    }
}
