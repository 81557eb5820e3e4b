use proptest::prelude::*;

use super::*;
use crate::policy::assignment::nano;

fn lead(values: &[f64]) -> Vec<Offer> {
    values.iter().enumerate().map(|(rep, value)| Offer { rep, value: nano(*value) }).collect()
}

/// Half the leads suit Ana alone, half suit both.
fn ana_and_bob(leads: f64) -> Expected {
    let sample = (0..40).map(|i| if i % 2 == 0 { lead(&[0.4, 0.1]) } else { lead(&[0.32, 0.3]) }).collect();
    Expected { sample, leads }
}

#[test]
fn a_scarce_rep_is_dear_and_a_lead_that_others_can_win_goes_to_others() {
    let prices = prices(&[4, 40], &ana_and_bob(20.0));
    // Ten leads would rather have Ana by 30 points, four can.
    assert!((prices.reps[0].price - nano(0.3)).abs() < 10, "{prices:?}");
    assert_eq!(prices.reps[1].price, 0);
    let first = |lead: &[Offer]| net(lead, &prices)[0];
    assert_eq!((first(&lead(&[0.32, 0.3])).rep, first(&lead(&[0.5, 0.1])).rep), (1, 0));
    let words = prices.words(0, "Ana", "today").unwrap();
    assert_eq!(
        words,
        "Ana's slot costs 30.0 points: of 20 leads expected today, Ana is the best for 20.0 and has 4 places left"
    );
}

#[test]
fn what_nobody_will_miss_costs_nothing() {
    let idle = prices(&[40, 40], &ana_and_bob(20.0));
    assert!(idle.reps.iter().all(|rep| rep.price == 0));
    let words = idle.words(1, "Bob", "today").unwrap();
    assert_eq!(
        words,
        "Bob's slot costs nothing: of 20 leads expected today, Bob is the best for 0.0 and has 40 places left"
    );
    let evening = prices(&[1, 1], &ana_and_bob(0.0));
    assert_eq!(evening.reps[0].price, 0, "nobody comes any more");
    let unknown = prices(&[1, 1], &Expected { sample: vec![], leads: 30.0 });
    assert_eq!(unknown.reps[0].price, 0);
    assert!(unknown.words(0, "Ana", "today").unwrap().contains("no recent leads"));
    assert_eq!(prices(&[], &ana_and_bob(f64::NAN)).reps.len(), 0);
}

#[test]
fn a_price_is_what_the_leads_to_come_would_lose_and_not_what_another_place_would_win() {
    // One lead is expected. In six of eight draws at least one comes, in two more than one.
    let one = prices(&[1], &Expected { sample: vec![lead(&[0.4])], leads: 1.0 });
    assert_eq!(one.reps[0].price, nano(0.4) * 6 / 8);
}

#[test]
fn the_dearest_horizon_counts() {
    let (day, week) = (prices(&[4, 20], &ana_and_bob(20.0)), prices(&[40, 3], &ana_and_bob(60.0)));
    let both = Prices::dearest(&[day.clone(), week.clone()]).unwrap();
    assert_eq!(both.reps[0].price, day.reps[0].price.max(week.reps[0].price));
    assert_eq!(both.reps[1], if week.reps[1].price > 0 { week.reps[1] } else { day.reps[1] });
    assert_eq!(Prices::dearest(&[]), None);
}

#[test]
fn a_draw_meets_each_lead_before_any_comes_again() {
    for size in 1..60usize {
        let expected = Expected { sample: (0..size).map(|i| lead(&[i as f64])).collect(), leads: 1.0 };
        for draw in 0..8 {
            let mut seen: Vec<i64> = expected.draw(draw, size).iter().map(|lead| lead[0].value).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), size);
        }
    }
}

#[test]
fn a_lead_is_given_even_where_all_others_lose_by_it() {
    // Each lead has one rep whom it suits by far, and one who is worth less to it than their place costs.
    let worth = |rep: usize, value: f64| Offer { rep, value: nano(value) };
    let place = BidPrice { price: nano(0.3), places: 1, best_for: 1.0, would_get: 1.0 };
    for count in 1..20 {
        let found = Prices { reps: vec![place; count], expected: 1.0, sample: 1 };
        // The last can only have the first rep. Whoever loses them must go to the next, and so on until the end.
        let mut leads: Vec<Vec<Offer>> = (1..count).map(|rep| vec![worth(rep - 1, 0.6), worth(rep, 0.0)]).collect();
        leads.push(vec![worth(0, 0.0)]);
        let given: Vec<Option<usize>> = (1..count).chain([0]).map(Some).collect();
        assert_eq!(together(&leads, &found), given, "{count} leads, each with a place");
    }
}

#[test]
fn deals_of_any_size_go_where_they_are_worth_most_together() {
    let free = BidPrice { price: 0, places: 1, best_for: 1.0, would_get: 1.0 };
    let found = Prices { reps: vec![free; 2], expected: 1.0, sample: 1 };
    for size in [1e-6, 1.0, 1e3, 3e5, 4e5] {
        let (either, one) = (lead(&[size, 0.9 * size]), lead(&[0.8 * size, 0.0]));
        assert_eq!(together(&[either.clone(), one.clone()], &found), [Some(1), Some(0)], "{size}");
        assert_eq!(together(&[one, either], &found), [Some(0), Some(1)], "{size}");
        let (either, one) = (lead(&[0.9 * size, size]), lead(&[0.0, 0.8 * size]));
        assert_eq!(together(&[either.clone(), one.clone()], &found), [Some(0), Some(1)], "{size}");
        assert_eq!(together(&[one, either], &found), [Some(1), Some(0)], "{size}");
    }
}

fn world() -> impl Strategy<Value = (Vec<u32>, Expected)> {
    (1usize..7).prop_flat_map(|reps| {
        let lead = proptest::collection::vec(proptest::option::weighted(0.8, 0.0f64..0.6), reps);
        let lead = lead.prop_map(|row| {
            let offer = |(rep, value): (usize, Option<f64>)| value.map(|value| Offer { rep, value: nano(value) });
            row.into_iter().enumerate().filter_map(offer).collect::<Vec<_>>()
        });
        let expected = (proptest::collection::vec(lead, 1..40), 0.0f64..40.0);
        let expected = expected.prop_map(|(sample, leads)| Expected { sample, leads });
        (proptest::collection::vec(0u32..6, reps), expected)
    })
}

proptest! {
    #[test]
    fn a_price_is_at_most_what_the_best_lead_is_worth_and_room_makes_it_no_dearer((room, expected) in world()) {
        let found = prices(&room, &expected);
        let best = expected.sample.iter().flatten().map(|offer| offer.value).max().unwrap_or(0);
        let roomier: Vec<u32> = room.iter().map(|places| places + 1).collect();
        for (tight, loose) in found.reps.iter().zip(&prices(&roomier, &expected).reps) {
            prop_assert!((0..=best).contains(&tight.price));
            prop_assert!(tight.places == 0 || loose.price <= tight.price);
            prop_assert!(tight.would_get <= f64::from(tight.places));
        }
        prop_assert_eq!(&prices(&room, &expected), &found);
        let stored = serde_json::to_string(&found).unwrap();
        prop_assert_eq!(serde_json::from_str::<Prices>(&stored).unwrap(), found);
    }

    /// Given together, as many leads are given as can be, and one alone goes where it would go alone.
    #[test]
    fn together_as_many_as_there_is_room_for((room, expected) in world(), leads in 0usize..12) {
        let found = prices(&room, &expected);
        let leads = &expected.sample[..leads.min(expected.sample.len())];
        let given = together(leads, &found);
        let mut count = Market::new(room.clone());
        for lead in leads {
            count.push(lead.iter().map(|offer| Offer { value: 1, ..*offer }));
        }
        prop_assert_eq!(given.iter().flatten().count() as i128, assign(&count).total);
        for (rep, places) in room.iter().enumerate() {
            prop_assert!(given.iter().flatten().filter(|given| **given == rep).count() <= *places as usize);
        }
        for lead in leads {
            let alone = together(std::slice::from_ref(lead), &found)[0];
            let first = net(lead, &found).first().map(|first| first.net);
            prop_assert_eq!(alone.and_then(|rep| net(lead, &found).iter().find(|n| n.rep == rep).map(|n| n.net)), first);
        }
    }

    /// The short way gives what the long one gives; with values that are often equal, because that is where they might part.
    #[test]
    fn first_choices_are_what_competition_comes_to((room, expected) in world(), leads in 0usize..12, steps in 1i64..4) {
        let found = prices(&room, &expected);
        let coarse = |offers: &Vec<Offer>| -> Vec<Offer> {
            let value = |offer: &Offer| offer.value * steps / nano(0.6) * nano(0.6) / steps;
            offers.iter().map(|offer| Offer { value: value(offer), ..*offer }).collect()
        };
        let leads: Vec<Vec<Offer>> = expected.sample.iter().take(leads).map(coarse).collect();
        if let Some(first) = first_choices(&leads, &found) {
            prop_assert_eq!(first, compete(&leads, &found));
        }
    }

    #[test]
    fn a_stranger_changes_neither_price_nor_order((room, expected) in world(), theirs in 0u32..4) {
        let before = prices(&room, &expected);
        let mut with = room.clone();
        with.push(theirs);
        let after = prices(&with, &expected);
        prop_assert_eq!(&after.reps[..room.len()], &before.reps[..]);
        for offers in &expected.sample {
            let order = net(offers, &before);
            prop_assert_eq!(&net(offers, &after), &order);
            prop_assert!(order.iter().all(|net| room[net.rep] > 0));
            prop_assert!(order.windows(2).all(|pair| pair[0].net >= pair[1].net));
        }
    }
}
