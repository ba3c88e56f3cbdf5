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
        Check::reads(
            "script-values",
            Scripts,
            "Escapes, `$(…)` in texts, arrays with keys, `:pick`, patterns and addresses mean what the manual says.",
            Evidence::Sourced("manual, \"Scripting\""),
            |bench| Box::pin(says(bench, VALUES, "A7 2 bc true true")),
        )
        .policies(POLICIES),
        Check::reads(
            "script-read-whole",
            Scripts,
            "A script is read whole before it runs: what stands before a wrong name is not carried out.",
            Evidence::Guess(26, "what `/execute` returns of a script that cannot be read"),
            |bench| Box::pin(says(bench, ":put 1; /nowhere", "bad command name nowhere (line 1 column 10)")),
        )
        .policies(POLICIES),
        Check::reads(
            "export-without-file",
            Scripts,
            "`/export` over the API without `file` answers nothing but its end.",
            Evidence::Guess(37, "what `/export` answers"),
            |bench| Box::pin(export(bench)),
        )
        .policies(POLICIES),
    ]
}

/// One line of values.
const VALUES: &str = ":local a {x=2;y=3}; :put (\"\\41$(3 + 4) \" . ($a->\"x\") . \" \" . [:pick \"abcd\" 1 3] . \" \" . \
                      (\"ether1\" ~ \"^eth\") . \" \" . (10.0.0.1 in 10.0.0.0/8))";

const POLICIES: &str = "write,policy,test";

async fn says(bench: &Bench<'_>, script: &str, expected: &str) -> Result<Outcome, Stop> {
    let answer = bench.run(&["/execute", &format!("=script={script}"), "=as-string="]).await?;
    let said = answer.ret().map_or_else(|| "no ret".into(), String::from_utf8_lossy);
    Ok(Outcome::of(expected.escape_default(), said.escape_default()))
}

async fn export(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let answer = bench.run(&["/export"]).await?;
    let text = answer.ret().map_or_else(|| "no ret".into(), String::from_utf8_lossy);
    Ok(Outcome::of("no ret", text.lines().next().unwrap_or_default()))
}
