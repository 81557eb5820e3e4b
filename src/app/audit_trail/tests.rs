use super::*;

fn event() -> StoredEvent {
    StoredEvent {
        id: 1,
        at: 2,
        actor: "dana".into(),
        what: "decision.taken".into(),
        lead_id: Some("00Q1".into()),
        trace_id: None,
        details: "{}".into(),
    }
}

#[test]
fn every_field_of_a_record_is_in_its_hash_and_no_two_run_together() {
    let first = content(&event());
    let others = [
        StoredEvent { at: 3, ..event() },
        StoredEvent { actor: "dan".into(), what: "adecision.taken".into(), ..event() },
        StoredEvent { what: "decision.undone".into(), ..event() },
        StoredEvent { lead_id: None, ..event() },
        StoredEvent { lead_id: None, trace_id: Some("00Q1".into()), ..event() },
        StoredEvent { trace_id: Some(String::new()), ..event() },
        StoredEvent { details: "{ }".into(), ..event() },
    ];
    for other in others {
        assert_ne!(content(&other), first, "{other:?}");
    }
    // The number is the store's own: a copy of the store may give another.
    assert_eq!(content(&StoredEvent { id: 9, ..event() }), first);
}

#[test]
fn the_hashes_are_the_ones_that_were_written_down() {
    // Computed apart from this program; chains that exist must stay valid.
    let first = seal(&event(), None);
    assert_eq!(first.content, "9d750ddecb7c05c89c55ab7f33af3e516813b59012d5760ab3be2ba7126eb2f6");
    assert_eq!(first.link, "b7e6186cf3bd44ae0507a4dd184b7e7ae1d07a8730ab1520641890bcfbeee2fc");
}

#[test]
fn a_seal_rests_on_the_one_before() {
    let first = seal(&event(), None);
    let second = seal(&event(), Some(&first));
    assert_eq!((first.seq, second.seq), (1, 2));
    assert_eq!(first.content, second.content);
    assert_ne!(first.link, second.link);
    let other = Seal { link: "0".repeat(64), ..first };
    assert_ne!(seal(&event(), Some(&other)).link, second.link);
}

#[test]
fn a_head_survives_as_text_and_nothing_else_is_one() {
    let head = Head { seq: 12, link: "ab".repeat(32) };
    assert_eq!(head.to_string().parse::<Head>(), Ok(head));
    for wrong in ["", "12", "12:", "x:00", &format!("0:{}", "ab".repeat(32)), &format!("1:{}", "xy".repeat(32))] {
        assert!(wrong.parse::<Head>().is_err(), "{wrong:?}");
    }
}
