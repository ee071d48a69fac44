//! Who cannot see the people's screens hears what changes, and is where it goes on.

use e2e::{Browser, Fate, Outcome, Person, Provider, Result, Settings, play};

use crate::{
    accessibility::{LISTEN, is_heard, owner_in, refuse},
    accessibility_people::{disowning, of, served},
    openid::show_who_it_is,
    people::{follow, register},
};

/// One view took the place of another: whoever cannot see that is at its heading, or at what it begins with.
async fn has_arrived(browser: &Browser, after: &str) -> Result<()> {
    let script = "
        const element = document.activeElement;
        return element !== document.body && element.matches('h1, main, main *') && element.checkVisibility()";
    browser.until(&format!("the focus in what is new after {after}"), script).await
}

#[tokio::test]
async fn who_cannot_see_hears_of_registering_and_of_getting_back_in() -> Outcome {
    play(async |stage| {
        let (wire, mail, server) = served(stage, Settings::default()).await?;
        let (ada, zoe) = (server.owner("Ada Owner").await?, Person::new("Zoe Newcomer"));
        let browser = stage.browser(server.url()).await?;
        browser.at_every_start(LISTEN).await?;
        browser.open("/register").await?;
        browser.click("#register-submit").await?;
        is_heard(&browser, &["register-alert: Check what is marked"]).await?;
        register(&browser, &zoe, "Acme").await?;
        has_arrived(&browser, "registering").await?;
        browser.click("#resend").await?;
        is_heard(&browser, &["register-again: Sent again"]).await?;
        wire.rule(refuse("/resend-verification"));
        browser.click("#resend").await?;
        is_heard(&browser, &["register-alert: Curfew"]).await?;
        wire.rule(|_| Fate::Pass);
        browser.click("#other-address").await?;
        browser.sees("#register-submit", "Create").await?;
        has_arrived(&browser, "taking another address").await?;

        follow(&browser, "/verify-email#nothing-of-ours").await?;
        browser.click("#verify").await?;
        is_heard(&browser, &["verify-alert: This link is no longer good"]).await?;
        let link = mail.receives(&zoe.email, "Verify your e-mail address").await?.link()?;
        follow(&browser, &link).await?;
        browser.click("#verify").await?;
        browser.sees("#verified", &zoe.email).await?;
        is_heard(&browser, &["verified: "]).await?;
        has_arrived(&browser, "verifying").await?;

        let link = disowning(&server, &mail, &browser, &ada).await?;
        follow(&browser, &link).await?;
        browser.click("#disown").await?;
        browser.sees("#disowned", "2 sessions ended").await?;
        is_heard(&browser, &["disowned: Signed out everywhere"]).await?;
        has_arrived(&browser, "disowning").await?;
        follow(&browser, &link).await?;
        browser.click("#disown").await?;
        is_heard(&browser, &["disown-alert: This link is no longer good"]).await?;

        browser.open("/forgot-password").await?;
        browser.fill("#email", &ada.email).await?;
        browser.click("#forgot-submit").await?;
        browser.sees("#forgot-sent", &ada.email).await?;
        has_arrived(&browser, "asking for a link").await?;
        let link = mail.receives(&ada.email, "Set a new password").await?.link()?;
        follow(&browser, &link).await?;
        browser.click("#reset-submit").await?;
        is_heard(&browser, &["reset-alert: Check what is marked"]).await?;
        browser.fill("#password", &ada.password).await?;
        browser.click("#reset-submit").await?;
        browser.sees("#reset-done", "set").await?;
        is_heard(&browser, &["reset-done: "]).await?;
        has_arrived(&browser, "setting a password").await?;
        follow(&browser, &link).await?;
        browser.fill("#password", "nine green trombones nap").await?;
        browser.click("#reset-submit").await?;
        is_heard(&browser, &["reset-alert: This link is no longer good"]).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn who_cannot_see_hears_of_members_sessions_and_the_profile() -> Outcome {
    play(async |stage| {
        let (wire, server, ada, browser) = owner_in(stage, Settings::default()).await?;
        let bob = server.member(&ada, "Bob Builder", "engineer").await?;
        let api = server.direct()?;
        api.sign_in(&bob).await?;
        browser.at_every_start(LISTEN).await?;
        browser.open("/account/members").await?;
        browser.click("#invite-submit").await?;
        is_heard(&browser, &["invite-alert: Check what is marked"]).await?;
        browser.fill("#invite_email", &bob.email).await?;
        browser.click("#invite-submit").await?;
        is_heard(&browser, &["invite-alert: Somebody"]).await?;
        browser.fill("#invite_email", "grace@journey.example").await?;
        browser.click("#invite-submit").await?;
        browser.sees("#invites", "grace@journey.example").await?;
        is_heard(&browser, &["invite-done: "]).await?;
        browser.click(&format!("{} select option[value='engineer']", of("#members", &ada))).await?;
        browser.click("#member-deed-confirm").await?;
        is_heard(&browser, &["member-deed-alert: "]).await?;
        browser.click("#member-deed-cancel").await?;
        browser.click(&format!("{} button[aria-label^='Sign out']", of("#members", &bob))).await?;
        browser.click("#member-deed-confirm").await?;
        is_heard(&browser, &["toast: Bob Builder is signed out"]).await?;

        api.sign_in(&ada).await?;
        browser.open("/account/sessions").await?;
        browser.click("#end-others").await?;
        wire.rule(refuse("/revoke-others"));
        browser.click("#end-session-confirm").await?;
        is_heard(&browser, &["end-session-alert: Nobody was signed out"]).await?;
        wire.rule(|_| Fate::Pass);
        browser.click("#end-session-confirm").await?;
        is_heard(&browser, &["toast: 1 session signed out"]).await?;

        browser.open("/account/profile").await?;
        browser.fill("#profile_name", "").await?;
        browser.click("#rename-submit").await?;
        is_heard(&browser, &["rename-alert: Check what is marked"]).await?;
        browser.fill("#profile_name", "Ada Lovelace").await?;
        browser.click("#rename-submit").await?;
        is_heard(&browser, &["rename-done: Saved"]).await?;
        browser.fill("#new_email", "countess@journey.example").await?;
        browser.click("#change-email-submit").await?;
        is_heard(&browser, &["change-email-done: "]).await?;
        browser.fill("#current_password", "not the password").await?;
        browser.fill("#new_password", "nine green trombones nap").await?;
        browser.click("#change-password-submit").await?;
        is_heard(&browser, &["change-password-alert: Check what is marked"]).await?;
        browser.fill("#current_password", &ada.password).await?;
        browser.click("#change-password-submit").await?;
        is_heard(&browser, &["change-password-done: "]).await?;
        has_arrived(&browser, "changing the password").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn who_cannot_see_hears_of_invitations_and_providers() -> Outcome {
    play(async |stage| {
        let provider = Provider::start().await?;
        let (wire, _mail, server) = served(stage, provider.known_to(Settings::default())).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.browser(server.url()).await?;
        browser.at_every_start(LISTEN).await?;
        browser.open("/invite#nothing-of-ours").await?;
        is_heard(&browser, &["invite-alert: This link is no longer good"]).await?;
        browser.open("/oauth/callback/foreign?error=access_denied&state=gone").await?;
        is_heard(&browser, &["oauth-alert: "]).await?;
        has_arrived(&browser, "coming back in vain").await?;
        wire.rule(|request| {
            if request.path.ends_with("/start") {
                Fate::Problem(503, "oauth_unavailable")
            } else {
                Fate::Pass
            }
        });
        browser.open("/login").await?;
        browser.click(".provider-foreign").await?;
        is_heard(&browser, &["provider-alert: "]).await?;
        wire.rule(|_| Fate::Pass);

        browser.sign_in(&ada).await?;
        browser.open("/account/profile").await?;
        browser.click(".provider-foreign").await?;
        show_who_it_is(&browser, "grace").await?;
        browser.is_at("/account/profile").await?;
        is_heard(&browser, &["toast: Linked"]).await?;
        browser.click("#identities button").await?;
        wire.rule(|request| {
            if request.method == "DELETE" { Fate::Problem(409, "last_sign_in_method") } else { Fate::Pass }
        });
        browser.click("#unlink-confirm").await?;
        is_heard(&browser, &["unlink-alert: "]).await?;
        Ok(())
    })
    .await
}
