//! A manager chooses for a lead of the blind sample ([`crate::domain::blind`]), and is shown what is recommended only then.

use super::AppError;
use super::ports::{BlindTally, Clock, FirstChoice, Store};
use crate::domain::ids::LeadId;
use crate::domain::lead::{LeadState, Owner};
use crate::domain::number::grouped;
use crate::domain::share::Share;

/// First choices that are fewer than this say nothing about anybody.
const FEWEST: u64 = 20;

/// Keeps whom a manager would give a lead to. `seen_decisions` is the number of decisions that the lead had when it was shown.
/// Where somebody chose before them, that choice stands, and is what is given back.
///
/// # Errors
/// Refused if the lead is not open any more.
pub async fn choose(
    store: &dyn Store,
    clock: &dyn Clock,
    (lead, owner): (&LeadId, &Owner),
    manager: &str,
    seen_decisions: u32,
) -> Result<FirstChoice, AppError> {
    let refused = |why: &str| AppError::Refused(format!("nothing was kept: {why}"));
    let detail = store.lead_detail(lead).await?.ok_or_else(|| refused("the lead is not known"))?;
    if let Some(before) = detail.first_choice {
        return Ok(before);
    }
    if detail.record.state != LeadState::InLane || detail.record.decisions_made != seen_decisions {
        return Err(refused("the lead is not as it was shown any more"));
    }
    let recommended = detail.recommendation.ok_or_else(|| refused("nothing is recommended yet"))?.route.owner();
    let choice = FirstChoice {
        lead_id: lead.clone(),
        decisions_made: seen_decisions,
        manager: manager.to_owned(),
        owner: owner.clone(),
        recommended,
        at: clock.now(),
    };
    if store.choose_first(&choice).await? {
        return Ok(choice);
    }
    // Somebody was faster.
    let detail = store.lead_detail(lead).await?.ok_or_else(|| refused("the lead is not known"))?;
    detail.first_choice.ok_or_else(|| refused("the lead was decided meanwhile"))
}

impl BlindTally {
    /// What it says about following the model, in words; claims nothing before there is enough to claim it.
    pub fn words(&self) -> String {
        let percent = |share: &Share| format!("{:.0} %", share.share * 100.0);
        let range = |share: &Share| format!("{:.0} to {:.0} %", share.low * 100.0, share.high * 100.0);
        let blind = match Share::of(self.agreed, self.chosen) {
            None => return "Nobody chose blind yet: it takes leads on which model and legacy rules differ.".into(),
            Some(blind) if self.chosen < FEWEST => {
                return format!(
                    "Chosen blind: {} of {} as recommended; too few to say anything (at least {FEWEST}).",
                    blind.of, blind.all
                );
            }
            Some(blind) => blind,
        };
        let first = format!(
            "Chosen blind: {} of {} as recommended, {} (95 % {}).",
            grouped(blind.of),
            grouped(blind.all),
            percent(&blind),
            range(&blind)
        );
        let over = match self.differed {
            0 => String::new(),
            all => {
                format!(
                    " Of {} that chose another, {} went over to the model's when they saw it.",
                    grouped(all),
                    grouped(self.went_over)
                )
            }
        };
        let Some(seen) = Share::of(self.seen_agreed, self.seen) else { return first + &over };
        let apart = if seen.low > blind.high {
            " Who sees the recommendation first agrees with it more often: look twice."
        } else if blind.low > seen.high {
            " Who sees the recommendation first agrees with it less often."
        } else {
            " That cannot be told apart."
        };
        format!(
            "{first} With the recommendation in sight: {} of {}, {} ({}).{apart}{over}",
            grouped(seen.of),
            grouped(seen.all),
            percent(&seen),
            range(&seen)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_claims_nothing_from_few_choices_and_says_which_way_it_goes_from_many() {
        let words = |chosen, agreed, seen, seen_agreed| {
            BlindTally { chosen, agreed, differed: 0, went_over: 0, seen, seen_agreed }.words()
        };
        assert!(words(0, 0, 900, 800).contains("Nobody chose blind yet"));
        assert!(words(19, 1, 900, 800).contains("too few"));
        assert!(words(100, 50, 900, 800).contains("more often: look twice"));
        assert!(words(100, 95, 900, 300).contains("less often"));
        assert!(words(100, 60, 900, 560).contains("cannot be told apart"));
    }
}
