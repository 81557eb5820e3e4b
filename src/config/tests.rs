use super::*;

fn error_of(text: &str) -> String {
    parse(text, "config.toml", &[]).unwrap_err().to_string()
}

#[test]
fn the_example_is_accepted_and_shows_the_defaults() {
    let config = parse(EXAMPLE, "config.example.toml", &[]).unwrap();
    assert_eq!(config.routing, Routing::default());
    assert_eq!(config.ui, Ui::default());
    assert_eq!(config.drift, drift::Drift::default());
    assert_eq!(config.audit, audit::Audit::default());
    let sf = config.salesforce.unwrap();
    let bare: Config = toml::from_str("[salesforce]\nlogin_url = 'https://a'\nclient_id = 'x'").unwrap();
    let bare = bare.salesforce.unwrap();
    assert_eq!(sf.fields, bare.fields);
    assert_eq!(
        (sf.api_version, sf.poll_seconds, sf.overlap_seconds, sf.manager_queue, sf.default_queue, sf.rep_key),
        (
            bare.api_version,
            bare.poll_seconds,
            bare.overlap_seconds,
            bare.manager_queue,
            bare.default_queue,
            bare.rep_key
        )
    );
}

#[test]
fn an_unknown_key_is_refused_with_its_place_and_the_nearest_right_one() {
    assert_eq!(
        error_of("[routing]\nconfidence_gat = 0.3"),
        "config.toml:2:1: unknown key `confidence_gat`; did you mean `confidence_gate`?"
    );
    assert!(error_of("[salesforc]\nx = 1").starts_with("config.toml:1:2: unknown key `salesforc`; did you mean"));
}

#[test]
fn a_wrong_value_is_refused() {
    let phase = error_of("[routing]\nphase = \"automatic\"");
    assert_eq!(phase, "config.toml:2:9: unknown value `automatic`; there is: shadow");
    let hours = error_of("[routing]\nsla_hours = 'four'");
    assert_eq!(hours, "config.toml:2:13: string \"four\" cannot stand here; write a number");
    assert!(error_of("[routing]\ngrace_seconds = -1").ends_with("write a whole number, not negative"));
    assert!(error_of("[routing]\nwrite_verdicts = 'yes'").ends_with("write true or false"));
    assert!(error_of("manager = 3").ends_with("write text in quotes"));
    let gate = error_of("[ui]\nascii = true\n[routing]\n# 0 to 1\nconfidence_gate = 20");
    assert_eq!(gate, "config.toml:5: routing.confidence_gate is 20; it must be between 0 and 1");
    let blind = error_of("[ui]\nblind_share = 0.6");
    assert_eq!(blind, "config.toml:2: ui.blind_share is 0.6; it must be between 0 (no lead is judged blind) and 0.5");
    let share = error_of("[audit]\nmin_deals = 5\nmax_bad_dates = 1.5");
    assert_eq!(share, "config.toml:3: audit.max_bad_dates is 1.5; it must be between 0 and 1");
    assert!(error_of("[audit]\nblock_leak_auc = 0.3").starts_with("config.toml:2: audit.block_leak_auc is 0.3"));
    assert!(error_of("[drift]\npsi_act = 0.05").contains("at most the second"));
    assert!(error_of("[drift]\nwindow_days = 0").contains("between 1 and 92"));
    assert!(error_of("[drift]\nmin_leads = 3").contains("chance"));
    assert!(error_of("[routing]\nhot_score = 30").contains("warm not above hot"));
    assert!(error_of("[routing]\nwarm_score = 300").ends_with("write a whole number from 0 to 255"));
    assert!(error_of("[salesforce]\nlogin_url = 'http://acme.example'\nclient_id = 'x'").contains("https://"));
    assert!(error_of("[salesforce]\nlogin_url = 'https://a'\nclient_id = 'x'\nauth = 'jwt'").contains("username"));
}

#[test]
fn the_environment_overrides_the_file() {
    let env = [
        ("LEADBOARD_ROUTING_GRACE_SECONDS".to_owned(), "3".to_owned()),
        ("LEADBOARD_SALESFORCE_CLIENT_ID".to_owned(), "from-env".to_owned()),
        ("LEADBOARD_DATA_DIR".to_owned(), "/tmp/x".to_owned()),
    ];
    let config = parse("[salesforce]\nlogin_url = 'https://a'", "config.toml", &env).unwrap();
    assert_eq!(config.routing.grace_seconds, 3);
    let salesforce::Auth::ClientCredentials { client_id, .. } = config.salesforce.unwrap().auth else { unreachable!() };
    assert_eq!(client_id, "from-env");
}

#[test]
fn the_database_comes_from_file_or_environment_and_its_password_is_shown_nowhere() {
    let env = [("LEADBOARD_DATABASE_URL".to_owned(), "postgres://u:hunter2@h/d".to_owned())];
    let config = parse("", "config.toml", &env).unwrap();
    assert_eq!(config.database_url.as_ref().map(ExposeSecret::expose_secret), Some("postgres://u:hunter2@h/d"));
    assert!(!format!("{config:?}").contains("hunter2"));
    let refused = error_of("manager = 'Ana'\ndatabase_url = 'mysql://u:hunter2@h/d'");
    assert!(refused.starts_with("config.toml:2: database_url must begin with postgres://"), "{refused}");
    assert!(!refused.contains("hunter2"), "{refused}");
}

#[test]
fn an_environment_variable_that_matches_nothing_is_refused() {
    let env = [("LEADBOARD_ROUTING_GRACE_SECOND".to_owned(), "3".to_owned())];
    let error = parse("", "config.toml", &env).unwrap_err().to_string();
    assert!(error.contains("did you mean `LEADBOARD_ROUTING_GRACE_SECONDS`"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_file_with_a_secret_must_be_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    let secret = "[salesforce]\nlogin_url = \"https://a.example\"\nclient_id = \"x\"\nclient_secret = \"hush\"\n";
    std::fs::write(&path, secret).unwrap();
    mode(0o640);
    let error = from_file(&path, &[]).unwrap_err().to_string();
    assert!(error.contains("config.toml:4") && error.contains("chmod 600"), "{error}");
    assert!(error.contains("LEADBOARD_SALESFORCE_CLIENT_SECRET") && !error.contains("hush"), "{error}");
    mode(0o600);
    let config = from_file(&path, &[]).unwrap();
    assert_eq!(config.set["salesforce.client_secret"], "(secret)");
    // Where nothing is secret, anybody may read.
    std::fs::write(&path, secret.replace("client_secret = \"hush\"", "client_secret_file = \"/s\"")).unwrap();
    mode(0o644);
    assert_eq!(from_file(&path, &[]).unwrap().set["salesforce.client_secret_file"], "\"/s\"");
}

proptest::proptest! {
    #[test]
    fn whatever_the_file_holds_it_is_a_config_or_an_error_with_a_place(text in crate::testing::mangled(EXAMPLE)) {
        if let Err(error) = parse(&text, "config.toml", &[]) {
            proptest::prop_assert!(error.to_string().starts_with("config.toml"), "{}", error);
        }
    }

    #[test]
    fn whatever_a_variable_holds_it_is_a_config_or_an_error(
        key in proptest::sample::select(known_keys()), value in crate::testing::text(40),
    ) {
        let env = [(format!("LEADBOARD_{}", key.join("_").to_uppercase()), value)];
        if let Err(error) = parse(EXAMPLE, "config.toml", &env) {
            proptest::prop_assert!(!error.to_string().is_empty());
        }
    }
}
