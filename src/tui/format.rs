//! Numbers and times as people read them. One place, so that the same thing looks the same everywhere.

use chrono::{DateTime, FixedOffset, NaiveTime, TimeDelta, TimeZone, Utc};

use super::Zone;
use crate::domain::number;
pub use crate::domain::number::grouped;
use crate::domain::recommendation::RouteReason;

/// A probability with one decimal: `31.2%`.
pub fn percent(p: f64) -> String {
    format!("{:.1}%", p * 100.0)
}

/// A probability that stands where it is compared with a limit, with as many decimals as show on which side it is, but no
/// more than two: `19.97%`.
pub fn percent_beside(p: f64, limit: f64) -> String {
    let n = number::decimals(p * 100.0, limit * 100.0, 1).min(2);
    format!("{:.n$}%", p * 100.0)
}

/// A probability without decimals: `31%`. Never says 0 % or 100 % of what is neither.
pub fn percent_short(p: f64) -> String {
    match p * 100.0 {
        x if x > 0.0 && x < 0.5 => "<1%".into(),
        x if (99.5..100.0).contains(&x) => ">99%".into(),
        x => format!("{x:.0}%"),
    }
}

/// An interval of a probability: `24-39%`.
pub fn interval(low: f64, high: f64) -> String {
    format!("{:.0}-{:.0}%", low * 100.0, high * 100.0)
}

/// A difference of probabilities in percentage points, with its sign: `+11.8`.
pub fn points(gap: f64) -> String {
    let tenths = (gap * 1000.0).round();
    if tenths == 0.0 { "0.0".into() } else { format!("{:+.1}", tenths / 10.0) }
}

/// A count that fits five columns: `987`, `1,204`, `12.4k`, `3.1M`.
pub fn compact(n: u64) -> String {
    match n {
        0..10_000 => grouped(n),
        10_000..1_000_000 => scaled(n as f64 / 1e3, "k"),
        _ => scaled(n as f64 / 1e6, "M"),
    }
}

/// An amount of money or people: `250`, `1.2M`, `3.4B`.
pub fn magnitude(x: f64) -> String {
    match x.abs() {
        a if !a.is_finite() => "unknown".into(),
        a if a >= 1e9 => scaled(x / 1e9, "B"),
        a if a >= 1e6 => scaled(x / 1e6, "M"),
        a if a >= 1e4 => scaled(x / 1e3, "k"),
        _ => number::amount(x),
    }
}

fn scaled(x: f64, unit: &str) -> String {
    if x.abs() < 100.0 { format!("{x:.1}{unit}") } else { format!("{x:.0}{unit}") }
}

/// How long, in at most five columns: `now`, `48m`, `3h12`, `2d`.
pub fn duration(d: TimeDelta) -> String {
    let minutes = d.num_minutes().max(0);
    match minutes {
        0 => "now".into(),
        1..60 => format!("{minutes}m"),
        60..1440 => format!("{}h{:02}", minutes / 60, minutes % 60),
        _ => format!("{}d", minutes / 1440),
    }
}

/// How long, in words: `3 h 12 min`.
pub fn duration_words(d: TimeDelta) -> String {
    let minutes = d.num_minutes().max(0);
    match minutes {
        0 => "less than a minute".into(),
        1..60 => format!("{minutes} min"),
        60..1440 => format!("{} h {:02} min", minutes / 60, minutes % 60),
        1440..2880 => "1 day".into(),
        _ => format!("{} days", minutes / 1440),
    }
}

/// How long ago, in words.
pub fn ago(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let passed = now - then;
    if passed < TimeDelta::minutes(1) { "just now".into() } else { format!("{} ago", duration_words(passed)) }
}

/// Hours and minutes on the manager's clock.
pub fn clock(at: DateTime<Utc>, zone: Zone) -> String {
    local(at, zone).format("%H:%M").to_string()
}

/// The same for a moment of today, and only the day of the week for another: in five columns.
pub fn clock_or_day(at: DateTime<Utc>, now: DateTime<Utc>, zone: Zone) -> String {
    let then = local(at, zone);
    let today = then.date_naive() == local(now, zone).date_naive();
    then.format(if today { "%H:%M" } else { "%a" }).to_string()
}

/// Date on the manager's calendar.
pub fn date(at: DateTime<Utc>, zone: Zone) -> String {
    local(at, zone).format("%Y-%m-%d").to_string()
}

/// The clock, with the date unless it is today.
pub fn moment(at: DateTime<Utc>, now: DateTime<Utc>, zone: Zone) -> String {
    let (then, today) = (local(at, zone), local(now, zone));
    if then.date_naive() == today.date_naive() {
        then.format("%H:%M").to_string()
    } else {
        then.format("%b %d %H:%M").to_string()
    }
}

/// Eight o'clock tomorrow morning where the manager is.
pub fn tomorrow_morning(now: DateTime<Utc>, zone: Zone) -> DateTime<Utc> {
    let local = local(now, zone);
    let eight = NaiveTime::from_hms_opt(8, 0, 0).unwrap_or(NaiveTime::MIN);
    let wall = (local.date_naive() + TimeDelta::days(1)).and_time(eight);
    local.offset().from_local_datetime(&wall).single().map_or(now + TimeDelta::days(1), |t| t.with_timezone(&Utc))
}

fn local(at: DateTime<Utc>, zone: Zone) -> DateTime<FixedOffset> {
    at.with_timezone(&zone(at))
}

/// What chose the rep, where it was not the model, in a word that fits where a gap would stand.
pub const fn chosen_by(reason: RouteReason) -> Option<&'static str> {
    match reason {
        RouteReason::StrategicRule | RouteReason::PartnerRoute => Some("rule"),
        RouteReason::AccountOwner => Some("acct"),
        RouteReason::RoundRobinUnavailable | RouteReason::RoundRobinUnsupported => Some("turn"),
        _ => None,
    }
}

/// Why a person is asked about a lead, in a few words, where that is not the gap.
pub const fn cause(reason: RouteReason) -> Option<&'static str> {
    match reason {
        RouteReason::StrategicRule => Some("by a rule"),
        RouteReason::PartnerRoute => Some("partner rule"),
        RouteReason::ExceptionRule => Some("a rule asks"),
        RouteReason::HighValue => Some("large deal"),
        RouteReason::AccountOwner => Some("owns the account"),
        RouteReason::AccountConflict => Some("account dispute"),
        RouteReason::RoundRobinUnavailable => Some("owner away"),
        RouteReason::RoundRobinUnsupported => Some("few deals"),
        RouteReason::LowConfidence => Some("nobody likely"),
        RouteReason::LowMargin => Some("too close"),
        RouteReason::EmptyPool => Some("nobody eligible"),
        RouteReason::TechnicalFailure => Some("ranking failed"),
        RouteReason::ModelAgrees | RouteReason::ModelPick | RouteReason::ModelUncleared => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin(_: DateTime<Utc>) -> FixedOffset {
        FixedOffset::east_opt(3600).unwrap()
    }

    #[test]
    fn numbers() {
        assert_eq!(percent_beside(0.1997, 0.2), "19.97%");
        assert_eq!(percent_beside(0.312, 0.2), "31.2%");
        assert_eq!(percent_short(0.001), "<1%");
        assert_eq!(percent_short(0.0), "0%");
        assert_eq!(percent_short(0.997), ">99%");
        assert_eq!(points(0.118), "+11.8");
        assert_eq!(points(-0.00001), "0.0");
        assert_eq!(compact(1_204), "1,204");
        assert_eq!(compact(12_431), "12.4k");
        assert_eq!(magnitude(1_250.0), "1,250");
        assert_eq!(magnitude(1_250_000.0), "1.2M");
        assert_eq!(magnitude(f64::NAN), "unknown");
    }

    #[test]
    fn times() {
        assert_eq!(duration(TimeDelta::minutes(192)), "3h12");
        assert_eq!(duration(TimeDelta::seconds(-5)), "now");
        assert_eq!(duration_words(TimeDelta::minutes(192)), "3 h 12 min");
        let at = |s: &str| s.parse::<DateTime<Utc>>().unwrap();
        assert_eq!(tomorrow_morning(at("2026-11-22T23:30:00Z"), berlin), at("2026-11-24T07:00:00Z"));
        assert_eq!(moment(at("2026-11-22T23:30:00Z"), at("2026-11-23T10:00:00Z"), berlin), "00:30");
    }
}
