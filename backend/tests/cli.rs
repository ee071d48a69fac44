//! The command line as an operator uses it: the built binary on its own data folder.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers included")]

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use curfew::config::provider;
use serde_json::{Value, json};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse battery staple\n";
/// The time limit for a log line that comes at once. Generous, for a machine that also builds.
const SOON: Duration = Duration::from_mins(1);

struct Curfew(TempDir);

impl Curfew {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_curfew"));
        command.args(arguments).env_clear().env("CURFEW_DATA_DIR", self.0.path()).env("CURFEW_LOG", "warn");
        command.env("CURFEW_METRICS_LISTEN", "127.0.0.1:0");
        command
    }

    fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    fn json(&self, arguments: &[&str], input: &str) -> Value {
        serde_json::from_str(&self.text(&[arguments, &["--json"]].concat(), input)).unwrap()
    }

    /// What a command prints.
    fn text(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The error message of a failing command.
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

    /// The output of `curfew config` with these flags, environment and file, and nothing else.
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
        self.serve_with(&[])
    }

    /// Serves with additional environment variables.
    fn serve_with(&self, environment: &[(&str, &str)]) -> Served {
        let mut command = self.command(&["serve"]);
        command.env("CURFEW_LISTEN", "127.0.0.1:0");
        command.envs([("CURFEW_LOG", "info"), ("CURFEW_LOG_FORMAT", "json")]);
        command.envs(environment.iter().copied());
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let (sender, log) = mpsc::channel();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Served { process, log }
    }
}

/// A server on a free port, with its log. It ends when dropped.
struct Served {
    process: Child,
    log: Receiver<String>,
}

impl Served {
    /// The next log entry with this message.
    fn entry(&self, message: &str) -> Value {
        loop {
            let line = self.log.recv_timeout(SOON);
            let entry = entry(&line.unwrap_or_else(|_| panic!("the log does not say “{message}”")));
            if entry["message"] == message {
                return entry;
            }
        }
    }

    /// The next log entry whose message contains `words`.
    fn entry_with(&self, words: &str) -> Value {
        loop {
            let line = self.log.recv_timeout(SOON);
            let entry = entry(&line.unwrap_or_else(|_| panic!("the log does not mention “{words}”")));
            if entry["message"].as_str().is_some_and(|message| message.contains(words)) {
                return entry;
            }
        }
    }

    /// Waits until it serves and returns its address.
    fn address(&self) -> String {
        self.entry("ready")["address"].as_str().unwrap().to_owned()
    }

    /// Sends a signal, such as `TERM`.
    #[cfg(unix)]
    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.process.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Stops it and returns the remaining log entries.
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

/// The response, read until the server closes the connection.
fn exchange(mut stream: impl Read + Write, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn get(address: &str, path: &str) -> String {
    let stream = TcpStream::connect(address).unwrap();
    exchange(stream, &format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"))
}

fn entry(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|_| panic!("this is no JSON: {line}"))
}

/// The value and the source that `curfew config` prints for a setting.
fn printed<'a>(text: &'a str, name: &str) -> (&'a str, &'a str) {
    let lines = text.lines().filter_map(|line| line.split_once('='));
    let (_, shown) = lines.into_iter().find(|(named, _)| named.trim() == name).unwrap();
    shown.trim().rsplit_once(' ').unwrap()
}

/// The flag and variable of every setting, from the help.
fn settings() -> Vec<(String, String)> {
    let help =
        Command::new(env!("CARGO_BIN_EXE_curfew")).args(["serve", "--help"]).env_clear().output().unwrap();
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
fn a_command_that_only_reads_changes_no_schema() {
    let curfew = Curfew::new();
    let fault = curfew.fault(&["session", "list"], "");
    assert!(fault.contains("run `curfew migrate` first"), "{fault}");
    assert!(curfew.run(&["migrate"], "").status.success());
    assert_eq!(curfew.text(&["session", "list"], ""), "No session is live.\n");
    assert_eq!(curfew.text(&["session", "list", "--json"], ""), "");
}

#[test]
fn accounts_and_users_are_created_and_printed_as_json() {
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
fn an_account_is_not_created_without_its_owner() {
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
fn commands_for_an_unknown_user_fail() {
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
fn effective_settings_are_printed_with_source_and_no_secrets() {
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
fn no_secret_is_printed_from_any_source() {
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

/// The line of the file for this setting.
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
            "listen" | "metrics_listen" => "127.0.0.1:9999",
            "data_dir" => "./elsewhere",
            "database_url" => "postgres://localhost/elsewhere",
            "secret" => "a secret of the tests, which is long enough",
            "secret_previous" => {
                "a former secret of the tests without a comma,another former secret which is long enough"
            }
            "public_url" => "https://curfew.example",
            "cors_origins" => "https://app.example,https://other.example",
            "registration" => "closed",
            "smtp_url" => "smtp://mail.example:587",
            "smtp_hello" => "mail.example",
            "mail_from" => "Acme <acme@curfew.example>",
            "log" => "curfew=debug",
            "log_format" => "text",
            "database_pooling" => "transaction",
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
    let value = |setting: &str| match setting {
        "issuer" => "https://id.example",
        "icon" => "microsoft",
        "trusts_addresses" => "false",
        "response_mode" => "form_post",
        "token_endpoint_auth_method" => "client_secret_post",
        _ => "some=words",
    };
    let named = provider::settings();
    let named: Vec<_> = named.iter().map(|setting| (setting.as_str(), value(setting))).collect();
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
        ("--listen=", "listen: must be HOST:PORT"),
        ("--metrics-listen=", "metrics_listen: must be HOST:PORT"),
        ("--proxies=", "proxies: "),
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
        (&["--password-workers", "0"], "password_workers: 0 is not in 1..=1024"),
        (&["--replay-leeway-seconds", "3601"], "replay_leeway_seconds: 3601 is not in 0..=3600"),
        (&["--listen", "8080"], "listen: must be HOST:PORT"),
        (&["--keep-alive-seconds", "0"], "keep_alive_seconds: 0 is not in 1..=3600"),
        (&["--shutdown-delay-seconds", "301"], "shutdown_delay_seconds: 301 is not in 0..=300"),
        (&["--smtp-url", "mail.example:587"], "must begin with smtp:// or smtps://"),
        (&["--smtp-hello", "mail server"], "smtp_hello: must be a host name"),
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
    assert!(fault.contains("cannot be read as an address") && !fault.contains("hunter2"), "{fault}");
    for (flag, unencoded) in [
        ("--database-url", "postgres://curfew:hunter2/@localhost/curfew"),
        ("--database-url", "postgres://curfew:hunter2#@localhost/curfew"),
        ("--smtp-url", "smtps://curfew:hunter2?@mail.example"),
        ("--smtp-url", "smtps://curfew:12/hunter2@mail.example"),
    ] {
        let fault = curfew.fault(&["migrate", flag, unencoded], "");
        assert!(fault.contains("/ as %2F") && !fault.contains("hunter2"), "{fault}");
        assert_eq!(curfew.fault(&["config", flag, unencoded], ""), fault);
    }
    let file = curfew.0.path().join("wrong.toml");
    for (text, words) in [
        ("listen = \"127.0.0.1:1\"\nsecert = \"hunter2\"\n", "line 2: secert: there is no such setting"),
        ("secret = \"hunter2\n", "line 1: "),
        ("[oauth.google]\nclient_secret = [\"hunter2\"]\n", "oauth.google.client_secret: must be a text"),
    ] {
        std::fs::write(&file, text).unwrap();
        let fault = curfew.fault(&["migrate", "--config", file.to_str().unwrap()], "");
        assert!(fault.contains(words) && !fault.contains("hunter2"), "{fault}");
    }
}

#[test]
fn a_server_that_cannot_listen_says_so_without_its_secret() {
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
fn a_server_audits_idle_expiry_by_itself() {
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
fn every_log_line_is_json_with_the_request_id_of_the_response() {
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
fn an_unconfigured_proxy_is_warned_about() {
    let curfew = Curfew::new();
    let url = ("CURFEW_PUBLIC_URL", "https://curfew.example");
    let served = curfew.serve_with(&[url]);
    assert_eq!(served.entry_with("CURFEW_PROXIES is 0, but")["level"], "WARN");
    let address = served.address();
    for _ in 0..2 {
        sign_in_through_a_proxy(&address);
    }
    assert_eq!(served.entry_with("a request has X-Forwarded-For, which is ignored")["level"], "WARN");
    let later = served.end();
    assert!(!later.iter().any(|entry| entry.to_string().contains("X-Forwarded-For")), "{later:?}");

    let served = curfew.serve_with(&[url, ("CURFEW_PROXIES", "1")]);
    let mut all = Vec::new();
    while all.last().is_none_or(|entry: &Value| entry["message"] != "ready") {
        all.push(entry(&served.log.recv_timeout(SOON).unwrap()));
    }
    sign_in_through_a_proxy(all[all.len() - 1]["address"].as_str().unwrap());
    all.extend(served.end());
    assert!(!all.iter().any(|entry| entry.to_string().contains("CURFEW_PROXIES")), "{all:?}");
}

fn sign_in_through_a_proxy(address: &str) {
    let body = r#"{"email":"ada@acme.example","password":"wrong"}"#;
    let request = format!(
        "POST /api/v1/auth/login/json HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         x-forwarded-for: 203.0.113.9\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = exchange(TcpStream::connect(address).unwrap(), &request);
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}

#[cfg(unix)]
#[test]
fn a_stopping_server_is_not_ready_but_listens_for_the_set_delay() {
    let curfew = Curfew::new();
    let mut served = curfew.serve_with(&[("CURFEW_SHUTDOWN_DELAY_SECONDS", "300")]);
    let address = served.address();
    assert!(get(&address, "/health/ready").starts_with("HTTP/1.1 200"));
    served.signal("TERM");
    served.entry_with("listening for 300 more seconds");
    assert!(get(&address, "/health/ready").starts_with("HTTP/1.1 503"));
    assert!(get(&address, "/health/live").starts_with("HTTP/1.1 200"));
    // A second signal ends the delay, Ctrl-C skips it; otherwise it lasts as long as set.
    served.signal("TERM");
    assert!(served.process.wait().unwrap().success());
    for (signal, seconds) in [("INT", "300"), ("TERM", "1"), ("TERM", "0")] {
        let mut served = curfew.serve_with(&[("CURFEW_SHUTDOWN_DELAY_SECONDS", seconds)]);
        assert!(get(&served.address(), "/health/ready").starts_with("HTTP/1.1 200"));
        served.signal(signal);
        assert!(served.process.wait().unwrap().success(), "{signal} {seconds}");
    }
}

#[test]
fn shutdown_and_keep_alive_allow_for_load_balancers() {
    let curfew = Curfew::new();
    let text = curfew.config(&[], &[], "");
    assert_eq!(printed(&text, "shutdown_delay_seconds"), ("0", "(default)"));
    assert!(printed(&text, "keep_alive_seconds").0.parse::<u32>().unwrap() > 75);
    for flag in ["--public-url=https://curfew.example", "--listen=:8080"] {
        let text = curfew.config(&[flag.to_owned()], &[], "");
        assert_eq!(printed(&text, "shutdown_delay_seconds"), ("5", "(default)"), "{flag}");
    }
    let served = curfew.serve_with(&[("CURFEW_KEEP_ALIVE_SECONDS", "1")]);
    let stream = TcpStream::connect(served.address()).unwrap();
    let answer = exchange(stream, "GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200") && !answer.contains("connection: close"), "{answer}");
}

#[test]
fn metrics_are_served_on_loopback_once_the_port_is_free() {
    let curfew = Curfew::new();
    assert_eq!(printed(&curfew.config(&[], &[], ""), "metrics_listen"), ("127.0.0.1:9464", "(default)"));
    let first = curfew.serve();
    let public = first.address();
    let metrics = first.entry("metrics are served")["address"].as_str().unwrap().to_owned();
    assert!(get(&metrics, "/metrics").contains("# EOF"));
    assert!(get(&metrics, "/health/live").starts_with("HTTP/1.1 404"));
    assert!(get(&public, "/metrics").starts_with("HTTP/1.1 404"));
    let second = curfew.serve_with(&[("CURFEW_METRICS_LISTEN", &metrics)]);
    assert!(get(&second.address(), "/health/live").starts_with("HTTP/1.1 200"));
    assert_eq!(second.entry_with("metrics cannot be served there")["address"], metrics.as_str());
    first.end();
    assert_eq!(second.entry("metrics are served")["address"], metrics.as_str());
    assert!(get(&metrics, "/metrics").contains("# EOF"));
    let off = curfew.serve_with(&[("CURFEW_METRICS_LISTEN", "off")]);
    assert!(get(&off.address(), "/health/live").starts_with("HTTP/1.1 200"));
    assert!(!off.end().iter().any(|entry| entry["message"] == "metrics are served"));
}

#[test]
fn the_data_folder_may_have_any_name() {
    let curfew = Curfew::new();
    let entries = || {
        let entries = std::fs::read_dir(curfew.0.path()).unwrap();
        // SQLite may or may not remove its own files after the last connection closes.
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm")).collect::<BTreeSet<_>>()
    };
    let mut expected = entries();
    for name in ["100%", "%41", "a?b=c", "a#b", "with space", "Zürich", "a&b+c", "[x]", "it's \"it\""] {
        expected.insert(name.to_owned());
        let folder = curfew.0.path().join(name);
        let mut migrate = curfew.command(&["migrate"]);
        let output = migrate.env("CURFEW_DATA_DIR", &folder).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(folder.join("curfew.db").is_file(), "{name}");
    }
    // In a hand-written URL they are percent-encoded.
    let url = format!("sqlite:{}/by%3Fhand.db", curfew.0.path().display());
    let output = curfew.command(&["migrate", "--database-url", &url]).output().unwrap();
    assert!(output.status.success() && curfew.0.path().join("by?hand.db").is_file());
    expected.extend(["by?hand.db", "by?hand.migration-lock"].map(str::to_owned));
    assert_eq!(entries(), expected, "and nothing elsewhere");
}

#[test]
fn every_secret_can_be_read_from_a_file() {
    let curfew = Curfew::new();
    let file = |name: &str, content: &str| {
        let path = curfew.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let secret = "hunter2, which is long enough for a secret";
    let variables = [
        ("CURFEW_SECRET", secret, "secret", "hidden"),
        (
            "CURFEW_SECRET_PREVIOUS",
            "hunter2 before; this makes it long enough,hunter2 once; this makes it long enough",
            "secret_previous",
            "2 hidden",
        ),
        (
            "DATABASE_URL",
            "postgres://curfew:hunter2@db.example/curfew",
            "database_url",
            "postgres://curfew:hidden@db.example/curfew",
        ),
        (
            "CURFEW_SMTP_URL",
            "smtps://curfew:hunter2@mail.example",
            "smtp_url",
            "smtps://curfew:hidden@mail.example",
        ),
        ("CURFEW_OAUTH_GOOGLE_CLIENT_SECRET", "hunter2", "oauth.google.client_secret", "hidden"),
    ];
    let named = |variable: &str, path: String| (format!("{variable}_FILE"), path);
    let files: Vec<_> = variables
        .iter()
        .map(|(variable, content, ..)| named(variable, file(variable, &format!("{content}\n"))))
        .collect();
    let text = curfew.config(&[], &files, "");
    for (_, _, name, shown) in variables {
        assert_eq!(printed(&text, name), (shown, "(environment)"), "{name}");
    }
    let flag = curfew.config(&["--smtp-url=smtp://other.example".to_owned()], &files, "");
    assert_eq!(printed(&flag, "smtp_url"), ("smtp://other.example", "(flag)"));
    for (variable, content, ..) in variables {
        let fails = |more: &[(&str, &str)], words: &str| {
            let mut migrate = curfew.command(&["migrate"]);
            let output = migrate.envs(more.iter().copied()).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(!output.status.success() && said.contains(words), "{variable}: {said}");
            assert!(!said.contains("hunter2"), "{said}");
        };
        let from = format!("{variable}_FILE");
        let path = file(variable, content);
        fails(&[(&from, &path), (variable, content)], &format!("{variable} and {from} are both set"));
        fails(&[(&from, "/nowhere")], &format!("{from}: /nowhere: "));
        fails(&[(&from, &file("empty", "\n"))], "is empty");
    }
    // The file's content counts: no secret is created, and a short one is refused.
    let path = file("given", secret);
    let served = curfew.serve_with(&[("CURFEW_SECRET_FILE", &path)]);
    served.address();
    assert!(!curfew.0.path().join("secret").exists());
    let output =
        curfew.command(&["migrate"]).env("CURFEW_SECRET_FILE", file("short", "short")).output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("at least 32 bytes"));
}

#[test]
fn a_variable_that_is_no_setting_is_named() {
    let curfew = Curfew::new();
    let variables = [("CURFEW_SECRETS", "x"), ("CURFEW_LISTEN_FILE", "/x"), ("CURFEW_PORT", "8080")];
    let of_kubernetes = [
        ("CURFEW_SERVICE_HOST", "10.0.0.1"),
        ("CURFEW_PORT", "tcp://10.0.0.1:80"),
        ("CURFEW_PORT_80_TCP_PORT", "80"),
    ];
    let output = curfew.command(&["config"]).envs(variables).output().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<_> = said.lines().collect();
    let line = |name: &str| format!("curfew: warning: {name} is no setting of Curfew and has no effect");
    assert_eq!(lines, ["CURFEW_LISTEN_FILE", "CURFEW_PORT", "CURFEW_SECRETS"].map(line));
    let served = curfew.serve_with(&variables);
    assert_eq!(served.entry_with("CURFEW_SECRETS is no setting")["level"], "WARN");
    let output = curfew.command(&["config"]).envs(of_kubernetes).output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn it_listens_on_a_name_and_on_all_interfaces() {
    let curfew = Curfew::new();
    for (listen, hosts) in [("localhost:0", ["127.0.0.1", "[::1]"]), (":0", ["127.0.0.1", "[::1]"])] {
        let served = curfew.serve_with(&[("CURFEW_LISTEN", listen)]);
        let address = served.address();
        let port = address.rsplit_once(':').unwrap().1;
        for host in hosts {
            let is_there = std::net::TcpListener::bind(format!("{host}:0")).is_ok();
            let address = format!("{host}:{port}");
            assert!(
                !is_there || get(&address, "/health/live").starts_with("HTTP/1.1 200"),
                "{listen} {address}"
            );
        }
    }
    for (listen, url) in [
        (":9999", "http://localhost:9999"),
        ("localhost:9999", "http://localhost:9999"),
        ("unix:/run/curfew.sock", "http://localhost"),
    ] {
        let text = curfew.config(&[format!("--listen={listen}")], &[], "");
        assert_eq!(printed(&text, "listen"), (listen, "(flag)"));
        assert_eq!(printed(&text, "public_url"), (url, "(default)"));
    }
    let fault = curfew.fault(&["serve", "--listen", "nowhere.invalid:0"], "");
    assert!(fault.contains("cannot listen on nowhere.invalid:0: "), "{fault}");
}

#[cfg(unix)]
#[test]
fn it_listens_on_a_unix_socket_and_replaces_a_stale_one() {
    use std::os::unix::{fs::PermissionsExt, net::UnixStream};

    let curfew = Curfew::new();
    let socket = curfew.0.path().join("http.sock");
    let listen = format!("unix:{}", socket.display());
    std::fs::write(&socket, "precious").unwrap();
    let fault = curfew.fault(&["serve", "--listen", &listen], "");
    assert!(fault.contains("no socket"), "{fault}");
    assert_eq!(std::fs::read_to_string(&socket).unwrap(), "precious");
    std::fs::remove_file(&socket).unwrap();

    let live = || {
        let request = "GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        exchange(UnixStream::connect(&socket).unwrap(), request)
    };
    let killed = curfew.serve_with(&[("CURFEW_LISTEN", &listen)]);
    assert_eq!(killed.address(), listen);
    assert!(live().starts_with("HTTP/1.1 200"));
    assert_eq!(socket.metadata().unwrap().permissions().mode() & 0o777, 0o660);
    let fault = curfew.fault(&["serve", "--listen", &listen], "");
    assert!(fault.contains("another process listens there"), "{fault}");
    assert!(live().starts_with("HTTP/1.1 200"), "and it goes on");
    killed.end();

    let mut next = curfew.serve_with(&[("CURFEW_LISTEN", &listen)]);
    next.address();
    assert!(live().starts_with("HTTP/1.1 200"));
    next.signal("TERM");
    assert!(next.process.wait().unwrap().success());
    assert!(!socket.exists(), "who stops by itself leaves nothing behind");
}

#[test]
fn the_description_is_printed_without_a_server() {
    let description = Curfew::new().json(&["openapi"], "");
    assert_eq!(description["info"]["title"], "Curfew");
    assert!(description["paths"]["/api/v1/auth/refresh"]["post"].is_object());
}

/// Signs a user in until the year 2999, without a server.
fn insert_session(curfew: &Curfew, email: &str) {
    let session = format!(
        "INSERT INTO sessions (id, account_id, user_id, generation, rotations, auth_time, idle_max, abs_max, \
         idle_expires_at, absolute_expires_at) \
         SELECT randomblob(16), account_id, id, 0, '', '2026-03-01 09:00:00+00:00', 32472144000, 32472144000, \
         '2999-01-01 00:00:00+00:00', '2999-01-01 00:00:00+00:00' FROM users WHERE email = '{email}' \
         RETURNING generation"
    );
    assert_eq!(query(curfew.0.path(), &session), 0);
}

#[test]
fn lists_are_tables_for_people_and_json_for_programs() {
    let curfew = Curfew::new();
    let account = curfew.create_account("ada@acme.example");
    let account = account["account_id"].as_str().unwrap();
    let bob = ["user", "create", "--account", account, "--email", "bob@acme.example", "--name", "Bob"];
    // A result is JSON for people and programs alike.
    let bob = entry(&curfew.text(&[&bob[..], &["--role", "viewer", "--password-stdin"]].concat(), PASSWORD));
    assert_eq!(
        (bob["account_id"].as_str(), bob["user_id"].as_str().map(str::len)),
        (Some(account), Some(36))
    );

    insert_session(&curfew, "ada@acme.example");
    insert_session(&curfew, "bob@acme.example");
    // A name from elsewhere is as wide as it is shown, and does not turn the rest of its row around.
    let renamed = "UPDATE users SET email = 'אדה@例え.example' WHERE email = 'bob@acme.example' RETURNING 0";
    assert_eq!(query(curfew.0.path(), renamed), 0);
    let list = curfew.text(&["session", "list"], "");
    let lines: Vec<_> = list.lines().collect();
    assert_eq!(lines.len(), 3, "{list}");
    assert!(lines[0].starts_with("SESSION  ") && lines[0].ends_with("ACCOUNT"), "{list}");
    assert!(lines.iter().all(|line| line.trim_end() == *line), "{list}");
    assert_eq!(
        lines.iter().filter(|line| line.contains("\u{2068}אדה@例え.example\u{2069}  2026")).count(),
        1
    );
    let rows = curfew.text(&["session", "list", "--json"], "");
    for row in rows.lines().map(entry) {
        let id = row["session_id"].as_str().unwrap();
        let line = lines.iter().find(|line| line.starts_with(id)).unwrap();
        assert!(line.contains("2026-03-01 09:00:00 UTC  2999-01-01 00:00:00 UTC  2999"), "{line}");
        let user = row["user_id"].as_str().unwrap();
        assert!(line.ends_with(&format!("  {user}  {account}")), "{line}");
    }
    let ended = curfew.text(&["session", "revoke", "--email", "ada@acme.example"], "");
    assert_eq!(ended, "{\"revoked_count\":1}\n");
}

#[test]
fn the_settings_in_force_are_printed_for_programs_too() {
    let text = Curfew::new().text(&["config", "--json", "--proxies", "2"], "");
    let proxies = text.lines().map(entry).find(|setting| setting["name"] == "proxies").unwrap();
    assert_eq!(proxies, json!({"name": "proxies", "value": "2", "source": "flag"}));
}

#[test]
fn help_shows_the_options_of_a_command_first_and_the_settings_that_matter_to_it() {
    let curfew = Curfew::new();
    let help = |command: &[&str]| curfew.text(&[command, &["--help"]].concat(), "");
    let short = help(&[]);
    assert!(short.starts_with("Accounts and sessions: nobody stays signed in by accident"), "{short}");
    assert!(short.lines().count() < 25 && !short.contains("--listen"), "{short}");
    let serve = help(&["serve"]);
    let at = |text: &str, part: &str| text.find(part).unwrap_or_else(|| panic!("no {part} in {text}"));
    assert!(at(&serve, "--demo") < at(&serve, "Server:"));
    for part in
        ["--listen", "--database-url", "--secret", "--fresh-seconds", "--smtp-url", "--log", "--oauth"]
    {
        assert!(at(&serve, "Server:") < at(&serve, part));
    }
    let list = help(&["session", "list"]);
    assert!(at(&list, "--limit") < at(&list, "--json") && at(&list, "--json") < at(&list, "Storage:"));
    for command in [&["session", "list"][..], &["account", "close"], &["user", "create"], &["migrate"]] {
        let text = help(command);
        assert!(at(&text, "Options:") < at(&text, "Storage:"));
        for part in ["--data-dir", "--database-url", "--log", "--config"] {
            assert!(at(&text, "Storage:") < at(&text, part));
        }
        for part in ["--listen", "--secret", "--smtp-url", "--idle-minutes-min", "--oauth"] {
            assert!(!text.contains(part), "{part} in {text}");
        }
        assert_eq!(text.contains("--json"), command != ["migrate"], "{text}");
    }
    assert!(!help(&["openapi"]).contains("--data-dir"));
}

#[test]
fn a_flag_may_stand_before_and_after_the_command_whether_its_help_shows_it_or_not() {
    let curfew = Curfew::new();
    let folder = curfew.0.path().join("elsewhere");
    let flags = ["--data-dir", folder.to_str().unwrap(), "--proxies", "1"];
    assert_eq!(curfew.text(&[&flags[..], &["migrate"]].concat(), ""), "");
    assert!(folder.join("curfew.db").is_file());
    let after = curfew.text(&[&["session", "list"], &flags[..]].concat(), "");
    assert_eq!(after, "No session is live.\n");
    let file = curfew.0.path().join("file.toml");
    std::fs::write(&file, "proxies = 3\nkeep_alive_seconds = 33\n").unwrap();
    let file = ["--config", file.to_str().unwrap(), "--proxies", "4"];
    for arguments in [[&file[..], &["config"]].concat(), [&["config"], &file[..]].concat()] {
        let text = curfew.text(&arguments, "");
        assert_eq!(printed(&text, "proxies"), ("4", "(flag)"));
        assert_eq!(printed(&text, "keep_alive_seconds"), ("33", "(file)"));
    }
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
