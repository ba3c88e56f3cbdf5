//! What a VIF carried over time: a plot with its gaps, and the same as a table.

use super::{App, Frame, Visit, render, words};
use crate::{
    flow::vif,
    io::http::read::{self, Params},
    problem::Problem,
    view::{RouterView, TrafficHistoryView, TrafficPointView, VifView},
};
use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use jiff::Timestamp;
use serde::Deserialize;
use shared::vif::Span;
use std::fmt::Write as _;

#[derive(Template)]
#[template(path = "vif_history.html")]
struct HistoryPage {
    frame: Frame,
    router: RouterView,
    vif: VifView,
    span: Span,
    ranges: Vec<Range>,
    plot: Option<Plot>,
    trouble: Option<Problem>,
}

/// A range to choose.
struct Range {
    word: &'static str,
    name: &'static str,
    here: bool,
}

/// What is drawn, and the table that says the same.
struct Plot {
    /// JSON: `[seconds, received, sent]` in bit/s; nulls where nothing was measured.
    points: String,
    from: i64,
    until: i64,
    rows: Vec<Row>,
    empty: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct Row {
    at: String,
    /// Nothing where nothing was measured in all of the time.
    sums: Option<Sums>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    received: String,
    sent: String,
    drops: u64,
    /// Per cent of the time that was measured.
    measured: u64,
}

/// How far back.
#[derive(Default, Deserialize)]
pub(in crate::io::http) struct Back {
    range: Option<String>,
}

/// `GET /routers/{router}/vifs/{vif}/history`
pub(in crate::io::http) async fn show(
    State(app): State<App>,
    Path((router, vif)): Path<(String, String)>,
    visit: Visit,
    Params(back): Params<Back>,
) -> Result<Response, Problem> {
    let (id, vif) = (read::router(&router)?, read::vif(&vif)?);
    let span = vif::span(back.range.as_deref().unwrap_or(Span::Day.as_str()))?;
    let (router, known) = (app.controller().router(&id).await?, app.controller().vif(&id, &vif).await?);
    let told = app.controller().vif_history(&id, &vif, span).await;
    let status = match &told {
        // A part of a page is put in its place whatever it says.
        Err(problem) if !visit.look.part => StatusCode::from_u16(problem.status),
        _ => Ok(StatusCode::OK),
    };
    let (plot, trouble) = match told {
        Ok(history) => (Some(plot(&history, span)), None),
        Err(problem) => (None, Some(problem)),
    };
    let frame = visit.frame().here("routers");
    let page = HistoryPage { frame, router, vif: known, span, ranges: ranges(span), plot, trouble };
    Ok(render(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), &page))
}

fn ranges(here: Span) -> Vec<Range> {
    let range = |span: Span| Range { word: span.as_str(), name: name(span), here: span == here };
    Span::ALL.into_iter().map(range).collect()
}

fn name(span: Span) -> &'static str {
    match span {
        Span::Hour => "1 hour",
        Span::Day => "24 hours",
        Span::Week => "7 days",
        Span::Month => "30 days",
        Span::Quarter => "90 days",
    }
}

/// The seconds that a row of the table covers.
fn row_s(span: Span) -> i64 {
    match span {
        Span::Hour => 300,
        Span::Day => 3_600,
        Span::Week | Span::Month => 86_400,
        Span::Quarter => 7 * 86_400,
    }
}

fn plot(history: &TrafficHistoryView, span: Span) -> Plot {
    let until = seconds(&history.until);
    let from = until - i64::from(span.seconds());
    Plot {
        points: points(history),
        from,
        until,
        rows: rows(history, row_s(span), from, until),
        empty: history.points.is_empty(),
    }
}

fn seconds(time: &str) -> i64 {
    time.parse::<Timestamp>().map(Timestamp::as_second).unwrap_or_default()
}

/// A line through a gap would tell of something that nobody has measured.
fn points(history: &TrafficHistoryView) -> String {
    let step = i64::from(history.step_s);
    let rate = |bytes: u64, over_ms: u32| bytes.saturating_mul(8_000) / u64::from(over_ms.max(1));
    let mut out = "[".to_owned();
    let mut last = None;
    for point in &history.points {
        let at = seconds(&point.at);
        let gap = last.filter(|last| at - last > step * 3 / 2);
        if let Some(last) = gap {
            let _ = write!(out, "[{},null,null],", last + step);
        }
        let (down, up) = (rate(point.rx_bytes, point.over_ms), rate(point.tx_bytes, point.over_ms));
        let _ = write!(out, "[{at},{down},{up}],");
        last = Some(at);
    }
    format!("{}]", out.trim_end_matches(','))
}

/// One row for each stretch of the range, the newest first; stretches begin at full hours and days.
fn rows(history: &TrafficHistoryView, every: i64, from: i64, until: i64) -> Vec<Row> {
    let first = from.div_euclid(every);
    let last = (until - 1).div_euclid(every);
    (first..=last)
        .rev()
        .map(|number| {
            let (begin, end) = (number * every, (number + 1) * every);
            let within: Vec<&TrafficPointView> =
                history.points.iter().filter(|point| (begin..end).contains(&seconds(&point.at))).collect();
            let covered = (end.min(until) - begin.max(from)).max(1).unsigned_abs();
            let at = Timestamp::from_second(begin.max(from)).unwrap_or(Timestamp::UNIX_EPOCH).to_string();
            Row { at, sums: (!within.is_empty()).then(|| sums(&within, covered)) }
        })
        .collect()
}

fn sums(points: &[&TrafficPointView], seconds: u64) -> Sums {
    let sum = |of: fn(&TrafficPointView) -> u64| points.iter().map(|point| of(point)).fold(0, u64::saturating_add);
    Sums {
        received: words::bytes(sum(|point| point.rx_bytes)),
        sent: words::bytes(sum(|point| point.tx_bytes)),
        drops: sum(|point| point.drops),
        measured: (sum(|point| point.over_ms.into()) / (seconds * 10)).min(100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::iso;

    /// A day with these minutes measured.
    fn day(minutes: &[i64]) -> TrafficHistoryView {
        let point = |minute: &i64| TrafficPointView {
            at: iso(minute * 60_000),
            over_ms: 60_000,
            rx_bytes: 7_500,
            tx_bytes: 750,
            rx_packets: 5,
            tx_packets: 5,
            drops: 1,
        };
        TrafficHistoryView {
            vif: "tor-1".into(),
            range: "24h".into(),
            step_s: 60,
            until: iso(86_400_000),
            points: minutes.iter().map(point).collect(),
        }
    }

    #[test]
    fn a_gap_in_the_history_is_a_gap_in_the_line() {
        assert_eq!(points(&day(&[])), "[]");
        assert_eq!(points(&day(&[1, 2, 5])), "[[60,1000,100],[120,1000,100],[180,null,null],[300,1000,100]]");
    }

    #[test]
    fn the_table_has_a_row_for_each_hour_and_tells_where_nothing_was_measured() {
        let shown = plot(&day(&[0, 1, 2, 60]), Span::Day);
        assert_eq!((shown.rows.len(), shown.from, shown.until), (24, 0, 86_400));
        let first = Sums { received: "22 kB".into(), sent: "2 kB".into(), drops: 3, measured: 5 };
        assert_eq!(shown.rows[23], Row { at: "1970-01-01T00:00:00Z".into(), sums: Some(first) });
        assert_eq!(shown.rows[22].sums.as_ref().map(|sums| sums.drops), Some(1));
        assert!(shown.rows[..22].iter().all(|row| row.sums.is_none()));
    }

    #[test]
    fn no_range_has_more_rows_than_people_read() {
        for span in Span::ALL {
            assert!((12..=31).contains(&(i64::from(span.seconds()).div_euclid(row_s(span)))) || span == Span::Week);
        }
    }
}
