//! What the process takes while others abuse it, by the kernel's own figure.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use crate::client::{BOUND, Client};

const ROWS: usize = 10_000;
/// Peers of each kind at once; before one that does not read stops the twin, the system's socket has taken megabytes.
const SILENT: usize = 12;
const HALVES: usize = 40;

/// The README's figures.
const AT_REST: u64 = 96 << 20;
const NOT_READING: u64 = 512 << 10;
const HALF_A_SENTENCE: u64 = 3 << 20;

/// A twin as a process of its own; it is ended with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    async fn start(folder: &Path) -> (Self, std::net::SocketAddr) {
        let (script, ready) = (folder.join("large.rsc"), folder.join("ready"));
        let entry =
            |n: usize| format!("/ip/firewall/address-list/add list=many address=10.0.{}.{}\n", n / 250, n % 250);
        let text: String = (0..ROWS).map(entry).collect();
        std::fs::write(&script, text + "/ip/service/set api max-sessions=1000\n").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_bulkhead-twin"));
        command.args(["--admin-password", "admin", "--die-with-parent", "--import"]).arg(&script);
        command.arg("--ready-file").arg(&ready).stdout(Stdio::null()).stderr(Stdio::null());
        let process = Self(command.spawn().unwrap());
        let there = async {
            while !ready.exists() {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(BOUND, there).await.expect("the twin starts");
        let ready: serde_json::Value = serde_json::from_slice(&std::fs::read(ready).unwrap()).unwrap();
        (process, ready["api"].as_str().unwrap().parse().unwrap())
    }

    /// What of it is in memory, in bytes.
    fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    }
}

async fn signed_in(address: std::net::SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(1).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    stream.write_all(b"\x06/login\x0b=name=admin\x0f=password=admin\x00").await.unwrap();
    let mut done = [0; 7];
    stream.read_exact(&mut done).await.unwrap();
    assert_eq!(&done, b"\x05!done\x00");
    stream
}

/// Until it has answered somebody else so often without taking more memory.
async fn settled(process: &Process, other: &mut Client) -> u64 {
    let (mut most, mut quiet) = (0, 0);
    while quiet < 200 {
        assert_eq!(other.ask(&["/system/identity/print"]).await.len(), 2);
        let now = process.resident();
        quiet = if now > most { 0 } else { quiet + 1 };
        most = most.max(now);
    }
    most
}

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_that_a_hostile_peer_can_take_has_the_bounds_of_the_readme() {
    let folder = tempfile::tempdir().unwrap();
    let (process, address) = Process::start(folder.path()).await;
    let mut other = Client::new(address).await;
    assert_eq!(other.login("admin", "admin").await, ["!done"]);
    let at_rest = settled(&process, &mut other).await;
    assert!(at_rest <= AT_REST, "{at_rest} bytes with {ROWS} rows");

    // Who asks and never reads.
    let mut silent = Vec::new();
    for _ in 0..SILENT {
        let stream = signed_in(address).await;
        // As much of it as goes without waiting.
        let _most = stream.try_write(&b"\x1f/ip/firewall/address-list/print\x00".repeat(2000));
        silent.push(stream);
    }
    let with_silent = settled(&process, &mut other).await;
    let each = with_silent.saturating_sub(at_rest) / u64::try_from(SILENT).unwrap();
    assert!(each <= NOT_READING, "{each} bytes for each who does not read");
    drop(silent);

    // Who begins a sentence of a mebibyte and does not end it.
    let mut halves = Vec::new();
    for _ in 0..HALVES {
        let mut stream = signed_in(address).await;
        let mut half = b"\x0a/log/print".to_vec();
        for _ in 0..4 {
            // A word of 0x3fff0 bytes: the longest are 256 KiB.
            half.extend([0xc3, 0xff, 0xf0]);
            half.resize(half.len() + 0x3fff0, b'x');
        }
        half.truncate((1 << 20) - 100);
        stream.write_all(&half).await.unwrap();
        halves.push(stream);
    }
    let with_halves = settled(&process, &mut other).await;
    let each = with_halves.saturating_sub(at_rest) / u64::try_from(HALVES).unwrap();
    assert!((512 << 10..=HALF_A_SENTENCE).contains(&each), "{each} bytes for each half a sentence");
}
