//! Row 8: what counting the traffic of thirty VIFs each ten seconds writes to a router's flash in a day.
//!
//! A day passes on a clock that is only a number, through the agent's own archive and database. What is counted are the
//! bytes that the process hands to the kernel to be written (`wchar` of `/proc/self/io`): SQLite's log, and its pages when
//! the log is folded in. It syncs after each commit, so that all of it reaches the flash, whatever file system lies
//! between; what that adds for itself is not in it, here or beside.

use std::{fs, path::Path};

use anyhow::Context as _;
use bulkhead_agent::{
    archive::Archive,
    flow::{
        traffic::{
            ledger::Moment,
            rules::{Counted, Role},
        },
        vif::Vif,
    },
    io::store::Store,
};
use rusqlite::{Connection, params};
use shared::{
    ids::VifId,
    net::{InterfaceName, VlanId},
    vif::{Egress, KillSwitchMode, VifName, VifSpec},
};
use tempfile::TempDir;

use crate::row::Row;

const VIFS: u16 = 30;
const POLL_S: u64 = 10;
const DAY_S: u64 = 86_400;
/// A moment at which a clock is right.
const START: i64 = 1_800_000_000_000;
/// The naive form writes so much that an hour of it says enough.
const NAIVE_S: u64 = 3_600;
/// The rules of a VIF that count: whether they let pass, and the first of their counters.
const PARTS: [(&str, bool, usize); 7] = [
    ("accept-in", true, 0),
    ("accept-out", true, 2),
    ("private", false, 4),
    ("gate-in", false, 4),
    ("gate-out", false, 4),
    ("raw-spoofed", false, 4),
    ("raw-stray", false, 4),
];
/// Envelopes that an agent seals with each poll: a sample and the state. Their numbers are written down, too.
const SEALED: usize = 2;

/// Measures and prints.
///
/// # Errors
/// A database fails, or the kernel does not count.
pub(crate) fn measure() -> anyhow::Result<()> {
    let (ours, file) = day()?;
    let naive = naive()? * (DAY_S / NAIVE_S);
    Row {
        number: 8,
        figure: "flash written in a day, 30 busy VIFs counted each 10 s",
        goal: "≤ 5 MB",
        ours: format!("{} (the database is {} then)", megabytes(ours), megabytes(file)),
        met: Some(ours <= 5_000_000),
        others: format!("a row a sample, WAL and FULL: {} (an hour, times 24)", megabytes(naive)),
    }
    .print();
    Ok(())
}

/// Bytes that are written in a day, and the size of the database afterwards. The day is the second one: on the first
/// nothing has to make room.
///
/// # Errors
/// The database fails, or the kernel does not count.
pub(crate) fn day() -> anyhow::Result<(u64, u64)> {
    let folder = folder()?;
    let path = folder.path().join("agent.db");
    let store = Store::open(&path)?;
    let archive = Archive::open(store.clone())?;
    let vifs = (1..=VIFS).map(vif).collect::<anyhow::Result<Vec<Vif>>>()?;
    let (mut chance, mut counters) = (Chance(1), vec![[0_u64; 6]; usize::from(VIFS)]);
    let mut before = 0;
    for second in (0..2 * DAY_S).step_by(usize::try_from(POLL_S)?) {
        if second == DAY_S {
            before = written()?;
        }
        let now = START + i64::try_from(second)? * 1000;
        let numbered = archive.keep(&vifs);
        let mut counted = Vec::new();
        for ((number, _), counter) in numbered.iter().zip(&mut counters) {
            chance.carry(counter);
            let rows = PARTS.into_iter().zip(16 * number..);
            counted.extend(rows.map(|((part, passes, at), id)| Counted {
                role: Role { vif: *number, part: part.to_owned(), passes, towards: part.ends_with("in") },
                id: format!("*{id:X}"),
                bytes: counter[at],
                packets: counter[at + 1],
            }));
        }
        archive.take(counted, Moment { ms: second * 1000, uptime_s: 1_000_000 + second }, now);
        archive.write_when_due(second * 1000, now);
        for _ in 0..SEALED {
            store.next_sequence()?;
        }
    }
    let size = fs::metadata(&path)?.len();
    Ok((written()? - before, size))
}

/// The same samples, each a row in a transaction of its own.
fn naive() -> anyhow::Result<u64> {
    let folder = folder()?;
    let db = Connection::open(folder.path().join("naive.db"))?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.execute_batch(
        "CREATE TABLE sample (at INTEGER, vif INTEGER, rx_bytes INTEGER, tx_bytes INTEGER, rx_packets INTEGER,
                              tx_packets INTEGER, PRIMARY KEY (vif, at)) WITHOUT ROWID",
    )?;
    let (mut chance, mut counters) = (Chance(1), vec![[0_u64; 6]; usize::from(VIFS)]);
    let before = written()?;
    for second in (0..NAIVE_S).step_by(usize::try_from(POLL_S)?) {
        for (vif, counter) in counters.iter_mut().enumerate() {
            chance.carry(counter);
            let [rx_bytes, rx_packets, tx_bytes, tx_packets, _, _] = counter.map(u64::cast_signed);
            let values = params![second.cast_signed(), i64::try_from(vif)?, rx_bytes, tx_bytes, rx_packets, tx_packets];
            db.execute("INSERT INTO sample VALUES (?1, ?2, ?3, ?4, ?5, ?6)", values)?;
        }
    }
    Ok(written()? - before)
}

/// Bytes that this process has handed to the kernel to be written.
fn written() -> anyhow::Result<u64> {
    let counted = fs::read_to_string("/proc/self/io").context("the kernel does not count what is written")?;
    let line =
        counted.lines().find_map(|line| line.strip_prefix("wchar: ")).context("/proc/self/io has other lines")?;
    Ok(line.trim().parse()?)
}

/// A folder in memory where there is one: what is counted is the same, and nobody waits for a disk.
fn folder() -> std::io::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }
}

fn vif(number: u16) -> anyhow::Result<Vif> {
    Ok(Vif {
        spec: VifSpec {
            id: VifId::new(format!("vif-{number}"))?,
            name: VifName::new(format!("vif-{number}"))?,
            egress: Egress::Interface(InterfaceName::new("wg-vpn")?),
            kill_switch: KillSwitchMode::Block,
            resolver: None,
            ports: Vec::new(),
        },
        vlan_id: VlanId::new(100 + number)?,
        subnet: "172.16.64.0/30".parse()?,
        created_at: 0,
    })
}

/// Numbers that look like chance and are the same in each run (splitmix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Lets ten seconds of up to 20 Mbit/s down and 2 Mbit/s up pass, in packets of some size, and drops a few.
    fn carry(&mut self, counter: &mut [u64; 6]) {
        for (at, most) in [(0, 25_000_000), (2, 2_500_000), (4, 2_000)] {
            let bytes = self.next() % most;
            counter[at] += bytes;
            counter[at + 1] += bytes / (200 + self.next() % 1_300) + 1;
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
fn megabytes(bytes: u64) -> String {
    format!("{:.2} MB", bytes as f64 / 1e6)
}
