//! People come, invite, look after each other and after their sessions, without a mouse.

use e2e::{Browser, Mailbox, Outcome, Person, Result, SOON, play, play_on_both};

use crate::{
    keyboard::{ENTER, TAB, focus_is_on, tab_to},
    people::follow,
};

const ARROW_UP: &str = "\u{e013}";

/// Once the page has come to rest, the focus is on something that is to be seen: never on nothing.
async fn has_focus(browser: &Browser, after: &str) -> Result<()> {
    let script = "
        const element = document.activeElement;
        return !!element && element !== document.body && element.checkVisibility() && !element.closest('dialog:not([open])')";
    browser.until_within(SOON, &format!("the focus to be somewhere after {after}"), script, vec![]).await
}

/// Tabs to a field and types.
async fn type_into(browser: &Browser, css: &str, text: &str) -> Result<()> {
    tab_to(browser, css).await?;
    browser.press(text).await?;
    browser.holds(css, text).await
}

/// In the dialog that opens: it begins on the button that does no harm, and the next one does it.
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
    browser.holds("#email", &person.email).await?;
    type_into(browser, "#password", &person.password).await?;
    browser.press(ENTER).await?;
    browser.is_in(person).await?;
    // From the top, as the header stands before the greeting, which has the focus.
    browser.reload().await?;
    browser.is_in(person).await
}

#[tokio::test]
async fn somebody_without_a_mouse_registers_verifies_invites_and_takes_it_back() -> Outcome {
    play(async |stage| {
        let mail = Mailbox::open().await?;
        let server = stage.server(e2e::Settings::default().with("CURFEW_SMTP_URL", mail.url())).await?;
        let browser = stage.browser(server.url()).await?;
        let ada = Person::new("Ada Owner");
        browser.open("/login").await?;
        // The link comes with the ways to sign in, after the page.
        browser.sees("a[href='/register']", "Create an account").await?;
        tab_to(&browser, "a[href='/register']").await?;
        browser.press(ENTER).await?;
        browser.sees("#register-form", "company").await?;
        has_focus(&browser, "going to register").await?;
        type_into(&browser, "#account_name", "Acme").await?;
        type_into(&browser, "#name", &ada.name).await?;
        // What is missing is where the focus goes.
        browser.press(ENTER).await?;
        focus_is_on(&browser, "#email").await?;
        browser.press(ada.email.as_str()).await?;
        type_into(&browser, "#password", &ada.password).await?;
        tab_to(&browser, "#register-submit").await?;
        browser.press(ENTER).await?;
        browser.sees("#register-sent", &ada.email).await?;
        has_focus(&browser, "registering").await?;
        tab_to(&browser, "#resend").await?;

        follow(&browser, &mail.receives(&ada.email, "Verify your e-mail address").await?.link()?).await?;
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
        browser.is_in(&ada).await?;
        browser.reload().await?;
        browser.is_in(&ada).await?;

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
async fn an_owner_without_a_mouse_changes_a_role_and_signs_somebody_out() -> Outcome {
    play_on_both(async |stage, settings| {
        let server = stage.server(settings).await?;
        let ada = server.owner("Ada Owner").await?;
        let bob = server.member(&ada, "Bob Builder", "engineer").await?;
        server.direct()?.sign_in(&bob).await?;
        let browser = stage.browser(server.url()).await?;
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
async fn somebody_without_a_mouse_ends_one_session_and_then_the_others() -> Outcome {
    play_on_both(async |stage, settings| {
        let server = stage.server(settings).await?;
        let (api, ada) = (server.direct()?, server.owner("Ada Owner").await?);
        for _ in 0..3 {
            api.sign_in(&ada).await?;
        }
        let browser = stage.browser(server.url()).await?;
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
