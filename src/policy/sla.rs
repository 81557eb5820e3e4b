//! Until when a rep must have made contact, and what follows where nobody did.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::hours::Schedule;

/// What a manager can set about leads whose rep makes no contact in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SlaSettings {
    /// Whether such a lead is taken from the rep and routed anew. It is noted and shown in any case.
    pub reassign: bool,
}

/// Until when a rep who is given a lead at a moment must have made contact: `sla` later, of which only the time counts in
/// which they are at work, where that is known. Nobody is blamed for a night. Who is not at work within two months is asked
/// for no less than anybody whose hours are not known.
pub fn contact_due(schedule: &Schedule, given_at: DateTime<Utc>, sla: TimeDelta) -> DateTime<Utc> {
    schedule.worked(given_at, sla).unwrap_or(given_at + sla)
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Berlin;

    use super::super::hours::{Holiday, HolidayKey, Week};
    use super::*;

    fn due(week: &str, given_at: &str) -> String {
        let week = if week.is_empty() { Week::always() } else { week.parse().unwrap() };
        let due = contact_due(&Schedule::new(Berlin, week), given_at.parse().unwrap(), TimeDelta::hours(4));
        due.format("%a %H:%M").to_string()
    }

    #[test]
    fn the_clock_runs_while_the_rep_is_at_work() {
        let office = "Mon-Fri 09:00-12:00, 13:00-17:00";
        // Berlin is an hour ahead of these times.
        for (week, given, expected) in [
            ("", "2026-11-20T15:00:00Z", "Fri 19:00"),
            (office, "2026-11-20T08:00:00Z", "Fri 13:00"),
            (office, "2026-11-20T11:30:00Z", "Fri 16:00"),
            (office, "2026-11-20T15:00:00Z", "Mon 11:00"),
            (office, "2026-11-21T15:00:00Z", "Mon 13:00"),
            (office, "2026-11-20T02:00:00Z", "Fri 13:00"),
        ] {
            assert_eq!(due(week, given), expected, "{week:?} {given}");
        }
    }

    #[test]
    fn who_is_never_at_work_has_no_longer_than_others() {
        let days = (0..400).map(|n| at("2026-11-01T00:00:00Z").date_naive() + TimeDelta::days(n));
        let off = || Holiday { calendar: "x".into(), name: "y".into() };
        let schedule = Schedule::new(Berlin, "Mon-Fri 09:00-17:00".parse().unwrap())
            .with_holidays(days.map(|day| (HolidayKey::Date(day), off())));
        let given = at("2026-11-20T15:00:00Z");
        assert_eq!(contact_due(&schedule, given, TimeDelta::hours(4)), given + TimeDelta::hours(4));
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }
}
