//! Certificates by name: made and signed. There are no keys behind them; `api-ssl` shows the twin's own.

use sha2::{Digest, Sha256};
use shared::routeros::value::RowId;

use super::{Device, Reply, request::Request, spec::Spec, system::date_time, trap::Trap};

impl Device {
    /// Signing ends at once here; a router takes a moment.
    pub(super) fn sign(&mut self, spec: &Spec, request: &Request) -> Result<Reply, Trap> {
        let rows = request.rows().ok_or_else(|| Trap::Missing("number".to_owned()))?;
        for id in self.resolve(spec, rows)? {
            self.set_signed(id);
        }
        Ok(Reply::Done(None))
    }

    fn set_signed(&mut self, id: RowId) {
        const DAY: u64 = 86_400;
        let now = self.epoch + self.now;
        let Some(row) = self.store_mut("/certificate").row_mut(id) else { return };
        let days: u64 = row.get("days-valid").and_then(|days| days.parse().ok()).unwrap_or(365);
        let seed = format!("{} {}", row.name(), now.as_millis());
        let fingerprint =
            Sha256::digest(seed.as_bytes()).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        row.flag("private-key", true);
        row.flag("authority", true);
        row.derived.insert("fingerprint", fingerprint);
        row.derived.insert("invalid-before", date_time(now));
        row.derived.insert("invalid-after", date_time(now + std::time::Duration::from_secs(days * DAY)));
    }
}
