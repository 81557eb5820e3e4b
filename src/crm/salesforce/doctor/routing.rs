//! What routing would like to know beyond leads and people: it works without, but not as well.

use chrono::TimeDelta;

use super::unreadable;
use crate::app::doctor::Finding;
use crate::app::ports::CompanySought;
use crate::app::ports::Span;
use crate::crm::salesforce::Salesforce;
use crate::domain::ids::{LeadId, RepId};
use crate::domain::rep::Rep;

/// A well-formed id that no lead has.
pub(super) const NOBODY: &str = "00Q000000000000EAA";

impl Salesforce {
    /// Whether accounts can be looked up.
    pub(super) async fn examine_accounts(&self) -> Finding {
        const ID: &str = "accounts";
        const CURE: &str = "Let the integration user read Account with Website and Type (\"View All\", so that it sees whose \
             they are), or set salesforce.accounts = false.";
        let Some(optional) = &self.accounts else {
            return Finding::passed(ID, "Accounts are not looked up: salesforce.accounts is off.");
        };
        let sought = CompanySought::new(Some("Leadboard Example"), ["example.com".to_owned()]);
        match self.read_accounts(&[sought]).await {
            Err(fault) => Finding::warning(ID, format!("Accounts cannot be looked up: {}", fault.message), CURE),
            Ok(_) if optional.shown().len() < optional.all().len() => {
                Finding::warning(ID, "Accounts can be looked up, but the org hides their Website or Type.", CURE)
            }
            Ok(_) => Finding::passed(ID, "Accounts can be looked up by name and web site."),
        }
    }

    /// Whether it can be seen who got in touch with a lead.
    pub(super) async fn examine_contacts(&self) -> Finding {
        const ID: &str = "contacts";
        let now = self.clock.now();
        match self.read_contacts(&[LeadId::new(NOBODY)], Span::new(now - TimeDelta::days(1), now)).await {
            Ok(_) => Finding::passed(ID, "Tasks and events tell who got in touch with a lead."),
            Err(fault) => Finding::warning(
                ID,
                format!("It cannot be seen who got in touch with a lead: {}", fault.message),
                "Let the integration user read Task and Event (\"Access Activities\"); until then no rep is held to have \
                 missed a first contact.",
            ),
        }
    }

    /// Open deals, calendars and presence of the reps.
    pub(super) async fn examine_workload(&self, reps: &[Rep]) -> Finding {
        const ID: &str = "workload";
        let active: Vec<RepId> = reps.iter().filter(|rep| rep.active).map(|rep| rep.id.clone()).collect();
        let now = self.clock.now();
        let found = match self.read_workloads(&active, Span::new(now, now + TimeDelta::days(1))).await {
            Ok(found) => found,
            Err(fault) => return unreadable(ID, "How busy the reps are", &fault),
        };
        if !found.unknown.is_empty() {
            let unknown: Vec<String> = found.unknown.iter().map(|(part, why)| format!("{part} ({why})")).collect();
            return Finding::warning(
                ID,
                format!("Not everything about how busy reps are is known: {}.", unknown.join("; ")),
                "Let the integration user read Opportunity, Event (\"Access Activities\") and the field that \
                 salesforce.rep_out_of_office names; until then routing takes no account of it.",
            );
        }
        let open: usize = found.reps.values().map(|desk| desk.open.len()).sum();
        let events: usize = found.reps.values().map(|desk| desk.calendar.len()).sum();
        Finding::passed(
            ID,
            format!(
                "{open} open deals and {events} calendar entries of today are on the desks of {} reps.",
                active.len()
            ),
        )
    }
}
