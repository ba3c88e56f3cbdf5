//! Scripts, run by `/execute` and waited for. None of them changes anything; but a script can, so they belong to what
//! writes.

use super::form::Says;
use crate::{
    bench::Bench,
    check::{Area::Scripts, Check, Evidence, Outcome, Stop},
};

pub(super) fn checks() -> Vec<Check> {
    let mut checks = SAID.to_vec();
    checks.push(
        Check::reads(
            "export-without-file",
            Scripts,
            "`/export` over the API without `file` answers nothing but its end.",
            Evidence::Guess("37a", "what `/export` answers"),
            |bench| Box::pin(export(bench)),
        )
        .policies(POLICIES),
    );
    checks
}

const SAID: &[Check] = &[
    says(
        "execute-as-string",
        "`/execute` with `as-string` waits for the script and returns what it put out.",
        Evidence::Seen("live tests on 7.23.1"),
        ":put \"hello\"",
        "hello",
    ),
    says(
        "execute-lines",
        "Lines that a script puts out are joined by CR LF, without one at the end.",
        Evidence::Guess("26d", "what `/execute` returns"),
        ":put \"a\"; :put \"b\"",
        "a\r\nb",
    ),
    says(
        "script-precedence",
        "Products bind tighter than sums, sums tighter than comparisons, those tighter than `&&`, `||` least.",
        Evidence::Guess("24a", "how tightly signs bind"),
        ":put (true || 1 + 2 * 3 = 7 && false)",
        "true",
    ),
    says(
        "script-values",
        "Escapes, `$(…)` in texts, arrays with keys, `:pick`, patterns and addresses mean what the manual says.",
        Evidence::Sourced("manual, \"Scripting\""),
        VALUES,
        "A7 2 bc true true",
    ),
    says(
        "script-read-whole",
        "A script is read whole before it runs: what stands before a wrong name is not carried out.",
        Evidence::Guess("26b", "what `/execute` returns of a script that cannot be read"),
        ":put 1; /nowhere",
        "bad command name nowhere (line 1 column 10)",
    ),
    says(
        "script-types-compared",
        "Values of different types are compared by their texts.",
        Evidence::Guess("24b", "values of different types"),
        ":put (1 = \"1\")",
        "true",
    ),
    says(
        "script-both-sides",
        "Both sides of `&&` are computed, also where the first decides.",
        Evidence::Guess("24c", "what is computed"),
        ":put (false && (1 / 0))",
        "division by zero",
    ),
    says(
        "script-no-condition",
        "A condition that is no boolean fails with `conditional not boolean`.",
        Evidence::Guess("24d", "conditions"),
        ":if (5) do={}",
        "conditional not boolean",
    ),
    says(
        "script-unclosed",
        "An unclosed quote is a `syntax error`.",
        Evidence::Guess("24e", "what is not closed"),
        ":put \"open",
        "syntax error (line 1 column 11)",
    ),
    says(
        "script-division",
        "A division by nothing fails with `division by zero`.",
        Evidence::Guess("24f", "texts of failed computations"),
        ":put (1 / 0)",
        "division by zero",
    ),
    says(
        "script-empty-find",
        "A `find` in brackets that finds nothing makes a command concern no row.",
        Evidence::Guess("13a", "a `find` without a row"),
        "/interface/bridge/remove [find name=\"bh-conf-nothing\"]; :put ok",
        "ok",
    ),
    says(
        "script-pick-of-nothing",
        "`:pick` of a `find` that finds nothing is `nil`.",
        Evidence::Guess("13b", "a `find` without a row"),
        ":put [:typeof [:pick [/interface/bridge/find name=\"bh-conf-nothing\"] 0]]",
        "nil",
    ),
];

/// One line of values.
const VALUES: &str = ":local a {x=2;y=3}; :put (\"\\41$(3 + 4) \" . ($a->\"x\") . \" \" . [:pick \"abcd\" 1 3] . \" \" . \
                      (\"ether1\" ~ \"^eth\") . \" \" . (10.0.0.1 in 10.0.0.0/8))";

/// What `/execute` wants.
pub(super) const POLICIES: &str = "write,policy,test";

const fn says(
    id: &'static str,
    promise: &'static str,
    evidence: Evidence,
    script: &'static str,
    answer: &'static str,
) -> Check {
    Check::says(id, Scripts, promise, evidence, Says { script, answer }).policies(POLICIES)
}

async fn export(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let answer = bench.run(&["/export"]).await?;
    let text = answer.ret().map_or_else(|| "no ret".into(), String::from_utf8_lossy);
    Ok(Outcome::of("no ret", text.lines().next().unwrap_or_default()))
}
