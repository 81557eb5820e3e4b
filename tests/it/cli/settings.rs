//! Help, completions and config.

use super::support::{Home, Ran};

#[test]
fn the_help_names_every_command() {
    insta::assert_snapshot!("help", Home::new().run("--help").ended(0).out);
}

#[test]
fn every_command_has_a_help_of_its_own() {
    let home = Home::new();
    let commands = |out: &str| -> Vec<String> {
        let list = out.split("Commands:\n").nth(1).unwrap_or_default().split("\n\n").next().unwrap_or_default();
        let named = list.lines().filter(|l| l.starts_with("  ") && !l.starts_with("   "));
        named.filter_map(|l| Some(l.split_whitespace().next()?.to_owned())).filter(|name| name != "help").collect()
    };
    let top = commands(&home.run("--help").out);
    assert!(top.len() >= 9, "{top:?}");
    for command in top {
        let help = home.run(&format!("{command} --help")).ended(0).out;
        assert!(help.starts_with(|c: char| c.is_uppercase()), "{command}: {help}");
        for action in commands(&help) {
            let help = home.run(&format!("{command} {action} --help")).ended(0).out;
            assert!(help.contains(&format!("Usage: leadboard {command} {action}")), "{help}");
        }
    }
}

#[test]
fn completions_and_the_manual_page_are_printed() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = home.run(&format!("completions {shell}")).ended(0).out;
        assert!(script.contains("leadboard") && script.contains("demo-org"), "{shell}: {script}");
    }
    let man = home.run("man").ended(0).out;
    assert!(man.contains(".TH leadboard") && man.contains("demo\\-org"), "{man}");
    assert_eq!(home.run("completions tcsh").code, 2);
}

#[test]
fn the_documented_config_can_be_used_as_it_stands() {
    let home = Home::new();
    let example = home.run("config example").ended(0).out;
    home.file("example.toml", &example);
    let ran = home.run("config check --config example.toml").ended(0);
    assert_eq!(ran.out, "The config can be used: https://acme.my.salesforce.com, phase shadow.\n");
    let json = home.json("config check --config example.toml");
    assert_eq!((&json["ok"], &json["phase"]), (&true.into(), &"shadow".into()));
    assert!(home.run("config check").ended(0).out.contains("names no [salesforce] org"));
}

#[test]
fn a_wrong_key_is_refused_with_its_line_and_the_nearest_right_one() {
    let home = Home::new();
    home.file("wrong.toml", "manager = \"Ana\"\n\n[routing]\nconfidence_gaet = 0.3\n");
    for line in ["config check", "lead list", "model train"] {
        let ran = home.run(&format!("{line} --config wrong.toml")).ended(2);
        assert!(ran.err.contains("wrong.toml:4:"), "{ran:?}");
        assert!(ran.err.contains("did you mean") && ran.err.contains("confidence_gate"), "{ran:?}");
        assert!(ran.out.is_empty() && !home.data().exists(), "nothing was begun: {ran:?}");
    }
    assert!(home.run("config check --config nowhere.toml").ended(2).err.contains("nowhere.toml"));
}

#[test]
fn a_wrong_variable_is_refused_with_the_nearest_right_one() {
    let home = Home::new();
    let with =
        |name: &str, value: &str| Ran::of(home.command().args(["config", "check"]).env(name, value).output().unwrap());
    let ran = with("LEADBOARD_ROUTING_CONFIDENCE_GAET", "0.3").ended(2);
    assert!(ran.err.contains("LEADBOARD_ROUTING_CONFIDENCE_GAET"), "{ran:?}");
    assert!(ran.err.contains("did you mean") && ran.err.contains("LEADBOARD_ROUTING_CONFIDENCE_GATE"), "{ran:?}");
    with("LEADBOARD_ROUTING_CONFIDENCE_GATE", "2").ended(2);
    with("LEADBOARD_ROUTING_CONFIDENCE_GATE", "0.3").ended(0);
}

#[test]
fn what_needs_a_crm_says_how_to_name_one() {
    let home = Home::new();
    for line in ["worker", "history pull"] {
        let ran = home.run(line).ended(2);
        assert!(ran.err.contains("[salesforce]") && ran.err.contains("leadboard config example"), "{ran:?}");
    }
    let ran = home.run("").ended(2);
    assert!(ran.err.contains("leadboard demo") && ran.err.contains("leadboard config example"), "{ran:?}");
}

#[test]
fn everything_that_is_stored_lies_in_the_named_directory() {
    let home = Home::new();
    home.run("lead list --data-dir here").ended(0);
    assert!(home.path("here/leadboard.db").exists() && !home.data().exists());
}

#[cfg(unix)]
#[test]
fn a_secret_may_come_from_a_command_and_is_never_told() {
    let home = Home::new();
    let salesforce = "[salesforce]\nlogin_url = \"https://a.example\"\nclient_id = \"x\"\n";
    let command = r#"client_secret_command = ["sh", "-c", "echo hush-hush; echo more hush-hush >&2; exit 4"]"#;
    home.file("config.toml", format!("{salesforce}{command}\n"));
    let checked = home.run("config check --config config.toml").ended(0);
    assert!(checked.out.contains("salesforce.client_secret comes from the command sh."), "{checked:?}");
    let shown = home.run("config show --config config.toml").ended(0);
    assert!(shown.out.contains("salesforce.client_secret_command = sh\n"), "{shown:?}");
    // It is not asked before something is to log in.
    home.run("lead list --config config.toml").ended(0);
    let examined = home.run("doctor --config config.toml").ended(3);
    assert!(examined.out.contains("the command sh") && examined.out.contains("exit status: 4"), "{examined:?}");
    let json = Ran::of(home.command().args(["doctor", "--json", "--config", "config.toml"]).output().unwrap()).ended(3);
    let findings = json.json()["findings"].clone();
    assert_eq!((&findings[0]["id"], &findings[0]["state"]), (&"secret".into(), &"failed".into()), "{findings:#}");
    for ran in [checked, shown, examined, json] {
        assert!(!format!("{ran:?}").contains("hush-hush"), "{ran:?}");
    }

    home.file("config.toml", salesforce);
    let mut with = home.command();
    with.args(["config", "check", "--config", "config.toml"]).env("LEADBOARD_SALESFORCE_CLIENT_SECRET", "hush-hush");
    let ran = Ran::of(with.output().unwrap()).ended(0);
    assert!(ran.out.contains("comes from the environment, LEADBOARD_SALESFORCE_CLIENT_SECRET"), "{ran:?}");
    assert!(!ran.out.contains("hush-hush"));

    home.file("config.toml", format!("{salesforce}client_secret_keyring = \"a\"\nclient_secret_file = \"/b\"\n"));
    let refused = home.run("config check --config config.toml").ended(2);
    assert!(refused.err.contains("only one of salesforce.client_secret_file"), "{refused:?}");
}
