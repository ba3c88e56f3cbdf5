//! The router that everybody is measured at, and the commands that they give it.
//!
//! It answers at once and models nothing: a device that thinks would hide how quick its clients are. What the answers
//! hold is what RouterOS says. One thread a session, so that it takes nothing from a client's own runtime.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    thread,
};

use bulkhead_agent::flow::interfaces;
use shared::routeros::sentence::{Decoder, Limits, Sentence};

/// Who signs in, and with what.
pub(crate) const ADMIN: &str = "admin";

/// Starts a router that lives as long as the process; where its API is.
///
/// # Errors
/// There is no port.
pub(crate) fn start() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream));
        }
    });
    Ok(address)
}

/// Ends when the client is gone, which is all that can go wrong.
fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut decoder = Decoder::new(Limits::DEFAULT);
    let (mut read, mut said, mut ids) = (vec![0; 64 * 1024], Vec::new(), 0_u32);
    loop {
        let count = stream.read(&mut read)?;
        if count == 0 {
            return Ok(());
        }
        decoder.push(&read[..count]);
        while let Some(sentence) = decoder.next_sentence().map_err(std::io::Error::other)? {
            answer(&sentence, &mut ids, &mut said).map_err(std::io::Error::other)?;
        }
        stream.write_all(&said)?;
        said.clear();
    }
}

fn answer(
    command: &Sentence,
    ids: &mut u32,
    said: &mut Vec<u8>,
) -> Result<(), shared::routeros::sentence::EncodeError> {
    let tag = command.tag_word().map(|tag| [b".tag=", tag].concat());
    let begin = |word: &str| match &tag {
        Some(tag) => Sentence::new(word).word(tag.clone()),
        None => Sentence::new(word),
    };
    if command.first().ends_with(b"/add") {
        *ids += 1;
        return begin("!done").attribute("ret", format!("*{ids:X}")).encode(said);
    }
    if command.first() == b"/interface/print" {
        let count: usize = command.text("rows").and_then(|rows| rows.parse().ok()).unwrap_or(0);
        let wanted = command.text(".proplist");
        for number in 0..count {
            counters(begin("!re"), number, wanted.as_deref()).encode(said)?;
        }
    }
    begin("!done").encode(said)
}

/// Asks for all of so many interfaces; `rows` is this router's own, RouterOS gives what it has.
pub(crate) fn print(count: usize) -> Sentence {
    Sentence::new("/interface/print").attribute(".proplist", interfaces::ALL).attribute("rows", count.to_string())
}

/// Appends the properties of a VIF's interface to a reply: all, or those of a `.proplist`.
pub(crate) fn counters(reply: Sentence, number: usize, wanted: Option<&str>) -> Sentence {
    let (id, name) = (format!("*{:X}", number + 16), format!("bh-v{}", 100 + number % 900));
    let row = [
        (".id", id.as_str()),
        ("name", &name),
        ("type", "vlan"),
        ("mtu", "1500"),
        ("actual-mtu", "1500"),
        ("l2mtu", "1588"),
        ("mac-address", "48:8F:5A:10:20:30"),
        ("last-link-up-time", "2026-11-20 08:15:42"),
        ("link-downs", "0"),
        ("rx-byte", "7316842915"),
        ("tx-byte", "91734628104"),
        ("rx-packet", "31846291"),
        ("tx-packet", "68291734"),
        ("rx-drop", "0"),
        ("tx-drop", "0"),
        ("tx-queue-drop", "0"),
        ("rx-error", "0"),
        ("tx-error", "0"),
        ("fp-rx-byte", "7189457751"),
        ("fp-tx-byte", "0"),
        ("fp-rx-packet", "31846291"),
        ("fp-tx-packet", "0"),
        ("running", "true"),
        ("disabled", "false"),
        ("comment", "bulkhead:v100"),
    ];
    row.iter()
        .filter(|(name, _)| wanted.is_none_or(|wanted| wanted.split(',').any(|property| property == *name)))
        .fold(reply, |reply, (name, value)| reply.attribute(name, value))
}

/// The rule that is added, told apart by its number; the scripts in `peers` add the same.
pub(crate) fn add(number: usize) -> Sentence {
    Sentence::new("/ip/firewall/filter/add")
        .attribute("chain", "forward")
        .attribute("action", "drop")
        .attribute("disabled", "yes")
        .attribute("src-address", "192.0.2.1")
        .attribute("comment", format!("bench {number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_holds_what_was_asked_for() {
        let row = counters(Sentence::new("!re"), 0, Some("name,rx-byte"));
        let names: Vec<_> = row.attributes().map(|(name, _)| name).collect();
        assert_eq!(names, [b"name" as &[u8], b"rx-byte"]);
    }
}
