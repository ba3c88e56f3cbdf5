//! From an open connection to a signed-in session, as RouterOS 6.43 and newer wants it: name and password in one
//! sentence, answered by a bare `!done`. Older ones answer with a challenge (`ret`) and are refused.

use shared::routeros::sentence::{Decoder, Limits, Sentence};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use super::{
    Target,
    error::{ConnectError, Trap},
    transport::Stream,
};

/// What RouterOS says to a wrong name or password, 7 and 6.
const WRONG_PASSWORD: [&str; 2] = ["invalid user name or password", "cannot log in"];
/// Replies to a sign-in are one or two sentences; a peer that sends more is something else.
const REPLIES: usize = 8;

/// Signs in. Returns the decoder along with the stream: it may hold what the peer sent on.
pub(super) async fn sign_in(mut stream: Stream, target: &Target) -> Result<(Stream, Decoder), ConnectError> {
    let after = target.connect_timeout;
    match timeout(after, exchange(&mut stream, target)).await {
        Ok(Ok(decoder)) => Ok((stream, decoder)),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(ConnectError::SignInTimedOut { address: target.address(), after }),
    }
}

async fn exchange(stream: &mut Stream, target: &Target) -> Result<Decoder, ConnectError> {
    let closed = || ConnectError::ClosedDuringSignIn { address: target.address() };
    let strange = |saw: String| ConnectError::NotRouterOs { address: target.address(), saw };
    let mut request = Vec::new();
    Sentence::new("/login")
        .attribute("name", &target.username)
        .attribute("password", &target.password)
        .encode(&mut request)
        .map_err(|error| strange(error.to_string()))?;
    if stream.write_all(&request).await.is_ok() {
        // Whatever went wrong: a peer that closes at once may still have said why.
        let _said = stream.flush().await;
    }

    let mut decoder = Decoder::new(Limits::BEFORE_SIGN_IN);
    let mut verdict = Verdict::default();
    let mut start = Vec::new();
    let mut chunk = [0; 1024];
    loop {
        let count = match stream.read(&mut chunk).await {
            Ok(count) if count > 0 => count,
            // However it was cut: what was heard so far decides.
            Ok(_) | Err(_) => return Err(foreign(&start).map_or_else(closed, strange)),
        };
        start.extend_from_slice(&chunk[..count.min(8_usize.saturating_sub(start.len()))]);
        if let Some(saw) = foreign(&start) {
            return Err(strange(saw));
        }
        decoder.push(&chunk[..count]);
        while let Some(sentence) = decoder.next_sentence().map_err(|error| strange(error.to_string()))? {
            if let Some(end) = verdict.reply(&sentence, target) {
                return end.map(|()| decoder);
            }
        }
    }
}

/// The replies to a sign-in so far.
#[derive(Default)]
struct Verdict {
    trap: Option<String>,
    replies: usize,
}

impl Verdict {
    /// Takes the next reply; the outcome once it is known.
    fn reply(&mut self, sentence: &Sentence, target: &Target) -> Option<Result<(), ConnectError>> {
        let username = || target.username.clone();
        let refused = |message: String| {
            Some(Err(if WRONG_PASSWORD.iter().any(|known| message.starts_with(known)) {
                ConnectError::WrongPassword { username: username() }
            } else {
                ConnectError::SignInRefused { username: username(), message }
            }))
        };
        self.replies += 1;
        match sentence.first() {
            b"!trap" => {
                self.trap.get_or_insert(Trap::of(sentence).message);
                None
            }
            b"!done" if sentence.get("ret").is_some() => Some(Err(ConnectError::TooOld)),
            b"!done" => self.trap.take().map_or(Some(Ok(())), refused),
            b"!fatal" => refused(super::connection::fatal_text(sentence)),
            first if !first.starts_with(b"!") || self.replies > REPLIES => {
                let saw = "its answer to the sign-in is none; check host and port".to_owned();
                Some(Err(ConnectError::NotRouterOs { address: target.address(), saw }))
            }
            _ => None,
        }
    }
}

/// What the first bytes give away as something else.
fn foreign(start: &[u8]) -> Option<String> {
    let known: [(&[u8], &str); 5] = [
        (b"HTTP/", "it answers as a web server; the API has its own port, usually 8728, or 8729 with TLS"),
        (b"<", "it answers as a web server; the API has its own port, usually 8728, or 8729 with TLS"),
        (b"SSH-", "it answers as an SSH server; the API has its own port, usually 8728, or 8729 with TLS"),
        (&[0x15, 3], "it speaks TLS; use TLS for this port, or the port of `api`, usually 8728"),
        (&[0x16, 3], "it speaks TLS; use TLS for this port, or the port of `api`, usually 8728"),
    ];
    known.iter().find(|(prefix, _)| start.starts_with(prefix)).map(|(_, saw)| (*saw).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::routeros::Security;

    #[test]
    fn other_protocols_are_known_by_their_first_bytes() {
        for (start, expected) in [
            (&b"HTTP/1.1"[..], true),
            (b"SSH-2.0-", true),
            (&[0x15, 0x03, 0x01], true),
            (b"<html", true),
            (b"\x05!done\x00", false),
            (b"", false),
        ] {
            assert_eq!(foreign(start).is_some(), expected, "{start:?}");
        }
    }

    #[test]
    fn each_reply_to_a_sign_in_means_one_thing() {
        let trap = |message: &str| Sentence::new("!trap").attribute("message", message);
        let done = Sentence::new("!done");
        let user = || "bulkhead".to_owned();
        let wrong = Err(ConnectError::WrongPassword { username: user() });
        let refused = |message: &str| ConnectError::SignInRefused { username: user(), message: message.to_owned() };
        let cases = [
            (vec![done.clone()], Some(Ok(()))),
            (vec![trap("invalid user name or password (6)")], None),
            (vec![trap("invalid user name or password (6)"), done.clone()], Some(wrong.clone())),
            (vec![trap("cannot log in"), done.clone()], Some(wrong)),
            (vec![trap("not enough permissions (9)"), done.clone()], Some(Err(refused("not enough permissions (9)")))),
            (vec![done.attribute("ret", "00")], Some(Err(ConnectError::TooOld))),
            (vec![Sentence::new("!fatal").word("not logged in")], Some(Err(refused("not logged in")))),
        ];
        let target = Target::new("192.0.2.1", Security::Plain, user(), "secret");
        for (replies, expected) in cases {
            let mut verdict = Verdict::default();
            let outcomes: Vec<_> = replies.iter().map(|reply| verdict.reply(reply, &target)).collect();
            let outcome = outcomes.into_iter().next_back().flatten();
            assert_eq!(outcome, expected, "{replies:?}");
        }
    }
}
