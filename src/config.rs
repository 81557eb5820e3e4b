//! Configuration: built-in defaults, then the file, then `LEADBOARD_*` from the environment, then flags.
//!
//! The only place that reads the environment. A wrong key or value is refused with file, line and the nearest right
//! name; nothing falls back to a default in silence.

pub mod audit;
pub mod draft;
pub mod drift;
pub mod paths;
pub mod salesforce;
pub mod secret;
#[cfg(test)]
mod tests;
pub mod ui;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use secret::Secret;
pub use ui::{Theme, Ui};

/// The bundled example: documentation, template of `config example`, and the list of every key there is.
pub const EXAMPLE: &str = include_str!("../config.example.toml");

/// Environment variables with our prefix that are not configuration keys; the command line reads them.
const NOT_KEYS: [&str; 3] = ["LEADBOARD_CONFIG", "LEADBOARD_DATA_DIR", "LEADBOARD_LOG"];

/// Everything a user can set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Who sits at this terminal.
    pub manager: Option<String>,
    /// The PostgreSQL database that is shared with others; without it, everything is in a file of the data directory. A
    /// `postgres://` URL, which may hold a password.
    pub database_url: Option<SecretString>,
    /// Or a file that only its owner can read.
    pub database_url_file: Option<PathBuf>,
    /// Or a command that prints it.
    pub database_url_command: Option<Vec<String>>,
    /// Or the system's keyring, under this name.
    pub database_url_keyring: Option<String>,
    /// The CRM; needed by everything that talks to it.
    pub salesforce: Option<salesforce::Salesforce>,
    /// How leads are routed.
    pub routing: Routing,
    /// When a change of the leads is called one.
    pub drift: drift::Drift,
    /// What the data audit demands.
    pub audit: audit::Audit,
    /// How the screen looks.
    pub ui: Ui,
    /// A file to which the worker adds the head of the audit chain, best on another machine's disk.
    pub audit_anchor: Option<PathBuf>,
    /// What was set, file and environment together, by dotted key; secrets only by the fact that they are set. Goes into
    /// the audit trail.
    #[serde(skip)]
    pub set: BTreeMap<String, String>,
    /// The keys that the environment set, dotted.
    #[serde(skip)]
    pub from_environment: BTreeSet<String>,
    /// Where the config file is, if there is one.
    #[serde(skip)]
    pub folder: Option<PathBuf>,
}

impl Config {
    /// Where the shared database is named, if one is.
    pub fn database(&self) -> Option<Secret> {
        self.database_secret().ok().flatten()
    }

    fn database_secret(&self) -> Result<Option<Secret>, String> {
        let keys = secret::Keys {
            text: self.database_url.clone(),
            file: self.database_url_file.clone(),
            command: self.database_url_command.clone(),
            keyring: self.database_url_keyring.clone(),
        };
        keys.secret("database_url")
    }

    /// Every secret that is configured, by its key, with what tells where it is.
    pub fn secrets(&self) -> Vec<(&'static str, Secret)> {
        let database = self.database().map(|secret| ("database_url", secret));
        database.into_iter().chain(self.salesforce.iter().flat_map(|salesforce| salesforce.auth.secrets())).collect()
    }

    /// Where a secret is, in words.
    pub fn place_of(&self, key: &str, secret: &Secret) -> String {
        match secret {
            Secret::Text(_) if self.from_environment.contains(key) => {
                format!("the environment, LEADBOARD_{}", key.replace('.', "_").to_uppercase())
            }
            Secret::Text(_) => "the config file".into(),
            other => other.place(),
        }
    }
}

/// `[routing]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Routing {
    /// What may be executed without a person.
    pub phase: Phase,
    /// Whether a manager's verdict is written to the CRM in the shadow phase.
    pub write_verdicts: bool,
    /// Below this `p_win` of every rep, the lead goes to the manager queue. 0 to 1.
    pub confidence_gate: f64,
    /// Seconds in which a verdict can be taken back.
    pub grace_seconds: u32,
    /// Hours in which a lead must be contacted.
    pub sla_hours: f64,
    /// Leads whose score is above this are hot. 0 to 100.
    pub hot_score: u8,
    /// Of the others, those above this are warm. 0 to 100.
    pub warm_score: u8,
    /// The file of the routing rules, from the folder of the config file; `routing.toml` there if it is not named.
    pub rules: Option<PathBuf>,
}

impl Default for Routing {
    fn default() -> Self {
        Self {
            phase: Phase::Shadow,
            write_verdicts: true,
            confidence_gate: 0.2,
            grace_seconds: 10,
            sla_hours: 4.0,
            hot_score: 80,
            warm_score: 40,
            rules: None,
        }
    }
}

/// What may be executed without a person. This version knows the shadow phase only, so any other word is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Phase {
    /// Nothing but what a manager's verdict asks for.
    Shadow,
}

/// A configuration that cannot be used. The text names the place and the cure.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its content is wrong.
    #[error("{place}: {message}")]
    Invalid {
        /// `file:line:column`, or the environment variable.
        place: String,
        /// What and what to do.
        message: String,
    },
}

/// Loads the configuration: `file` if given (it must exist), else the default place (it may be absent), then the
/// environment.
pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
    let env = environment();
    match file {
        Some(path) => from_file(path, &env),
        None => match paths::default_config_file().filter(|p| p.exists()) {
            Some(path) => from_file(&path, &env),
            None => parse("", "(no config file)", &env),
        },
    }
}

/// `NO_COLOR` is set to something (<https://no-color.org>).
pub fn no_color() -> bool {
    std_env("NO_COLOR").is_some_and(|v| !v.is_empty())
}

/// The log filter from `LEADBOARD_LOG`, if set.
pub fn log_filter() -> Option<String> {
    std_env("LEADBOARD_LOG")
}

/// Name of the operating system's user, for a manager who set none.
pub fn user_name() -> String {
    std_env("USER").or_else(|| std_env("USERNAME")).filter(|n| !n.is_empty()).unwrap_or_else(|| "manager".into())
}

#[expect(clippy::disallowed_methods, reason = "config is the one place that reads the environment")]
fn std_env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Every `LEADBOARD_*` variable, sorted by name so that errors are the same each time.
#[expect(clippy::disallowed_methods, reason = "config is the one place that reads the environment")]
fn environment() -> Vec<(String, String)> {
    let mut vars: Vec<_> = std::env::vars().filter(|(name, _)| name.starts_with("LEADBOARD_")).collect();
    vars.sort();
    vars
}

/// The `LEADBOARD_*` variables that are set, by name; for starting a process that shall not heed them.
pub fn variables_set() -> Vec<String> {
    environment().into_iter().map(|(name, _)| name).collect()
}

fn from_file(path: &Path, env: &[(String, String)]) -> Result<Config, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let config = parse(&text, &path.display().to_string(), env)?;
    refuse_open_secret(&text, path)?;
    Ok(Config { folder: path.parent().map(Path::to_owned), ..config })
}

/// A file that holds a secret must be its owner's alone.
#[cfg(unix)]
fn refuse_open_secret(text: &str, path: &Path) -> Result<(), ConfigError> {
    use std::os::unix::fs::PermissionsExt as _;
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let open = std::fs::metadata(path).map_err(unreadable)?.permissions().mode() & 0o077 != 0;
    let table: toml::Table = toml::from_str(text).unwrap_or_default();
    let Some(key) = summary(&table).into_iter().find_map(|(key, _)| is_secret(&key).then_some(key)) else {
        return Ok(());
    };
    if !open {
        return Ok(());
    }
    let (section, name) = key.rsplit_once('.').unwrap_or(("", &key));
    Err(ConfigError::Invalid {
        place: place_of(text, &path.display().to_string(), section, name),
        message: format!(
            "this file holds a secret ({key}) and others than its owner may read it: `chmod 600 {}`, or set \
             LEADBOARD_{} instead",
            path.display(),
            key.replace('.', "_").to_uppercase()
        ),
    })
}

#[cfg(not(unix))]
fn refuse_open_secret(_: &str, _: &Path) -> Result<(), ConfigError> {
    Ok(())
}

/// Whether the value of a key must not be shown. Where a secret is may be.
fn is_secret(key: &str) -> bool {
    let name = key.rsplit('.').next().unwrap_or(key);
    let secret = ["secret", "token", "password", "database_url"].iter().any(|word| name.contains(word));
    secret && !["_file", "_command", "_keyring"].iter().any(|end| name.ends_with(end))
}

/// Every key that is set, with its value as text; of a secret only that it is set.
fn summary(table: &toml::Table) -> BTreeMap<String, String> {
    fn walk(prefix: &str, table: &toml::Table, into: &mut BTreeMap<String, String>) {
        for (key, value) in table {
            let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            match value {
                toml::Value::Table(inner) => walk(&path, inner, into),
                _ if is_secret(&path) => drop(into.insert(path, "(secret)".to_owned())),
                // Its arguments may be nobody's business.
                toml::Value::Array(words) if path.ends_with("_command") => {
                    let program = words.first().and_then(toml::Value::as_str).unwrap_or_default().to_owned();
                    into.insert(path, program);
                }
                other => drop(into.insert(path, other.to_string())),
            }
        }
    }
    let mut found = BTreeMap::new();
    walk("", table, &mut found);
    found
}

/// Reads a config text, with the environment laid over it.
pub fn parse(text: &str, name: &str, env: &[(String, String)]) -> Result<Config, ConfigError> {
    // First the text alone, because only there an error has a line.
    let config: Config = toml::from_str(text).or_else(|e| {
        let missing_from_env = e.message().starts_with("missing field") && !env.is_empty();
        if missing_from_env { Ok(Config::default()) } else { Err(invalid(text, name, &e)) }
    })?;
    let mut table: toml::Table = toml::from_str(text).map_err(|e| invalid(text, name, &e))?;
    let mut config = if env.is_empty() { config } else { with_environment(&mut table, name, env)? };
    config.set = summary(&table);
    config.from_environment = if env.is_empty() { BTreeSet::new() } else { set_by(env) };
    check(&config, text, name)?;
    Ok(config)
}

fn with_environment(table: &mut toml::Table, name: &str, env: &[(String, String)]) -> Result<Config, ConfigError> {
    for (variable, value) in env.iter().filter(|(v, _)| !NOT_KEYS.contains(&v.as_str())) {
        let wanted = variable.trim_start_matches("LEADBOARD_").to_lowercase();
        let keys = known_keys();
        let Some(path) = keys.iter().find(|path| path.join("_") == wanted) else {
            let names: Vec<String> = keys.iter().map(|p| format!("LEADBOARD_{}", p.join("_").to_uppercase())).collect();
            let near = nearest(variable, names.iter().map(String::as_str));
            return Err(ConfigError::Invalid {
                place: format!("environment variable {variable}"),
                message: format!("there is no such setting{}", did_you_mean(near)),
            });
        };
        set(table, path, scalar(value));
    }
    Config::deserialize(table.clone()).map_err(|e| ConfigError::Invalid {
        place: format!("{name} with LEADBOARD_* from the environment"),
        message: explain(e.message()),
    })
}

/// The keys that these variables set, dotted.
fn set_by(env: &[(String, String)]) -> BTreeSet<String> {
    let names: BTreeSet<String> =
        env.iter().map(|(variable, _)| variable.trim_start_matches("LEADBOARD_").to_lowercase()).collect();
    known_keys().into_iter().filter(|path| names.contains(&path.join("_"))).map(|path| path.join(".")).collect()
}

/// A value of the environment as TOML: numbers, booleans and dates as such, everything else as text.
fn scalar(value: &str) -> toml::Value {
    toml::from_str::<toml::Table>(&format!("v = {value}"))
        .ok()
        .and_then(|mut t| t.remove("v"))
        .filter(|v| !v.is_table() && !v.is_array())
        .unwrap_or_else(|| toml::Value::String(value.to_owned()))
}

fn set(table: &mut toml::Table, path: &[String], value: toml::Value) {
    match path {
        [] => {}
        [key] => {
            table.insert(key.clone(), value);
        }
        [section, rest @ ..] => {
            let entry = table.entry(section.clone()).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            if let toml::Value::Table(inner) = entry {
                set(inner, rest, value);
            }
        }
    }
}

/// The path of every key there is, read from the example (commented-out keys included).
fn known_keys() -> Vec<Vec<String>> {
    let mut section: Vec<String> = Vec::new();
    let mut keys = Vec::new();
    for line in EXAMPLE.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = name.split('.').map(str::to_owned).collect();
        } else if section.len() < 3 {
            let line = line.trim_start_matches("# ");
            if let Some((key, _)) = line.split_once(" = ")
                && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
            {
                keys.push(section.iter().cloned().chain([key.to_owned()]).collect());
            }
        }
    }
    keys
}

/// Refuses values that no setting can have; the place is the line of the key, if the text has it.
fn check(config: &Config, text: &str, name: &str) -> Result<(), ConfigError> {
    let routing = &config.routing;
    let refuse = |section: &str, key: &str, message: String| {
        Err(ConfigError::Invalid { place: place_of(text, name, section, key), message })
    };
    if let Some(url) = config.database_url.as_ref().map(ExposeSecret::expose_secret)
        && !(url.starts_with("postgres://") || url.starts_with("postgresql://"))
    {
        let message = "database_url must begin with postgres:// (without it, everything is in the data directory)";
        return refuse("", "database_url", message.to_owned());
    }
    if let Err(message) = config.database_secret() {
        return refuse("", "database_url_file", message);
    }
    if !(0.0..=1.0).contains(&routing.confidence_gate) {
        let message = format!("routing.confidence_gate is {}; it must be between 0 and 1", routing.confidence_gate);
        return refuse("routing", "confidence_gate", message);
    }
    if !(routing.sla_hours > 0.0 && routing.sla_hours <= 24.0 * 30.0) {
        let message = format!("routing.sla_hours is {}; it must be more than 0 and at most 720", routing.sla_hours);
        return refuse("routing", "sla_hours", message);
    }
    if let Some((key, fault)) = config.ui.fault() {
        return refuse("ui", key, fault);
    }
    if let Some((key, fault)) = config.drift.fault() {
        return refuse("drift", key, fault);
    }
    if routing.warm_score > routing.hot_score || routing.hot_score > 100 {
        let message = format!(
            "routing.warm_score is {} and routing.hot_score is {}; they must be between 0 and 100, warm not above hot",
            routing.warm_score, routing.hot_score
        );
        return refuse("routing", "hot_score", message);
    }
    if routing.grace_seconds > 3600 {
        let message = format!("routing.grace_seconds is {}; it must be at most 3600", routing.grace_seconds);
        return refuse("routing", "grace_seconds", message);
    }
    if let Some(sf) = &config.salesforce
        && !(sf.login_url.starts_with("https://") || sf.login_url.starts_with("http://127.0.0.1"))
    {
        let message = format!(
            "salesforce.login_url is \"{}\"; it must start with https:// (plain http is only for the demo org on 127.0.0.1)",
            sf.login_url
        );
        return refuse("salesforce", "login_url", message);
    }
    config.audit.check(|section, key| place_of(text, name, section, key))
}

/// `file:line` of a key of a section, else the file: the value may come from the environment.
fn place_of(text: &str, name: &str, section: &str, key: &str) -> String {
    let mut inside = "";
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(title) = line.strip_prefix('[') {
            inside = title.split(']').next().unwrap_or("").trim();
        } else if inside == section && line.split('=').next().is_some_and(|found| found.trim() == key) {
            return format!("{name}:{}", at + 1);
        }
    }
    name.to_owned()
}

fn invalid(text: &str, name: &str, error: &toml::de::Error) -> ConfigError {
    let place = error.span().map_or_else(
        || name.to_owned(),
        |span| {
            let before = text.get(..span.start).unwrap_or("");
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
            format!("{name}:{line}:{column}")
        },
    );
    ConfigError::Invalid { place, message: explain(error.message()) }
}

/// serde's words as a user's: the nearest right key, the values there are, and kinds of value without type names.
fn explain(message: &str) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match quoted.split_first() {
        Some((wrong, known)) if message.starts_with("unknown field") => {
            return format!("unknown key `{wrong}`{}", did_you_mean(nearest(wrong, known.iter().copied())));
        }
        Some((wrong, known)) if message.starts_with("unknown variant") => {
            return format!("unknown value `{wrong}`; there is: {}", known.join(", "));
        }
        _ => {}
    }
    match message.rsplit_once(", expected ") {
        Some((found, wanted)) if found.starts_with("invalid ") => {
            let wanted = match wanted {
                "f64" => "a number",
                "u32" => "a whole number, not negative",
                "u8" => "a whole number from 0 to 255",
                "a boolean" => "true or false",
                "a string" => "text in quotes",
                other => other,
            };
            let found = found.split_once(": ").map_or(found, |(_, found)| found);
            format!("{found} cannot stand here; write {wanted}")
        }
        _ => message.to_owned(),
    }
}

/// The most similar of some names, if any is similar at all.
pub fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|k| (strsim::jaro_winkler(wrong, k), k))
        .filter(|(similarity, _)| *similarity > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, k)| k)
}

fn did_you_mean(name: Option<&str>) -> String {
    name.map_or_else(
        || "; `leadboard config example` prints every key there is".to_owned(),
        |n| format!("; did you mean `{n}`?"),
    )
}
