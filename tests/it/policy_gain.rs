//! That the policy under capacity is worth more than giving leads in order of arrival, on the generated company's planted
//! truth. By how much, over 20 seeds and with its interval, says `cargo bench --bench policy`.

#[path = "../../benches/policy/days.rs"]
mod days;

use days::{Plan, Policy, play};

#[test]
fn prices_win_more_deals_than_greed_and_hindsight_more_than_prices() {
    let plan = Plan { places: 2, load: 0.9, days: 3, noise: 0.0 };
    let each = |policy: Policy| {
        let (deals, given) = (0..2)
            .map(|seed| play(seed, &plan, policy))
            .fold((0.0, 0.0), |(deals, given), outcome| (deals + outcome.deals, given + outcome.given as f64));
        deals / given
    };
    let (greedy, held, hindsight) = (each(Policy::Greedy), each(Policy::Held(6)), each(Policy::Hindsight));
    assert!(held > 1.02 * greedy, "{held} against {greedy}");
    assert!(hindsight > held, "{hindsight} against {held}");
    let alone = play(0, &Plan { days: 1, ..plan }, Policy::Priced);
    let greedy = play(0, &Plan { days: 1, ..plan }, Policy::Greedy);
    assert!(alone.given == greedy.given && alone.deals > 1.02 * greedy.deals, "{alone:?} against {greedy:?}");
}
