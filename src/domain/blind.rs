//! The blind sample: the few leads for which a manager chooses before the model's choice is shown.
//!
//! Whoever sees a recommendation first tends to follow it. What that does can only be measured where nobody has seen it: by
//! comparing how often managers choose the same rep blind with how often they do so with the name before their eyes. Choosing
//! first costs time and people dislike it, so the sample is small, says what it is, and is taken only from leads on which
//! the model and the legacy rules disagree, where there is something to follow.

use super::ids::LeadId;
use super::lane::Lane;
use super::lead::LeadState;
use super::recommendation::RouteReason;

/// Whether a lead belongs to the sample. The id alone decides, so it does for every manager and every terminal, and no
/// sooner or later; `share` (0 to 1) is how many do.
pub fn in_sample(lead: &LeadId, share: f64) -> bool {
    // FNV-1a, and the last step of SplitMix64, because ids that follow each other differ in their last letters.
    let mut hash = lead
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^= hash >> 31;
    ((hash >> 11) as f64) < share * (1_u64 << 53) as f64
}

/// Whether what is recommended for a lead is not to be shown before somebody chose. Who has a claim by a rule or an account is
/// always shown: nobody could know that, and it is not the model that is followed there.
pub fn hides(lead: &LeadId, state: LeadState, (lane, reason): (Option<Lane>, Option<RouteReason>), share: f64) -> bool {
    let models = reason.is_some_and(RouteReason::is_models_own);
    state == LeadState::InLane && lane == Some(Lane::Disagree) && models && in_sample(lead, share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_the_share_belongs_to_it_and_always_the_same() {
        let ids: Vec<LeadId> = (0..20_000).map(|n| LeadId::new(format!("00QLb0000000{n:05}MAQ"))).collect();
        for share in [0.01, 0.05, 0.5] {
            let n = ids.iter().filter(|id| in_sample(id, share)).count() as f64;
            let expected = share * 20_000.0;
            // Five standard deviations.
            assert!((n - expected).abs() < 5.0 * (expected * (1.0 - share)).sqrt(), "{n} of {expected}");
        }
        assert!(ids.iter().all(|id| !in_sample(id, 0.0) && in_sample(id, 1.0)));
        // Whoever belongs to a small sample belongs to a bigger one: changing the share moves no lead without need.
        assert!(ids.iter().filter(|id| in_sample(id, 0.05)).all(|id| in_sample(id, 0.1)));
    }

    #[test]
    fn only_open_leads_on_which_the_model_disagrees_hide_anything() {
        let id = LeadId::new("L");
        let hides = |state, lane, reason| hides(&id, state, (Some(lane), Some(reason)), 1.0);
        assert!(hides(LeadState::InLane, Lane::Disagree, RouteReason::ModelPick));
        assert!(!hides(LeadState::InLane, Lane::Fast, RouteReason::ModelPick));
        assert!(!hides(LeadState::Decided, Lane::Disagree, RouteReason::ModelPick));
        assert!(!hides(LeadState::InLane, Lane::Disagree, RouteReason::AccountOwner), "the account is not the model");
    }
}
