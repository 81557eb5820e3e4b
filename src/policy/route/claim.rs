//! Who has a claim on a lead, and whether they are there to take it.

use super::ladder::Ladder;
use super::{Claim, Proof, Unavailable, Why};
use crate::domain::ids::RepId;
use crate::domain::lead::Owner;
use crate::domain::pool::Exclusion;
use crate::policy::company::Found;
use crate::policy::rules::{Destination, Effect, Fired, Kind};

/// What a rung that knows of a claim comes to.
pub(super) enum Claimed {
    /// This rep gets the lead.
    Rep(Claim),
    /// The lead goes there.
    Queue(Proof, crate::domain::ids::QueueId),
    /// The rung does not decide.
    Not(Why),
}

impl Ladder<'_> {
    /// What the first rule of a kind says.
    pub(super) fn by_rule(&self, kind: Kind) -> Claimed {
        let Some(fired) = self.prepared.firing.first(kind) else { return Claimed::Not(Why::NoRule) };
        let by = proof(fired);
        let (Effect::Strategic { to } | Effect::Partner { to, .. }) = &fired.effect else {
            return Claimed::Not(Why::NoRule);
        };
        match to {
            Destination::Rep { id } => self.available(Claim { who: self.moment.who(id), by }, kind == Kind::Strategic),
            Destination::Queue { id } => Claimed::Queue(by, id.clone()),
            Destination::Reps => Claimed::Not(Why::Narrows { rule: fired.rule.clone() }),
            Destination::Nobody { .. } => Claimed::Not(Why::NoRule),
        }
    }

    /// Who works with the company already.
    pub(super) fn by_company(&self) -> Claimed {
        let policy = self.moment.policy;
        if policy.is_plain() || !policy.book().sections().company.one_rep {
            return Claimed::Not(Why::NotSet);
        }
        let account = self.subject.account.as_ref();
        let owner = account.and_then(|account| {
            // The record says in what it and the lead are the same.
            let by = match &self.subject.owners {
                Found::One { record } if record.id == account.id => Proof::Record { record: record.clone() },
                _ => Proof::Account { id: account.id.clone(), name: account.name.clone() },
            };
            Some((account.owner.as_ref().and_then(Owner::rep)?, by))
        });
        let claim = match (owner, &self.subject.owners) {
            (_, Found::Ambiguous { .. }) => return Claimed::Not(Why::Disputed),
            (Some((rep, by)), _) => Claim { who: self.moment.who(rep), by },
            (None, found @ Found::One { record }) => match found.rep() {
                Some(rep) => Claim { who: self.moment.who(rep), by: Proof::Record { record: record.clone() } },
                None => return Claimed::Not(self.nobody()),
            },
            (None, Found::Nothing) => return Claimed::Not(self.nobody()),
        };
        // Whoever has left holds no promise that others would have to stand in for: the lead is free.
        if self.moment.is_active(&claim.who.id) {
            self.available(claim, true)
        } else {
            Claimed::Not(Why::OwnerGone { claim })
        }
    }

    /// Nobody is known to work with the company: for want of an answer, or because nobody does.
    fn nobody(&self) -> Why {
        match &self.subject.unanswered {
            Some(what) => Why::Unanswered { what: what.clone() },
            None => Why::NoOwner,
        }
    }

    /// Whether somebody with a claim can take the lead. A strong claim stands even where they are not eligible.
    fn available(&self, claim: Claim, strong: bool) -> Claimed {
        let why = self.in_the_way(&claim.who.id, strong);
        if why.is_empty() { Claimed::Rep(claim) } else { Claimed::Not(Why::Unavailable { claim, why }) }
    }

    /// What keeps a lead from a rep who has a claim on it. That they would be the wrong one otherwise (territory, language,
    /// skill) does not count against a strong claim: it is why they get the lead.
    fn in_the_way(&self, rep: &RepId, strong: bool) -> Vec<Exclusion> {
        let settings = self.moment.policy.book().sections().claim;
        let pool = &self.prepared.pool;
        let noted = pool.notes.iter().filter(|(id, _)| id == rep).map(|(_, why)| why);
        let counts = |why: &&Exclusion| match why {
            Exclusion::Inactive | Exclusion::OnLeave { .. } | Exclusion::HadLead { .. } => true,
            Exclusion::NoRoom { .. } => settings.full == Unavailable::Pass,
            Exclusion::Holiday { .. } | Exclusion::OutsideHours { .. } => settings.closed == Unavailable::Pass,
            _ => !strong,
        };
        let mut why: Vec<Exclusion> = pool.reasons(rep).chain(noted).filter(counts).cloned().collect();
        // A rule may name a user who is no rep, of whom the pool says nothing.
        if why.is_empty() && !self.moment.is_active(rep) {
            let active = self.moment.policy.directory().person(rep.as_str()).is_ok_and(|person| person.active);
            why.extend((!active).then_some(Exclusion::Inactive));
        }
        why
    }
}

/// A rule as what says where the lead goes.
pub(super) fn proof(fired: &Fired) -> Proof {
    Proof::Rule { name: fired.rule.clone(), reason: fired.reason.clone() }
}
