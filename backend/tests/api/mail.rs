//! The outbox: nothing is lost, nothing is sent twice, no link is kept.

use std::net::SocketAddr;

use chrono::TimeDelta;
use curfew::{config::Config, jobs::mailer, mail::post::Post};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};

use crate::test_app::{REVOKE, TestApp};

const FORGOT: &str = "/api/v1/auth/forgot-password";

pub fn smtp(app: &TestApp, address: SocketAddr) -> Post {
    let config = Config { smtp_url: Some(format!("smtp://{address}")), ..app.app.config.clone() };
    Post::new(&config).unwrap()
}

/// A mail server that answers the recipient's command with `verdict`, for one connection.
pub async fn server(verdict: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 test\r\n").await.unwrap();
        let mut in_data = false;
        while let Ok(Some(line)) = lines.next_line().await {
            let answer = match line.split([' ', ':']).next().unwrap_or_default() {
                "." if in_data => {
                    in_data = false;
                    "250 taken"
                }
                _ if in_data => continue,
                "RCPT" => verdict,
                "DATA" => {
                    in_data = true;
                    "354 go on"
                }
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            write.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
        }
    });
    address
}

pub async fn waiting(app: &TestApp) -> i64 {
    app.value("SELECT count(*) FROM mails").await
}

async fn ask(app: &TestApp) {
    app.owner("ada@example.com").await;
    app.post(FORGOT).json(&json!({"email": "ada@example.com"})).send().await;
}

#[tokio::test]
async fn a_message_leaves_over_smtp() {
    let app = TestApp::new().await;
    ask(&app).await;
    let post = smtp(&app, server("250 ok").await);
    assert_eq!(mailer::deliver(&app.app, &post).await.unwrap(), 1);
    assert_eq!(waiting(&app).await, 0);
}

#[tokio::test]
async fn a_message_waits_while_the_server_is_away_and_leaves_when_it_is_back() {
    let app = TestApp::new().await;
    ask(&app).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(mailer::deliver(&app.app, &smtp(&app, closed)).await.unwrap(), 0);
    assert_eq!(waiting(&app).await, 1);
    // Not before its time.
    let post = smtp(&app, server("451 come back").await);
    app.wait(TimeDelta::seconds(14));
    assert_eq!(mailer::deliver(&app.app, &post).await.unwrap(), 0);
    app.wait(TimeDelta::seconds(1));
    assert_eq!(mailer::deliver(&app.app, &post).await.unwrap(), 0);
    assert_eq!(waiting(&app).await, 1, "4xx is to be tried again");
    app.wait(TimeDelta::minutes(1));
    assert_eq!(mailer::deliver(&app.app, &smtp(&app, server("250 ok").await)).await.unwrap(), 1);
    assert_eq!(waiting(&app).await, 0);
}

#[tokio::test]
async fn a_message_that_the_server_refuses_for_good_is_dropped_but_not_before_an_operator_could_mend_it() {
    let app = TestApp::new().await;
    ask(&app).await;
    let begun = app.now();
    let mut refusals = 0;
    while waiting(&app).await > 0 {
        let post = smtp(&app, server("550 no such user").await);
        assert_eq!(mailer::deliver(&app.app, &post).await.unwrap(), 0);
        refusals += 1;
        app.wait(TimeDelta::hours(4));
    }
    assert_eq!(refusals, 8);
    assert!(app.now() - begun > TimeDelta::hours(8));
}

#[tokio::test]
async fn a_message_that_cannot_be_written_keeps_no_other_from_being_sent() {
    let app = TestApp::new().await;
    let unknown = "INSERT INTO mails (id, kind, recipient, payload, created_at, attempts, next_attempt_at) \
                   SELECT id, 'of_tomorrow', 'eve@example.com', '{}', created_at, 0, created_at FROM users";
    ask(&app).await;
    app.execute(unknown).await.unwrap();
    assert_eq!(app.mail().await.to, "ada@example.com");
    assert_eq!(waiting(&app).await, 1, "another replica may know what it is");
    app.wait(TimeDelta::seconds(15));
    app.mails().await;
    assert_eq!(app.value::<i32>("SELECT attempts FROM mails").await, 2);
}

#[tokio::test]
async fn a_message_has_the_same_id_at_each_attempt() {
    let app = TestApp::new().await;
    ask(&app).await;
    let id = app.value::<uuid::Uuid>("SELECT id FROM mails").await;
    let folder = tempfile::tempdir().unwrap();
    let post = Post::Outbox(folder.path().to_owned());
    mailer::deliver(&app.app, &post).await.unwrap();
    let raw = std::fs::read_to_string(folder.path().join(format!("{id}.eml"))).unwrap();
    assert!(raw.contains(&format!("Message-ID: <{id}@curfew.example>")), "{raw}");
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_on_the_machine_reads_the_outbox() {
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
async fn of_two_replicas_one_sends_a_message() {
    let app = TestApp::new().await;
    ask(&app).await;
    let folder = tempfile::tempdir().unwrap();
    let post = Post::Outbox(folder.path().to_owned());
    let (one, other) = tokio::join!(mailer::deliver(&app.app, &post), mailer::deliver(&app.app, &post));
    assert_eq!(one.unwrap() + other.unwrap(), 1);
}

#[tokio::test]
async fn a_message_that_a_dying_process_had_taken_is_sent_by_another() {
    let app = TestApp::new().await;
    ask(&app).await;
    let (now, until) = (app.now(), app.now() + TimeDelta::minutes(15));
    let taken = curfew::store::mails::take(&app.app.database.write, now, until).await.unwrap();
    assert!(taken.is_some());
    assert!(app.mails().await.is_empty());
    app.wait(TimeDelta::minutes(15));
    assert_eq!(app.mail().await.to, "ada@example.com");
}

#[tokio::test]
async fn the_outbox_keeps_no_link() {
    let app = TestApp::new().await;
    ask(&app).await;
    let payload = "SELECT CAST(payload AS text) FROM mails";
    assert_eq!(app.value::<String>(payload).await, "{}");
}

#[tokio::test]
async fn whoever_is_signed_out_in_bulk_is_told_once_and_the_owner_is_not() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let bob = app.user(owner.account, "bob@example.com", curfew_shared::auth::Role::Engineer).await;
    app.user(owner.account, "zoe@example.com", curfew_shared::auth::Role::Engineer).await;
    let own = app.sign_in(&owner).await;
    app.sign_in(&bob).await;
    app.sign_in(&bob).await;
    app.post(REVOKE).bearer(&own.access).send().await;
    let mail = app.mail().await;
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("bob@example.com", "You were signed out"));
}

#[tokio::test]
async fn names_that_people_chose_do_no_harm_in_a_message() {
    let app = TestApp::new().await;
    let body = json!({
        "account_name": "<script>alert(1)</script>",
        "name": "Eve <b>",
        "email": "eve@example.com",
        "password": "seven purple kangaroos hum",
    });
    assert_eq!(app.post("/api/v1/auth/register").json(&body).send().await.status, 202);
    let html = app.mail().await.html;
    assert!(html.contains("&lt;script&gt;") && !html.contains("<script>"), "{html}");
}

#[tokio::test]
async fn the_outbox_is_shown_on_a_developers_own_machine_alone() {
    let folder = tempfile::tempdir().unwrap();
    let on = async |url: &str, smtp: Option<&str>| {
        TestApp::new().await.replica_with(|config| {
            url.clone_into(&mut config.public_url);
            url.clone_into(&mut config.origin);
            folder.path().clone_into(&mut config.data_dir);
            config.smtp_url = smtp.map(str::to_owned);
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
    // A name that was bound anew to this machine leads nowhere.
    assert_eq!(show(&app, "evil.example").await.status, 404);
    // Nor does a proxy, whoever asks it.
    let proxied =
        app.get("/dev/mail").header("host", "localhost:8080").header("x-forwarded-for", "192.0.2.1");
    assert_eq!(proxied.send().await.status, 404);
    let to_all = app.replica_with(|config| config.listen = "0.0.0.0:8080".parse().unwrap());
    assert_eq!(show(&to_all, "localhost:8080").await.status, 404);
    let elsewhere = on("https://curfew.example", None).await;
    assert_eq!(show(&elsewhere, "curfew.example").await.status, 404);
    let by_smtp = on("http://localhost:8080", Some("smtp://localhost:1")).await;
    assert_eq!(show(&by_smtp, "localhost:8080").await.status, 404);
}
