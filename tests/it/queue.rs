//! A morning at the queue, in the real program on a real store and in a real terminal: filters, views, batches, and the same
//! from the command line.
#![cfg(unix)]

use std::time::Duration;

use leadboard::app::ports::Store;
use leadboard::domain::ids::OrgId;
use leadboard::domain::lane::Lane;
use leadboard::store::SqliteStore;
use serde_json::Value as Json;

use crate::cli::support::Home;
use crate::store_fixtures::*;
use crate::terminal::Screen;

/// Forty leads in one lane, of which every fourth came from a webinar.
pub(super) fn office() -> Home {
    let home = Home::new();
    std::fs::create_dir_all(home.data()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&home.data().join("leadboard.db")).await.unwrap();
        fill(&store).await;
        store.close().await;
    });
    home
}

/// The same forty leads in any empty store.
pub(super) async fn fill(store: &dyn Store) {
    store.bind_org(&OrgId::new("00D1")).await.unwrap();
    store.save_roster(&roster(), at(0)).await.unwrap();
    for n in 0..40 {
        let name = format!("lead-{n:02}");
        let mut lead = raw(&name, 0, rep("legacy"));
        lead.lead.facts.source = Some(if n % 4 == 0 { "Webinar" } else { "Web form" }.into());
        take_in(store, vec![receive(lead)], 0).await;
        store.save_rankings(vec![ranked(&name, 0, Lane::Disagree, 1.0 - f64::from(n) / 100.0, 1)]).await.unwrap();
    }
}

/// Presses keys one by one, each only when the picture is as wished after the one before, and with the pause of a hand: three
/// keys within a tenth of a second are taken for pasted text.
pub(super) fn steps(screen: &mut Screen, steps: &[(&str, &str)]) {
    for (key, seen) in steps {
        std::thread::sleep(Duration::from_millis(120));
        screen.press(key);
        screen.until(&format!("{seen:?} after {key:?}"), |picture| picture.contains(seen));
    }
}

pub(super) fn states(home: &Home, state: &str) -> u64 {
    home.json(&format!("lead list --state {state}"))["total"].as_u64().unwrap()
}

#[test]
fn a_morning_at_the_queue() {
    let home = office();
    let mut screen = Screen::open(&home, 80, 24);
    screen.begin("1 of 40", "\x1bOQ");

    // A fault stands under its place, and Enter does nothing.
    let fault = "^ there is no field \"srk\"; do you mean src:webinar?";
    steps(&mut screen, &[("/", "which leads?"), ("srk:webi", fault), ("\r", fault)]);
    steps(&mut screen, &[("\x7f\x7f\x7f\x7f\x7f\x7f", "/ sr"), ("c:webi", "/ src:webi"), ("\r", "10 of 40 match")]);

    // It is kept under F8, and comes back with it, in another session too.
    steps(&mut screen, &[("V", "saves Disagree: src:webi there"), ("\x1b[19~", "F8"), ("s", "F8 is called src:webi")]);
    steps(&mut screen, &[("!", "src:webi!"), ("\r", "F8 is src:webi! now.")]);
    steps(&mut screen, &[("\x1b", "10 of 40 match"), ("q", "Quit leadboard?")]);
    std::thread::sleep(Duration::from_millis(120));
    screen.press("y");
    assert!(screen.end().success());
    let list = home.run("view list").ended(0).out;
    assert!(list.contains("F8") && list.contains("src:webi!") && list.contains("disagree"), "{list}");
    assert_eq!(home.json("lead list --view src:webi!")["total"], 10, "a colleague's");

    let mut screen = Screen::open(&home, 80, 24);
    screen.begin("1 of 40", "\x1bOQ");
    steps(&mut screen, &[("\x1b[19~", "src:webi!: src:webi")]);
    screen.until("the view", |p| p.contains("10 of 40 match"));

    // Nothing that is pasted or comes too fast approves anything.
    screen.press("\x1b[200~*A10\r\x1b[201~");
    screen.until("that a paste is ignored", |p| p.contains("Pasted text is ignored here"));
    screen.press("*A*A*A");
    screen.until("that a burst is ignored", |p| p.contains("Ignored: those keys came faster"));
    assert_eq!(states(&home, "decided"), 0);

    // Ten leads in three keys, after the preview; and back in one. (The burst has marked all of them.)
    std::thread::sleep(Duration::from_millis(120));
    screen.press("\x1b");
    screen.until("that nothing is marked", |p| !p.contains("marked"));
    steps(&mut screen, &[("*", "10 marked"), ("A", "approves all 10")]);
    let picture = screen.picture();
    assert!(picture.contains("Approve 10 marked leads?") && picture.contains("Bea Best"), "{picture}");
    steps(&mut screen, &[("\r", "10 leads approved.")]);
    screen.until("that nothing is left", |p| p.contains("0 of 30 match"));
    assert_eq!((states(&home, "decided"), states(&home, "in_lane")), (10, 30));
    let shown = home.json("lead show lead-04");
    assert_eq!(shown["decisions"][0]["verdict"]["kind"], Json::from("approve"));
    steps(&mut screen, &[("u", "10 leads taken back")]);
    assert_eq!(states(&home, "decided"), 0);
    steps(&mut screen, &[("U", "10 leads given again.")]);
    assert_eq!(states(&home, "decided"), 10);

    // More than a few must be counted.
    let all = [
        ("\x1b", "1 of 30"),
        ("*", "30 marked"),
        ("A", "type 30 and"),
        ("\r", "30 leads at once: type 30, then Enter."),
    ];
    steps(&mut screen, &all);
    assert_eq!(states(&home, "decided"), 10);
    steps(&mut screen, &[("3", "them all: 3"), ("0", "them all: 30"), ("\r", "30 leads approved.")]);
    assert_eq!((states(&home, "decided"), states(&home, "in_lane")), (40, 0));
    steps(&mut screen, &[("q", "Quit leadboard?")]);
    std::thread::sleep(Duration::from_millis(120));
    screen.press("y");
    assert!(screen.end().success());
}

#[test]
fn views_are_kept_from_the_command_line() {
    let home = office();
    assert!(home.run("view list").ended(0).out.contains("No views are saved."));
    home.run("view save 3 Hot score>80 --lane hot").ended(0);
    home.run("view save 4 Webinars src:webinar -gap<0").ended(2);
    home.run("view save 4 Webinars src:webinar").ended(0);
    assert!(home.run("view save 9 Nine").ended(2).err.contains("9 is not in 1..=8"));
    assert!(home.run("view save 5 Bad scor>80").ended(2).err.contains("do you mean score>80?"));
    let page = home.json("lead list --view webinars lead-04");
    assert_eq!(page["total"], 1, "what is asked beside it holds as well");
    assert_eq!(home.json("lead list --view Webinars")["total"], 10);
    assert!(home.run("lead list --view webinar").ended(1).err.contains("did you mean \"Webinars\"?"));
    home.run("view rename 4 Seminars").ended(0);
    assert_eq!(home.json("lead list --view Seminars")["total"], 10);
    home.run("view remove 4").ended(0);
    assert!(home.run("view remove 4").ended(1).err.contains("no view under F4"));
    let views = home.json("view list");
    assert_eq!(views.as_array().unwrap().len(), 1);
    assert_eq!(
        (&views[0]["name"], &views[0]["filter"], &views[0]["lane"]),
        (&"Hot".into(), &"score>80".into(), &"hot".into())
    );
}
