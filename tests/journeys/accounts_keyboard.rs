//! Users register, invite, manage members and sessions, without a mouse.

use e2e::{
    Browser, Mailbox, Person, Result, TIMEOUT, TestResult,
    keyboard::{ENTER, TAB, focus_is_on, tab_to},
    run, run_on_both_databases,
    steps::open_link,
};

const ARROW_UP: &str = "\u{e013}";

/// Waits until the page is still, and checks that a visible element has the focus.
async fn has_focus(browser: &Browser, after: &str) -> Result<()> {
    let script = "
        const element = document.activeElement;
        return !!element && element !== document.body && element.checkVisibility() && !element.closest('dialog:not([open])')";
    browser.until_within(TIMEOUT, &format!("the focus to be somewhere after {after}"), script, vec![]).await
}

async fn type_into(browser: &Browser, css: &str, text: &str) -> Result<()> {
    tab_to(browser, css).await?;
    browser.press(text).await?;
    browser.has_value(css, text).await
}

/// Confirms in the dialog: the focus starts on the safe button, and the next one confirms.
async fn confirm(browser: &Browser, id: &str) -> Result<()> {
    focus_is_on(browser, &format!("#{id}-cancel")).await?;
    browser.press(TAB).await?;
    focus_is_on(browser, &format!("#{id}-confirm")).await?;
    browser.press(ENTER).await?;
    let closed = format!("return !document.querySelector('#{id}').open");
    browser.until("no dialog", &closed).await
}

async fn sign_in(browser: &Browser, person: &Person) -> Result<()> {
    browser.open("/login").await?;
    focus_is_on(browser, "#email").await?;
    browser.press(person.email.as_str()).await?;
    browser.has_value("#email", &person.email).await?;
    type_into(browser, "#password", &person.password).await?;
    browser.press(ENTER).await?;
    browser.is_signed_in(person).await?;
    // Starts from the top, because the header precedes the greeting, which has the focus.
    browser.reload().await?;
    browser.is_signed_in(person).await
}

#[tokio::test]
async fn a_user_without_a_mouse_registers_verifies_invites_and_revokes() -> TestResult {
    run(async |context| {
        let mail = Mailbox::start().await?;
        let server = context.server(e2e::Settings::default().with("CURFEW_SMTP_URL", mail.url())).await?;
        let browser = context.browser(server.url()).await?;
        let ada = Person::new("Ada Owner");
        browser.open("/login").await?;
        tab_to(&browser, "a[href='/register']").await?;
        browser.press(ENTER).await?;
        browser.sees("#register-form", "company").await?;
        has_focus(&browser, "going to register").await?;
        type_into(&browser, "#account_name", "Acme").await?;
        type_into(&browser, "#name", &ada.name).await?;
        // The focus moves to the first missing field.
        browser.press(ENTER).await?;
        focus_is_on(&browser, "#email").await?;
        browser.press(ada.email.as_str()).await?;
        type_into(&browser, "#password", &ada.password).await?;
        tab_to(&browser, "#register-submit").await?;
        browser.press(ENTER).await?;
        browser.sees("#register-sent", &ada.email).await?;
        has_focus(&browser, "registering").await?;
        tab_to(&browser, "#resend").await?;

        open_link(&browser, &mail.wait_for(&ada.email, "Verify your e-mail address").await?.link()?).await?;
        browser.sees("#verify", "Verify").await?;
        tab_to(&browser, "#verify").await?;
        browser.press(ENTER).await?;
        browser.sees("#verified", &ada.email).await?;
        has_focus(&browser, "verifying").await?;
        tab_to(&browser, "main a[href='/login']").await?;
        browser.press(ENTER).await?;
        browser.sees("#sign-in", "Sign in").await?;
        has_focus(&browser, "going to sign in").await?;
        type_into(&browser, "#email", &ada.email).await?;
        type_into(&browser, "#password", &ada.password).await?;
        browser.press(ENTER).await?;
        browser.is_signed_in(&ada).await?;
        browser.reload().await?;
        browser.is_signed_in(&ada).await?;

        for (css, screen) in [("#nav-account", "Account"), (".row-link[href='/account/members']", "Members")]
        {
            tab_to(&browser, css).await?;
            browser.press(ENTER).await?;
            browser.sees("h1", screen).await?;
            has_focus(&browser, screen).await?;
        }
        browser.sees("#invites-empty", "no open invitations").await?;
        type_into(&browser, "#invite_email", "bob@journey.example").await?;
        tab_to(&browser, "#invite-submit").await?;
        browser.press(ENTER).await?;
        browser.sees("#invites", "bob@journey.example").await?;
        has_focus(&browser, "inviting").await?;
        tab_to(&browser, "#invites button[aria-label^='Revoke']").await?;
        browser.press(ENTER).await?;
        let is_asked =
            "return !!document.querySelector('dialog[open]') || !!document.querySelector('#invites-empty')";
        browser.until("the question, or what came of it", is_asked).await?;
        if browser.run("return !!document.querySelector('dialog[open]')", vec![]).await? == true {
            tab_to(&browser, "dialog[open] [id$='-confirm']").await?;
            browser.press(ENTER).await?;
        }
        browser.sees("#invites-empty", "no open invitations").await?;
        has_focus(&browser, "taking it back").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_owner_without_a_mouse_changes_a_role_and_signs_a_user_out() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let server = context.server(settings).await?;
        let ada = server.owner("Ada Owner").await?;
        let bob = server.member(&ada, "Bob Builder", "engineer").await?;
        server.direct_api()?.sign_in(&bob).await?;
        let browser = context.browser(server.url()).await?;
        sign_in(&browser, &ada).await?;
        browser.open("/account/members").await?;
        let row = format!("#members li[data-email='{}']", bob.email);
        browser.sees(&row, "1 live session").await?;
        tab_to(&browser, &format!("{row} select")).await?;
        browser.press(ARROW_UP).await?;
        browser.sees("#member-deed-title", "Make Bob Builder an owner").await?;
        confirm(&browser, "member-deed").await?;
        browser.sees("#toast", "is an owner now").await?;
        browser
            .until("the role", &format!("return document.querySelector(\"{row} select\")?.value === 'owner'"))
            .await?;
        has_focus(&browser, "changing a role").await?;

        browser.reload().await?;
        browser.sees(&row, "1 live session").await?;
        tab_to(&browser, &format!("{row} button[aria-label^='Sign out']")).await?;
        browser.press(ENTER).await?;
        confirm(&browser, "member-deed").await?;
        browser.sees("#toast", "Bob Builder is signed out").await?;
        browser
            .until(
                "nobody to sign out",
                &format!("return !document.querySelector(\"{row} button[aria-label^='Sign out']\")"),
            )
            .await?;
        has_focus(&browser, "signing somebody out").await?;
        assert_eq!(server.sessions(&bob).await?, Vec::<String>::new());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_user_without_a_mouse_ends_one_session_and_then_the_others() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let server = context.server(settings).await?;
        let (api, ada) = (server.direct_api()?, server.owner("Ada Owner").await?);
        for _ in 0..3 {
            api.sign_in(&ada).await?;
        }
        let browser = context.browser(server.url()).await?;
        sign_in(&browser, &ada).await?;
        for (css, screen) in
            [("#nav-account", "Account"), (".row-link[href='/account/sessions']", "sessions")]
        {
            tab_to(&browser, css).await?;
            browser.press(ENTER).await?;
            browser.sees("h1", screen).await?;
            has_focus(&browser, screen).await?;
        }
        browser.sees("#sessions li:nth-child(4)", "Signed in").await?;
        tab_to(&browser, "#sessions li:nth-child(3) button").await?;
        browser.press(ENTER).await?;
        confirm(&browser, "end-session").await?;
        browser.sees("#toast", "1 session signed out").await?;
        browser
            .until("three rows", "return document.querySelectorAll('#sessions > li').length === 3")
            .await?;
        has_focus(&browser, "ending one").await?;

        browser.reload().await?;
        browser.sees("#end-others", "everywhere else").await?;
        tab_to(&browser, "#end-others").await?;
        browser.press(ENTER).await?;
        confirm(&browser, "end-session").await?;
        browser.sees("#toast", "2 sessions signed out").await?;
        browser.sees("#sessions-summary", "Only this device").await?;
        has_focus(&browser, "ending the others").await?;
        assert_eq!(server.sessions(&ada).await?.len(), 1);
        Ok(())
    })
    .await
}
