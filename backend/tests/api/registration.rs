//! `POST /auth/register`, `/auth/verify-email`, `/auth/resend-verification`.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::test_app::{Answer, LOGIN, ME, PASSWORD, TestApp, claims};

const REGISTER: &str = "/api/v1/auth/register";
const VERIFY: &str = "/api/v1/auth/verify-email";
const RESEND: &str = "/api/v1/auth/resend-verification";

fn form(email: &str) -> Value {
    json!({"account_name": "Acme", "name": "Ada Lovelace", "email": email, "password": PASSWORD})
}

#[tokio::test]
async fn an_account_begins_with_the_link_and_its_owner_signs_in() {
    let app = TestApp::new().await;
    let answer = app.post(REGISTER).json(&form(" Ada@Example.com ")).send().await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let cookie = cookie_of(&answer);
    assert_eq!(
        app.value::<i64>("SELECT count(*) FROM users").await,
        0,
        "nobody before the address is proven"
    );
    let credentials = json!({"email": "ada@example.com", "password": PASSWORD});
    app.post(LOGIN).json(&credentials).send().await.assert_problem("email_not_verified");

    let mail = app.mail().await;
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("ada@example.com", "Verify your e-mail address"));
    let token = mail.token("/verify-email");
    let answer = verify(&app, &cookie, json!({"token": token})).await;
    assert_eq!(answer.body, json!({"email": "ada@example.com"}), "{}", answer.text);
    let tokens = app.post(LOGIN).json(&credentials).send().await.tokens();
    let me = app.get(ME).bearer(&tokens.access).send().await.body;
    assert_eq!((&me["user"]["role"], &me["account"]["name"]), (&json!("owner"), &json!("Acme")));
    assert_eq!(app.audit("account.created").await, 1);
    // Once.
    verify(&app, &cookie, json!({"token": token})).await.assert_problem("invalid_link");
}

/// The id of the registration of an account.
async fn registration(app: &TestApp, account: &str) -> Value {
    let sql = format!("SELECT id FROM registrations WHERE account_name = '{account}'");
    json!(app.value::<uuid::Uuid>(&sql).await)
}

/// What the browser of a registration is known by.
fn cookie_of(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

async fn verify(app: &TestApp, cookie: &str, body: Value) -> Answer {
    app.post(VERIFY).header("cookie", cookie).json(&body).send().await
}

#[tokio::test]
async fn a_link_that_is_opened_elsewhere_counts_with_a_password_of_its_bearers_choice() {
    const NEW: &str = "seven purple kangaroos hum";
    let app = TestApp::new().await;
    // Somebody registers with Ada's address and name, and she opens the link.
    let theirs = cookie_of(&app.post(REGISTER).json(&form("ada@example.com")).send().await);
    let mail = app.mail().await;
    assert!(
        mail.text.contains("Someone, perhaps you, registered an account with this address."),
        "{}",
        mail.text
    );
    let token = mail.token("/verify-email");
    let own = cookie_of(&app.post(REGISTER).json(&form("other@example.com")).send().await);
    for cookie in ["a=b", "__Host-curfew_registration=", own.as_str()] {
        let answer = verify(&app, cookie, json!({"token": token})).await;
        answer.assert_problem("validation_failed");
        assert_eq!(
            (&answer.body["errors"][0]["field"], &answer.body["errors"][0]["code"]),
            (&json!("password"), &json!("required"))
        );
        let answer = verify(&app, cookie, json!({"token": token, "password": "password1234"})).await;
        assert_eq!(answer.body["errors"][0]["code"], "too_common", "{}", answer.text);
    }
    assert_eq!(app.value::<i64>("SELECT count(*) FROM users").await, 0);
    assert_eq!(verify(&app, &own, json!({"token": token, "password": NEW})).await.status, 200);
    let sign_in = |password: &str| {
        let credentials = json!({"email": "ada@example.com", "password": password});
        app.post(LOGIN).header("cookie", &theirs).json(&credentials).send()
    };
    assert_eq!(sign_in(PASSWORD).await.status, 401, "the stranger's password");
    assert_eq!(sign_in(NEW).await.status, 200);
}

#[tokio::test]
async fn a_client_without_cookies_says_the_password_again() {
    let app = TestApp::new().await;
    app.post(REGISTER).json(&form("ada@example.com")).send().await;
    let token = app.mail().await.token("/verify-email");
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
    let answer = app.post(REGISTER).json(&longest).send().await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let token = app.mail_to(&email).await.token("/verify-email");
    let body = json!({"token": token, "password": PASSWORD});
    assert_eq!(app.post(VERIFY).json(&body).send().await.body, json!({"email": email}));
    for (field, longer, limit) in [
        ("email", format!("{email}c"), 254),
        ("name", format!("{name}é"), 120),
        ("account_name", format!("{name}é"), 120),
    ] {
        let mut form = longest.clone();
        form[field] = json!(longer);
        let answer = app.post(REGISTER).json(&form).send().await;
        answer.assert_problem("validation_failed");
        let [fault] = answer.body["errors"].as_array().unwrap().as_slice() else { panic!("{}", answer.text) };
        assert_eq!(
            (&fault["field"], &fault["code"], &fault["limit"]),
            (&json!(field), &json!("too_long"), &json!(limit))
        );
    }
}

#[tokio::test]
async fn the_answer_is_the_same_for_a_known_address_and_the_message_tells() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    let known = app.post(REGISTER).json(&form("ada@example.com")).send().await;
    let unknown = app.post(REGISTER).json(&form("eve@example.com")).send().await;
    assert_eq!((known.status, &known.text), (unknown.status, &unknown.text));
    let mails = app.mails().await;
    let subject = |to: &str| mails.iter().find(|mail| mail.to == to).unwrap().subject.clone();
    assert_eq!(subject("ada@example.com"), "You have an account already");
    assert_eq!(subject("eve@example.com"), "Verify your e-mail address");
}

#[tokio::test]
async fn of_two_registrations_for_an_address_the_first_proven_counts() {
    let app = TestApp::new().await;
    app.post(REGISTER).json(&form("ada@example.com")).send().await;
    app.post(REGISTER).json(&form("ada@example.com")).send().await;
    let [first, second] = app.mails().await.try_into().unwrap();
    let verify = |token: String| app.post(VERIFY).json(&json!({"token": token, "password": PASSWORD})).send();
    assert_eq!(verify(second.token("/verify-email")).await.status, 200);
    verify(first.token("/verify-email")).await.assert_problem("address_taken");
    verify(second.token("/verify-email")).await.assert_problem("invalid_link");
    assert_eq!(app.value::<i64>("SELECT count(*) FROM accounts").await, 1);
}

#[tokio::test]
async fn the_link_works_for_a_day() {
    let app = TestApp::new().await;
    app.post(REGISTER).json(&form("ada@example.com")).send().await;
    let token = app.mail().await.token("/verify-email");
    app.wait(TimeDelta::hours(24));
    app.post(VERIFY).json(&json!({"token": token})).send().await.assert_problem("invalid_link");
    for forged in ["", "x", "a.b.c"] {
        app.post(VERIFY).json(&json!({"token": forged})).send().await.assert_problem("invalid_link");
    }
}

#[tokio::test]
async fn the_message_can_be_asked_for_again() {
    let app = TestApp::new().await;
    app.post(REGISTER).json(&form("ada@example.com")).send().await;
    app.mail().await;
    let again = app.post(RESEND).json(&json!({"email": "ada@example.com"})).send().await;
    let nobody = app.post(RESEND).json(&json!({"email": "nobody@example.com"})).send().await;
    assert_eq!((again.status, &again.text), (nobody.status, &nobody.text));
    let token = app.mail().await.token("/verify-email");
    let body = json!({"token": token, "password": PASSWORD});
    assert_eq!(app.post(VERIFY).json(&body).send().await.status, 200);
}

#[tokio::test]
async fn every_fault_is_named_at_once_and_nothing_is_kept() {
    let app = TestApp::new().await;
    let body = json!({"account_name": " ", "name": "", "email": "ada", "password": "password1234"});
    let answer = app.post(REGISTER).json(&body).send().await;
    answer.assert_problem("validation_failed");
    let faults: Vec<_> = answer.body["errors"]
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
    assert_eq!(app.value::<i64>("SELECT count(*) FROM registrations").await, 0);
    assert!(app.mails().await.is_empty());
}

#[tokio::test]
async fn where_registration_is_closed_nobody_registers() {
    let app = TestApp::with(&["--registration", "closed"]).await;
    app.post(REGISTER).json(&form("ada@example.com")).send().await.assert_problem("registration_closed");
}

#[tokio::test]
async fn whoever_registers_anothers_address_learns_nothing_by_signing_in_with_their_own_password() {
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
        let answer = app.post(REGISTER).json(&registration).send().await;
        outcomes.push((answer.status, answer.text, guess(email).await.text));
    }
    assert_eq!(outcomes[0], outcomes[1]);
    assert!(outcomes[0].2.contains("email_not_verified"));
    // Whose address it is signs in as before.
    let own = json!({"email": "ada@example.com", "password": PASSWORD});
    assert_eq!(app.post(LOGIN).json(&own).send().await.status, 200);
}

#[tokio::test]
async fn whoever_registers_anothers_address_does_not_learn_when_it_becomes_theirs() {
    let app = TestApp::new().await;
    app.post(REGISTER).json(&form("ada@example.com")).send().await;
    let own = app.mail().await.token("/verify-email");
    app.wait(TimeDelta::seconds(1));
    let mut theirs = form("ada@example.com");
    theirs["password"] = json!("four grey pigeons waltz");
    let answer = app.post(REGISTER).json(&theirs).send().await;
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
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
async fn who_asks_again_in_the_browser_of_a_registration_means_that_one_whatever_others_did_since() {
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
    app.wait(TimeDelta::seconds(1));
    app.post(REGISTER).json(&theirs).send().await;
    app.mails().await;
    // What is sent says that somebody registered, and is of no use without a password where they did not.
    let ask = async |cookie: &str| {
        let again = app.post(RESEND).header("cookie", cookie).json(&json!({"email": "ada@example.com"}));
        assert_eq!(again.send().await.status, 202);
        let token = app.mail().await.token("/verify-email");
        app.wait(TimeDelta::minutes(10));
        claims(&token)["sub"].clone()
    };
    let (acme, eves) = (registration(&app, "Acme").await, registration(&app, "Eve’s").await);
    assert_eq!(ask(cookie).await, acme);
    assert_eq!(ask("a=b").await, eves, "nothing tells whose it is");
    // The browser stays the same for what is registered in it later.
    let later = app.post(REGISTER).header("cookie", cookie).json(&form("bob@example.com")).send().await;
    assert!(later.header("set-cookie").starts_with(&format!("{cookie};")));
}
