//! Words, sentences, sign-in and tags.

use crate::{
    bench::Bench,
    check::{Area::Protocol, Check, Evidence, Outcome, Stop},
    raw::Raw,
};
use shared::routeros::schema::Version;

const MANUAL: Evidence = Evidence::Sourced("manual, \"API\"");

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::reads(
            "tag-on-every-reply",
            Protocol,
            "Every reply to a tagged command repeats its tag.",
            MANUAL,
            |bench| Box::pin(tag_on_every_reply(bench)),
        ),
        Check::reads(
            "empty-answer-before-7-18",
            Protocol,
            "An answer without rows is a bare `!done`.",
            Evidence::Sourced("changelog of 7.18, by contrast"),
            |bench| Box::pin(empty_answer(bench, &["!done .tag=e"])),
        )
        .before(Version::new(7, 18, 0)),
        Check::reads(
            "empty-answer-from-7-18",
            Protocol,
            "An answer without rows is `!empty`, then `!done`.",
            Evidence::Seen("wire traces on 7.24; a transcript on 7.18; changelog of 7.18"),
            |bench| Box::pin(empty_answer(bench, &["!empty .tag=e", "!done .tag=e"])),
        )
        .from(Version::new(7, 18, 0)),
        Check::reads(
            "cancel-order",
            Protocol,
            "`/cancel` interrupts the cancelled command, ends itself, then ends the cancelled one.",
            Evidence::Seen("librouteros; wire traces on 7.23 and 7.24"),
            |bench| Box::pin(cancel_order(bench)),
        ),
        Check::reads(
            "cancel-of-an-unknown-tag",
            Protocol,
            "`/cancel` of a tag that nothing runs under ends without a trap.",
            Evidence::Seen("librouteros"),
            |bench| Box::pin(cancel_of_an_unknown_tag(bench)),
        ),
        Check::reads(
            "fatal-before-sign-in",
            Protocol,
            "A command before the sign-in is `!fatal` with the bare word `not logged in`, and the end.",
            Evidence::Seen("node clients' tests"),
            |bench| Box::pin(fatal_before_sign_in(bench)),
        ),
        Check::reads(
            "wrong-password",
            Protocol,
            "A wrong password is a trap and `!done`, and the connection may try again.",
            Evidence::Seen("many clients"),
            |bench| Box::pin(wrong_password(bench)),
        ),
        Check::reads(
            "quit-says-goodbye",
            Protocol,
            "`/quit` is `!fatal` with the bare word `session terminated on request`, and the end.",
            Evidence::Seen("librouteros' transcript"),
            |bench| Box::pin(quit(bench)),
        ),
    ]
}

async fn tag_on_every_reply(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut raw = bench.session().await?;
    let answer = raw.ask(&["/system/resource/print", "=.proplist=version", ".tag=a b"]).await?;
    let untagged: Vec<_> = answer.iter().filter(|line| !line.contains(".tag=a b")).collect();
    Ok(Outcome::when(answer.len() == 2 && untagged.is_empty(), "`!re` and `!done` with .tag=a b", answer.join(" · ")))
}

async fn empty_answer(bench: &Bench<'_>, expected: &[&str]) -> Result<Outcome, Stop> {
    let mut raw = bench.session().await?;
    let answer = raw.ask(&["/interface/print", "?name=bh-conf-nothing", ".tag=e"]).await?;
    Ok(Outcome::of(expected.join(" · "), answer.join(" · ")))
}

async fn cancel_order(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut raw = bench.session().await?;
    raw.send(&["/interface/list/listen", ".tag=L"]).await?;
    raw.send(&["/cancel", "=tag=L", ".tag=C"]).await?;
    let mut heard = Vec::new();
    while let Some(line) = raw.next().await? {
        let last = line == "!done .tag=L";
        // Whether nothing was ever sent on the tag is said or not.
        if line != "!empty .tag=L" {
            heard.push(line);
        }
        if last {
            break;
        }
    }
    let expected = ["!trap .tag=L =category=2 =message=interrupted", "!done .tag=C", "!done .tag=L"];
    Ok(Outcome::of(expected.join(" · "), heard.join(" · ")))
}

async fn cancel_of_an_unknown_tag(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut raw = bench.session().await?;
    let answer = raw.ask(&["/cancel", "=tag=gone", ".tag=C"]).await?;
    Ok(Outcome::of("!done .tag=C", answer.join(" · ")))
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
