//! The command line as an operator uses it: the built binary, on a data folder of its own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers included")]

use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse battery staple\n";

struct Curfew(TempDir);

impl Curfew {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_curfew"));
        command.args(arguments).env_clear().env("CURFEW_DATA_DIR", self.0.path()).env("CURFEW_LOG", "warn");
        command
    }

    fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// The JSON that a command prints.
    fn json(&self, arguments: &[&str], input: &str) -> Value {
        let output = self.run(arguments, input);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The sentence that a command fails with.
    fn fault(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input);
        assert!(!output.status.success());
        assert!(output.stdout.is_empty());
        String::from_utf8(output.stderr).unwrap()
    }

    fn create_account(&self, email: &str) -> Value {
        let arguments =
            ["account", "create", "--name", "Acme", "--owner-email", email, "--owner-name", "Ada"];
        self.json(&[&arguments[..], &["--password-stdin"]].concat(), PASSWORD)
    }
}

#[test]
fn accounts_and_users_are_made_and_named_in_json() {
    let curfew = Curfew::new();
    let made = curfew.create_account("Ada@Acme.example");
    let account = made["account_id"].as_str().unwrap();
    let user = ["user", "create", "--account", account, "--email", "bob@acme.example", "--name", "Bob"];
    let user = [&user[..], &["--role", "engineer", "--password-stdin"]].concat();
    let bob = curfew.json(&user, PASSWORD);
    assert_eq!(bob["account_id"], account);
    assert_ne!(bob["user_id"], made["user_id"]);
    assert_eq!(curfew.fault(&user, PASSWORD), "curfew: the address bob@acme.example is taken\n");
    let short = curfew.fault(&user, "short\n");
    assert_eq!(short, "curfew: password: Use at least 12 characters.\n");
    let elsewhere =
        ["user", "create", "--account", "0198d5ad-9dd1-7000-8000-000000000001", "--email", "x@y.example"];
    let elsewhere = [&elsewhere[..], &["--name", "X", "--role", "viewer", "--password-stdin"]].concat();
    assert!(curfew.fault(&elsewhere, PASSWORD).starts_with("curfew: there is no account 0198d5ad"));
}

#[test]
fn an_account_that_cannot_have_its_owner_is_not_made_either() {
    let curfew = Curfew::new();
    curfew.create_account("ada@acme.example");
    let again =
        ["account", "create", "--name", "Other", "--owner-email", "ADA@acme.example", "--owner-name", "A"];
    let again = [&again[..], &["--password-stdin"]].concat();
    assert!(curfew.fault(&again, PASSWORD).contains("is taken"));
    let count = "SELECT count(*) FROM accounts";
    assert_eq!(query(curfew.0.path(), count), 1);
}

#[test]
fn the_last_active_owner_stays() {
    let curfew = Curfew::new();
    let made = curfew.create_account("ada@acme.example");
    let deactivate = ["user", "deactivate", "--email", "ada@acme.example"];
    assert_eq!(curfew.fault(&deactivate, ""), "curfew: this is the account's last active owner\n");
    let account = made["account_id"].as_str().unwrap();
    let second = ["user", "create", "--account", account, "--email", "bob@acme.example", "--name", "Bob"];
    curfew.json(&[&second[..], &["--role", "owner", "--password-stdin"]].concat(), PASSWORD);
    let answer = curfew.json(&deactivate, "");
    assert_eq!(answer, json!({"user_id": made["user_id"], "revoked_count": 0}));
    assert!(
        curfew
            .fault(&["user", "deactivate", "--email", "bob@acme.example"], "")
            .contains("last active owner")
    );
}

#[test]
fn sessions_and_passwords_of_nobody_are_a_fault() {
    let curfew = Curfew::new();
    let nobody = "curfew: nobody has the address nobody@acme.example\n";
    let email = ["--email", "nobody@acme.example"];
    assert_eq!(curfew.fault(&[&["session", "revoke"], &email[..]].concat(), ""), nobody);
    assert_eq!(curfew.fault(&[&["session", "list"], &email[..]].concat(), ""), nobody);
    let set = [&["user", "set-password"], &email[..], &["--password-stdin"]].concat();
    assert_eq!(curfew.fault(&set, PASSWORD), nobody);
    let unknown = ["session", "revoke", "--id", "0198d5ad-9dd1-7000-8000-000000000001"];
    assert!(curfew.fault(&unknown, "").contains("there is no session"));
}

#[test]
fn what_is_in_force_is_printed_with_its_origin_and_without_secrets() {
    let curfew = Curfew::new();
    let file = curfew.0.path().join("curfew.toml");
    std::fs::write(&file, "password_workers = 3\nreplay_leeway_seconds = 5\nlog = \"debug\"\n").unwrap();
    let output = curfew
        .command(&["config", "--listen", "127.0.0.1:9999", "--config", file.to_str().unwrap()])
        .env("CURFEW_SECRET", "a secret that must not be printed anywhere")
        .env("CURFEW_REPLAY_LEEWAY_SECONDS", "7")
        .env("DATABASE_URL", "postgres://curfew:hunter2@localhost/curfew")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line =
        |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().split_once("= ").unwrap().1;
    assert_eq!(line("listen "), "127.0.0.1:9999 (flag)");
    assert_eq!(line("public_url "), "http://localhost:9999 (default)");
    assert_eq!(line("mail_from "), "Curfew <no-reply@localhost> (default)");
    assert_eq!(line("password_workers "), "3 (file)");
    assert_eq!(line("replay_leeway_seconds "), "7 (environment)");
    assert_eq!(line("log "), "warn (environment)", "the environment goes before the file");
    assert_eq!(line("idle_minutes_default "), "4320 (default)");
    assert_eq!(line("secret "), "hidden (environment)");
    assert_eq!(line("database_url "), "postgres://curfew:hidden@localhost/curfew (environment)");
    assert!(!text.contains("must not be printed") && !text.contains("hunter2"));
}

#[test]
fn settings_that_contradict_are_refused_with_a_sentence() {
    let curfew = Curfew::new();
    for (flags, words) in [
        (&["--secret", "short"][..], "at least 32 bytes"),
        (&["--idle-minutes-min", "14"], "within 15 and 43200"),
        (&["--idle-minutes-default", "61", "--absolute-minutes-default", "60"], "idle ≤ absolute"),
        (&["--public-url", "curfew.example"], "public_url"),
        (&["--password-workers", "0"], "password_workers"),
        (&["--replay-leeway-seconds", "3601"], "within 0 and 3600"),
        (&["--smtp-url", "mail.example:587"], "must begin with smtp:// or smtps://"),
        (&["--database-url", "sqlite::memory:"], "must be a file"),
        (&["--database-url", "mysql://x"], "must begin with `sqlite:` or `postgres:`"),
        (&["--config", "/nowhere.toml"], "/nowhere.toml"),
        (&["--log", "curfew=loud"], "log:"),
    ] {
        let fault = curfew.fault(&[&["migrate"], flags].concat(), "");
        assert!(fault.starts_with("curfew: ") && fault.contains(words), "{flags:?}: {fault}");
    }
    std::fs::write(curfew.0.path().join("typo.toml"), "listne = \"127.0.0.1:1\"\n").unwrap();
    let typo = curfew.0.path().join("typo.toml");
    assert!(curfew.fault(&["migrate", "--config", typo.to_str().unwrap()], "").contains("listne"));
}

#[test]
fn a_server_that_cannot_listen_says_so_and_keeps_its_secret_to_itself() {
    let curfew = Curfew::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let fault = curfew.fault(&["serve", "--listen", &address], "");
    assert!(fault.contains(&format!("cannot listen on {address}")), "{fault}");
    let secret = curfew.0.path().join("secret");
    let text = std::fs::read_to_string(&secret).unwrap();
    assert!(text.len() >= 32 && !fault.contains(&text));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(secret.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    curfew.fault(&["serve", "--listen", &address], "");
    assert_eq!(std::fs::read_to_string(secret).unwrap(), text, "made once");
}

#[test]
fn the_description_is_printed_without_a_server() {
    let description = Curfew::new().json(&["openapi"], "");
    assert_eq!(description["info"]["title"], "Curfew");
    assert!(description["paths"]["/api/v1/auth/refresh"]["post"].is_object());
}

fn query(folder: &Path, sql: &str) -> i64 {
    let url = format!("sqlite:{}", folder.join("curfew.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use sea_orm::ConnectionTrait;
        let connection = sea_orm::Database::connect(url).await.unwrap();
        let statement = sea_orm::Statement::from_string(connection.get_database_backend(), sql);
        connection.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
    })
}
