//! Absences that calendars and lists of HR tell, and what becomes of them when a file says nothing that can be understood.

use std::sync::Arc;

use leadboard::app::routing::absences::{self, Looked};

use super::*;

impl Office<'_> {
    async fn look(&self, seconds: i64) -> Result<Looked, AppError> {
        let rules = routing::in_force(self.store, None).await?.unwrap();
        absences::look(self.store, &FixedClock(at(seconds)), &self.file, &rules).await
    }
}

const AWAY: &str = r#"
[hours]
week = "Mon-Fri 09:00-17:30"
[capacity]
per_day = 4
[[absence.calendar]]
name = "Bea's"
rep = "Bea Best"
file = "bea.ics"
means = "leave"
[[absence.hr]]
name = "personnel"
file = "leave.csv"
"#;

/// A calendar in which Bea is away.
const BEA: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\nBEGIN:VEVENT\r\nUID:1\r\n\
    DTSTART;VALUE=DATE:20260921\r\nDTEND;VALUE=DATE:20260926\r\nSUMMARY:secret\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
/// And one in which she is not.
const NOBODY: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\nEND:VCALENDAR\r\n";
/// Leo is back since this morning, a Monday.
const LEAVE: &str = "who,from,until,kind\nLeo Legacy,2026-09-14,2026-09-18,vacation\nStranger,2026-09-14,2026-09-18,\n";

pub(super) async fn absences_come_from_files(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let office = office(store).await;
    office.file.says(AWAY);
    let refused = office.publish(1).await.unwrap_err().to_string();
    for words in ["routing.toml:10:8: there is no file bea.ics", "routing.toml:14:8: there is no file leave.csv"] {
        assert!(refused.contains(words), "{refused}");
    }
    office.file.beside("bea.ics", Some(BEA));
    office.file.beside("leave.csv", Some(LEAVE));
    office.publish(2).await.unwrap();
    let looked = office.look(3).await.unwrap();
    assert!(looked.changed, "{looked:?}");
    assert_eq!(looked.remarks, ["the HR file personnel: 1 row is about nobody known, as \"Stranger\" (line 3)"]);
    assert!(!office.look(20).await.unwrap().changed, "it says the same");

    office.lead("L1", "Acme", 30).await;
    assert_eq!(office.reason("L1").await, (RouteReason::ModelAgrees, rep("legacy")));
    let detail = store.lead_detail(&id("L1")).await.unwrap().unwrap();
    let pool = detail.ranking.unwrap().pool;
    let why: Vec<String> = pool.reasons(&RepId::new("best")).map(ToString::to_string).collect();
    assert_eq!(why, ["away, back Mon 28 Sep 09:00 their time (the calendar Bea's)"]);
    let room = detail.path.unwrap().standings.remove(0).room.unwrap();
    assert_eq!(
        (room.left, room.words().as_str()),
        (Some(2), "has 0 of 2 leads today; day 1 after 5 days of leave: 50 % of a full share")
    );

    // Neither a file that is none nor a missing one makes anybody present.
    for (seconds, text, words) in [
        (40, Some("<html>please log in"), "this is no calendar"),
        (50, BEA.get(..150), "cut off"),
        (60, None, "there is no file bea.ics"),
    ] {
        office.file.beside("bea.ics", text);
        let fault = office.look(seconds).await.unwrap_err().to_string();
        let said = ["the calendar Bea's (bea.ics)", words, "what it said at 2026-09-21 14:13 UTC stays in force"];
        assert!(said.iter().all(|words| fault.contains(words)), "{fault}");
        let name = format!("L{seconds}");
        office.lead(&name, "Acme", seconds).await;
        assert_eq!(office.reason(&name).await, (RouteReason::ModelAgrees, rep("legacy")));
    }
    office.file.beside("bea.ics", Some(NOBODY));
    assert!(office.look(70).await.unwrap().changed);
    office.lead("L70", "Acme", 71).await;
    assert_eq!(office.reason("L70").await, (RouteReason::ModelPick, rep("best")));
    // Whoever left since is not given it by approving what was shown.
    office.file.beside("bea.ics", Some(BEA));
    assert!(office.look(74).await.unwrap().changed);
    let refused = office.approve("L70", 75).await.unwrap_err().to_string();
    let words = "Bea Best cannot take it any more (away, back Mon 28 Sep 09:00 their time (the calendar Bea's)); \
                 the lead is being ranked again";
    assert!(refused.contains(words), "{refused}");
    assert_eq!(record(store, "L70").await.state, LeadState::Pending);
    office.rank(76).await;
    assert_eq!(office.reason("L70").await, (RouteReason::ModelAgrees, rep("legacy")));
    office.approve("L70", 77).await.unwrap();
    office.file.beside("bea.ics", Some(NOBODY));
    assert!(office.look(78).await.unwrap().changed);
    // What the rules name no more does not count any more.
    office.file.beside("bea.ics", Some(BEA));
    assert!(office.look(80).await.unwrap().changed);
    office.file.says("[hours]\nweek = \"Mon-Fri 09:00-17:30\"");
    office.publish(81).await.unwrap();
    office.lead("L81", "Acme", 82).await;
    assert_eq!(office.reason("L81").await, (RouteReason::ModelPick, rep("best")));
}
