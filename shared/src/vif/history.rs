//! What a VIF carried over time.

use crate::ids::VifId;
use serde::{Deserialize, Serialize};

/// How far back, to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// An hour.
    Hour,
    /// 24 hours.
    Day,
    /// 7 days.
    Week,
    /// 30 days.
    Month,
    /// 90 days.
    Quarter,
}

impl Span {
    /// All of them, the shortest first.
    pub const ALL: [Self; 5] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Quarter];

    /// Its seconds.
    pub fn seconds(self) -> u32 {
        const DAY: u32 = 86_400;
        match self {
            Self::Hour => 3_600,
            Self::Day => DAY,
            Self::Week => 7 * DAY,
            Self::Month => 30 * DAY,
            Self::Quarter => 90 * DAY,
        }
    }

    /// The seconds that one of its points covers where nothing finer was asked for: at most 1440 points make a span.
    pub fn step_s(self) -> u32 {
        match self {
            Self::Hour => 5,
            Self::Day => 60,
            Self::Week => 900,
            Self::Month => 3_600,
            Self::Quarter => 10_800,
        }
    }

    /// Its word in addresses: `1h`, `24h`, `7d`, `30d`, `90d`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Quarter => "90d",
        }
    }
}

/// What a VIF carried in a span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// Which VIF.
    pub vif: VifId,
    /// How far back.
    pub span: Span,
    /// Seconds that each point covers.
    pub step_s: u32,
    /// The end of the span, Unix milliseconds of the agent's clock.
    pub until: i64,
    /// The points in their order. Where nothing was measured there is none: a gap, not a zero.
    pub points: Vec<Point>,
}

/// What a VIF carried in one step; `rx` is towards the service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// The step's beginning, Unix milliseconds of the agent's clock.
    pub at: i64,
    /// Milliseconds of the step that were measured.
    pub over_ms: u32,
    /// Bytes of IP packets.
    pub rx_bytes: u64,
    /// Bytes of IP packets.
    pub tx_bytes: u64,
    /// Packets.
    pub rx_packets: u64,
    /// Packets.
    pub tx_packets: u64,
    /// Packets dropped by our rules, both ways.
    pub drops: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_span_takes_more_points_than_a_message_carries() {
        for span in Span::ALL {
            assert_eq!(span.seconds() % span.step_s(), 0, "{span:?}");
            assert!(span.seconds() / span.step_s() <= 1440, "{span:?}");
        }
    }
}
