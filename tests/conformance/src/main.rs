//! `bulkhead-conformance`: the list, run against a router.

use std::{
    io::{BufRead, IsTerminal, Write, stderr, stdin, stdout},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context;
use bulkhead_agent::io::routeros::{Fingerprint, Security, Target};
use bulkhead_conformance::{
    bench::Router,
    check::Check,
    checks,
    report::{self, Finding, Report, Verdict},
    run, scratch,
};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

mod password;

/// Where the password is looked for when no file is given.
const PASSWORD: &str = "BULKHEAD_CONFORMANCE_PASSWORD";

/// Asks a RouterOS 7 whether it does what Bulkhead's twin claims. Ends with 0 when nothing differs, 1 when something does,
/// 2 when it could not be run.
#[derive(Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(
    version,
    after_help = "The password is asked for, or read from --password-file or the environment variable \
                                 BULKHEAD_CONFORMANCE_PASSWORD. What is written, and how: tests/conformance/README.md."
)]
struct Arguments {
    /// The router's address, and its port unless it is the usual one: 192.168.88.1, router.lan:8728, [fd00::1]:8729
    #[arg(required_unless_present = "list")]
    address: Option<String>,
    /// The RouterOS user
    #[arg(long, default_value = "admin")]
    user: String,
    /// A file with its password
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Use the service api-ssl
    #[arg(long)]
    tls: bool,
    /// SHA-256 of the router's certificate (DER) in hexadecimal; without it any certificate is taken
    #[arg(long, value_name = "HEX", requires = "tls")]
    fingerprint: Option<String>,
    /// Do not ask before writing scratch rows
    #[arg(long)]
    yes: bool,
    /// Leave out the checks that write
    #[arg(long)]
    read_only: bool,
    /// An image that may be fetched for scratch containers, which are started and removed: registry/name:tag
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
    /// Only checks whose id or area contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Remove what a run that was killed left, and do nothing else
    #[arg(long, conflicts_with_all = ["read_only", "only", "list"])]
    clean: bool,
    /// Print all checks as markdown and do nothing else
    #[arg(long)]
    list: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Write the result as JSON to a file, too
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let end = runtime.context("starting the runtime").and_then(|runtime| runtime.block_on(carry_out(&arguments)));
    end.unwrap_or_else(|error| {
        // There is nobody else to tell.
        let _ = writeln!(stderr(), "bulkhead-conformance: {error:#}");
        ExitCode::from(2)
    })
}

async fn carry_out(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let wanted = |check: &Check| {
        arguments.only.as_ref().is_none_or(|text| check.id.contains(text) || check.area.to_string().contains(text))
    };
    let mut checks: Vec<Check> = checks::all().into_iter().filter(wanted).collect();
    if arguments.list {
        write!(stdout(), "{}", report::list(&checks))?;
        return Ok(ExitCode::SUCCESS);
    }
    let target = target(arguments)?;
    let router = Router { image: arguments.image.clone(), ..Router::connect(target.clone()).await? };
    if arguments.clean {
        return clean(&router).await;
    }
    let left = scratch::find(&router.client).await?;
    if !left.is_empty() {
        writeln!(
            stderr(),
            "An earlier run left {} rows; `--clean` removes them, and so does a run that writes.",
            left.len()
        )?;
    }
    if arguments.read_only {
        let all = checks.len();
        checks.retain(|check| !check.writes);
        writeln!(stderr(), "--read-only: {} checks that write are left out.", all - checks.len())?;
    } else if checks.iter().any(|check| check.writes) {
        allowed(arguments, &router)?;
        scratch::remove(&router.client, &left).await?;
    }
    let mut ends = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let report = tokio::select! {
        report = run::all(router, &checks, progress(checks.len())) => report,
        _ = ends.0.recv() => return interrupted(target, arguments).await,
        _ = ends.1.recv() => return interrupted(target, arguments).await,
    };
    tell(arguments, &report)
}

fn target(arguments: &Arguments) -> anyhow::Result<Target> {
    let given = arguments.address.as_deref().unwrap_or_default();
    let (host, port) = host_and_port(given)?;
    let password = match &arguments.password_file {
        Some(path) => std::fs::read_to_string(path)
            .with_context(|| format!("reading {}", path.display()))?
            .trim_end_matches(['\r', '\n'])
            .to_owned(),
        None => match std::env::var(PASSWORD) {
            Ok(password) => password,
            Err(_) => password::ask(&arguments.user)?,
        },
    };
    let fingerprint = arguments.fingerprint.as_deref().map(fingerprint).transpose()?;
    let security = if arguments.tls { Security::Pinned { fingerprint } } else { Security::Plain };
    let mut target = Target::new(host, security, &arguments.user, password);
    target.port = port.unwrap_or(target.port);
    Ok(target)
}

/// `host`, `host:port`, `address`, `[address]:port`
fn host_and_port(text: &str) -> anyhow::Result<(String, Option<u16>)> {
    let port = |text: &str| text.parse().with_context(|| format!("`{text}` is not a port"));
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let given = rest.strip_prefix(':').map(port).transpose()?;
        return Ok((host.to_owned(), given));
    }
    match text.split_once(':') {
        Some((host, rest)) if !rest.contains(':') => Ok((host.to_owned(), Some(port(rest)?))),
        _ => Ok((text.to_owned(), None)),
    }
}

fn fingerprint(text: &str) -> anyhow::Result<Fingerprint> {
    let digits: String = text.chars().filter(|c| *c != ':').collect();
    anyhow::ensure!(digits.len() == 64 && digits.is_ascii(), "a fingerprint is 64 hexadecimal digits");
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).context("a fingerprint is hexadecimal")?;
    }
    Ok(Fingerprint(bytes))
}

/// Nothing is written on a router that may be in use unless somebody says so.
fn allowed(arguments: &Arguments, router: &Router) -> anyhow::Result<()> {
    if arguments.yes || router.facts.twin {
        return Ok(());
    }
    anyhow::ensure!(stdin().is_terminal(), "this writes scratch rows and removes them: give --yes, or --read-only");
    write!(
        stderr(),
        "This writes scratch rows to {} ({}, RouterOS {}) and removes them again. Go on? [y/N] ",
        router.target.address(),
        router.facts.board,
        router.facts.version
    )?;
    let mut answer = String::new();
    stdin().lock().read_line(&mut answer)?;
    anyhow::ensure!(matches!(answer.trim(), "y" | "Y" | "yes"), "nothing was written");
    Ok(())
}

/// Says at a terminal which check has ended; elsewhere, those alone that do not agree.
fn progress(all: usize) -> impl FnMut(&Finding) {
    let mut done = 0;
    let terminal = stderr().is_terminal();
    move |finding| {
        done += 1;
        let id = finding.check.id;
        // A progress line that cannot be written is not missed.
        let _ = if terminal {
            write!(stderr(), "\r\x1b[K[{done}/{all}] {id}{}", if done == all { "\r\x1b[K" } else { "" })
        } else if finding.verdict == Verdict::Agree {
            Ok(())
        } else {
            writeln!(stderr(), "[{done}/{all}] {id}: {:?}", finding.verdict)
        };
    }
}

async fn clean(router: &Router) -> anyhow::Result<ExitCode> {
    let found = scratch::find(&router.client).await?;
    let stayed = run::sweep(router).await?;
    writeln!(stdout(), "{} rows of earlier runs removed", found.len().saturating_sub(stayed.len()))?;
    for row in &stayed {
        writeln!(stdout(), "left on the router: {row}")?;
    }
    Ok(if stayed.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// Takes scratch rows away over a connection of its own: the other was in the middle of something.
async fn interrupted(target: Target, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    writeln!(stderr(), "\ninterrupted")?;
    if !arguments.read_only {
        let router = Router::connect(target).await.context("the scratch rows could not be removed: use --clean")?;
        clean(&router).await?;
    }
    Ok(ExitCode::from(2))
}

fn tell(arguments: &Arguments, report: &Report) -> anyhow::Result<ExitCode> {
    let json = serde_json::to_string_pretty(&report.json())?;
    if let Some(path) = &arguments.output {
        std::fs::write(path, format!("{json}\n")).with_context(|| format!("writing {}", path.display()))?;
    }
    if arguments.json {
        writeln!(stdout(), "{json}")?;
    } else {
        let colours = stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        write!(stdout(), "{}", report.table(colours))?;
    }
    Ok(if report.broken() > 0 || !report.left.is_empty() {
        ExitCode::from(2)
    } else if report.differ() > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
