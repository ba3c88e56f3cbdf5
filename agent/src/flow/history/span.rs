//! From the steps that are kept to the points of an answer.

use super::{Cell, QUARTER_MS};
use shared::{
    ids::VifId,
    vif::{History, Point, Span},
};
use std::{collections::BTreeMap, ops::RangeInclusive};

/// The points of a span that ends now, filled step by step in any order.
#[derive(Debug)]
pub struct Points {
    span: Span,
    until: i64,
    steps: BTreeMap<i64, Cell>,
}

impl Points {
    /// None yet.
    pub fn new(span: Span, until: i64) -> Self {
        Self { span, until, steps: BTreeMap::new() }
    }

    /// When the first point begins, Unix milliseconds: the last one is the step of now, as far as it has come.
    pub fn from(&self) -> i64 {
        let step = self.step_ms();
        (self.until.div_euclid(step) + 1).saturating_mul(step) - i64::from(self.span.seconds()) * 1000
    }

    /// The quarters of an hour that the span touches.
    pub fn quarters(&self) -> RangeInclusive<i64> {
        self.from().div_euclid(QUARTER_MS)..=self.until.div_euclid(QUARTER_MS)
    }

    /// Adds a step that is no longer than a point, by when it begins. One that is not in the span is left out.
    pub fn add(&mut self, at: i64, cell: Cell) {
        if (self.from()..=self.until).contains(&at) {
            let step = self.step_ms();
            self.steps.entry(at.div_euclid(step)).or_default().add(cell, step);
        }
    }

    /// The answer.
    pub fn history(self, vif: VifId) -> History {
        let step = self.step_ms();
        let points = self.steps.iter().map(|(number, Cell { over_ms, amount })| Point {
            at: number * step,
            over_ms: *over_ms,
            rx_bytes: amount.rx_bytes,
            tx_bytes: amount.tx_bytes,
            rx_packets: amount.rx_packets,
            tx_packets: amount.tx_packets,
            drops: amount.drops,
        });
        let points = points.collect();
        History { vif, span: self.span, step_s: self.span.step_s(), until: self.until, points }
    }

    fn step_ms(&self) -> i64 {
        i64::from(self.span.step_s()) * 1000
    }
}
