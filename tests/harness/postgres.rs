//! A real PostgreSQL, Debian's package, in a temporary folder; where it is missing the test fails and says so. One
//! server serves a whole test binary and every test gets a database of its own, copied from one that was migrated
//! before. It ends with the process that started it, however that ends. This file stands alone, because the
//! library's own tests use it too.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Output, Stdio},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::sleep,
    time::{Duration, Instant},
};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/postgres");

/// The database that the others are copies of.
const TEMPLATE: &str = "ready";

/// Runs the server until its input ends, which is when the process that wrote to it ends, and clears up.
const KEEPER: &str = r#"
"$1/postgres" -D "$2/data" >"$2/log" 2>&1 &
server=$!
while read -r order; do
  case "$order" in
    stop) kill -INT $server; wait $server; echo stopped ;;
    crash) kill -QUIT $server; wait $server; echo stopped ;;
    hang) kill -STOP $server $(cat /proc/$server/task/$server/children); echo hangs ;;
    wake) kill -CONT $server $(cat /proc/$server/task/$server/children); echo awake ;;
    start) "$1/postgres" -D "$2/data" >>"$2/log" 2>&1 & server=$!; echo started ;;
  esac
done
kill -QUIT $server
wait $server
rm -rf "$2"
"#;

/// A running server.
pub struct Postgres {
    folder: PathBuf,
    programs: PathBuf,
    port: u16,
    orders: Mutex<(ChildStdin, BufReader<std::process::ChildStdout>)>,
    serial: AtomicU64,
    _keeper: Child,
}

impl Postgres {
    /// The one that all tests of this binary share.
    pub fn shared() -> &'static Postgres {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Postgres::start)
    }

    /// One of one's own, to be stopped and started.
    pub fn start() -> Postgres {
        let programs = programs();
        let folder = tempfile::Builder::new().prefix("phuluc-postgres").tempdir().expect("a temporary folder").keep();
        let owner = owner();
        if let Some((user, group)) = owner {
            chown(&folder, Some(user), Some(group)).expect("chown");
        }
        // Texts are ordered as a Vietnamese reader would, which is not how SQLite orders them.
        let mut initdb = Command::new(programs.join("initdb"));
        initdb.arg("-D").arg(folder.join("data")).args(["-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8"]);
        initdb.args(["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=vi-VN"]);
        succeed(as_owner(&mut initdb, owner));
        let port = free_port();
        configure(&folder, port);
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(&programs).arg(&folder);
        keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut keeper = as_owner(&mut keeper, owner).spawn().expect("start PostgreSQL");
        let orders = keeper.stdin.take().zip(keeper.stdout.take()).expect("pipes");
        let orders = Mutex::new((orders.0, BufReader::new(orders.1)));
        let postgres = Postgres { folder, programs, port, orders, serial: AtomicU64::new(1), _keeper: keeper };
        postgres.wait();
        postgres.sql("postgres", &format!("CREATE DATABASE {TEMPLATE}"));
        postgres.migrate();
        postgres
    }

    /// A database that only the caller knows: its URL.
    pub fn database(&self) -> String {
        self.url(&self.database_named(TEMPLATE))
    }

    /// The same without a table.
    pub fn empty_database(&self) -> String {
        self.url(&self.database_named("template1"))
    }

    fn database_named(&self, template: &str) -> String {
        let name = format!("test_{}", self.serial.fetch_add(1, Ordering::Relaxed));
        // One at a time: two copies of one database wait for each other and may give up.
        static ONE: Mutex<()> = Mutex::new(());
        let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        self.sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"));
        name
    }

    /// Through the socket, as who may do everything.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}&port={}", self.folder.display(), self.port)
    }

    /// Over TCP, where a password is asked for.
    pub fn url_over_tcp(&self, user: &str, database_url: &str) -> String {
        let database = database_url.split(['?', '/']).rfind(|part| part.starts_with("test_")).expect("a database");
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs a statement with psql, and returns what it printed.
    pub fn sql(&self, database: &str, statement: &str) -> String {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-h"]).arg(&self.folder);
        psql.args(["-p", &self.port.to_string(), "-d", database, "-c", statement]);
        String::from_utf8_lossy(&succeed(&mut psql).stdout).trim().to_owned()
    }

    /// Ends it as an administrator would who is in a hurry: every session is cut.
    pub fn stop(&self) {
        self.order("stop");
    }

    /// Ends it as a crash would.
    pub fn crash(&self) {
        self.order("crash");
    }

    /// Holds every process of it still, as a machine does whose disk hangs: nothing is refused, and nothing answers.
    pub fn hang(&self) {
        self.order("hang");
    }

    /// Lets it go on.
    pub fn wake(&self) {
        self.order("wake");
    }

    /// Starts it again over the same data.
    pub fn start_again(&self) {
        self.order("start");
        self.wait();
    }

    fn order(&self, order: &str) {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(orders.0, "{order}").expect("the keeper of PostgreSQL");
        let mut done = String::new();
        orders.1.read_line(&mut done).expect("the keeper's answer");
        assert!(!done.is_empty(), "the keeper of PostgreSQL is gone: {}", self.log());
    }

    fn wait(&self) {
        let begun = Instant::now();
        loop {
            let mut ready = Command::new(self.programs.join("pg_isready"));
            ready.arg("-q").arg("-h").arg(&self.folder).args(["-p", &self.port.to_string()]);
            if ready.status().is_ok_and(|status| status.success()) {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "PostgreSQL did not start: {}", self.log());
            sleep(Duration::from_millis(20));
        }
    }

    fn migrate(&self) {
        use sqlx::Connection as _;
        let url = self.url(TEMPLATE);
        // On a thread of its own, because a test may be inside a runtime already.
        let migrating = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let mut connection = sqlx::PgConnection::connect(&url).await.expect("connect");
                MIGRATIONS.run(&mut connection).await.expect("the migrations of PostgreSQL");
                connection.close().await.expect("close");
            });
        });
        migrating.join().expect("the migrated database");
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

/// Where Debian keeps the programs of the newest version that is installed.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("initdb").exists()).collect();
    found.sort();
    found.pop().expect("PostgreSQL is needed for these tests: apt-get install postgresql")
}

/// As whom it runs: PostgreSQL refuses root.
fn owner() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| {
        let output = succeed(Command::new("id").args(arguments));
        String::from_utf8_lossy(&output.stdout).trim().parse::<u32>().expect("a number from id")
    };
    (id(&["-u"]) == 0).then(|| (id(&["-u", "postgres"]), id(&["-g", "postgres"])))
}

fn as_owner(command: &mut Command, owner: Option<(u32, u32)>) -> &mut Command {
    match owner {
        Some((user, group)) => command.uid(user).gid(group).current_dir("/"),
        None => command.current_dir("/"),
    }
}

/// Nothing here needs to outlive the machine, so nothing waits for the disk.
fn configure(folder: &Path, port: u16) {
    let settings = format!(
        "port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\nmax_connections = 200\n\
         fsync = off\nsynchronous_commit = on\nfull_page_writes = off\nshared_buffers = 64MB\nwal_level = minimal\n\
         max_wal_senders = 0\nautovacuum = off\njit = off\nlog_min_messages = warning\n",
        folder.display()
    );
    std::fs::write(folder.join("data/postgresql.auto.conf"), settings).expect("write the settings");
    let rules = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
    std::fs::write(folder.join("data/pg_hba.conf"), rules).expect("write who may connect");
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
