//! Limits on failed sign-ins and on requested messages.

use chrono::TimeDelta;
use curfew::{passwords::Party, store::users};
use curfew_shared::auth::Role;
use serde_json::json;

use crate::test_app::{LOGIN, PASSWORD, REFRESH, SECURITY, TestApp, TestResponse, Tokens};

const FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// An attempt from an IP, as a proxy reports it.
async fn attempt_from(app: &TestApp, address: &str, email: &str, password: &str) -> TestResponse {
    let body = json!({"email": email, "password": password});
    app.post(LOGIN).header("x-forwarded-for", address).json(&body).send().await
}

async fn attempt(app: &TestApp, email: &str, password: &str, agent: &str) -> TestResponse {
    let body = json!({"email": email, "password": password});
    app.post(LOGIN).header("user-agent", agent).json(&body).send().await
}

fn wait_of(response: &TestResponse) -> i64 {
    response.assert_problem("too_many_requests");
    response.header("retry-after").parse().unwrap()
}

#[tokio::test]
async fn each_wrong_password_lengthens_the_wait() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    let wrong = || attempt(&app, "ada@example.com", "wrong", "thief");
    for _ in 0..6 {
        wrong().await.assert_problem("invalid_credentials");
    }
    for expected in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
        // The right password is throttled as well.
        let refused = attempt(&app, "ada@example.com", PASSWORD, "thief").await;
        assert_eq!(wait_of(&refused), expected);
        app.advance(TimeDelta::seconds(expected));
        wrong().await.assert_problem("invalid_credentials");
    }
    app.advance(TimeDelta::days(1));
    assert_eq!(attempt(&app, "ada@example.com", PASSWORD, "thief").await.status, 200);
}

#[tokio::test]
async fn an_unknown_address_is_throttled_just_the_same() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    let mut outcomes = Vec::new();
    for email in ["ada@example.com", "nobody@example.com"] {
        let mut statuses = Vec::new();
        for _ in 0..8 {
            let response = attempt(&app, email, "wrong", "thief").await;
            statuses.push((response.status, response.text));
        }
        outcomes.push(statuses);
    }
    assert_eq!(outcomes[0], outcomes[1]);
}

#[tokio::test]
async fn failures_of_others_lock_nobody_out() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    attempt(&app, "ada@example.com", PASSWORD, FIREFOX).await.tokens();
    for _ in 0..8 {
        attempt(&app, "ada@example.com", "wrong", "thief").await;
    }
    wait_of(&attempt(&app, "ada@example.com", "wrong", "thief").await);
    // She signs in on a known device, and her sessions continue.
    assert_eq!(attempt(&app, "ada@example.com", PASSWORD, FIREFOX).await.status, 200);
    assert_eq!(app.post(REFRESH).bearer(&tokens.refresh).send().await.status, 200);
}

#[tokio::test]
async fn the_right_password_clears_the_count() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    for _ in 0..3 {
        for _ in 0..5 {
            attempt(&app, "ada@example.com", "wrong", "curl").await.assert_problem("invalid_credentials");
        }
        assert_eq!(attempt(&app, "ada@example.com", PASSWORD, "curl").await.status, 200);
    }
}

#[tokio::test]
async fn concurrent_attempts_are_limited_like_sequential_ones() {
    let app = TestApp::with_flags(&["--password-workers", "8"]).await;
    app.owner("ada@example.com").await;
    let attempts = (0..30).map(|_| attempt(&app, "ada@example.com", "wrong", "thief"));
    let responses = futures_util::future::join_all(attempts).await;
    let tried = responses.iter().filter(|response| response.status == 401).count();
    assert_eq!(tried, 6, "of those that found a place in the queue");
}

#[tokio::test]
async fn many_right_passwords_at_once_do_not_count_as_guesses() {
    let app = TestApp::with_flags(&["--password-workers", "12"]).await;
    app.owner("ada@example.com").await;
    let replica = app.replica_with(|config| config.server.password_workers = 4);
    let here = (0..40).map(|_| attempt(&app, "ada@example.com", PASSWORD, "curl"));
    let there = (0..16).map(|_| attempt(&replica, "ada@example.com", PASSWORD, "curl"));
    let (here, there) =
        tokio::join!(futures_util::future::join_all(here), futures_util::future::join_all(there));
    let statuses: Vec<_> = here.iter().chain(&there).map(|response| response.status.as_u16()).collect();
    assert_eq!(statuses, [200; 56]);
    assert_eq!(app.query_value::<i64>("SELECT count(*) FROM throttles").await, 0);
}

#[tokio::test]
async fn an_abandoned_request_still_counts_as_a_guess() {
    let app = TestApp::with_flags(&["--password-workers", "1"]).await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let own = |path: &str, body| app.post(path).bearer(&tokens.access).json(&body).send();
    let change = json!({"current_password": "wrong", "new_password": "seven purple kangaroos hum"});
    let guesses = [
        tokio::spawn(app.post(LOGIN).json(&json!({"email": owner.email, "password": "wrong"})).send()),
        tokio::spawn(own("/api/v1/auth/reauthenticate", json!({"password": "wrong"}))),
        tokio::spawn(own("/api/v1/auth/change-password", change)),
    ];
    let place = app.app.passwords.enter(Party::Known("test".to_owned())).unwrap();
    let busy = place.turn().await.unwrap();
    // A sign-in counts for the known device and for the network.
    while app.query_value::<i64>("SELECT coalesce(sum(in_flight), 0) FROM throttles").await < 2 + 1 + 1 {
        tokio::task::yield_now().await;
    }
    for guess in guesses {
        guess.abort();
        assert!(guess.await.is_err_and(|error| error.is_cancelled()));
    }
    drop(busy);
    app.app.background.close();
    app.app.background.wait().await;
    assert_eq!(app.audit_count("session.sign_in_failed").await, 3);
    assert_eq!(app.query_value::<i64>("SELECT sum(in_flight) FROM throttles").await, 0);
    let sql = "SELECT count(*) FROM throttles WHERE attempts = 2";
    assert_eq!(app.query_value::<i64>(sql).await, 2, "the wrong passwords in the session, and the proofs");
}

#[tokio::test]
async fn a_clock_that_was_fast_delays_nobody() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    let ask = || app.post("/api/v1/auth/forgot-password").json(&json!({"email": "ada@example.com"})).send();
    app.advance(TimeDelta::hours(1));
    assert_eq!(attempt(&app, "ada@example.com", PASSWORD, "curl").await.status, 200);
    for n in 0..31 {
        attempt(&app, &format!("user{n}@example.com"), "wrong", "curl")
            .await
            .assert_problem("invalid_credentials");
    }
    for _ in 0..7 {
        attempt(&app, "bob@example.com", "wrong", "curl").await;
    }
    wait_of(&attempt(&app, "user99@example.com", "wrong", "curl").await);
    for _ in 0..4 {
        assert_eq!(ask().await.status, 202);
    }
    wait_of(&ask().await);
    app.advance(-TimeDelta::hours(1));
    assert_eq!(attempt(&app, "ada@example.com", PASSWORD, "curl").await.status, 200);
    assert_eq!(ask().await.status, 202);
    attempt(&app, "user99@example.com", "wrong", "curl").await.assert_problem("invalid_credentials");
}

#[tokio::test]
async fn guessing_from_one_network_blocks_no_other() {
    let app = TestApp::with_flags(&["--proxies", "1"]).await;
    app.owner("ada@example.com").await;
    let begun = app.now();
    let mut tried = 0;
    while app.now() - begun < TimeDelta::days(3) {
        let response = attempt_from(&app, "198.51.100.7", "ada@example.com", "wrong").await;
        if response.status == 429 {
            app.advance(TimeDelta::seconds(wait_of(&response)));
        } else {
            tried += 1;
        }
    }
    assert!((20..=40).contains(&tried), "{tried}");
    attempt_from(&app, "198.51.100.7", "ada@example.com", "wrong").await;
    wait_of(&attempt_from(&app, "198.51.100.7", "ada@example.com", PASSWORD).await);
    // An unknown device in a network without failures.
    assert_eq!(attempt_from(&app, "203.0.113.9", "ada@example.com", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn endless_changes_are_throttled() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let viewer = app.user(owner.account, "bob@example.com", Role::Viewer).await;
    let (own, theirs) = (app.sign_in(&owner).await, app.sign_in(&viewer).await);
    let rename = async |tokens: &Tokens, name: &str| {
        app.patch("/api/v1/users/me").bearer(&tokens.access).json(&json!({"name": name})).send().await
    };
    for n in 0..61 {
        assert_eq!(rename(&theirs, &format!("Bob {n}")).await.status, 200);
    }
    wait_of(&rename(&theirs, "Bob").await);
    assert_eq!(app.audit_count("user.name_changed").await, 61);
    // Changes without effect are not audited, and users do not slow each other down.
    assert_eq!(rename(&theirs, "Bob 60").await.status, 200);
    assert_eq!(app.audit_count("user.name_changed").await, 61);
    assert_eq!(rename(&own, "Ada").await.status, 200);
    app.advance(TimeDelta::minutes(2));
    assert_eq!(rename(&theirs, "Bob").await.status, 200);
}

#[tokio::test]
async fn a_change_without_effect_is_not_audited() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let bob = app.user(owner.account, "bob@example.com", Role::Viewer).await;
    let tokens = app.sign_in(&owner).await;
    let member = format!("/api/v1/accounts/me/members/{}", bob.id);
    let before: i64 = app.query_value("SELECT count(*) FROM audit_events").await;
    for (path, body) in [
        ("/api/v1/users/me", json!({"name": " Ada Example "})),
        ("/api/v1/accounts/me", json!({"name": "Example"})),
        (SECURITY, json!({"idle_minutes": null})),
        (&member, json!({"role": "viewer", "is_active": true})),
        (&member, json!({})),
    ] {
        let response = app.patch(path).bearer(&tokens.access).json(&body).send().await;
        assert!(response.status.is_success(), "{path}: {}", response.text);
    }
    for path in [&format!("{member}/revoke-sessions"), "/api/v1/users/me/sessions/revoke-others"] {
        let response = app.post(path).bearer(&tokens.access).send().await;
        assert_eq!(response.body["revoked_count"], 0);
    }
    // Many concurrent requests with the same name: one changes something.
    let rename = || {
        let call = app.patch("/api/v1/users/me").bearer(&tokens.access);
        call.json(&json!({"name": "Countess Ada"})).send()
    };
    futures_util::future::join_all((0..10).map(|_| rename())).await;
    assert_eq!(app.query_value::<i64>("SELECT count(*) FROM audit_events").await, before + 1);
}

#[tokio::test]
async fn an_office_can_follow_its_links_at_once() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    // Earlier requests have used up the limit of the IP.
    for n in 0..21 {
        let body = json!({"email": format!("user{n}@example.com")});
        app.post("/api/v1/auth/resend-verification").json(&body).send().await;
    }
    app.advance(TimeDelta::seconds(30));
    app.post("/api/v1/auth/forgot-password").json(&json!({"email": owner.email})).send().await;
    let reset = app.email_to("ada@example.com").await.token("/reset-password");
    let response = app.post("/api/v1/auth/forgot-password").json(&json!({"email": owner.email})).send().await;
    wait_of(&response);
    let mut accepts = Vec::new();
    for n in 0..30 {
        let body = json!({"email": format!("guest{n}@example.com"), "role": "viewer"});
        app.post("/api/v1/accounts/me/invites").bearer(&tokens.access).json(&body).send().await;
    }
    for mail in app.sent_emails().await.iter().filter(|mail| mail.to.starts_with("guest")) {
        let token = mail.token("/invite");
        let body = json!({"name": "Guest", "password": "seven purple kangaroos hum"});
        accepts.push(app.post(&format!("/api/v1/invites/{token}/accept")).json(&body).send());
    }
    let responses = futures_util::future::join_all(accepts).await;
    let statuses: Vec<_> = responses.iter().map(|response| response.status.as_u16()).collect();
    assert_eq!(statuses, [200; 30]);
    // A valid link does not allow endless password checks, and the right password is not slowed by others.
    let set = async |password: &str| {
        let body = json!({"token": reset, "password": password});
        app.post("/api/v1/auth/reset-password").json(&body).send().await
    };
    for _ in 0..21 {
        set("password1234").await.assert_problem("validation_failed");
    }
    app.advance(TimeDelta::seconds(wait_of(&set("password1234").await)));
    assert_eq!(set("seven purple kangaroos hum").await.status, 204);
    set("seven purple kangaroos hum").await.assert_problem("invalid_link");
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "what must not happen is given the time to")]
async fn a_sign_in_that_waits_for_the_database_does_not_count_as_a_guess() {
    let app = TestApp::with_flags(&["--password-workers", "4"]).await;
    let owner = app.owner("ada@example.com").await;
    // The user's row is locked, so that no session can start. A waiting sign-in delays others but does not
    // count. (SQLite has one writer: there, all of them wait earlier.)
    let other = app.app.database.begin().await.unwrap();
    users::hold(&other, owner.id).await.unwrap();
    let attempts = (0..12).map(|_| attempt(&app, "ada@example.com", PASSWORD, "curl"));
    let release = async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        other.commit().await.unwrap();
    };
    let (responses, ()) = tokio::join!(futures_util::future::join_all(attempts), release);
    let statuses: Vec<_> = responses.iter().map(|response| response.status.as_u16()).collect();
    assert_eq!(statuses, [200; 12]);
}

#[tokio::test]
async fn a_right_password_whose_session_fails_is_not_a_guess() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    app.execute("ALTER TABLE sessions RENAME TO sessions_elsewhere").await.unwrap();
    for _ in 0..8 {
        attempt(&app, "ada@example.com", PASSWORD, "curl").await.assert_problem("internal_error");
    }
    app.execute("ALTER TABLE sessions_elsewhere RENAME TO sessions").await.unwrap();
    assert_eq!(attempt(&app, "ada@example.com", PASSWORD, "curl").await.status, 200);
}

#[tokio::test]
async fn guesses_at_many_users_from_one_ip_are_throttled_together() {
    let app = TestApp::new().await;
    let mut statuses = Vec::new();
    for n in 0..35 {
        statuses.push(attempt(&app, &format!("user{n}@example.com"), "wrong", "thief").await.status.as_u16());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 31);
    assert_eq!(statuses[34], 429);
    app.advance(TimeDelta::hours(1));
    assert_eq!(attempt(&app, "user99@example.com", "wrong", "thief").await.status, 401);
}

#[tokio::test]
async fn messages_to_one_recipient_are_limited() {
    let app = TestApp::new().await;
    let ask = || app.post("/api/v1/auth/forgot-password").json(&json!({"email": "ada@example.com"})).send();
    for _ in 0..4 {
        assert_eq!(ask().await.status, 202);
    }
    assert_eq!(wait_of(&ask().await), 60);
    app.advance(TimeDelta::seconds(60));
    assert_eq!(ask().await.status, 202);
    assert_eq!(wait_of(&ask().await), 120);
}

#[tokio::test]
async fn a_known_device_is_throttled_separately() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    attempt(&app, "ada@example.com", PASSWORD, FIREFOX).await.tokens();
    for _ in 0..6 {
        attempt(&app, "ada@example.com", "wrong", FIREFOX).await.assert_problem("invalid_credentials");
    }
    wait_of(&attempt(&app, "ada@example.com", PASSWORD, FIREFOX).await);
}

#[tokio::test]
async fn guessing_at_a_password_with_a_stolen_session_is_throttled() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let guess = || {
        let call = app.post("/api/v1/auth/reauthenticate").bearer(&tokens.access);
        call.json(&json!({"password": "wrong"})).send()
    };
    for _ in 0..6 {
        guess().await.assert_problem("invalid_credentials");
    }
    wait_of(&guess().await);
    // Her other device is not affected.
    assert_eq!(attempt(&app, "ada@example.com", PASSWORD, FIREFOX).await.status, 200);
}

#[tokio::test]
async fn a_known_device_does_not_wait_for_others_at_the_same_ip() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let own = json!({"email": "ada@example.com", "password": PASSWORD, "token_delivery": "cookie"});
    let response = app.post(LOGIN).json(&own).send().await;
    let cookies = response.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    let mut device = cookies.map(|cookie| cookie.split(';').next().unwrap());
    let device = device.find(|cookie| cookie.starts_with("__Host-curfew_device=")).unwrap();
    for n in 0..40 {
        attempt(&app, &format!("user{n}@example.com"), "wrong", "thief").await;
    }
    wait_of(&attempt(&app, "user99@example.com", "wrong", "thief").await);
    let known = app.post(LOGIN).header("cookie", device).json(&own).send().await;
    assert_eq!(known.status, 200);
    let body = json!({"password": PASSWORD});
    let again = app.post("/api/v1/auth/reauthenticate").bearer(&tokens.access).json(&body).send().await;
    assert_eq!(again.status, 200);
}

#[tokio::test]
async fn right_passwords_and_time_clear_the_count_of_an_ip() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    let wrong = async |n: usize| attempt(&app, &format!("user{n}@example.com"), "wrong", "office").await;
    for n in 0..31 {
        wrong(n).await.assert_problem("invalid_credentials");
    }
    let wait = wait_of(&wrong(99).await);
    app.advance(TimeDelta::seconds(wait));
    assert_eq!(attempt(&app, "ada@example.com", PASSWORD, "office").await.status, 200);
    // It caused no wait, and one failure every two minutes never does.
    for n in 100..140 {
        wrong(n).await.assert_problem("invalid_credentials");
        app.advance(TimeDelta::minutes(2));
    }
}

#[tokio::test]
async fn after_a_hundred_failures_in_a_row_there_is_a_days_pause() {
    let app = TestApp::with_flags(&["--proxies", "1"]).await;
    let owner = app.owner("ada@example.com").await;
    let mut tried = 0;
    let mut networks = (1..=20).map(|n| (format!("198.51.100.{n}"), app.now())).collect::<Vec<_>>();
    let begun = app.now();
    while app.now() - begun < TimeDelta::days(1) {
        for (network, next) in networks.iter_mut().filter(|(_, next)| *next <= app.now()) {
            let response = attempt_from(&app, network, "ada@example.com", "wrong").await;
            if response.status == 429 {
                *next = app.now() + TimeDelta::seconds(wait_of(&response));
            } else {
                tried += 1;
            }
        }
        app.advance(TimeDelta::minutes(1));
    }
    assert!((90..=110).contains(&tried), "{tried}");
    wait_of(&attempt_from(&app, "203.0.113.9", &owner.email, PASSWORD).await);
    // A link in a message works at once, on an unknown device.
    app.post("/api/v1/auth/forgot-password").json(&json!({"email": owner.email})).send().await;
    let token = app.email_to("ada@example.com").await.token("/reset-password");
    let body = json!({"token": token, "password": "seven purple kangaroos hum"});
    assert_eq!(app.post("/api/v1/auth/reset-password").json(&body).send().await.status, 204);
    // Even in the network of the guesses.
    for network in ["203.0.113.9", "198.51.100.1"] {
        let response = attempt_from(&app, network, &owner.email, "seven purple kangaroos hum").await;
        assert_eq!(response.status, 200, "{}", response.text);
    }
}

#[tokio::test]
async fn an_account_can_invite_a_whole_company_at_once() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let invite = async |email: &str| {
        let body = json!({"email": email, "role": "viewer"});
        app.post("/api/v1/accounts/me/invites").bearer(&tokens.access).json(&body).send().await
    };
    for n in 0..60 {
        assert_eq!(invite(&format!("user{n}@example.com")).await.status, 201);
    }
    // Messages requested by strangers do not use up invitations.
    for _ in 0..5 {
        let body = json!({"email": "new@example.com"});
        app.post("/api/v1/auth/forgot-password").json(&body).send().await;
    }
    assert_eq!(invite("new@example.com").await.status, 201);
}

#[tokio::test]
async fn password_strength_checks_are_throttled_too() {
    let app = TestApp::new().await;
    let register = async || {
        let body = json!({"account_name": "A", "name": "A", "email": "x", "password": "password1234"});
        app.post("/api/v1/auth/register").json(&body).send().await
    };
    for _ in 0..21 {
        register().await.assert_problem("validation_failed");
    }
    assert_eq!(wait_of(&register().await), 30);
}
