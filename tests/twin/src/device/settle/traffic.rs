//! Lets the counters run.

use std::time::Duration;

use crate::device::Device;

impl Device {
    pub(super) fn run_meters(&mut self, to: Duration) {
        let from = self.now;
        if to > from {
            self.now = to;
            self.run_flows(from, to);
        }
    }
}
