//! The command line as an operator uses it: the built binary, on a data folder of its own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers included")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use curfew::config::provider::ProviderSettings;
use serde_json::{Value, json};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse battery staple\n";
/// How long a line of the log may take that comes at once; generous, for a machine that builds meanwhile.
const SOON: Duration = Duration::from_mins(1);

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

    /// What `curfew config` prints with these flags, this environment and this file, and nothing else.
    fn config(&self, flags: &[String], environment: &[(String, String)], file: &str) -> String {
        let path = self.0.path().join("settings.toml");
        std::fs::write(&path, file).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_curfew"))
            .args(["config", "--config", path.to_str().unwrap()])
            .args(flags)
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.0.path())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && said.is_empty(), "{flags:?} {environment:?} {file}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn serve(&self) -> Served {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.envs([("CURFEW_LOG", "info"), ("CURFEW_LOG_FORMAT", "json")]);
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let (sender, log) = mpsc::channel();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Served { process, log }
    }
}

/// A server on a port that the system chose, with its log at hand. It ends with its owner.
struct Served {
    process: Child,
    log: Receiver<String>,
}

impl Served {
    /// The next entry of the log with these words.
    fn entry(&self, message: &str) -> Value {
        loop {
            let line = self.log.recv_timeout(SOON);
            let entry = entry(&line.unwrap_or_else(|_| panic!("the log does not say “{message}”")));
            if entry["message"] == message {
                return entry;
            }
        }
    }

    /// Ends it, and answers what else it has logged.
    fn end(mut self) -> Vec<Value> {
        self.process.kill().unwrap();
        self.log.iter().map(|line| entry(&line)).collect()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn entry(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|_| panic!("this is no JSON: {line}"))
}

/// What `curfew config` prints of one setting: its value and where that came from.
fn printed<'a>(text: &'a str, name: &str) -> (&'a str, &'a str) {
    let lines = text.lines().filter_map(|line| line.split_once('='));
    let (_, shown) = lines.into_iter().find(|(named, _)| named.trim() == name).unwrap();
    shown.trim().rsplit_once(' ').unwrap()
}

/// The flag and the variable of every setting, as the help names them.
fn settings() -> Vec<(String, String)> {
    let help = Command::new(env!("CARGO_BIN_EXE_curfew")).arg("--help").env_clear().output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let setting = |block: &str| {
        let flag = block.split_whitespace().next()?;
        let variable = block.split_once("[env: ")?.1.split(['=', ']']).next()?;
        Some((format!("--{flag}"), variable.to_owned()))
    };
    let settings: Vec<_> = help.split("\n      --").skip(1).filter_map(setting).collect();
    assert!(settings.len() > 20, "{settings:?}");
    settings.into_iter().filter(|(flag, _)| flag != "--config").collect()
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
    let reactivate = ["user", "reactivate", "--email", "ada@acme.example"];
    assert_eq!(curfew.json(&reactivate, ""), json!({"user_id": made["user_id"]}));
    assert_eq!(curfew.fault(&reactivate, ""), "curfew: this user is active already\n");
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
    assert_eq!(curfew.fault(&[&["user", "reactivate"], &email[..]].concat(), ""), nobody);
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
fn no_secret_is_printed_wherever_it_was_given() {
    let curfew = Curfew::new();
    let long = |word: &str| format!("hunter2 {word}; this makes it long enough");
    let secrets = [
        ("secret", "CURFEW_SECRET", long("now")),
        ("secret-previous", "CURFEW_SECRET_PREVIOUS", format!("{},{}", long("before"), long("once"))),
        ("smtp-url", "CURFEW_SMTP_URL", "smtps://curfew:hunter2@mail.example".to_owned()),
        (
            "database-url",
            "DATABASE_URL",
            "postgres://curfew@localhost/curfew?sslmode=require&password=hunter2".to_owned(),
        ),
    ];
    let flags = secrets.iter().map(|(flag, _, value)| format!("--{flag}={value}"));
    let flags: Vec<_> = flags.chain(["--oauth=google.client_secret=hunter2".to_owned()]).collect();
    let environment = secrets.iter().map(|(_, variable, value)| ((*variable).to_owned(), value.clone()));
    let provider = ("CURFEW_OAUTH_GOOGLE_CLIENT_SECRET".to_owned(), "hunter2".to_owned());
    let environment: Vec<_> = environment.chain([provider]).collect();
    let lines = secrets.iter().map(|(flag, _, value)| toml(&flag.replace('-', "_"), value));
    let file = lines.collect::<String>() + "[oauth.google]\nclient_secret = \"hunter2\"\n";
    for (text, source) in [
        (curfew.config(&flags, &[], ""), "(flag)"),
        (curfew.config(&[], &environment, ""), "(environment)"),
        (curfew.config(&[], &[], &file), "(file)"),
    ] {
        assert!(!text.contains("hunter2"), "{text}");
        for (name, shown) in [
            ("secret", "hidden"),
            ("secret_previous", "2 hidden"),
            ("smtp_url", "smtps://curfew:hidden@mail.example"),
            ("database_url", "postgres://curfew@localhost/curfew?sslmode=require&password=hidden"),
            ("oauth.google.client_secret", "hidden"),
        ] {
            assert_eq!(printed(&text, name), (shown, source), "{name}");
        }
    }
}

/// A line of the file that says what this says on the command line.
fn toml(name: &str, value: &str) -> String {
    let value = match name {
        "secret_previous" | "cors_origins" => format!("{:?}", value.split(',').collect::<Vec<_>>()),
        _ if value.parse::<u32>().is_ok() || value.parse::<bool>().is_ok() => value.to_owned(),
        _ => format!("{value:?}"),
    };
    format!("{name} = {value}\n")
}

#[test]
fn every_setting_is_the_same_by_flag_by_environment_and_by_file() {
    let curfew = Curfew::new();
    let default = curfew.config(&[], &[], "");
    for (flag, variable) in settings() {
        let name = flag.trim_start_matches('-').replace('-', "_");
        let value = match name.as_str() {
            "listen" => "127.0.0.1:9999",
            "data_dir" => "./elsewhere",
            "database_url" => "postgres://localhost/elsewhere",
            "secret" => "a secret of the tests, which is long enough",
            "secret_previous" => "a former secret of the tests without a comma,and another one",
            "public_url" => "https://curfew.example",
            "cors_origins" => "https://app.example,https://other.example",
            "registration" => "closed",
            "smtp_url" => "smtp://mail.example:587",
            "mail_from" => "Acme <acme@curfew.example>",
            "log" => "curfew=debug",
            "log_format" => "text",
            _ => "97",
        };
        let by_flag = curfew.config(&[flag, value.to_owned()], &[], "");
        let by_environment = curfew.config(&[], &[(variable, value.to_owned())], "");
        let by_file = curfew.config(&[], &[], &toml(&name, value));
        let (shown, source) = printed(&by_flag, &name);
        assert_eq!(source, "(flag)", "{name}");
        assert_ne!(shown, printed(&default, &name).0, "{name}");
        assert_eq!(printed(&by_environment, &name), (shown, "(environment)"), "{name}");
        assert_eq!(printed(&by_file, &name), (shown, "(file)"), "{name}");
    }
}

#[test]
fn a_provider_is_the_same_by_flags_by_environment_and_by_file() {
    let curfew = Curfew::new();
    let all = serde_json::to_value(ProviderSettings::default()).unwrap();
    let all = all.as_object().unwrap();
    let value = |setting: &str| match setting {
        "issuer" => "https://id.example",
        "icon" => "microsoft",
        "trusts_addresses" => "false",
        "response_mode" => "form_post",
        "token_endpoint_auth_method" => "client_secret_post",
        _ => "some=words",
    };
    let named: Vec<_> = all.keys().map(|setting| (setting, value(setting))).collect();
    let flags: Vec<_> = named
        .iter()
        .flat_map(|(setting, v)| ["--oauth".to_owned(), format!("our-id.{setting}={v}")])
        .collect();
    let environment = named.iter().map(|(setting, value)| {
        (format!("CURFEW_OAUTH_OUR_ID_{}", setting.to_uppercase()), (*value).to_owned())
    });
    let environment: Vec<_> = environment.collect();
    let lines = named.iter().map(|(setting, value)| toml(setting, value));
    let file = ["[oauth.our-id]\n".to_owned()].into_iter().chain(lines).collect::<String>();
    let by_flags = curfew.config(&flags, &[], "");
    let by_environment = curfew.config(&[], &environment, "");
    let by_file = curfew.config(&[], &[], &file);
    for (setting, value) in named {
        let name = format!("oauth.our-id.{setting}");
        let shown = if setting == "client_secret" { "hidden" } else { value };
        assert_eq!(printed(&by_flags, &name), (shown, "(flag)"));
        assert_eq!(printed(&by_environment, &name), (shown, "(environment)"));
        assert_eq!(printed(&by_file, &name), (shown, "(file)"));
    }
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let curfew = Curfew::new();
    let more = ["CURFEW_CONFIG", "CURFEW_OAUTH_GOOGLE_CLIENT_ID"].map(str::to_owned);
    let variables = settings().into_iter().map(|(_, variable)| variable).chain(more);
    let empty: Vec<_> = variables.map(|variable| (variable, String::new())).collect();
    assert_eq!(curfew.config(&[], &empty, ""), curfew.config(&[], &[], ""));
    let text = curfew.config(&[], &empty, "smtp_url = \"smtp://mail.example\"\nproxies = 1\n");
    assert_eq!(printed(&text, "smtp_url"), ("smtp://mail.example", "(file)"));
    assert_eq!(printed(&text, "proxies"), ("1", "(file)"));
    let mut migrate = curfew.command(&["migrate"]);
    let migrated = migrate.envs(empty).env("CURFEW_DATA_DIR", curfew.0.path()).output().unwrap();
    assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
}

#[test]
fn an_empty_flag_is_refused() {
    let curfew = Curfew::new();
    for (flag, words) in [
        ("--listen=", "--listen"),
        ("--proxies=", "--proxies"),
        ("--data-dir=", "--data-dir"),
        ("--database-url=", "the database's address"),
        ("--secret=", "at least 32 bytes"),
        ("--secret-previous=", "at least 32 bytes"),
        ("--public-url=", "public_url"),
        ("--cors-origins=", "cors_origins"),
        ("--smtp-url=", "smtp_url"),
        ("--mail-from=", "mail_from"),
    ] {
        let fault = curfew.fault(&["migrate", flag], "");
        assert!(fault.contains(words), "{flag}: {fault}");
    }
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
fn no_secret_is_printed_where_a_setting_is_refused() {
    let curfew = Curfew::new();
    let unreadable = "postgres://curfew:hunter2@localhost:bad/curfew?password=hunter2";
    let fault = curfew.fault(&["migrate", "--database-url", unreadable], "");
    assert!(fault.contains("cannot be reached") && !fault.contains("hunter2"), "{fault}");
    let file = curfew.0.path().join("wrong.toml");
    for (text, words) in [
        ("listen = \"127.0.0.1:1\"\nsecert = \"hunter2\"\n", "line 2: unknown field `secert`"),
        ("secret = \"hunter2\n", "line 1: "),
        ("[oauth.google]\nclient_secret = [\"hunter2\"]\n", "line 2: "),
    ] {
        std::fs::write(&file, text).unwrap();
        let fault = curfew.fault(&["migrate", "--config", file.to_str().unwrap()], "");
        assert!(fault.contains(words) && !fault.contains("hunter2"), "{fault}");
    }
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
fn a_server_puts_on_record_by_itself_what_nobody_used_in_time() {
    let curfew = Curfew::new();
    curfew.create_account("ada@acme.example");
    let session = "INSERT INTO sessions (id, account_id, user_id, generation, rotations, auth_time, idle_max, \
                   abs_max, idle_expires_at, absolute_expires_at) \
                   SELECT randomblob(16), account_id, id, 0, '', '2026-03-01 09:00:00+00:00', 1772614800, \
                   1773565200, '2026-03-04 09:00:00+00:00', '2026-03-15 09:00:00+00:00' FROM users \
                   RETURNING generation";
    assert_eq!(query(curfew.0.path(), session), 0);
    assert_eq!(curfew.serve().entry("swept sessions")["closed"], 1);
    let on_record =
        "SELECT count(*) FROM audit_events WHERE kind = 'session.expired' AND payload ->> 'reason' = 'idle'";
    assert_eq!(query(curfew.0.path(), on_record), 1);
}

#[test]
fn every_line_of_the_log_is_json_and_names_the_request_as_its_answer_does() {
    let curfew = Curfew::new();
    let served = curfew.serve();
    let ready = served.entry("ready");
    let mut stream = TcpStream::connect(ready["address"].as_str().unwrap()).unwrap();
    stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let id = answer.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap();
    let entry = served.entry("answered");
    assert_eq!(entry["span"]["id"], id, "{entry}");
    assert_eq!((&entry["span"]["path"], &entry["status"]), (&json!("/health/live"), &json!(200)));
    assert!(served.end().iter().all(Value::is_object));
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
