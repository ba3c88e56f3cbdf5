//! Which commands cannot change the router.

use shared::routeros::sentence::Sentence;

/// Last words of paths that only read. A command that is not listed here may write, whatever it is.
const READS: [&[u8]; 10] =
    [b"print", b"getall", b"get", b"find", b"listen", b"monitor", b"monitor-traffic", b"ping", b"inspect", b"login"];

/// Whether the command only reads, so that giving it up leaves nothing in doubt.
pub(super) fn is_read_only(command: &Sentence) -> bool {
    let last = command.first().rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    // `print file=` writes a file on the router.
    READS.contains(&last) && command.get("file").is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_are_known_by_their_last_word_and_all_else_may_write() {
        let cases = [
            ("/ip/address/print", true),
            ("/interface/listen", true),
            ("/interface/monitor-traffic", true),
            ("/tool/ping", true),
            ("/console/inspect", true),
            ("/ip/address/add", false),
            ("/ip/address/print-now", false),
            ("/container/start", false),
            ("/execute", false),
            ("print", true),
            ("", false),
        ];
        for (command, expected) in cases {
            assert_eq!(is_read_only(&Sentence::new(command)), expected, "{command}");
        }
    }

    #[test]
    fn a_print_into_a_file_writes() {
        assert!(!is_read_only(&Sentence::new("/ip/address/print").attribute("file", "x")));
    }
}
