//! `init`: a first config from answers.

use std::io::Write as _;
use std::process::Stdio;

use super::support::{Home, Ran};
use crate::terminal::Screen;

/// Runs `init` with these answers on standard input.
fn init(home: &Home, line: &str, answers: &str) -> Ran {
    let mut command = home.command();
    command.args(line.split(' ')).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // The program may refuse before it has read everything.
    drop(child.stdin.take().unwrap().write_all(answers.as_bytes()));
    Ran::of(child.wait_with_output().unwrap())
}

const ANSWERS: &str = "https://acme.lightning.force.com/lightning/page/home\n\n3MVG9abc\nhush-hush\n\n\nno\nDana\n";

#[cfg(unix)]
fn is_private(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777 == 0o600
}

#[test]
fn what_it_writes_is_accepted_and_the_secret_is_apart() {
    let home = Home::new();
    let out = init(&home, "init", ANSWERS).ended(0).out;
    assert!(out.contains("leadboard doctor") && out.contains("Written:"), "{out}");
    let folder = home.path("config/leadboard");
    let config = std::fs::read_to_string(folder.join("config.toml")).unwrap();
    assert!(config.contains("login_url = \"https://acme.my.salesforce.com\""), "{config}");
    assert!(config.contains("write_verdicts = false") && !config.contains("hush-hush"), "{config}");
    assert_eq!(std::fs::read_to_string(folder.join("client_secret")).unwrap(), "hush-hush");
    #[cfg(unix)]
    assert!(is_private(&folder.join("config.toml")) && is_private(&folder.join("client_secret")));
    let checked = home.run("config check").ended(0).out;
    assert!(checked.contains("https://acme.my.salesforce.com"), "{checked}");
    // Once more would overwrite it.
    let again = init(&home, "init", ANSWERS).ended(1).err;
    assert!(again.contains("is there already"), "{again}");
    assert_eq!(std::fs::read_to_string(folder.join("config.toml")).unwrap(), config);
}

#[test]
fn an_answer_that_cannot_be_used_or_is_missing_writes_nothing() {
    let home = Home::new();
    let wrong = init(&home, "init --config new.toml", "acme\n").ended(2).err;
    assert!(wrong.contains("address: that is no address") && wrong.contains("my.salesforce.com"), "{wrong}");
    let short = init(&home, "init --config new.toml", "https://acme.my.salesforce.com\n").ended(2).err;
    assert!(short.contains("the input ended before the question \"1 or 2\""), "{short}");
    let key = "acme.my.salesforce.com\n2\n3MVG\nu@acme.example\nno-such.pem\n";
    assert!(init(&home, "init --config new.toml", key).ended(2).err.contains("cannot read no-such.pem"));
    assert!(!home.path("new.toml").exists() && !home.path("client_secret").exists());
}

#[test]
fn at_a_terminal_it_asks_again_and_does_not_show_the_secret() {
    let home = Home::new();
    let config = home.path("new.toml").display().to_string();
    let mut screen = Screen::start(&["init", "--config", &config], &home.path(""), 100, 40);
    for (question, answer) in [
        ("address:", "acme\r"),
        ("that is no address", "acme.my.salesforce.com\r"),
        ("1 or 2 [1]:", "\r"),
        ("consumer key of the app:", "3MVG\r"),
        ("consumer secret (not shown):", "hush-hush\r"),
        ("[Leadboard_Manager]:", "\r"),
        ("[Leadboard_Default]:", "\r"),
        ("[yes]:", "\r"),
        ("verdicts [", "Dana\r"),
    ] {
        screen.until(question, |picture| picture.contains(question));
        screen.press(answer);
    }
    screen.until("the end", |picture| picture.contains("open the dashboard"));
    assert!(screen.end().success());
    assert!(!String::from_utf8_lossy(&screen.bytes).contains("hush-hush"));
    assert_eq!(std::fs::read_to_string(home.path("client_secret")).unwrap(), "hush-hush");
}
