//! The last hour in steps of five seconds, in memory alone.
//!
//! Thirty busy VIFs take about 300 kB: what is complete lies there as [`cells`], and only the minute that is being
//! filled as what it is.

use super::{Block, Cell, FINE_MS, MINUTE_MS, Series, add, cells};
use std::collections::BTreeMap;

/// Steps in a piece.
const PIECE: i64 = MINUTE_MS / FINE_MS;
/// Pieces in an hour, and the one that is being filled.
const PIECES: i64 = 61;

/// The last hour.
#[derive(Debug, Default)]
pub struct Recent {
    filling: Option<(i64, Block)>,
    full: BTreeMap<i64, Box<[u8]>>,
}

impl Recent {
    /// Adds a step of a VIF.
    pub(super) fn add(&mut self, vif: u32, number: i64, cell: Cell, now: i64) {
        let piece = number.div_euclid(PIECE);
        let filling = match self.filling.take() {
            // The growth of each VIF reaches back a little: its older part is put to what is complete already.
            Some((filling, block)) if filling == piece || filling == piece + 1 => Some((filling, block)),
            Some((before, block)) => {
                self.seal(before, &block);
                self.prune(now);
                None
            }
            None => None,
        };
        let (at, mut block) = filling.unwrap_or_else(|| (piece, self.read(piece, None)));
        if at == piece {
            add(&mut block, vif, number, cell, FINE_MS);
        } else {
            let mut earlier = self.read(piece, None);
            add(&mut earlier, vif, number, cell, FINE_MS);
            self.seal(piece, &earlier);
        }
        self.filling = Some((at, block));
    }

    /// The steps of a VIF.
    pub(super) fn of(&self, vif: u32) -> Series {
        let full = self.full.keys().filter_map(|piece| self.read(*piece, Some(vif)).remove(&vif)).flatten();
        let filling = self.filling.iter().filter_map(|(_, block)| block.get(&vif)).flatten();
        full.chain(filling.map(|(number, cell)| (*number, *cell))).collect()
    }

    /// Forgets a VIF.
    pub(super) fn forget(&mut self, vif: u32) {
        let pieces: Vec<i64> = self.full.keys().copied().collect();
        for piece in pieces {
            let mut block = self.read(piece, None);
            block.remove(&vif);
            self.seal(piece, &block);
        }
        if let Some((_, block)) = &mut self.filling {
            block.remove(&vif);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.full.values().map(|piece| piece.len()).sum()
    }

    fn read(&self, piece: i64, only: Option<u32>) -> Block {
        let bytes = self.full.get(&piece).map_or(&[] as &[u8], AsRef::as_ref);
        cells::decode(bytes, piece * PIECE, FINE_MS, only)
    }

    fn seal(&mut self, piece: i64, block: &Block) {
        self.full.insert(piece, cells::encode(block, piece * PIECE, FINE_MS).into());
    }

    /// Leaves what is at most an hour from now. What a clock that was wrong dated later goes with it.
    fn prune(&mut self, now: i64) {
        let now = now.div_euclid(MINUTE_MS);
        self.full.retain(|piece, _| (now - piece).abs() <= PIECES);
    }
}
