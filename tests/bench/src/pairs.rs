//! Ratios of things measured in turn.
//!
//! A shared machine is slower in one second than in the next. Two things measured right after one another are slowed
//! alike, so their ratio is steadier than either, and the median of some is hardly touched by a moment's disturbance.

/// The middle value; the lower of the two middle ones. Not a number where there are none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

/// The median of `one / other` over the rounds.
pub(crate) fn ratio(one: &[f64], other: &[f64]) -> f64 {
    median(one.iter().zip(other).map(|(one, other)| one / other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_that_was_disturbed_does_not_move_the_ratio() {
        assert_eq!(format!("{:.1}", ratio(&[10.0, 1.0, 10.0], &[5.0, 5.0, 5.0])), "2.0");
        assert!(median([]).is_nan());
    }
}
