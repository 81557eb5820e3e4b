//! PostgreSQL servers of the tests' own: one for each test process, one database for each test; and those that may die.
//!
//! Also part of the crate's unit tests, which are another program (`src/store.rs` names it).

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, PgConnection};

/// Makes a server, says where it is, and takes everything away when its standard input ends: the kernel sees to that,
/// however the tests end. For each line on its input the server dies without a word and is started again. The order of
/// the language is another than that of bytes, as it often is.
const SERVER: &str = r#"
set -e
bin=$1
umask 077
place=$(mktemp -d /dev/shm/leadboard-pg.XXXXXX 2>/dev/null || mktemp -d)
trap 'rm -rf "$place"' EXIT
language=--locale=C
if "$bin/initdb" --help | grep -q icu-locale; then language='--locale-provider=icu --icu-locale=en --locale=C'; fi
"$bin/initdb" -D "$place/data" -U leadboard -A trust -E UTF8 $language --no-sync >"$place/initdb.log" 2>&1 \
    || { cat "$place/initdb.log" >&2; exit 1; }
start() {
    "$bin/pg_ctl" -D "$place/data" -w -l "$place/server.log" start \
        -o "-k $place -c listen_addresses='' -c max_connections=300" >/dev/null 2>&1 </dev/null \
        || { cat "$place/server.log" >&2; exit 1; }
    echo "$place"
}
start
while read -r _; do
    "$bin/pg_ctl" -D "$place/data" -m immediate -w stop >/dev/null 2>&1 && start
done
"$bin/pg_ctl" -D "$place/data" -m immediate stop >/dev/null 2>&1
"#;

/// A running server.
pub(crate) struct Server {
    /// Where its socket is.
    place: String,
    /// Its life; never waited for.
    life: Child,
    /// What it says.
    said: BufReader<ChildStdout>,
}

/// A fresh database.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    /// Its URL.
    pub(crate) url: String,
}

/// A fresh, empty database; `None`, said plainly, where PostgreSQL is not installed. With `LEADBOARD_REQUIRE_POSTGRES`
/// set, its absence is a failure.
pub(crate) async fn database() -> Option<Database> {
    static SHARED: OnceLock<Option<Server>> = OnceLock::new();
    match SHARED.get_or_init(Server::start) {
        Some(server) => Some(server.database().await),
        None => None,
    }
}

/// A connection past every store, to the server itself.
async fn admin(place: &str) -> PgConnection {
    PgConnectOptions::new_without_pgpass()
        .socket(place)
        .username("leadboard")
        .database("postgres")
        .connect()
        .await
        .unwrap()
}

impl Database {
    /// A connection past the store.
    pub(crate) async fn past(&self) -> PgConnection {
        self.url.parse::<PgConnectOptions>().unwrap().connect().await.unwrap()
    }
}

impl Server {
    /// Starts one.
    #[expect(clippy::disallowed_methods, reason = "a test asks how it is run")]
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(
                std::env::var_os("LEADBOARD_REQUIRE_POSTGRES").is_none(),
                "PostgreSQL is not installed (no initdb found), and LEADBOARD_REQUIRE_POSTGRES asks for it"
            );
            // Past the test harness, which shows nothing of a test that passes.
            let told = b"SKIPPED: PostgreSQL is not installed (no initdb found), so nothing is tested on it\n";
            std::io::stderr().write_all(told).unwrap();
            return None;
        };
        // PostgreSQL refuses to run as root.
        let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
        let mut command = Command::new(if root { "setpriv" } else { "sh" });
        if root {
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "sh"]);
        }
        command.args(["-c", SERVER, "server"]).arg(programs).current_dir("/");
        let mut life = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(life.stdout.take().unwrap());
        let place = started(&mut said);
        Some(Self { place, life, said })
    }

    /// A fresh, empty database of it.
    pub(crate) async fn database(&self) -> Database {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let create = format!("CREATE DATABASE {name} TEMPLATE template0");
        admin(&self.place).await.execute(AssertSqlSafe(create)).await.unwrap();
        Database { url: format!("postgres://leadboard@localhost/{name}?host={}", self.place) }
    }

    /// It dies in the middle of everything, and is started again.
    pub(crate) fn dies_and_returns(&mut self) {
        self.life.stdin.as_mut().unwrap().write_all(b"die\n").unwrap();
        started(&mut self.said);
    }
}

/// Where a server is that has just started.
fn started(said: &mut BufReader<ChildStdout>) -> String {
    let mut place = String::new();
    said.read_line(&mut place).unwrap();
    let place = place.trim().to_owned();
    assert!(!place.is_empty(), "the server did not start");
    place
}

/// Where the server's programs are: on the path, or where distributions put them, the newest first.
fn programs() -> Option<PathBuf> {
    let on_path = Command::new("sh").args(["-c", "dirname \"$(command -v initdb)\""]).output().ok()?;
    let on_path = PathBuf::from(String::from_utf8(on_path.stdout).ok()?.trim());
    let mut places: Vec<(u32, PathBuf)> = ["/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt"]
        .into_iter()
        .filter_map(|parent| std::fs::read_dir(parent).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .map(|place| {
            let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (name.trim_start_matches("postgresql@").parse().unwrap_or(0), place.join("bin"))
        })
        .collect();
    places.sort();
    std::iter::once(on_path).chain(places.into_iter().rev().map(|(_, bin)| bin)).find(|bin| bin.join("initdb").exists())
}
