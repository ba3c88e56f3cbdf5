//! Steps of all VIFs as few bytes: a step in which nothing passed is one, a busy one about a dozen.
//!
//! ```text
//! block = form (1) · vif*
//! vif   = number · how many steps · step*
//! step  = flags · [steps left out] · [milliseconds measured] · the amounts that are not 0
//! ```
//! Numbers are LEB128. The flags say what follows; a step that was measured wholly and follows the one before says
//! neither. What cannot be read is taken for nothing: a plot with a gap is better than none.

use super::{Amount, Block, Cell, Series};

/// The form of a block.
const FORM: u8 = 1;
/// Flags: five amounts, then these.
const PARTLY: u8 = 1 << 5;
const LATER: u8 = 1 << 6;

/// A block whose first step has this number.
pub fn encode(block: &Block, first: i64, step_ms: i64) -> Vec<u8> {
    let mut bytes = vec![FORM];
    for (vif, series) in block.iter().filter(|(_, series)| !series.is_empty()) {
        put(&mut bytes, u64::from(*vif));
        put(&mut bytes, series.len() as u64);
        let mut next = first;
        for (number, cell) in series {
            step(&mut bytes, (number - next).unsigned_abs(), *cell, step_ms);
            next = number + 1;
        }
    }
    bytes
}

fn step(bytes: &mut Vec<u8>, left_out: u64, cell: Cell, step_ms: i64) {
    let amounts = words(cell.amount);
    let mut flags =
        amounts.iter().enumerate().filter(|(_, amount)| **amount > 0).fold(0, |flags, (at, _)| flags | 1 << at);
    let partly = i64::from(cell.over_ms) != step_ms;
    flags |= if partly { PARTLY } else { 0 } | if left_out > 0 { LATER } else { 0 };
    bytes.push(flags);
    if left_out > 0 {
        put(bytes, left_out);
    }
    if partly {
        put(bytes, u64::from(cell.over_ms));
    }
    for amount in amounts.into_iter().filter(|amount| *amount > 0) {
        put(bytes, amount);
    }
}

/// The steps of a block, of all VIFs or of one; as far as it can be read.
pub fn decode(bytes: &[u8], first: i64, step_ms: i64, only: Option<u32>) -> Block {
    let mut block = Block::new();
    let Some((&FORM, mut rest)) = bytes.split_first() else { return block };
    while let Some((vif, series)) = series(&mut rest, first, step_ms, only) {
        if wanted(only, vif) {
            block.insert(vif, series);
        }
    }
    block
}

fn wanted(only: Option<u32>, vif: u32) -> bool {
    only.is_none_or(|only| only == vif)
}

/// The next VIF's steps; none of one that is not wanted.
fn series(bytes: &mut &[u8], first: i64, step_ms: i64, only: Option<u32>) -> Option<(u32, Series)> {
    let vif = u32::try_from(take(bytes)?).ok()?;
    let count = take(bytes)?;
    let (mut series, mut next) = (Series::new(), first);
    for _ in 0..count {
        let (flags, rest) = bytes.split_first()?;
        *bytes = rest;
        let left_out = if flags & LATER == 0 { 0 } else { take(bytes)? };
        let over_ms = if flags & PARTLY == 0 { step_ms.unsigned_abs() } else { take(bytes)? };
        let mut amounts = [0; 5];
        for (at, amount) in amounts.iter_mut().enumerate() {
            if flags & 1 << at != 0 {
                *amount = take(bytes)?;
            }
        }
        let number = next.checked_add_unsigned(left_out)?;
        next = number.checked_add(1)?;
        let cell = Cell { over_ms: u32::try_from(over_ms).ok()?, amount: amount(amounts) };
        if wanted(only, vif) {
            series.insert(number, cell);
        }
    }
    Some((vif, series))
}

fn words(amount: Amount) -> [u64; 5] {
    let Amount { rx_bytes, tx_bytes, rx_packets, tx_packets, drops } = amount;
    [rx_bytes, tx_bytes, rx_packets, tx_packets, drops]
}

fn amount([rx_bytes, tx_bytes, rx_packets, tx_packets, drops]: [u64; 5]) -> Amount {
    Amount { rx_bytes, tx_bytes, rx_packets, tx_packets, drops }
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7F).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::history::MINUTE_MS;
    use proptest::prelude::*;

    fn busy() -> Amount {
        Amount { rx_bytes: 75_000_000, tx_bytes: 4_000_000, rx_packets: 60_000, tx_packets: 30_000, drops: 0 }
    }

    fn block(cells: impl IntoIterator<Item = (u32, i64, Cell)>) -> Block {
        let mut block = Block::new();
        for (vif, number, cell) in cells {
            block.entry(vif).or_default().insert(number, cell);
        }
        block
    }

    #[test]
    fn a_step_takes_as_many_bytes_as_it_is_worth() {
        let whole = |amount| Cell { over_ms: 60_000, amount };
        let cases = [
            ("idle", block((0..15).map(|at| (1, at, whole(Amount::default())))), 15),
            ("busy", block((0..15).map(|at| (1, at, whole(busy())))), 15 * 15),
            ("idle after a gap", block([(1, 9, whole(Amount::default()))]), 2),
            ("measured in part", block([(1, 0, Cell { over_ms: 100, amount: Amount::default() })]), 2),
            ("nothing", Block::new(), 0),
        ];
        for (name, block, steps) in cases {
            let bytes = encode(&block, 0, MINUTE_MS);
            let head = 1 + 2 * block.len();
            assert_eq!(bytes.len(), head + steps, "{name}");
            assert_eq!(decode(&bytes, 0, MINUTE_MS, None), block, "{name}");
        }
    }

    #[test]
    fn what_is_damaged_is_a_gap_and_no_invention() {
        let whole = Cell { over_ms: 60_000, amount: busy() };
        let bytes = encode(&block([(1, 0, whole), (2, 0, whole)]), 0, MINUTE_MS);
        for length in 0..bytes.len() {
            let read = decode(&bytes[..length], 0, MINUTE_MS, None);
            assert!(read.len() < 2, "{length}: {read:?}");
        }
        assert!(decode(&[FORM + 1, 1, 1, 0], 0, MINUTE_MS, None).is_empty(), "another form");
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(
            cells in prop::collection::vec(
                (1_u32..4, 0_i64..96, 0_u32..=60_000, any::<[u64; 5]>(), 0_u32..64), 0..50,
            ),
            first in -1_000_000_i64..30_000_000,
        ) {
            let shrunk = |amounts: [u64; 5], shift| amounts.map(|amount| amount >> shift);
            let block = block(cells.into_iter().map(|(vif, at, over_ms, amounts, shift)| {
                (vif, first + at, Cell { over_ms, amount: amount(shrunk(amounts, shift)) })
            }));
            let bytes = encode(&block, first, MINUTE_MS);
            prop_assert_eq!(&decode(&bytes, first, MINUTE_MS, None), &block);
            let one: Block = block.into_iter().filter(|(vif, _)| *vif == 2).collect();
            prop_assert_eq!(decode(&bytes, first, MINUTE_MS, Some(2)), one);
        }

        #[test]
        fn no_bytes_make_it_fall_over(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            decode(&bytes, 0, MINUTE_MS, None);
            decode(&[&[FORM], &bytes[..]].concat(), i64::MAX - 3, MINUTE_MS, None);
        }
    }
}
