//! The outbox: no message is lost or sent twice, no link is stored, nobody is flooded.

use std::{future::pending, net::SocketAddr, sync::Arc, time::Duration};

use chrono::TimeDelta;
use curfew::{
    jobs::mailer,
    mail::{Mail as Occasion, letter::Letter, post::Post},
};
use curfew_shared::auth::Role;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
    sync::mpsc,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::test_app::{Email, LOGIN, PASSWORD, REVOKE, TestApp, Tokens, User};

const FORGOT: &str = "/api/v1/auth/forgot-password";
const INVITES: &str = "/api/v1/accounts/me/invites";

pub fn smtp(app: &TestApp, address: SocketAddr) -> Post {
    let app = app.replica_with(|config| config.mail.smtp_url = Some(format!("smtp://{address}")));
    Post::new(&app.app.config).unwrap()
}

/// The reply of a mail server to a command.
enum Reply {
    Usual,
    Line(&'static str),
    /// Never replies.
    Silence,
}

/// A mail server that replies `verdict` to RCPT.
pub async fn server(verdict: &'static str) -> SocketAddr {
    let reply = move |line: &str| if line.starts_with("RCPT") { Reply::Line(verdict) } else { Reply::Usual };
    server_that_says(reply).await.0
}

/// A mail server, and the commands that it receives.
async fn server_that_says(
    reply: impl Fn(&str) -> Reply + Send + Sync + 'static,
) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (commands, receiver) = mpsc::unbounded_channel();
    let reply = Arc::new(reply);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (reply, commands) = (Arc::clone(&reply), commands.clone());
            tokio::spawn(async move {
                let (read, mut write) = stream.split();
                let mut lines = BufReader::new(read).lines();
                write.write_all(b"220 test\r\n").await.unwrap();
                let mut in_data = false;
                while let Ok(Some(line)) = lines.next_line().await {
                    if in_data && line != "." {
                        continue;
                    }
                    let usual = match line.as_str() {
                        "." => "250 taken",
                        "DATA" => "354 go on",
                        "QUIT" => "221 bye",
                        _ => "250 ok",
                    };
                    in_data = line == "DATA";
                    let _ = commands.send(line.clone());
                    let response = match reply(&line) {
                        Reply::Usual => usual,
                        Reply::Line(other) => other,
                        Reply::Silence => pending().await,
                    };
                    if write.write_all(format!("{response}\r\n").as_bytes()).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    (address, receiver)
}

pub async fn waiting(app: &TestApp) -> i64 {
    app.query_value("SELECT count(*) FROM mails").await
}

async fn ask(app: &TestApp) {
    app.owner("ada@example.com").await;
    app.post(FORGOT).json(&json!({"email": "ada@example.com"})).send().await;
}

#[tokio::test]
async fn a_message_is_sent_by_smtp() {
    let app = TestApp::new().await;
    ask(&app).await;
    let post = smtp(&app, server("250 ok").await);
    assert_eq!(mailer::deliver(&app.app, &post).await.unwrap(), 1);
    assert_eq!(waiting(&app).await, 0);
}

#[tokio::test]
async fn a_message_waits_for_an_unreachable_server_and_is_sent_later() {
    let app = TestApp::new().await;
    ask(&app).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(mailer::deliver(&app.app, &smtp(&app, closed)).await.unwrap(), 0);
    assert_eq!(waiting(&app).await, 1);
    // The next attempt is not due yet.
    let post = smtp(&app, server("451 come back").await);
    app.advance(TimeDelta::seconds(14));
    assert_eq!(mailer::deliver(&app.app, &post).await.unwrap(), 0);
    app.advance(TimeDelta::seconds(1));
    assert_eq!(mailer::deliver(&app.app, &post).await.unwrap(), 0);
    assert_eq!(waiting(&app).await, 1, "4xx is to be tried again");
    app.advance(TimeDelta::minutes(1));
    assert_eq!(mailer::deliver(&app.app, &smtp(&app, server("250 ok").await)).await.unwrap(), 1);
    assert_eq!(waiting(&app).await, 0);
}

#[tokio::test]
async fn a_permanently_refused_message_is_dropped_only_after_some_time() {
    let app = TestApp::new().await;
    ask(&app).await;
    let begun = app.now();
    let mut refusals = 0;
    while waiting(&app).await > 0 {
        let post = smtp(&app, server("550 no such user").await);
        assert_eq!(mailer::deliver(&app.app, &post).await.unwrap(), 0);
        refusals += 1;
        app.advance(TimeDelta::hours(4));
    }
    assert_eq!(refusals, 8);
    assert!(app.now() - begun > TimeDelta::hours(8));
}

#[tokio::test]
async fn a_message_that_cannot_be_rendered_blocks_no_other() {
    let app = TestApp::new().await;
    let unknown = "INSERT INTO mails (id, kind, recipient, payload, created_at, attempts, next_attempt_at) \
                   SELECT id, 'of_tomorrow', 'eve@example.com', '{}', created_at, 0, created_at FROM users";
    ask(&app).await;
    app.execute(unknown).await.unwrap();
    assert_eq!(app.only_email().await.to, "ada@example.com");
    assert_eq!(waiting(&app).await, 1, "another replica may know what it is");
    app.advance(TimeDelta::seconds(15));
    app.sent_emails().await;
    assert_eq!(app.query_value::<i32>("SELECT attempts FROM mails").await, 2);
}

#[tokio::test]
async fn a_message_has_the_same_id_at_each_attempt() {
    let app = TestApp::new().await;
    ask(&app).await;
    let id = app.query_value::<uuid::Uuid>("SELECT id FROM mails").await;
    let folder = tempfile::tempdir().unwrap();
    let post = Post::Outbox(folder.path().to_owned());
    mailer::deliver(&app.app, &post).await.unwrap();
    let raw = std::fs::read_to_string(folder.path().join(format!("{id}.eml"))).unwrap();
    assert!(raw.contains(&format!("Message-ID: <{id}@curfew.example>")), "{raw}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_outbox_folder_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let app = TestApp::new().await;
    ask(&app).await;
    let folder = tempfile::tempdir().unwrap();
    let outbox = folder.path().join("outbox");
    mailer::deliver(&app.app, &Post::Outbox(outbox.clone())).await.unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let file = std::fs::read_dir(&outbox).unwrap().next().unwrap().unwrap().path();
    assert_eq!((mode(&outbox), mode(&file)), (0o700, 0o600));
}

#[tokio::test]
async fn only_one_of_two_replicas_sends_a_message() {
    let app = TestApp::new().await;
    ask(&app).await;
    let folder = tempfile::tempdir().unwrap();
    let post = Post::Outbox(folder.path().to_owned());
    let (one, other) = tokio::join!(mailer::deliver(&app.app, &post), mailer::deliver(&app.app, &post));
    assert_eq!(one.unwrap() + other.unwrap(), 1);
}

#[tokio::test]
async fn a_message_claimed_by_a_dead_process_is_sent_by_another() {
    let app = TestApp::new().await;
    ask(&app).await;
    let (now, until) = (app.now(), app.now() + TimeDelta::minutes(15));
    let taken = curfew::store::mails::take(&app.app.database.write, now, until, 2).await.unwrap();
    assert!(taken.is_some());
    assert!(app.sent_emails().await.is_empty());
    app.advance(TimeDelta::minutes(15));
    assert_eq!(app.only_email().await.to, "ada@example.com");
}

#[tokio::test]
async fn the_outbox_stores_no_link() {
    let app = TestApp::new().await;
    ask(&app).await;
    let payload = "SELECT CAST(payload AS text) FROM mails";
    assert_eq!(app.query_value::<String>(payload).await, "{}");
}

#[tokio::test]
async fn a_bulk_sign_out_notifies_each_user_once_but_not_the_owner() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let bob = app.user(owner.account, "bob@example.com", curfew_shared::auth::Role::Engineer).await;
    app.user(owner.account, "zoe@example.com", curfew_shared::auth::Role::Engineer).await;
    let own = app.sign_in(&owner).await;
    app.sign_in(&bob).await;
    app.sign_in(&bob).await;
    app.post(REVOKE).bearer(&own.access).send().await;
    let mail = app.only_email().await;
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("bob@example.com", "You were signed out"));
}

#[tokio::test]
async fn urgent_messages_overtake_notices_at_a_slow_mail_server() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    let (address, mut commands) = server_that_says(|line| {
        if line.starts_with("RCPT") && !line.contains("ada@") { Reply::Silence } else { Reply::Usual }
    })
    .await;
    for number in 0..150 {
        let recipient = format!("person{number}@example.com");
        let notice = Occasion::SessionsEnded { at: app.now() };
        notice.enqueue(&app.app.database.write, &recipient, app.now()).await.unwrap();
    }
    let stop = CancellationToken::new();
    let mailer = tokio::spawn(mailer::run(Arc::clone(&app.app), smtp(&app, address), stop.clone()));
    let mut next = async |beginning: &str| {
        let seen = async {
            loop {
                let command = commands.recv().await.unwrap();
                if command.starts_with(beginning) {
                    return command;
                }
            }
        };
        timeout(Duration::from_mins(2), seen).await.expect("a message in time")
    };
    for _ in 0..6 {
        assert!(next("RCPT").await.contains("person"));
    }
    app.post(FORGOT).json(&json!({"email": "ada@example.com"})).send().await;
    assert!(next("RCPT").await.contains("ada@example.com"), "no seventh notice is on its way");
    next(".").await;
    mailer.abort();
}

async fn set_active(app: &TestApp, owner: &Tokens, user: &User, is_active: bool) {
    let path = format!("/api/v1/accounts/me/members/{}", user.id);
    let response = app.patch(&path).bearer(&owner.access).json(&json!({"is_active": is_active})).send().await;
    assert_eq!(response.status, 204, "{}", response.text);
}

fn to(mails: &[Email], recipient: &str) -> Vec<String> {
    mails.iter().filter(|mail| mail.to == recipient).map(|mail| mail.subject.clone()).collect()
}

#[tokio::test]
async fn many_status_changes_send_few_messages_with_the_final_state() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let zoe = app.user(owner.account, "zoe@example.com", Role::Engineer).await;
    let tokens = app.sign_in(&owner).await;
    let mut told = Vec::new();
    for number in 0..150 {
        set_active(&app, &tokens, &zoe, number % 2 == 1).await;
        told.extend(to(&app.sent_emails().await, "zoe@example.com"));
    }
    let (gone, back) = ("You no longer have access to “Example”", "You have access to “Example” again");
    assert_eq!(told, [gone, back, gone], "at once");
    app.advance(TimeDelta::minutes(10));
    assert_eq!(to(&app.sent_emails().await, "zoe@example.com"), [back]);
    assert_eq!(waiting(&app).await, 0);
}

#[tokio::test]
async fn a_deactivation_undone_before_its_message_left_sends_none() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let zoe = app.user(owner.account, "zoe@example.com", Role::Engineer).await;
    let tokens = app.sign_in(&owner).await;
    set_active(&app, &tokens, &zoe, false).await;
    // A message whose delivery failed is still superseded.
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(mailer::deliver(&app.app, &smtp(&app, closed)).await.unwrap(), 0);
    set_active(&app, &tokens, &zoe, true).await;
    app.advance(TimeDelta::hours(5));
    assert_eq!(app.only_email().await.subject, "You have access to “Example” again");
}

#[tokio::test]
async fn another_users_message_is_not_superseded() {
    let app = TestApp::new().await;
    let (ada, eve) = (app.owner("ada@example.com").await, app.owner("eve@example.com").await);
    for owner in [&ada, &eve] {
        let tokens = app.sign_in(owner).await;
        let invite = json!({"email": "bob@example.com", "role": "engineer"});
        app.post(INVITES).bearer(&tokens.access).json(&invite).send().await;
        let change = json!({"email": "bob@example.com"});
        let response = app.post("/api/v1/users/me/email").bearer(&tokens.access).json(&change).send().await;
        assert_eq!(response.status, 202, "{}", response.text);
        let register = json!({
            "account_name": "Acme",
            "name": "Eve",
            "email": "bob@example.com",
            "password": "seven purple kangaroos hum",
        });
        app.post("/api/v1/auth/register").json(&register).send().await;
    }
    let mut subjects = to(&app.sent_emails().await, "bob@example.com");
    subjects.sort_unstable();
    let twice = [
        "Ada Example invites you to “Example”",
        "Verify your e-mail address",
        "Verify your new e-mail address",
    ];
    assert_eq!(subjects, twice.iter().flat_map(|subject| [*subject; 2]).collect::<Vec<_>>());
}

#[tokio::test]
async fn similar_notices_are_bundled_into_one_message() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    app.sign_in(&owner).await;
    let programs = ["curl/8.5.0", "Wget/1.21", "HTTPie/3.2"];
    for program in programs {
        let body = json!({"email": "ada@example.com", "password": PASSWORD});
        let response = app.post(LOGIN).header("user-agent", program).json(&body).send().await;
        assert_eq!(response.status, 200);
    }
    let mail = app.only_email().await;
    assert_eq!(mail.subject, "You signed in on a new device");
    for program in programs {
        let (name, _) = program.split_once('/').unwrap();
        assert_eq!(mail.text.matches(name).count(), 1, "{}", mail.text);
    }
}

#[tokio::test]
async fn two_bulk_sign_outs_are_both_reported() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let bob = app.user(owner.account, "bob@example.com", Role::Engineer).await;
    for _ in 0..2 {
        let own = app.sign_in(&owner).await;
        app.sign_in(&bob).await;
        assert_eq!(app.post(REVOKE).bearer(&own.access).send().await.status, 200);
        app.advance(TimeDelta::minutes(1));
    }
    let mut mails = app.sent_emails().await;
    // If the first message was sent before the second was queued.
    app.advance(TimeDelta::minutes(10));
    mails.extend(app.sent_emails().await);
    mails.retain(|mail| mail.to == "bob@example.com");
    let text: String = mails.iter().map(|mail| mail.text.as_str()).collect();
    assert!(text.contains("at 09:00 UTC") && text.contains("at 09:01 UTC"), "{text}");
}

/// An invitation from an owner and an account with these names.
async fn invitation(app: &TestApp, owner: &Tokens, name: &str, account: &str) -> Email {
    app.execute(&format!("UPDATE users SET name = '{name}'")).await.unwrap();
    app.execute(&format!("UPDATE accounts SET name = '{account}'")).await.unwrap();
    let to = format!("bob{}@example.com", waiting(app).await + app.audit_count("invite.created").await);
    let body = json!({"email": to, "role": "engineer"});
    assert_eq!(app.post(INVITES).bearer(&owner.access).json(&body).send().await.status, 201);
    app.email_to(&to).await
}

#[tokio::test]
async fn user_chosen_names_are_harmless_in_a_message() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let mail = invitation(&app, &tokens, "Eve <b>", "<script>alert(1)</script>").await;
    assert!(mail.html.contains("&lt;script&gt;") && !mail.html.contains("<script>"), "{}", mail.html);
    for lure in ["claim at evil-prize.com/now", "eve@evil.example", "Call +1 (800) 555-0199"] {
        let mail = invitation(&app, &tokens, lure, lure).await;
        assert_eq!(mail.subject, "Somebody invites you to an account");
        assert!(mail.text.starts_with("Somebody invites you to join an account as an engineer."));
        assert!(!(mail.text + &mail.html).contains(lure));
        let mail = invitation(&app, &tokens, "Ada Example", lure).await;
        assert_eq!(mail.subject, "Ada Example invites you to an account");
        let mail = invitation(&app, &tokens, lure, "Acme Inc.").await;
        assert_eq!(mail.subject, "Somebody invites you to “Acme Inc.”");
    }
}

#[tokio::test]
async fn mail_to_strangers_repeats_no_names() {
    const LURE: &str = "claim at evil-prize.com/now";
    let app = TestApp::new().await;
    let body = json!({
        "account_name": LURE,
        "name": "Eve Chosen",
        "email": "stranger@example.com",
        "password": "seven purple kangaroos hum",
    });
    assert_eq!(app.post("/api/v1/auth/register").json(&body).send().await.status, 202);
    let eve = app.owner("eve@example.com").await;
    app.execute("UPDATE users SET name = 'Eve Chosen'").await.unwrap();
    let tokens = app.sign_in(&eve).await;
    let change = json!({"email": "other@example.com"});
    app.post("/api/v1/users/me/email").bearer(&tokens.access).json(&change).send().await;
    let mails = app.sent_emails().await;
    assert_eq!(mails.len(), 2, "{mails:?}");
    for mail in mails {
        let all = mail.subject + &mail.text + &mail.html;
        assert!(!all.contains("evil-prize") && !all.contains("Chosen"), "{all}");
    }
}

#[tokio::test]
async fn text_chosen_by_others_never_becomes_a_link_in_a_message() {
    const LURE: &str = "evil-prize.com";
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let zoe = app.user(owner.account, "zoe@example.com", Role::Owner).await;
    app.sign_in(&zoe).await;
    app.execute(&format!("UPDATE accounts SET name = '{LURE}'")).await.unwrap();
    app.execute(&format!("UPDATE users SET name = '{LURE}'")).await.unwrap();
    let body = json!({"email": "zoe@example.com", "password": PASSWORD});
    app.post(LOGIN).header("user-agent", &format!("{LURE}/1.0")).json(&body).send().await;
    app.post(FORGOT).json(&json!({"email": "zoe@example.com"})).send().await;
    let mut mails = app.sent_emails().await;
    set_active(&app, &tokens, &zoe, false).await;
    mails.extend(app.sent_emails().await);
    set_active(&app, &tokens, &zoe, true).await;
    mails.extend(app.sent_emails().await);
    let subjects = to(&mails, "zoe@example.com");
    for subject in [
        "You signed in on a new device",
        "Set a new password",
        "You no longer have access to your account",
        "You have access to your account again",
    ] {
        assert!(subjects.iter().any(|one| one == subject), "{subject}: {subjects:?}");
    }
    assert!(to(&mails, "ada@example.com").contains(&"An owner was deactivated in your account".to_owned()));
    for mail in mails {
        let all = mail.subject + &mail.text + &mail.html;
        assert!(!all.contains(LURE), "{all}");
    }
}

async fn refused(app: &TestApp, url: String) -> String {
    let mut config = app.app.config.clone();
    config.mail.smtp_url = Some(url);
    let letter = Letter { subject: "Hello".to_owned(), ..Letter::default() };
    let message = letter.message(&config.mail.mail_from, "bob@example.com", Uuid::nil()).unwrap();
    Post::new(&config).unwrap().send(message, "hello").await.unwrap_err().describe()
}

#[tokio::test]
async fn smtp_ehlo_uses_the_public_host_or_the_configured_name() {
    for (flags, name) in [
        (&[][..], "curfew.example"),
        (&["--smtp-hello", "mail.curfew.example"], "mail.curfew.example"),
        (&["--smtp-hello", "192.0.2.7"], "[192.0.2.7]"),
        (&["--smtp-hello", "2001:db8::7"], "[IPv6:2001:db8::7]"),
    ] {
        let app = TestApp::with_flags(flags).await;
        ask(&app).await;
        let (address, mut commands) = server_that_says(|line| {
            if line == "EHLO [127.0.0.1]" {
                Reply::Line("550 5.7.1 Helo command rejected")
            } else {
                Reply::Usual
            }
        })
        .await;
        assert_eq!(mailer::deliver(&app.app, &smtp(&app, address)).await.unwrap(), 1);
        assert_eq!(commands.recv().await.unwrap(), format!("EHLO {name}"));
    }
}

#[tokio::test]
async fn the_log_names_the_remedy_when_a_mail_server_refuses() {
    let app = TestApp::new().await;
    for (reply, hint) in [
        ("530 5.7.0 Must issue a STARTTLS command first", "smtp://user:password@host:587"),
        ("530 5.7.0 Authentication required", "smtps://user:password@host"),
        ("535 5.7.8 Username and Password not accepted", "app password (XOAUTH2 is not supported)"),
        ("534 5.7.9 Application-specific password required", "app password"),
        ("504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname", "CURFEW_SMTP_HELLO"),
        ("501 5.5.4 Invalid domain name", "CURFEW_SMTP_HELLO"),
    ] {
        let reason = refused(&app, format!("smtp://{}", server(reply).await)).await;
        assert!(reason.contains(&reply[4..]) && reason.contains(hint), "{reason}");
    }
    let unknown = refused(&app, format!("smtp://{}", server("550 no such user").await)).await;
    assert!(unknown.ends_with("no such user"), "{unknown}");
    let greeted = |line: &str| {
        if line.starts_with("EHLO") { Reply::Line("550 5.7.1 EHLO name refused") } else { Reply::Usual }
    };
    let reason = refused(&app, format!("smtp://{}", server_that_says(greeted).await.0)).await;
    assert!(reason.contains("CURFEW_SMTP_HELLO"), "{reason}");
    let xoauth2 = |line: &str| {
        if line.starts_with("EHLO") { Reply::Line("250-test\r\n250 AUTH XOAUTH2") } else { Reply::Usual }
    };
    let (address, _commands) = server_that_says(xoauth2).await;
    let reason = refused(&app, format!("smtp://ada:secret@{address}")).await;
    assert!(reason.contains("XOAUTH2 is not supported") && !reason.contains("secret"), "{reason}");
}

#[tokio::test]
async fn the_outbox_page_is_served_only_on_a_developers_machine() {
    let folder = tempfile::tempdir().unwrap();
    let on = async |url: &str, smtp: Option<&str>| {
        TestApp::new().await.replica_with(|config| {
            config.server.public_url = url.parse().unwrap();
            folder.path().clone_into(&mut config.storage.data_dir);
            config.mail.smtp_url = smtp.map(str::to_owned);
        })
    };
    let app = on("http://localhost:8080", None).await;
    ask(&app).await;
    let post = Post::new(&app.app.config).unwrap();
    assert_eq!(mailer::deliver(&app.app, &post).await.unwrap(), 1);
    let show = async |app: &TestApp, host: &str| app.get("/dev/mail").header("host", host).send().await;
    let shown = show(&app, "localhost:8080").await;
    assert_eq!(shown.status, 200);
    assert!(
        shown.text.contains("ada@example.com") && shown.text.contains("/reset-password#"),
        "{}",
        shown.text
    );
    // A rebound DNS name gets no access.
    assert_eq!(show(&app, "evil.example").await.status, 404);
    // Neither does a proxied request.
    let proxied =
        app.get("/dev/mail").header("host", "localhost:8080").header("x-forwarded-for", "192.0.2.1");
    assert_eq!(proxied.send().await.status, 404);
    let to_all = app.replica_with(|config| config.server.listen = "0.0.0.0:8080".parse().unwrap());
    assert_eq!(show(&to_all, "localhost:8080").await.status, 404);
    let elsewhere = on("https://curfew.example", None).await;
    assert_eq!(show(&elsewhere, "curfew.example").await.status, 404);
    let by_smtp = on("http://localhost:8080", Some("smtp://localhost:1")).await;
    assert_eq!(show(&by_smtp, "localhost:8080").await.status, 404);
}
