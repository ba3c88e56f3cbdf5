//! How a session comes in and goes.

use md5::{Digest, Md5};

use crate::{
    bench::Bench,
    check::{Area::SignIn, Check, Evidence, Outcome, Stop},
    raw::Raw,
};

pub(super) fn checks() -> Vec<Check> {
    [ways(), bounds()].concat()
}

fn ways() -> Vec<Check> {
    vec![
        Check::reads(
            "sign-in-is-a-bare-done",
            SignIn,
            "The right name and password are answered by a `!done` without a challenge.",
            Evidence::Sourced("manual, \"API\": the sign-in since 6.43"),
            |bench| Box::pin(sign_in_is_bare(bench)),
        ),
        Check::reads(
            "old-sign-in",
            SignIn,
            "`/login` without a name is answered by a challenge of 32 hexadecimal digits.",
            Evidence::Guess("33a", "whether 7.x still gives it; 6.45 does"),
            |bench| Box::pin(old_sign_in(bench)),
        ),
        Check::reads(
            "old-sign-in-answered",
            SignIn,
            "The right answer to the challenge signs nobody in: it is refused as a wrong password is.",
            Evidence::Guess("33b", "what came of the challenge after 6.45.1"),
            |bench| Box::pin(old_sign_in_answered(bench)),
        ),
        Check::reads(
            "category-sign-in",
            SignIn,
            "The refusal of a sign-in has no category.",
            Evidence::Guess("1g", "which traps carry a category"),
            |bench| Box::pin(category(bench)),
        ),
        Check::reads(
            "fatal-before-sign-in",
            SignIn,
            "A command before the sign-in is `!fatal` with the bare word `not logged in`, and the end.",
            Evidence::Seen("node clients' tests"),
            |bench| Box::pin(fatal_before_sign_in(bench)),
        ),
        Check::reads(
            "wrong-password",
            SignIn,
            "A wrong password is a trap and `!done`, and the connection may try again.",
            Evidence::Seen("many clients"),
            |bench| Box::pin(wrong_password(bench)),
        ),
        Check::reads(
            "quit-says-goodbye",
            SignIn,
            "`/quit` is `!fatal` with the bare word `session terminated on request`, and the end.",
            Evidence::Seen("librouteros' transcript"),
            |bench| Box::pin(quit(bench)),
        ),
    ]
}

/// What ends a connection before the sign-in.
fn bounds() -> Vec<Check> {
    vec![
        Check::reads(
            "bounds-before-sign-in",
            SignIn,
            "Before the sign-in a sentence of more than 64 words ends the connection.",
            Evidence::Guess("3b", "bounds before the sign-in"),
            |bench| Box::pin(cut_by(bench, 100, 1)),
        ),
        Check::reads(
            "bounds-before-sign-in-of-a-word",
            SignIn,
            "Before the sign-in a word of more than 4096 bytes ends the connection.",
            Evidence::Guess("3c", "bounds before the sign-in"),
            |bench| Box::pin(cut_by(bench, 1, 4097)),
        ),
        Check::reads(
            "bounds-before-sign-in-of-a-sentence",
            SignIn,
            "Before the sign-in a sentence of more than 16 KiB ends the connection.",
            Evidence::Guess("3d", "bounds before the sign-in"),
            |bench| Box::pin(cut_by(bench, 10, 2000)),
        ),
    ]
}

async fn fatal_before_sign_in(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut raw = Raw::open(&bench.router.target).await?;
    let answer = raw.ask(&["/system/resource/print"]).await?;
    let closed = raw.next().await?.is_none();
    Ok(Outcome::of("!fatal not logged in, closed: true", format!("{}, closed: {closed}", answer.join(" · "))))
}

async fn wrong_password(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let target = &bench.router.target;
    let mut raw = Raw::open(target).await?;
    let refused = raw.login("bh-conf-nobody", "wrong").await?;
    let taken = raw.login(&target.username, &target.password).await?;
    Ok(Outcome::of(
        "!trap =message=invalid user name or password (6) · !done, then !done",
        format!("{}, then {}", refused.join(" · "), taken.join(" · ")),
    ))
}

async fn quit(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut raw = bench.session().await?;
    let answer = raw.ask(&["/quit"]).await?;
    let closed = raw.next().await?.is_none();
    Ok(Outcome::of(
        "!fatal session terminated on request, closed: true",
        format!("{}, closed: {closed}", answer.join(" · ")),
    ))
}

async fn sign_in_is_bare(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let target = &bench.router.target;
    let mut raw = Raw::open(target).await?;
    let answer = raw.login(&target.username, &target.password).await?;
    Ok(Outcome::of("!done", answer.join(" · ")))
}

async fn old_sign_in(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut raw = Raw::open(&bench.router.target).await?;
    let answer = raw.ask(&["/login"]).await?.join(" · ");
    let challenge = answer.strip_prefix("!done =ret=").unwrap_or_default();
    let good = challenge.len() == 32 && challenge.bytes().all(|byte| byte.is_ascii_hexdigit());
    Ok(Outcome::when(good, "!done with a challenge in ret", answer))
}

/// As before 6.43: the challenge behind a zero byte and the password, digested (librouteros, `login_plain` and `token`).
async fn old_sign_in_answered(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let target = &bench.router.target;
    let mut raw = Raw::open(target).await?;
    let challenge = raw.ask(&["/login"]).await?.join(" · ");
    let bytes = challenge.strip_prefix("!done =ret=").and_then(unhex);
    let Some(bytes) = bytes else { return Err(Stop::Unsupported(format!("it gives no challenge: {challenge}"))) };
    let digest = Md5::new().chain_update([0]).chain_update(&target.password).chain_update(bytes).finalize();
    let response = digest.iter().fold("=response=00".to_owned(), |text, byte| format!("{text}{byte:02x}"));
    let answer = raw.ask(&["/login", &format!("=name={}", target.username), &response]).await?;
    Ok(Outcome::of("!trap =message=invalid user name or password (6) · !done", answer.join(" · ")))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = (0..text.len()).step_by(2).map(|at| text.get(at..at + 2));
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

/// What comes of a sign-in with so many words of so many bytes.
async fn cut_by(bench: &Bench<'_>, words: usize, bytes: usize) -> Result<Outcome, Stop> {
    let mut raw = Raw::open(&bench.router.target).await?;
    let words: Vec<String> = (0..words).map(|at| format!("=word-{at}={}", "x".repeat(bytes))).collect();
    let all: Vec<&str> = ["/login"].into_iter().chain(words.iter().map(String::as_str)).collect();
    // A connection that is cut while we write has ended, too.
    let heard = match raw.ask(&all).await {
        Ok(heard) if !heard.is_empty() => heard.join(" · "),
        Ok(_) | Err(Stop::Lost(_)) => "closed".to_owned(),
        Err(stop) => return Err(stop),
    };
    Ok(Outcome::of("closed", heard))
}

async fn category(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut raw = Raw::open(&bench.router.target).await?;
    let refused = raw.login("bh-conf-nobody", "wrong").await?.join(" · ");
    let told = refused.split(' ').find(|word| word.starts_with("=category="));
    Ok(Outcome::when(refused.starts_with("!trap") && told.is_none(), "a trap without a category", refused))
}
