//! Proof that an assignment is the best: prices under which nobody would rather be elsewhere (complementary slackness of
//! linear programming). It takes one look at each offer and does not need to trust the solver.

use super::{Assignment, Market};

/// What is wrong with an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It is not about this market.
    #[error("an assignment of {found} leads for a market of {wanted}")]
    OtherMarket {
        /// Leads of the assignment.
        found: usize,
        /// Leads of the market.
        wanted: usize,
    },
    /// A lead is with a rep who may not get it.
    #[error("lead {lead} is with rep {rep}, who may not get it")]
    NotOffered {
        /// The lead.
        lead: usize,
        /// The rep.
        rep: usize,
    },
    /// A rep has more leads than room.
    #[error("rep {rep} has {leads} leads and room for {room}")]
    Overfull {
        /// The rep.
        rep: usize,
        /// Leads given.
        leads: u32,
        /// Places.
        room: u32,
    },
    /// A price is below nothing.
    #[error("the price of rep {rep} is negative")]
    NegativePrice {
        /// The rep.
        rep: usize,
    },
    /// A place that is left over has a price.
    #[error("rep {rep} has room left, and a price")]
    PricedRoom {
        /// The rep.
        rep: usize,
    },
    /// A lead would rather be elsewhere at these prices.
    #[error("lead {lead} would rather be with rep {rep}")]
    Envy {
        /// The lead.
        lead: usize,
        /// The rep.
        rep: usize,
    },
    /// A lead is not worth the price of its place.
    #[error("lead {lead} is worth less than its place")]
    Loss {
        /// The lead.
        lead: usize,
    },
    /// The total is not the sum of the values.
    #[error("the total is not the sum of the values")]
    WrongTotal,
}

impl Assignment {
    /// Checks that the assignment keeps to the market and that both its lowest and its highest prices prove it optimal.
    pub fn prove(&self, market: &Market) -> Result<(), Flaw> {
        let (found, wanted) = (self.rep.len(), market.leads());
        if found != wanted || self.price.len() != market.room().len() {
            return Err(Flaw::OtherMarket { found, wanted });
        }
        let mut held = vec![0u32; market.room().len()];
        let mut total = 0i128;
        for (lead, rep) in self.rep.iter().enumerate() {
            let Some(rep) = *rep else { continue };
            total += i128::from(market.value(lead, rep).ok_or(Flaw::NotOffered { lead, rep })?);
            held[rep] += 1;
        }
        if total != self.total {
            return Err(Flaw::WrongTotal);
        }
        for (rep, (&leads, &room)) in held.iter().zip(market.room()).enumerate() {
            if leads > room {
                return Err(Flaw::Overfull { rep, leads, room });
            }
        }
        let lowest: Vec<i64> = self.price.iter().map(|price| price.one_more).collect();
        // Whoever has no room can be as dear as one likes.
        let highest: Vec<i64> = self.price.iter().map(|price| price.one_less.unwrap_or(i64::MAX)).collect();
        self.supported_by(market, &held, &lowest)?;
        self.supported_by(market, &held, &highest)
    }

    fn supported_by(&self, market: &Market, held: &[u32], price: &[i64]) -> Result<(), Flaw> {
        for (rep, &price) in price.iter().enumerate() {
            if price < 0 {
                return Err(Flaw::NegativePrice { rep });
            }
            if price > 0 && held[rep] < market.room()[rep] {
                return Err(Flaw::PricedRoom { rep });
            }
        }
        for (lead, own) in self.rep.iter().enumerate() {
            let net = |rep: usize, value: i64| value.saturating_sub(price[rep]);
            let own = own.and_then(|rep| market.value(lead, rep).map(|value| net(rep, value))).unwrap_or(0);
            if own < 0 {
                return Err(Flaw::Loss { lead });
            }
            if let Some(offer) = market.offers(lead).iter().find(|offer| net(offer.rep, offer.value) > own) {
                return Err(Flaw::Envy { lead, rep: offer.rep });
            }
        }
        Ok(())
    }
}
