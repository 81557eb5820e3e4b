use strum::VariantArray;

use super::*;

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

#[test]
fn the_bundled_keymap_is_valid_and_binds_every_action() {
    let map = Keymap::bundled().unwrap();
    for action in Action::all() {
        assert!(map.bindings.iter().any(|(_, a, _)| *a == action), "{} has no key", action.name());
    }
}

#[test]
fn action_names_parse_both_ways() {
    for action in Action::all() {
        assert_eq!(action.name().parse(), Ok(action));
    }
}

#[test]
fn ctrl_c_quits_from_every_place() {
    let map = Keymap::bundled().unwrap();
    for place in Place::VARIANTS {
        assert_eq!(map.action(*place, key("ctrl-c")), Some(Action::QuitNow), "{place:?}");
    }
}

#[test]
fn a_letter_in_a_text_field_is_no_action() {
    let map = Keymap::bundled().unwrap();
    for letter in 'a'..='z' {
        for place in [Place::Finder, Place::Note, Place::Menu] {
            assert_eq!(map.action(place, key(&letter.to_string())), None, "{letter} in {place:?}");
        }
    }
}

#[test]
fn shift_is_in_the_character() {
    let event = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
    assert_eq!(Keymap::bundled().unwrap().action(Place::Queue, Key::of(event)), Some(Action::Bottom));
}

#[test]
fn bad_files_are_refused_with_the_line() {
    let refused = |text: &str| Keymap::parse(text).unwrap_err().to_string();
    assert_eq!(refused("[judge]\nbless = [\"a\"]"), "line 2: no action is called bless");
    assert!(refused("\n[nowhere]\nup = [\"k\"]").starts_with("line 2: no place is called [nowhere]; there are: judge"));
    assert_eq!(
        refused("[list]\nup = [\n  \"hyper-k\"]"),
        "line 3: not the name of a key, for example a, ctrl-n, f2 or enter"
    );
    assert_eq!(refused("[list]\nup = [\"x\"]\ndown = [\"x\"]"), "line 3: x already means up in [list], line 2");
    assert_eq!(
        refused("[list]\nup = [\"k\"]\n[judge]\nkeep-legacy = [\"k\"]"),
        "line 2: k (up in [list]) can never be reached, because [judge] uses it too, line 4"
    );
    assert!(refused("[list").starts_with("line 1: not valid TOML"));
}

#[test]
fn help_follows_the_map() {
    let map = Keymap::parse("[judge]\napprove = [\"y\"]\noverride-2 = [\"2\"]\noverride-3 = [\"3\"]").unwrap();
    assert_eq!(map.key_for(Place::Queue, Action::Approve).as_deref(), Some("y"));
    let help = map.help(Place::Lead);
    assert_eq!(help[0].1[0], ("y".into(), "approve: do what is recommended".into()));
    assert_eq!(help[0].1[1].0, "2-3");
}

#[test]
fn a_file_changes_what_it_names_and_nothing_else() {
    let map = Keymap::read("[judge]\napprove = [\"Y\"]\n[screen]\nrefresh = []").unwrap();
    assert_eq!(map.action(Place::Queue, key("Y")), Some(Action::Approve));
    assert_eq!(map.action(Place::Queue, key("a")), None, "the old key is free");
    assert_eq!(map.action(Place::Queue, key("ctrl-l")), None, "no key is a choice as well");
    assert_eq!(map.action(Place::Queue, key("k")), Some(Action::KeepLegacy));
    assert_eq!(map.key_for(Place::Lead, Action::Approve).as_deref(), Some("Y"), "the footer follows");
}

#[test]
fn the_vim_keymap_moves_as_hands_expect_and_loses_no_action() {
    let map = Keymap::named("vim").unwrap().unwrap();
    for (name, action) in [("j", Action::Down), ("k", Action::Up), ("K", Action::KeepLegacy), ("l", Action::NextLane)] {
        assert_eq!(map.action(Place::Queue, key(name)), Some(action), "{name}");
    }
    for action in Action::all() {
        assert!(map.bindings.iter().any(|(_, a, _)| *a == action), "{} has no key", action.name());
    }
    assert!(Keymap::named("emacs").is_none());
}

#[test]
fn a_file_that_catches_or_hides_something_is_refused() {
    let refused = |text: &str| Keymap::read(text).unwrap_err().to_string();
    assert_eq!(
        refused("[judge]\napprove = [\"k\"]"),
        "line 2: k already means keep-legacy in [judge], in the keymap that this file changes"
    );
    assert_eq!(
        refused("[list]\nup = [\"k\"]"),
        "line 2: k (up in [list]) can never be reached, because [judge] uses it too, in the keymap that this file changes"
    );
    assert_eq!(
        refused("[menu]\nback = []"),
        "line 1: no key is left for back where [menu] holds: give it one in [menu]"
    );
    assert_eq!(
        refused("[global]\nquit-now = []"),
        "line 1: no key is left for quit-now where [queue] holds: give it one in [global]"
    );
    assert_eq!(refused("base = \"emacs\""), "line 1: base must be one of: default, vim");
    assert!(refused("base = 3").contains("base must be one of"));
}
