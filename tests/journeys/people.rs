//! People come, invite others, get back in, and put each other out, with real mail in between.

use e2e::{Browser, Mailbox, Outcome, Person, Result, Settings, play, play_on_both};

/// Somebody who is yet to register or to join.
fn stranger(name: &str) -> Person {
    Person::new(name)
}

/// Asks for an account, and sees where the message has gone.
pub async fn register(browser: &Browser, person: &Person, account: &str) -> Result<()> {
    browser.open("/login").await?;
    browser.click("a[href='/register']").await?;
    browser.fill("#account_name", account).await?;
    browser.fill("#name", &person.name).await?;
    browser.fill("#email", &person.email).await?;
    browser.fill("#password", &person.password).await?;
    browser.click("#register-submit").await?;
    browser.sees("#register-sent", &person.email).await
}

/// The link of a message is opened in a document of its own, as from a mail program.
pub async fn follow(browser: &Browser, link: &str) -> Result<()> {
    browser.open("/404").await?;
    browser.open(link).await
}

#[tokio::test]
async fn from_an_empty_database_to_two_people_of_whom_one_signs_the_other_out() -> Outcome {
    play_on_both(async |stage, settings| {
        let mail = Mailbox::open().await?;
        let server = stage.server(settings.with("CURFEW_SMTP_URL", mail.url())).await?;
        let (ada, bob) = (stranger("Ada Owner"), stranger("Bob Builder"));
        let browser = stage.browser(server.url()).await?;

        register(&browser, &ada, "Acme").await?;
        let message = mail.receives(&ada.email, "Verify your e-mail address").await?;
        follow(&browser, &message.link()?).await?;
        browser.click("#verify").await?;
        browser.sees("#verified", &ada.email).await?;
        browser.is_at("/verify-email").await?;
        browser.until("no token in the address", "return location.hash === ''").await?;
        browser.click("a[href='/login']").await?;
        browser.sign_in(&ada).await?;

        browser.open("/account/members").await?;
        browser.sees("#members", "(you)").await?;
        browser.fill("#invite_email", &bob.email).await?;
        browser.click("#invite-submit").await?;
        browser.sees("#invite-done", &bob.email).await?;
        browser.sees("#invites", &bob.email).await?;

        let message = mail.receives(&bob.email, "Ada Owner invites you to “Acme”").await?;
        let second = stage.browser(server.url()).await?;
        follow(&second, &message.link()?).await?;
        second.sees("h1", "Join Acme").await?;
        second.sees(".lead", "Ada Owner invites bob.builder@journey.example").await?;
        second.fill("#name", &bob.name).await?;
        second.fill("#password", &bob.password).await?;
        second.click("#accept-submit").await?;
        second.is_in(&bob).await?;

        browser.open("/account/security").await?;
        browser.sees("#active-users-summary", "2 people are signed in.").await?;
        browser.open("/account/members").await?;
        let row = format!("#members li[data-email='{}']", bob.email);
        browser.click(&format!("{row} button[aria-label^='Sign out']")).await?;
        browser.sees("#member-deed-title", "Sign Bob Builder out?").await?;
        browser.click("#member-deed-confirm").await?;
        browser.sees("#toast", "Bob Builder is signed out").await?;
        mail.receives(&bob.email, "You were signed out").await?;

        second.click("#check").await?;
        second.sees("#sign-in", "Sign in").await?;
        assert_eq!(second.text("#banner").await?, "", "nothing expired");

        browser.open("/account/audit").await?;
        for words in [
            "Ada Owner created the account",
            "invited bob.builder",
            "Bob Builder joined",
            "signed Bob Builder out",
        ] {
            browser.sees("#audit-events li", words).await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_and_every_session_ends() -> Outcome {
    play(async |stage| {
        let mail = Mailbox::open().await?;
        let server = stage.server(Settings::default().with("CURFEW_SMTP_URL", mail.url())).await?;
        let mut ada = server.owner("Ada Owner").await?;
        let elsewhere = stage.signed_in(server.url(), &ada).await?;

        let browser = stage.browser(server.url()).await?;
        browser.open("/login").await?;
        browser.click("a[href='/forgot-password']").await?;
        browser.fill("#email", &ada.email).await?;
        browser.click("#forgot-submit").await?;
        browser.sees("#forgot-sent", &ada.email).await?;
        let link = mail.receives(&ada.email, "Set a new password").await?.link()?;
        follow(&browser, &link).await?;
        browser.fill("#password", "password1234").await?;
        browser.click("#reset-submit").await?;
        browser.sees("#password-error", "too easy to guess").await?;
        "seven purple kangaroos hum".clone_into(&mut ada.password);
        browser.fill("#password", &ada.password).await?;
        browser.click("#reset-submit").await?;
        browser.sees("#reset-done", "Your new password is set.").await?;
        mail.receives(&ada.email, "Your password was changed").await?;

        elsewhere.click("#check").await?;
        elsewhere.sees("#sign-in", "Sign in").await?;
        browser.click("a[href='/login']").await?;
        browser.sign_in(&ada).await?;

        // Once.
        follow(&elsewhere, &link).await?;
        elsewhere.fill("#password", "nine green trombones nap").await?;
        elsewhere.click("#reset-submit").await?;
        elsewhere.sees("#reset-alert", "This link is no longer good.").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_sign_in_on_a_new_device_is_disowned() -> Outcome {
    play(async |stage| {
        let mail = Mailbox::open().await?;
        let server = stage.server(Settings::default().with("CURFEW_SMTP_URL", mail.url())).await?;
        let mut ada = server.owner("Ada Owner").await?;
        // Her own device first; the thief's program has another name.
        server.direct()?.sign_in(&ada).await?;
        let thief = stage.signed_in(server.url(), &ada).await?;
        let message = mail.receives(&ada.email, "You signed in on a new device").await?;
        assert!(message.text.contains("Chrome on Linux"), "{}", message.text);

        let browser = stage.browser(server.url()).await?;
        follow(&browser, &message.link()?).await?;
        browser.click("#disown").await?;
        browser.sees("#disowned", "Signed out everywhere: 2 sessions ended.").await?;
        thief.click("#check").await?;
        thief.sees("#sign-in", "Sign in").await?;
        let message = mail.receives(&ada.email, "You were signed out everywhere").await?;
        follow(&browser, &message.link()?).await?;
        "seven purple kangaroos hum".clone_into(&mut ada.password);
        browser.fill("#password", &ada.password).await?;
        browser.click("#reset-submit").await?;
        browser.sees("#reset-done", "Your new password is set.").await?;
        browser.click("a[href='/login']").await?;
        browser.sign_in(&ada).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_sensitive_act_asks_who_one_is_and_then_goes_on_with_what_was_typed() -> Outcome {
    play(async |stage| {
        // Nobody is fresh for longer than it takes to look at the page.
        let server = stage.server(Settings::default().with("CURFEW_FRESH_SECONDS", "4")).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.signed_in(server.url(), &ada).await?;
        let api = server.direct()?;
        let token = api.sign_in(&ada).await?.member("access_token")?;
        let others = "/api/v1/users/me/sessions/revoke-others";
        e2e::until("the sign-in to be stale", e2e::SOON, async || {
            let request = api.request(reqwest::Method::POST, others).bearer_auth(&token);
            // Until then it ends the browser's session, which is signed in anew below.
            Ok((e2e::send(request).await?.status == 403).then_some(()))
        })
        .await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        browser.open("/account/security").await?;
        browser.click("#preset-custom").await?;
        browser.fill("#idle_minutes", "60").await?;
        browser.fill("#absolute_minutes", "240").await?;
        let stale = api.sign_in(&ada).await?.member("access_token")?;
        e2e::until("this sign-in to be stale, too", e2e::SOON, async || {
            let security =
                api.request(reqwest::Method::PATCH, "/api/v1/accounts/me/security").bearer_auth(&stale);
            let request = security.json(&serde_json::json!({}));
            Ok((e2e::send(request).await?.status == 403).then_some(()))
        })
        .await?;

        // Cancelled, nothing is saved and nothing typed is lost.
        browser.click("#policy-save").await?;
        browser.sees("#reauthenticate-title", "Confirm that it is you").await?;
        browser.click("#reauthenticate-cancel").await?;
        browser.sees("#policy-alert", "Nothing was saved.").await?;
        browser.holds("#idle_minutes", "60").await?;

        browser.click("#policy-save").await?;
        browser.sees("#reauthenticate-title", "Confirm that it is you").await?;
        browser.fill("#confirm_password", "not the password").await?;
        browser.click("#reauthenticate-confirm").await?;
        browser.sees("#reauthenticate-alert", "That is not your password.").await?;
        browser.fill("#confirm_password", &ada.password).await?;
        browser.click("#reauthenticate-confirm").await?;
        browser.sees("#policy-saved", "Saved.").await?;
        browser.holds("#absolute_minutes", "240").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn somebody_sees_their_sessions_and_ends_one() -> Outcome {
    play(async |stage| {
        let server = stage.server(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let api = server.direct()?;
        let elsewhere = api.sign_in(&ada).await?.member("refresh_token")?;
        let browser = stage.signed_in(server.url(), &ada).await?;
        browser.open("/account").await?;
        browser.click("a[href='/account/sessions']").await?;
        browser.sees("#sessions li:first-child", "this device").await?;
        browser.sees("#sessions li:first-child", "Chrome on Linux").await?;
        browser.click("#sessions li:nth-child(2) button").await?;
        browser.click("#end-session-confirm").await?;
        browser.sees("#toast", "1 session signed out").await?;
        browser.sees("#sessions-summary", "Only this device is signed in.").await?;
        assert_eq!(api.refresh(&elsewhere).await?.status, 401);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_profile_changes_name_address_and_password() -> Outcome {
    play(async |stage| {
        let mail = Mailbox::open().await?;
        let server = stage.server(Settings::default().with("CURFEW_SMTP_URL", mail.url())).await?;
        let mut ada = server.owner("Ada Owner").await?;
        let browser = stage.signed_in(server.url(), &ada).await?;
        browser.open("/account/profile").await?;
        browser.fill("#profile_name", "Ada Lovelace").await?;
        browser.click("#rename-submit").await?;
        browser.sees("#rename-done", "Saved.").await?;
        browser.sees("#person", "Ada Lovelace").await?;

        browser.fill("#current_password", &ada.password).await?;
        browser.fill("#new_password", "seven purple kangaroos hum").await?;
        browser.click("#change-password-submit").await?;
        browser
            .sees("#change-password-done", "Your new password is set. You were signed in nowhere else.")
            .await?;

        browser.fill("#new_email", "countess@journey.example").await?;
        browser.click("#change-email-submit").await?;
        browser.sees("#change-email-done", "countess@journey.example").await?;
        let link =
            mail.receives("countess@journey.example", "Verify your new e-mail address").await?.link()?;
        follow(&browser, &link).await?;
        browser.click("#verify").await?;
        browser.sees("#verified", "countess@journey.example").await?;
        mail.receives(&ada.email, "Your e-mail address was changed").await?;

        "countess@journey.example".clone_into(&mut ada.email);
        "seven purple kangaroos hum".clone_into(&mut ada.password);
        "Ada Lovelace".clone_into(&mut ada.name);
        browser.open("/").await?;
        browser.click("#sign-out").await?;
        browser.sees("#sign-in", "Sign in").await?;
        browser.sign_in(&ada).await?;
        Ok(())
    })
    .await
}
