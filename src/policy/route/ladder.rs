//! The ladder: the first rung that has an answer decides.

use super::claim::Claimed;
use super::field::Field;
use super::{
    BelowMargin, Candidate, Desk, Fairness, Gates, Heat, Moment, Outcome, Path, Prepared, Rung, Scored, Standing, Step,
    Together, Who, Why,
};
use crate::domain::ids::RepId;
use crate::domain::ranking::{RankedRep, Ranking};
use crate::domain::recommendation::{Recommendation, Route, RouteReason};
use crate::policy::company::Found;
use crate::policy::recommend::{Choice, empty_pool, technical_failure};
use crate::policy::rules::{Effect, Kind};
use crate::policy::subject::Subject;

/// Decides, once the model has scored the pool and the legacy owner, or failed to.
pub fn conclude(
    subject: &Subject,
    prepared: &Prepared,
    scored: &Scored<'_>,
    moment: &Moment<'_>,
    desk: &Desk<'_>,
) -> Outcome {
    let mut ladder = Ladder::new(subject, prepared, *scored, moment, desk);
    let recommendation = ladder.climb();
    ladder.outcome(recommendation)
}

/// Decides about a lead by itself, and says what it brings to a round of leads that are given together: nothing if it is not
/// the model that gives it.
pub fn weigh(
    subject: &Subject,
    prepared: &Prepared,
    scored: &Scored<'_>,
    moment: &Moment<'_>,
    desk: &Desk<'_>,
) -> (Outcome, Option<Candidate>) {
    let mut ladder = Ladder::new(subject, prepared, *scored, moment, desk);
    let recommendation = ladder.climb();
    let field = ladder.field.take().filter(|_| desk.cleared);
    let outcome = ladder.outcome(recommendation);
    let field = field.filter(|_| outcome.path.taken().is_some_and(|step| step.rung == Rung::Model));
    let candidate = field.map(|field| Candidate {
        lead: subject.lead_id.clone(),
        offers: field.offers(moment),
        shares: moment.shares(&prepared.pool),
        deadline: desk.settings.sla_deadline(&subject.facts),
        urgent: outcome.path.heat.is_hot(),
    });
    (outcome, candidate)
}

/// The same as [`conclude`] of a lead that was weighed by itself, now that it is known how the leads of the moment are given.
/// `moment` differs from the one it was weighed in by its round alone.
pub fn settle(
    alone: Outcome,
    subject: &Subject,
    prepared: &Prepared,
    scored: &Scored<'_>,
    moment: &Moment<'_>,
    desk: &Desk<'_>,
) -> Outcome {
    let round = moment.situation.round.as_ref().filter(|_| desk.cleared);
    let given = round.and_then(|round| Some((round, round.reps.get(&subject.lead_id)?)));
    let Some((round, given)) = given else { return alone };
    let by_model = alone.path.taken().is_some_and(|step| step.rung == Rung::Model);
    match (given, &alone.recommendation.route) {
        (Some(rep), Route::AssignRep(pick)) if by_model && rep == pick => {
            let path = Path { round: Some(round.of_lead(None)), ..alone.path };
            Outcome { path, ..alone }
        }
        _ => conclude(subject, prepared, scored, moment, desk),
    }
}

/// What a rung says.
enum Answer {
    /// Where the lead goes, and why.
    Decided(Recommendation, Why),
    /// Why it does not decide.
    Not(Why),
}

type Ask<'a> = fn(&mut Ladder<'a>) -> Answer;

pub(super) struct Ladder<'a> {
    pub(super) subject: &'a Subject,
    pub(super) prepared: &'a Prepared,
    scored: Scored<'a>,
    pub(super) moment: &'a Moment<'a>,
    desk: &'a Desk<'a>,
    /// The first claim that could not be met: why, and whose.
    waiting: Option<(Who, String)>,
    /// Why it is the round robin's turn although nobody has a claim.
    turn: Option<String>,
    /// What the model's rung gives to the manager.
    refused: Option<Recommendation>,
    steps: Vec<Step>,
    fairness: Option<Fairness>,
    unsupported: Vec<RepId>,
    pricing: Option<super::Pricing>,
    round: Option<Together>,
    gates: Gates,
    /// Whom the model's rung chose among.
    field: Option<Field<'a>>,
}

impl<'a> Ladder<'a> {
    fn new(
        subject: &'a Subject,
        prepared: &'a Prepared,
        scored: Scored<'a>,
        moment: &'a Moment<'a>,
        desk: &'a Desk<'a>,
    ) -> Self {
        Self {
            subject,
            prepared,
            scored,
            moment,
            desk,
            waiting: None,
            turn: None,
            refused: None,
            steps: Vec::new(),
            fairness: None,
            unsupported: Vec::new(),
            pricing: None,
            round: None,
            gates: Gates {
                confidence: desk.settings.confidence_gate,
                cleared: desk.cleared,
                high_value: moment.policy.book().sections().high_value.amount,
                ..Gates::default()
            },
            field: None,
        }
    }

    fn climb(&mut self) -> Recommendation {
        let rungs: [(Rung, Ask<'a>); 7] = [
            (Rung::StrategicRule, Self::strategic),
            (Rung::AccountOwner, Self::account),
            (Rung::PartnerRoute, Self::partner),
            (Rung::Exception, Self::exception),
            (Rung::Model, Self::model),
            (Rung::RoundRobin, Self::round_robin),
            (Rung::ManagerQueue, Self::manager),
        ];
        for (rung, ask) in rungs {
            match ask(self) {
                Answer::Decided(recommendation, why) => {
                    self.steps.push(Step { rung, taken: true, why });
                    return recommendation;
                }
                Answer::Not(why) => self.steps.push(Step { rung, taken: false, why }),
            }
        }
        self.steps.push(Step { rung: Rung::DefaultQueue, taken: true, why: Why::Failed });
        technical_failure(self.scored.err().unwrap_or("no rung of the ladder decided"), self.desk.queues)
    }

    fn strategic(&mut self) -> Answer {
        let claimed = self.by_rule(Kind::Strategic);
        self.claimed(claimed, RouteReason::StrategicRule)
    }

    fn account(&mut self) -> Answer {
        let claimed = self.by_company();
        self.claimed(claimed, RouteReason::AccountOwner)
    }

    fn partner(&mut self) -> Answer {
        let claimed = self.by_rule(Kind::Partner);
        self.claimed(claimed, RouteReason::PartnerRoute)
    }

    fn claimed(&mut self, claimed: Claimed, reason: RouteReason) -> Answer {
        let (route, gap, why) = match claimed {
            Claimed::Rep(claim) => {
                let id = claim.who.id.clone();
                let gap = self.gap(Some(&id));
                (Route::AssignRep(id), gap, Why::Claimed { claim })
            }
            Claimed::Queue(by, queue) => (Route::Queue(queue.clone()), None, Why::ToQueue { by, queue }),
            Claimed::Not(why) => {
                if let (None, Why::Unavailable { claim, .. }) = (&self.waiting, &why) {
                    self.waiting = Some((claim.who.clone(), why.to_string()));
                }
                return Answer::Not(why);
            }
        };
        Answer::Decided(Recommendation { route, reason, explanation: why.to_string(), gap }, why)
    }

    fn exception(&mut self) -> Answer {
        let amount = self.subject.facts.amount;
        let large = amount.zip(self.gates.high_value).filter(|(amount, from)| amount >= from);
        let asking: Vec<_> = self.prepared.firing.applying(Kind::Exception).collect();
        let one_rep = self.moment.policy.book().sections().company.one_rep && !self.moment.policy.is_plain();
        let (reason, why) = match (asking.as_slice(), large, &self.subject.owners) {
            ([first, ..], ..) => {
                let rules = asking.iter().map(|fired| fired.rule.clone()).collect();
                (RouteReason::ExceptionRule, Why::AskedFor { rules, reason: first.reason.clone() })
            }
            (_, Some((amount, from)), _) => (RouteReason::HighValue, Why::LargeAmount { amount, from }),
            (_, _, Found::Ambiguous { records }) if one_rep => {
                (RouteReason::AccountConflict, Why::Conflict { records: records.clone() })
            }
            _ => return Answer::Not(Why::NotAsked),
        };
        let route = Route::ManagerQueue(self.desk.queues.manager.clone());
        Answer::Decided(Recommendation { route, reason, explanation: why.to_string(), gap: self.gap(None) }, why)
    }

    fn model(&mut self) -> Answer {
        if let Some((who, _)) = &self.waiting {
            return Answer::Not(Why::ClaimStands { who: who.clone() });
        }
        let ranking = match self.scored {
            Ok(ranking) => ranking,
            Err(what) => return Answer::Not(Why::NoScores { what: what.to_owned() }),
        };
        let pool = &self.prepared.pool;
        if pool.eligible.is_empty() {
            self.refused = Some(empty_pool(pool.excluded.len(), self.desk.queues));
            return Answer::Not(Why::EmptyPool);
        }
        let field = Field::of(ranking, self.subject, self.prepared, self.moment, self.desk);
        self.unsupported.clone_from(&field.unsupported);
        let (Some(pick), Some(best)) = (field.pick, field.best) else {
            let why = Why::NobodyKnown { of: pool.eligible.len(), passed_over: field.passed_over };
            self.turn = Some(why.to_string());
            self.fairness = field.fairness;
            return Answer::Not(why);
        };
        let margin = field.margin(self.moment.policy.book().sections().margin.points);
        self.gates.best = Some(best.p_win);
        self.gates.margin = margin.filter(|_| self.desk.cleared);
        let (legacy, cleared) = (self.desk.legacy, self.desk.cleared);
        let choice = Choice { pick, best, of: field.reps.len(), ranking, legacy, cleared };
        self.fairness.clone_from(&field.fairness);
        self.pricing.clone_from(&field.pricing);
        if let Some(low) = choice.low_confidence(self.desk.queues, self.desk.settings) {
            self.refused = Some(low);
            return Answer::Not(Why::LowConfidence { best: best.p_win, gate: self.gates.confidence });
        }
        let close = self.gates.margin.as_ref().filter(|margin| margin.is_close());
        if let Some(close) = close
            && self.moment.policy.book().sections().margin.below == BelowMargin::Manager
        {
            let why = Why::TooClose { found: close.found, wanted: close.wanted.unwrap_or_default() };
            let route = Route::ManagerQueue(self.desk.queues.manager.clone());
            let (reason, explanation, gap) = (RouteReason::LowMargin, why.to_string(), choice.gap(best));
            self.refused = Some(Recommendation { route, reason, explanation, gap });
            return Answer::Not(why);
        }
        let Some(pick) = self.together(&field, pick) else {
            let why = Why::NoPlace { of: field.reps.len() };
            let mut refused = empty_pool(pool.excluded.len(), self.desk.queues);
            refused.explanation = why.to_string();
            self.refused = Some(refused);
            return Answer::Not(why);
        };
        let choice = Choice { pick, ..choice };
        let first = ranking.best().filter(|first| first.rep_id != pick.rep_id);
        let instead_of = first.map(|first| self.moment.who(&first.rep_id));
        let mut recommendation = choice.recommendation();
        self.add_remarks(&mut recommendation.explanation, instead_of.as_ref(), ranking);
        let who = self.moment.who(&pick.rep_id);
        let why = Why::Chosen { who, p_win: pick.p_win, of: field.reps.len(), instead_of };
        self.field = Some(field);
        Answer::Decided(recommendation, why)
    }

    /// Whom the lead goes to, where others are given at the same moment; else `alone`. `None` if no place is left for it.
    fn together<'r>(&mut self, field: &Field<'r>, alone: &'r RankedRep) -> Option<&'r RankedRep> {
        let round = self.moment.situation.round.as_ref().filter(|_| self.desk.cleared);
        let given = round.and_then(|round| Some((round, round.reps.get(&self.subject.lead_id)?)));
        let Some((round, given)) = given else { return Some(alone) };
        let rep = given.as_ref()?;
        let pick = field.reps.iter().map(|one| one.rep).find(|one| one.rep_id == *rep).unwrap_or(alone);
        let moved = pick.rep_id != alone.rep_id;
        if moved {
            // How far the first is before the second says nothing of whoever gets it now.
            self.gates.margin = None;
        }
        self.round = Some(round.of_lead(moved.then(|| self.moment.who(&alone.rep_id))));
        Some(pick)
    }

    /// Why it is not the model's first, and how close it was.
    fn add_remarks(&self, explanation: &mut String, first: Option<&Who>, ranking: &Ranking) {
        let mut remarks = Vec::new();
        if let Some(first) = first {
            let fairness = self.fairness.as_ref().and_then(|fairness| fairness.words(&first.id, &first.name));
            let round = || self.round.as_ref().and_then(|round| round.words(&first.id));
            let pricing = || self.pricing.as_ref().and_then(|pricing| pricing.words(&first.id, &first.name));
            remarks.extend(fairness.or_else(round).or_else(pricing).or_else(|| {
                let support = ranking.of(&first.id)?.support;
                let (deals, similar) = (support.deals, support.similar_deals);
                Some(format!("{} is passed over: the model knows {similar} of {deals} deals like this.", first.name))
            }));
        }
        if let Some(close) = self.gates.margin.as_ref().filter(|margin| margin.is_close()) {
            let next = self.moment.who(&close.next);
            remarks.push(format!("It was close: {:.1} points before {}.", close.found * 100.0, next.name));
        }
        for remark in remarks {
            explanation.push(' ');
            explanation.push_str(&remark);
        }
    }

    fn round_robin(&mut self) -> Answer {
        let pool = &self.prepared.pool;
        let (reason, because) = match (&self.waiting, &self.turn) {
            (Some((_, because)), _) => (RouteReason::RoundRobinUnavailable, because.clone()),
            (None, Some(because)) => (RouteReason::RoundRobinUnsupported, because.clone()),
            (None, None) => return Answer::Not(Why::NotNeeded),
        };
        // Whoever has the claim may be in the pool all the same, and be unavailable only for it.
        let claims: Vec<&RepId> = self.steps.iter().filter_map(Step::unavailable).map(|who| &who.id).collect();
        let mut turns = self.moment.situation.ledger.turns(&self.moment.stakes(pool));
        turns.retain(|turn| !claims.contains(&&turn.rep));
        let of = turns.len();
        let Some(next) = turns.first() else { return Answer::Not(Why::EmptyPool) };
        let (id, why) = (next.rep.clone(), Why::Turn { who: self.moment.who(&next.rep), balance: next.balance, of });
        let bound = self.moment.policy.book().sections().fairness.bound();
        let passed_over = self.fairness.take().map(|fairness| fairness.passed_over).unwrap_or_default();
        self.fairness = Some(Fairness { bound, passed_over, nobody_below: false, turns });
        let gap = self.gap(Some(&id));
        let explanation = format!("{because} {why}");
        Answer::Decided(Recommendation { route: Route::AssignRep(id), reason, explanation, gap }, why)
    }

    fn manager(&mut self) -> Answer {
        if let Some(refused) = self.refused.take() {
            return Answer::Decided(refused, Why::NobodyChosen);
        }
        match (&self.waiting, self.scored) {
            (Some((_, because)), _) => {
                let mut empty = empty_pool(self.prepared.pool.excluded.len(), self.desk.queues);
                empty.explanation = format!("{because} {}", empty.explanation);
                Answer::Decided(empty, Why::NobodyChosen)
            }
            (None, Err(what)) => Answer::Not(Why::NoScores { what: what.to_owned() }),
            // Nobody of the pool is in the ranking.
            (None, Ok(_)) => {
                Answer::Decided(empty_pool(self.prepared.pool.excluded.len(), self.desk.queues), Why::NobodyChosen)
            }
        }
    }

    /// What a rep (or where none is given, the best) is ahead of the legacy owner, where the model may say so.
    fn gap(&self, rep: Option<&RepId>) -> Option<f64> {
        let ranking = self.scored.ok().filter(|_| self.desk.cleared)?;
        let rep = rep.map_or_else(|| ranking.best(), |rep| ranking.of(rep))?;
        let legacy = self.desk.legacy.rep().and_then(|legacy| ranking.of(legacy))?;
        Some(rep.p_win - legacy.p_win)
    }

    fn heat(&self) -> Heat {
        let ranked = self.scored.ok().and_then(|ranking| ranking.lead_score.as_ref()).map(|score| score.score);
        let above = self.desk.settings.hot_score;
        let Some(score) = ranked.or(self.subject.score) else { return Heat::NoScore };
        if score <= above {
            return Heat::LowScore { score, above };
        }
        let rules: Vec<String> = self.prepared.firing.applying(Kind::Hot).map(|fired| fired.rule.clone()).collect();
        if rules.is_empty() {
            let any_rules = self.moment.policy.book().rules().iter().any(|rule| rule.kind() == Kind::Hot);
            return Heat::NoIntent { score, any_rules };
        }
        Heat::Hot { score, above, rules }
    }

    fn standings(&self, recommendation: &Recommendation) -> Vec<Standing> {
        if self.moment.policy.is_plain() {
            return Vec::new();
        }
        let deadline = self.desk.settings.sla_deadline(&self.subject.facts);
        let owner = recommendation.route.owner();
        let mut reps: Vec<&RepId> = owner.rep().into_iter().chain(self.desk.legacy.rep()).collect();
        reps.dedup();
        reps.into_iter()
            .filter(|rep| self.moment.room(rep).is_some())
            .map(|rep| Standing {
                rep: rep.clone(),
                room: self.moment.room(rep).cloned(),
                slot: self.moment.knows_time_of(rep).then(|| self.moment.slot(rep, deadline)),
            })
            .collect()
    }

    fn outcome(self, recommendation: Recommendation) -> Outcome {
        let (heat, standings) = (self.heat(), self.standings(&recommendation));
        let source = self.prepared.firing.first(Kind::Partner).and_then(|fired| match &fired.effect {
            Effect::Partner { source, .. } => source.clone(),
            _ => None,
        });
        let pool = self.scored.is_err().then(|| self.prepared.pool.clone());
        let path = Path {
            rules: self.prepared.firing.clone(),
            needs: self.prepared.needs.clone(),
            rungs: self.steps,
            heat,
            gates: self.gates,
            source,
            duplicates: self.subject.duplicates.clone(),
            fairness: self.fairness,
            unsupported: self.unsupported,
            pricing: self.pricing,
            round: self.round,
            standings,
            pool,
        };
        Outcome { recommendation, path }
    }
}

impl Step {
    /// Whoever has a claim that this rung could not meet.
    pub(super) fn unavailable(&self) -> Option<&Who> {
        match &self.why {
            Why::Unavailable { claim, .. } => Some(&claim.who),
            _ => None,
        }
    }
}
