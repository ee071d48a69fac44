//! `POST /auth/register`, `/auth/verify-email`, `/auth/resend-verification`.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::test_app::{LOGIN, ME, PASSWORD, TestApp, TestResponse, claims};

const REGISTER: &str = "/api/v1/auth/register";
const VERIFY: &str = "/api/v1/auth/verify-email";
const RESEND: &str = "/api/v1/auth/resend-verification";

fn form(email: &str) -> Value {
    json!({"account_name": "Acme", "name": "Ada Lovelace", "email": email, "password": PASSWORD})
}

#[tokio::test]
async fn an_account_begins_with_the_link_and_its_owner_signs_in() {
    let app = TestApp::new().await;
    let response = app.post(REGISTER).json(&form(" Ada@Example.com ")).send().await;
    assert_eq!(response.status, 202, "{}", response.text);
    let cookie = cookie_of(&response);
    assert_eq!(
        app.query_value::<i64>("SELECT count(*) FROM users").await,
        0,
        "nobody before the address is proven"
    );
    let credentials = json!({"email": "ada@example.com", "password": PASSWORD});
    app.post(LOGIN).json(&credentials).send().await.assert_problem("email_not_verified");

    let mail = app.only_email().await;
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("ada@example.com", "Verify your e-mail address"));
    let token = mail.token("/verify-email");
    let response = verify(&app, &cookie, json!({"token": token})).await;
    assert_eq!(response.body, json!({"email": "ada@example.com"}), "{}", response.text);
    let tokens = app.post(LOGIN).json(&credentials).send().await.tokens();
    let me = app.get(ME).bearer(&tokens.access).send().await.body;
    assert_eq!((&me["user"]["role"], &me["account"]["name"]), (&json!("owner"), &json!("Acme")));
    assert_eq!(app.audit_count("account.created").await, 1);
    // The link works once.
    verify(&app, &cookie, json!({"token": token})).await.assert_problem("invalid_link");
}

async fn registration(app: &TestApp, account: &str) -> Value {
    let sql = format!("SELECT id FROM registrations WHERE account_name = '{account}'");
    json!(app.query_value::<uuid::Uuid>(&sql).await)
}

/// The registration cookie.
fn cookie_of(response: &TestResponse) -> String {
    response.header("set-cookie").split(';').next().unwrap().to_owned()
}

async fn verify(app: &TestApp, cookie: &str, body: Value) -> TestResponse {
    app.post(VERIFY).header("cookie", cookie).json(&body).send().await
}

#[tokio::test]
async fn a_link_opened_in_another_browser_asks_for_a_new_password() {
    const NEW: &str = "seven purple kangaroos hum";
    let app = TestApp::new().await;
    // Somebody registers Ada's address and name, and she opens the link.
    let theirs = cookie_of(&app.post(REGISTER).json(&form("ada@example.com")).send().await);
    let mail = app.only_email().await;
    assert!(
        mail.text.contains("Someone, perhaps you, registered an account with this address."),
        "{}",
        mail.text
    );
    let token = mail.token("/verify-email");
    let own = cookie_of(&app.post(REGISTER).json(&form("other@example.com")).send().await);
    for cookie in ["a=b", "__Host-curfew_registration=", own.as_str()] {
        let response = verify(&app, cookie, json!({"token": token})).await;
        response.assert_problem("validation_failed");
        assert_eq!(
            (&response.body["errors"][0]["field"], &response.body["errors"][0]["code"]),
            (&json!("password"), &json!("required"))
        );
        let response = verify(&app, cookie, json!({"token": token, "password": "password1234"})).await;
        assert_eq!(response.body["errors"][0]["code"], "too_common", "{}", response.text);
    }
    assert_eq!(app.query_value::<i64>("SELECT count(*) FROM users").await, 0);
    assert_eq!(verify(&app, &own, json!({"token": token, "password": NEW})).await.status, 200);
    let sign_in = |password: &str| {
        let credentials = json!({"email": "ada@example.com", "password": password});
        app.post(LOGIN).header("cookie", &theirs).json(&credentials).send()
    };
    assert_eq!(sign_in(PASSWORD).await.status, 401, "the stranger's password");
    assert_eq!(sign_in(NEW).await.status, 200);
}

#[tokio::test]
async fn a_client_without_cookies_repeats_the_password() {
    let app = TestApp::new().await;
    app.post(REGISTER).json(&form("ada@example.com")).send().await;
    let token = app.only_email().await.token("/verify-email");
    let body = json!({"token": token, "password": PASSWORD});
    let (one, other) = tokio::join!(app.post(VERIFY).json(&body).send(), app.post(VERIFY).json(&body).send());
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 410]);
    let credentials = json!({"email": "ada@example.com", "password": PASSWORD});
    assert_eq!(app.post(LOGIN).json(&credentials).send().await.status, 200);
}

#[tokio::test]
async fn an_address_of_254_bytes_and_names_of_120_characters_are_the_longest() {
    let app = TestApp::new().await;
    let domain = [("a", 63), ("b", 63), ("c", 61)].map(|(letter, count)| letter.repeat(count)).join(".");
    let email = format!("{}é@{domain}", "x".repeat(62));
    assert_eq!(email.len(), 254);
    let name = "é".repeat(120);
    let longest = json!({"account_name": name, "name": name, "email": email, "password": PASSWORD});
    let response = app.post(REGISTER).json(&longest).send().await;
    assert_eq!(response.status, 202, "{}", response.text);
    let token = app.email_to(&email).await.token("/verify-email");
    let body = json!({"token": token, "password": PASSWORD});
    assert_eq!(app.post(VERIFY).json(&body).send().await.body, json!({"email": email}));
    for (field, longer, limit) in [
        ("email", format!("{email}c"), 254),
        ("name", format!("{name}é"), 120),
        ("account_name", format!("{name}é"), 120),
    ] {
        let mut form = longest.clone();
        form[field] = json!(longer);
        let response = app.post(REGISTER).json(&form).send().await;
        response.assert_problem("validation_failed");
        let [fault] = response.body["errors"].as_array().unwrap().as_slice() else {
            panic!("{}", response.text)
        };
        assert_eq!(
            (&fault["field"], &fault["code"], &fault["limit"]),
            (&json!(field), &json!("too_long"), &json!(limit))
        );
    }
}

#[tokio::test]
async fn the_response_is_the_same_for_a_known_address() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    let known = app.post(REGISTER).json(&form("ada@example.com")).send().await;
    let unknown = app.post(REGISTER).json(&form("eve@example.com")).send().await;
    assert_eq!((known.status, &known.text), (unknown.status, &unknown.text));
    let mails = app.sent_emails().await;
    let subject = |to: &str| mails.iter().find(|mail| mail.to == to).unwrap().subject.clone();
    assert_eq!(subject("ada@example.com"), "You have an account already");
    assert_eq!(subject("eve@example.com"), "Verify your e-mail address");
}

#[tokio::test]
async fn the_first_verified_of_two_registrations_wins() {
    let app = TestApp::new().await;
    app.post(REGISTER).json(&form("ada@example.com")).send().await;
    app.post(REGISTER).json(&form("ada@example.com")).send().await;
    let [first, second] = app.sent_emails().await.try_into().unwrap();
    let verify = |token: String| app.post(VERIFY).json(&json!({"token": token, "password": PASSWORD})).send();
    assert_eq!(verify(second.token("/verify-email")).await.status, 200);
    verify(first.token("/verify-email")).await.assert_problem("address_taken");
    verify(second.token("/verify-email")).await.assert_problem("invalid_link");
    assert_eq!(app.query_value::<i64>("SELECT count(*) FROM accounts").await, 1);
}

#[tokio::test]
async fn the_link_works_for_a_day() {
    let app = TestApp::new().await;
    app.post(REGISTER).json(&form("ada@example.com")).send().await;
    let token = app.only_email().await.token("/verify-email");
    app.advance(TimeDelta::hours(24));
    app.post(VERIFY).json(&json!({"token": token})).send().await.assert_problem("invalid_link");
    for forged in ["", "x", "a.b.c"] {
        app.post(VERIFY).json(&json!({"token": forged})).send().await.assert_problem("invalid_link");
    }
}

#[tokio::test]
async fn the_message_can_be_asked_for_again() {
    let app = TestApp::new().await;
    app.post(REGISTER).json(&form("ada@example.com")).send().await;
    app.only_email().await;
    let again = app.post(RESEND).json(&json!({"email": "ada@example.com"})).send().await;
    let nobody = app.post(RESEND).json(&json!({"email": "nobody@example.com"})).send().await;
    assert_eq!((again.status, &again.text), (nobody.status, &nobody.text));
    let token = app.only_email().await.token("/verify-email");
    let body = json!({"token": token, "password": PASSWORD});
    assert_eq!(app.post(VERIFY).json(&body).send().await.status, 200);
}

#[tokio::test]
async fn all_faults_are_reported_at_once_and_nothing_is_stored() {
    let app = TestApp::new().await;
    let body = json!({"account_name": " ", "name": "", "email": "ada", "password": "password1234"});
    let response = app.post(REGISTER).json(&body).send().await;
    response.assert_problem("validation_failed");
    let faults: Vec<_> = response.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["field"].as_str(), e["code"].as_str()))
        .collect();
    let expected = [
        ("account_name", "required"),
        ("name", "required"),
        ("email", "malformed"),
        ("password", "too_common"),
    ];
    assert_eq!(faults, expected.map(|(field, code)| (Some(field), Some(code))));
    assert_eq!(app.query_value::<i64>("SELECT count(*) FROM registrations").await, 0);
    assert!(app.sent_emails().await.is_empty());
}

#[tokio::test]
async fn closed_registration_admits_nobody() {
    let app = TestApp::with_flags(&["--registration", "closed"]).await;
    app.post(REGISTER).json(&form("ada@example.com")).send().await.assert_problem("registration_closed");
}

#[tokio::test]
async fn registering_anothers_address_reveals_nothing_at_sign_in() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    let guess = |email: &str| {
        let guess = json!({"email": email, "password": "four grey pigeons waltz"});
        app.post(LOGIN).json(&guess).send()
    };
    let mut outcomes = Vec::new();
    for email in ["ada@example.com", "nobody@example.com"] {
        let mut registration = form(email);
        registration["password"] = json!("four grey pigeons waltz");
        let response = app.post(REGISTER).json(&registration).send().await;
        outcomes.push((response.status, response.text, guess(email).await.text));
    }
    assert_eq!(outcomes[0], outcomes[1]);
    assert!(outcomes[0].2.contains("email_not_verified"));
    // The owner of the address signs in as before.
    let own = json!({"email": "ada@example.com", "password": PASSWORD});
    assert_eq!(app.post(LOGIN).json(&own).send().await.status, 200);
}

#[tokio::test]
async fn registering_anothers_address_does_not_reveal_its_verification() {
    let app = TestApp::new().await;
    app.post(REGISTER).json(&form("ada@example.com")).send().await;
    let own = app.only_email().await.token("/verify-email");
    app.advance(TimeDelta::seconds(1));
    let mut theirs = form("ada@example.com");
    theirs["password"] = json!("four grey pigeons waltz");
    let response = app.post(REGISTER).json(&theirs).send().await;
    let cookie = response.header("set-cookie").split(';').next().unwrap().to_owned();
    let guess = || {
        let guess = json!({"email": "ada@example.com", "password": "four grey pigeons waltz"});
        app.post(LOGIN).header("cookie", &cookie).json(&guess).send()
    };
    guess().await.assert_problem("email_not_verified");
    app.post(REGISTER).json(&form("ada@example.com")).send().await;
    guess().await.assert_problem("email_not_verified");
    let body = json!({"token": own, "password": PASSWORD});
    assert_eq!(app.post(VERIFY).json(&body).send().await.status, 200);
    guess().await.assert_problem("email_not_verified");
}

#[tokio::test]
async fn resending_means_the_registration_of_the_same_browser() {
    let app = TestApp::new().await;
    let own = app.post(REGISTER).json(&form("ada@example.com")).send().await;
    let cookie = own.header("set-cookie");
    assert!(cookie.starts_with("__Host-curfew_registration="), "{cookie}");
    for attribute in ["Secure", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=86400"] {
        assert!(cookie.split("; ").any(|part| part == attribute), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap();
    let mut theirs = form("ada@example.com");
    theirs["account_name"] = json!("Eve’s");
    app.advance(TimeDelta::seconds(1));
    app.post(REGISTER).json(&theirs).send().await;
    app.sent_emails().await;
    // The message says that somebody registered. Without that browser's cookie, its link needs a password.
    let ask = async |cookie: &str| {
        let again = app.post(RESEND).header("cookie", cookie).json(&json!({"email": "ada@example.com"}));
        assert_eq!(again.send().await.status, 202);
        let token = app.only_email().await.token("/verify-email");
        app.advance(TimeDelta::minutes(10));
        claims(&token)["sub"].clone()
    };
    let (acme, eves) = (registration(&app, "Acme").await, registration(&app, "Eve’s").await);
    assert_eq!(ask(cookie).await, acme);
    assert_eq!(ask("a=b").await, eves, "nothing tells whose it is");
    // The browser keeps its cookie for later registrations.
    let later = app.post(REGISTER).header("cookie", cookie).json(&form("bob@example.com")).send().await;
    assert!(later.header("set-cookie").starts_with(&format!("{cookie};")));
}
