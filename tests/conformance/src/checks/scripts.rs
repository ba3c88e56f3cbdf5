//! Scripts, run by `/execute` and waited for: nothing in them changes anything.

use crate::{
    bench::Bench,
    check::{Area::Scripts, Check, Evidence, Outcome, Stop},
};

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::reads(
            "execute-as-string",
            Scripts,
            "`/execute` with `as-string` waits for the script and returns what it put out.",
            Evidence::Seen("live tests on 7.23.1"),
            |bench| Box::pin(says(bench, ":put \"hello\"", "hello")),
        )
        .policies(POLICIES),
        Check::reads(
            "execute-lines",
            Scripts,
            "Lines that a script puts out are joined by CR LF, without one at the end.",
            Evidence::Guess(26, "what `/execute` returns"),
            |bench| Box::pin(says(bench, ":put \"a\"; :put \"b\"", "a\r\nb")),
        )
        .policies(POLICIES),
        Check::reads(
            "script-precedence",
            Scripts,
            "Products bind tighter than sums, sums tighter than comparisons, those tighter than `&&`, `||` least.",
            Evidence::Guess(24, "how tightly signs bind"),
            |bench| Box::pin(says(bench, ":put (true || 1 + 2 * 3 = 7 && false)", "true")),
        )
        .policies(POLICIES),
    ]
}

const POLICIES: &str = "write,policy,test";

async fn says(bench: &Bench<'_>, script: &str, expected: &str) -> Result<Outcome, Stop> {
    let answer = bench.run(&["/execute", &format!("=script={script}"), "=as-string="]).await?;
    let said = answer.ret().map_or_else(|| "no ret".into(), String::from_utf8_lossy);
    Ok(Outcome::of(expected.escape_default(), said.escape_default()))
}
