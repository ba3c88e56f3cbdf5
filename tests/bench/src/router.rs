//! The router that everybody is measured at, and the commands that they give it.
//!
//! It answers at once and models nothing: a device that thinks would hide how quick its clients are. What the answers
//! hold is what RouterOS says. One thread a session, so that it takes nothing from a client's own runtime.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    thread,
};

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
    begin("!done").encode(said)
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
