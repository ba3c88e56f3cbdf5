//! What rules and interfaces have counted.

use super::{
    Kernel,
    rows::{Row, Rows},
};
use anyhow::Context as _;
use bulkhead_twin::{Twin, device::meter::Counted};

impl Kernel {
    /// Bytes and packets that rules with this mark have counted; nothing where no such rule is loaded.
    ///
    /// # Errors
    /// What `nft` says.
    pub(crate) fn counted(&self, rows: &Rows, mark: &str) -> anyhow::Result<Option<u64>> {
        let told: serde_json::Value =
            serde_json::from_str(&self.namespace.command("nft", &["-j", "list", "counters"])?)?;
        let ids: Vec<&Row> = rows.0.values().flatten().filter(|row| row.text("comment").ends_with(mark)).collect();
        let counters = told["nftables"].as_array().into_iter().flatten().filter_map(|entry| entry.get("counter"));
        let mut packets = None;
        for counter in counters {
            let word = |name: &str| counter[name].as_str().unwrap_or_default();
            let key = format!("{} {} {}", word("family"), word("table"), word("name"));
            let Some((menu, id)) = self.firewall.counters.get(&key) else { continue };
            if rows.menu(menu).iter().any(|row| row.text(".id") == id && ids.contains(&row)) {
                packets = Some(packets.unwrap_or(0) + counter["packets"].as_u64().unwrap_or(0));
            }
        }
        Ok(packets)
    }

    /// Gives the twin what the kernel has counted.
    ///
    /// # Errors
    /// What `nft` says.
    pub(crate) fn count(&mut self, twin: &Twin) -> anyhow::Result<()> {
        let told = self.namespace.command("nft", &["-j", "list", "counters"])?;
        let told: serde_json::Value = serde_json::from_str(&told).context("what nft says is no JSON")?;
        let mut counted = Vec::new();
        for counter in told["nftables"].as_array().into_iter().flatten().filter_map(|entry| entry.get("counter")) {
            let word = |name: &str| counter[name].as_str().unwrap_or_default();
            let key = format!("{} {} {}", word("family"), word("table"), word("name"));
            let number = |name: &str| counter[name].as_u64().unwrap_or(0);
            let now = (number("bytes"), number("packets"));
            let Some((menu, id)) = self.firewall.counters.get(&key) else { continue };
            if self.counted.insert(key, now) != Some(now) {
                counted.push(Counted { menu: menu.clone(), id: id.parse()?, meters: [now, (0, 0)] });
            }
        }
        counted.extend(self.count_links(twin)?);
        if !counted.is_empty() {
            twin.set_counted(&counted);
        }
        Ok(())
    }

    fn count_links(&mut self, twin: &Twin) -> anyhow::Result<Vec<Counted>> {
        let table = self.namespace.run(|| Ok(std::fs::read_to_string("/proc/thread-self/net/dev")?))?;
        let mut counted = Vec::new();
        for row in twin.rows("/interface").into_iter().map(|row| Row(row.into_iter().collect())) {
            let line = table.lines().find_map(|line| line.trim().strip_prefix(&format!("{}:", row.text("name"))));
            let Some(line) = line else { continue };
            let numbers: Vec<u64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
            if let [bytes_in, packets_in, _, _, _, _, _, _, bytes_out, packets_out, ..] = numbers[..] {
                let meters = [(bytes_in, packets_in), (bytes_out, packets_out)];
                if self.counted.insert(row.text("name").to_owned(), meters[0]) != Some(meters[0]) {
                    counted.push(Counted { menu: "/interface".to_owned(), id: row.text(".id").parse()?, meters });
                }
            }
        }
        Ok(counted)
    }
}
