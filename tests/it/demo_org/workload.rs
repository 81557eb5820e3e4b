//! How busy the demo org's reps are, as the adapter reads it and as the org has it.

use chrono::{TimeDelta, TimeZone as _};
use chrono_tz::Tz;
use leadboard::app::ports::{Clock, Crm, Shows};
use leadboard::domain::ids::RepId;
use leadboard::policy::span::Span;
use serde_json::json;

use super::client::adapter;
use super::support::{Bench, small};

#[tokio::test]
async fn desks_are_as_full_as_the_org_says() {
    let bench = Bench::start(small()).await;
    let crm = adapter(&bench, &bench.org.leadboard_config());
    let roster = crm.roster().await.unwrap();
    let reps: Vec<RepId> = roster.reps.iter().filter(|rep| rep.active).map(|rep| rep.id.clone()).collect();
    let before = crm.usage().calls_made;
    let now = bench.clock.now();
    let found = crm.workloads(&reps, Span::new(now, now + TimeDelta::days(2))).await.unwrap();
    assert_eq!((crm.usage().calls_made - before, found.reps.len(), found.unknown.len()), (3, 60, 0));
    assert_eq!(crm.closed_deals(None).await.unwrap().total, Some(300), "what is open is no history");
    for (rep, desk) in &found.reps {
        let asked =
            format!("SELECT CloseDate FROM Opportunity WHERE OwnerId = '{rep}' AND IsClosed = false ORDER BY Id");
        let open: Vec<String> =
            bench.rows(&asked).await.iter().map(|row| row["CloseDate"].as_str().unwrap().into()).collect();
        assert!((4..=18).contains(&open.len()), "{}", open.len());
        assert_eq!(desk.open.iter().map(|day| day.unwrap().to_string()).collect::<Vec<_>>(), open);
        let zone: Tz = desk.zone.as_ref().unwrap().parse().unwrap();
        for entry in desk.calendar.iter().filter(|entry| entry.shows != Shows::Away) {
            let start = zone.from_utc_datetime(&entry.time.in_zone(zone).start.naive_utc());
            assert!(("08:00".."17:00").contains(&&*start.format("%H:%M").to_string()), "{start}");
        }
    }
    let away = |entry: Shows| entry == Shows::Away;
    let by_calendar = found.reps.values().filter(|desk| desk.calendar.iter().any(|entry| away(entry.shows))).count();
    let by_record = found.reps.values().filter(|desk| desk.away.is_some()).count();
    assert_eq!((by_calendar, by_record), (3, 3));

    // Monday in Tokyo has begun on this Sunday; whatever is added shows.
    let rep = &reps[0];
    let monday = "2026-11-23".parse().unwrap();
    let busy = found.reps[rep].activities(monday, Tz::UTC);
    let meeting = json!({"Subject": "Demo", "OwnerId": rep, "StartDateTime": "2026-11-23T12:00:00Z", "EndDateTime": "2026-11-23T12:30:00Z"});
    assert_eq!(bench.create("Event", &meeting).await.status, 201);
    let deal = json!({"Name": "New", "StageName": "Prospecting", "CloseDate": "2026-12-24", "OwnerId": rep});
    assert_eq!(bench.create("Opportunity", &deal).await.status, 201);
    let again = crm.workloads(&reps[..1], Span::new(now, now + TimeDelta::days(2))).await.unwrap();
    assert_eq!(again.reps[rep].activities(monday, Tz::UTC), busy + 1);
    assert_eq!(again.reps[rep].open.len(), found.reps[rep].open.len() + 1);
    assert_eq!(again.reps.len(), 1);
}
