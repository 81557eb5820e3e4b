//! The answer in a manager's words.

use super::{Finding, WhoMatters};
use crate::domain::number::grouped;
use crate::model::evaluate::Estimate;

/// Below this share of today's wins, a gain is called little.
const LITTLE: f64 = 0.05;

pub(super) fn cannot_tell(because: &str) -> String {
    format!("It cannot be told yet whether it matters who works a lead: {because}.")
}

pub(super) fn too_few(deals: usize, wins: usize, reps: usize, of_each: usize, least_reps: usize) -> String {
    let deals_text = grouped(deals as u64);
    if deals == 0 {
        return "none of the later deals could have gone to another rep, as far as the history shows".to_owned();
    }
    if reps < least_reps {
        return format!(
            "only {reps} reps worked the {deals_text} later deals that another rep could have had, and at least {least_reps} are needed to compare reps"
        );
    }
    format!(
        "of the later deals that another rep could have had, {wins} were won and {} lost, and at least {of_each} of each are needed",
        deals - wins
    )
}

pub(super) fn too_wide(answer: &WhoMatters, high: f64, worth: f64) -> String {
    // The interval narrows with the square root of the deals.
    let more = (high / worth).powi(2).ceil().max(2.0);
    format!(
        "{} closed deals of {} reps show no difference between reps that chance could not make, but they would not show a useful one either; about {more:.0} times as many would",
        grouped(answer.deals.into()),
        answer.reps
    )
}

pub(super) fn answer(answer: &WhoMatters) -> String {
    let (Some(router), Some(shares)) = (answer.router, answer.shares) else { return String::new() };
    // Adding 0 makes -0 plain.
    let of_100 = |x: f64| format!("{:.1}", (1_000.0 * x).round() / 10.0 + 0.0);
    let between = |e: Estimate| format!("95 % interval {} to {}", of_100(e.low), of_100(e.high));
    let rests = format!("{} closed deals ({} reps compared)", grouped(answer.deals.into()), answer.reps);
    if answer.finding == Finding::DoesNotMatter {
        return format!(
            "Who works a lead does not matter here, as far as {rests} can tell: on equal leads, reps do as well as chance \
             makes them. Were every rep to keep as many leads as today, not even perfect routing would win more than {} of \
             100 beyond today's {}.",
            of_100(router.ceiling.high),
            of_100(router.today),
        );
    }
    let explained = 1.0 - shares.noise.value;
    let part = |e: Estimate| format!("{:.0} %", 100.0 * (e.value / explained).clamp(0.0, 1.0));
    let little = if router.ceiling.value < LITTLE * router.today { ", but only a little" } else { "" };
    let came_true = answer.realised.is_some_and(|realised| realised.low > 0.0);
    let model = if router.model.low > 0.0 {
        format!("Routing by this model would win {} more ({}).", of_100(router.model.value), between(router.model))
    } else if came_true {
        format!(
            "This model sees part of it; routing by it would win {} more, which may still be chance ({}).",
            of_100(router.model.value),
            between(router.model)
        )
    } else {
        "This model does not yet see enough of it: what it promises did not come true on later deals beyond chance."
            .to_owned()
    };
    format!(
        "Who works a lead matters{little}. Of what could be explained in {rests}, {} is the lead, {} the rep and {} the fit \
         of rep and segment. Were every rep to keep as many leads as today, perfect routing would win {} of 100 instead of \
         {}: {} more ({}). {model}",
        part(shares.lead),
        part(shares.rep),
        part(shares.rep_by_segment),
        of_100(router.today + router.ceiling.value),
        of_100(router.today),
        of_100(router.ceiling.value),
        between(router.ceiling),
    )
}
