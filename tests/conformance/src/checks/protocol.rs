//! Words, sentences, sign-in and tags.

use std::collections::BTreeSet;

use shared::routeros::{schema::Version, sentence::Sentence};

use crate::{
    bench::Bench,
    check::{Area::Protocol, Check, Evidence, Outcome, Stop},
};

const MANUAL: Evidence = Evidence::Sourced("manual, \"API\"");

pub(super) fn checks() -> Vec<Check> {
    [sentences(), tags()].concat()
}

fn tags() -> Vec<Check> {
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
            "cancel-without-a-tag",
            Protocol,
            "`/cancel` without a tag ends every running command and not itself.",
            MANUAL,
            |bench| Box::pin(cancel_all(bench)),
        ),
        Check::reads(
            "many-in-flight",
            Protocol,
            "Thirty commands of one session run side by side, and each comes to its own end.",
            MANUAL,
            |bench| Box::pin(many_in_flight(bench)),
        ),
    ]
}

fn sentences() -> Vec<Check> {
    vec![
        Check::writes(
            "length-forms",
            Protocol,
            "Words of 127, 128, 255, 256, 16383 and 16384 bytes come back as they went: each form of the length.",
            MANUAL,
            |bench| Box::pin(length_forms(bench)),
        ),
        Check::writes(
            "bytes-are-kept",
            Protocol,
            "A value is bytes: what is no UTF-8 comes back as it went.",
            Evidence::Seen("librouteros' issues on code pages"),
            |bench| Box::pin(bytes_are_kept(bench)),
        ),
        Check::reads("empty-sentence", Protocol, "An empty sentence is ignored.", MANUAL, |bench| {
            Box::pin(empty_sentence(bench))
        }),
        Check::reads("word-order", Protocol, "The order of arguments says nothing.", MANUAL, |bench| {
            Box::pin(word_order(bench))
        }),
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

async fn length_forms(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let head = format!("{} ", bench.mark());
    let mut outcomes = Vec::new();
    for length in [127, 128, 255, 256, 16_383, 16_384] {
        // The word is `=comment=` and the text.
        let text = format!("{head}{}", "x".repeat(length - "=comment=".len() - head.len()));
        let id = bench.add("/interface/list", &["=name=bh-conf-list", &format!("=comment={text}")]).await?;
        let shown = bench.value("/interface/list", &id, "comment").await?.unwrap_or_default();
        bench.run(&["/interface/list/remove", &format!("=.id={id}")]).await?;
        let same = if shown == text { "the same" } else { "another" };
        outcomes.push(Outcome::of(
            format!("{length}: {} bytes, the same", text.len()),
            format!("{length}: {} bytes, {same}", shown.len()),
        ));
    }
    Ok(Outcome::all(outcomes))
}

async fn bytes_are_kept(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = bench.add("/interface/list", &["=name=bh-conf-list"]).await?;
    let text = [bench.mark().as_bytes(), b" \xe4\xff\x80 \xc3\xa4"].concat();
    let set = Sentence::new("/interface/list/set").attribute(".id", &id).attribute("comment", &text);
    let answer = bench.router.client.run(set).await;
    answer.map_err(|error| Stop::of("/interface/list/set =comment=(bytes)".to_owned(), error))?;
    let mut raw = bench.session().await?;
    let answer = raw.ask(&["/interface/list/print", "=.proplist=comment", &format!("?.id={id}")]).await?;
    Ok(Outcome::of(format!("!re =comment={} · !done", text.escape_ascii()), answer.join(" · ")))
}

async fn empty_sentence(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut raw = bench.session().await?;
    raw.write(&[0, 0]).await?;
    let answer = raw.ask(&["/cancel", "=tag=nothing", ".tag=C"]).await?;
    Ok(Outcome::of("!done .tag=C", answer.join(" · ")))
}

async fn word_order(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut raw = bench.session().await?;
    let answer = raw.ask(&["/user/group/print", ".tag=o", "?name=read", "=.proplist=name"]).await?;
    let other = raw.ask(&["/user/group/print", "=.proplist=name", "?name=read", ".tag=o"]).await?;
    Ok(Outcome::of(answer.join(" · "), other.join(" · ")))
}

async fn cancel_all(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut raw = bench.session().await?;
    for tag in ["a", "b", "c"] {
        raw.send(&["/interface/list/listen", &format!(".tag={tag}")]).await?;
    }
    raw.send(&["/cancel", ".tag=C"]).await?;
    let mut ended = BTreeSet::new();
    while ended.len() < 4 {
        let Some(line) = raw.next().await? else { break };
        ended.extend(line.strip_prefix("!done .tag=").map(str::to_owned));
    }
    let after = raw.ask(&["/user/group/print", "?name=read", "=.proplist=name"]).await?;
    let ended: Vec<String> = ended.into_iter().collect();
    Ok(Outcome::of(
        "C a b c ended, then !re =name=read · !done",
        format!("{} ended, then {}", ended.join(" "), after.join(" · ")),
    ))
}

async fn many_in_flight(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut raw = bench.session().await?;
    for tag in 0..30 {
        raw.send(&["/system/identity/print", "=.proplist=name", &format!(".tag={tag}")]).await?;
    }
    let mut ended = BTreeSet::new();
    while ended.len() < 30 {
        let Some(line) = raw.next().await? else { break };
        ended.extend(line.strip_prefix("!done .tag=").map(str::to_owned));
    }
    Ok(Outcome::of(30, ended.len()))
}
