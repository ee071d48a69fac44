//! Registration, invitations, recovery, profile and sessions, with real mail.

use e2e::{
    Mailbox, Person, Settings, TestResult, run, run_on_both_databases,
    steps::{open_link, register},
};

#[tokio::test]
async fn from_an_empty_database_to_an_owner_who_signs_a_member_out() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let mail = Mailbox::start().await?;
        let server = context.server(settings.with("CURFEW_SMTP_URL", mail.url())).await?;
        let (ada, bob) = (Person::new("Ada Owner"), Person::new("Bob Builder"));
        let browser = context.browser(server.url()).await?;

        register(&browser, &ada, "Acme").await?;
        let message = mail.wait_for(&ada.email, "Verify your e-mail address").await?;
        open_link(&browser, &message.link()?).await?;
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

        let message = mail.wait_for(&bob.email, "Ada Owner invites you to “Acme”").await?;
        let second = context.browser(server.url()).await?;
        open_link(&second, &message.link()?).await?;
        second.sees("h1", "Join Acme").await?;
        second.sees(".lead", "Ada Owner invites bob.builder@journey.example").await?;
        second.fill("#name", &bob.name).await?;
        second.fill("#password", &bob.password).await?;
        second.click("#accept-submit").await?;
        second.is_signed_in(&bob).await?;

        browser.open("/account/security").await?;
        browser.sees("#active-users-summary", "2 people are signed in.").await?;
        browser.open("/account/members").await?;
        let row = format!("#members li[data-email='{}']", bob.email);
        browser.click(&format!("{row} button[aria-label^='Sign out']")).await?;
        browser.sees("#member-deed-title", "Sign Bob Builder out?").await?;
        browser.click("#member-deed-confirm").await?;
        browser.sees("#toast", "Bob Builder is signed out").await?;
        mail.wait_for(&bob.email, "You were signed out").await?;

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
async fn a_forgotten_password_is_reset_and_every_session_ends() -> TestResult {
    run(async |context| {
        let mail = Mailbox::start().await?;
        let server = context.server(Settings::default().with("CURFEW_SMTP_URL", mail.url())).await?;
        let mut ada = server.owner("Ada Owner").await?;
        let elsewhere = context.signed_in(server.url(), &ada).await?;

        let browser = context.browser(server.url()).await?;
        browser.open("/login").await?;
        browser.click("a[href='/forgot-password']").await?;
        browser.fill("#email", &ada.email).await?;
        browser.click("#forgot-submit").await?;
        browser.sees("#forgot-sent", &ada.email).await?;
        let link = mail.wait_for(&ada.email, "Set a new password").await?.link()?;
        open_link(&browser, &link).await?;
        browser.fill("#password", "password1234").await?;
        browser.click("#reset-submit").await?;
        browser.sees("#password-error", "too easy to guess").await?;
        "seven purple kangaroos hum".clone_into(&mut ada.password);
        browser.fill("#password", &ada.password).await?;
        browser.click("#reset-submit").await?;
        browser.sees("#reset-done", "Your new password is set.").await?;
        mail.wait_for(&ada.email, "Your password was changed").await?;

        elsewhere.click("#check").await?;
        elsewhere.sees("#sign-in", "Sign in").await?;
        browser.click("a[href='/login']").await?;
        browser.sign_in(&ada).await?;

        // The link works once.
        open_link(&elsewhere, &link).await?;
        elsewhere.fill("#password", "nine green trombones nap").await?;
        elsewhere.click("#reset-submit").await?;
        elsewhere.sees("#reset-alert", "This link is no longer good.").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_sign_in_on_a_new_device_is_disowned() -> TestResult {
    run(async |context| {
        let mail = Mailbox::start().await?;
        let server = context.server(Settings::default().with("CURFEW_SMTP_URL", mail.url())).await?;
        let mut ada = server.owner("Ada Owner").await?;
        // She signs in on her own device first; the thief's user agent differs.
        server.direct_api()?.sign_in(&ada).await?;
        let thief = context.signed_in(server.url(), &ada).await?;
        let message = mail.wait_for(&ada.email, "You signed in on a new device").await?;
        assert!(message.text.contains("Chrome on Linux"), "{}", message.text);

        let browser = context.browser(server.url()).await?;
        open_link(&browser, &message.link()?).await?;
        browser.click("#disown").await?;
        browser.sees("#disowned", "Signed out everywhere: 2 sessions ended.").await?;
        thief.click("#check").await?;
        thief.sees("#sign-in", "Sign in").await?;
        let message = mail.wait_for(&ada.email, "You were signed out everywhere").await?;
        open_link(&browser, &message.link()?).await?;
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
async fn reauthentication_continues_a_sensitive_action_with_its_input() -> TestResult {
    run(async |context| {
        // A sign-in counts as recent only for as long as it takes to look at the page.
        let server = context.server(Settings::default().with("CURFEW_FRESH_SECONDS", "4")).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.signed_in(server.url(), &ada).await?;
        let api = server.direct_api()?;
        let token = api.sign_in(&ada).await?.field("access_token")?;
        let others = "/api/v1/users/me/sessions/revoke-others";
        e2e::until("the sign-in to be stale", e2e::TIMEOUT, async || {
            let request = api.request(reqwest::Method::POST, others).bearer_auth(&token);
            // Until then, the request ends the browser's session, which signs in again below.
            Ok((e2e::send(request).await?.status == 403).then_some(()))
        })
        .await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        browser.open("/account/security").await?;
        browser.click("#preset-custom").await?;
        browser.fill("#idle_minutes", "60").await?;
        browser.fill("#absolute_minutes", "240").await?;
        let stale = api.sign_in(&ada).await?.field("access_token")?;
        e2e::until("this sign-in to be stale, too", e2e::TIMEOUT, async || {
            let security =
                api.request(reqwest::Method::PATCH, "/api/v1/accounts/me/security").bearer_auth(&stale);
            let request = security.json(&serde_json::json!({}));
            Ok((e2e::send(request).await?.status == 403).then_some(()))
        })
        .await?;

        // After cancelling, nothing is saved and the input is kept.
        browser.click("#policy-save").await?;
        browser.sees("#reauthenticate-title", "Confirm that it is you").await?;
        browser.click("#reauthenticate-cancel").await?;
        browser.sees("#policy-alert", "Nothing was saved.").await?;
        browser.has_value("#idle_minutes", "60").await?;

        browser.click("#policy-save").await?;
        browser.sees("#reauthenticate-title", "Confirm that it is you").await?;
        browser.fill("#confirm_password", "not the password").await?;
        browser.click("#reauthenticate-confirm").await?;
        browser.sees("#reauthenticate-alert", "That is not your password.").await?;
        browser.fill("#confirm_password", &ada.password).await?;
        browser.click("#reauthenticate-confirm").await?;
        browser.sees("#policy-saved", "Saved.").await?;
        browser.has_value("#absolute_minutes", "240").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_user_sees_their_sessions_and_ends_one() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let api = server.direct_api()?;
        let elsewhere = api.sign_in(&ada).await?.field("refresh_token")?;
        let browser = context.signed_in(server.url(), &ada).await?;
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
async fn the_profile_changes_name_address_and_password() -> TestResult {
    run(async |context| {
        let mail = Mailbox::start().await?;
        let server = context.server(Settings::default().with("CURFEW_SMTP_URL", mail.url())).await?;
        let mut ada = server.owner("Ada Owner").await?;
        let browser = context.signed_in(server.url(), &ada).await?;
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
            mail.wait_for("countess@journey.example", "Verify your new e-mail address").await?.link()?;
        open_link(&browser, &link).await?;
        browser.click("#verify").await?;
        browser.sees("#verified", "countess@journey.example").await?;
        mail.wait_for(&ada.email, "Your e-mail address was changed").await?;

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
