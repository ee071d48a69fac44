//! An owner's actions reach the pages that other users have open.

use e2e::{
    Browser, Mailbox, Person, Result, Server, Settings, TestContext, TestResult, run_on_both_databases,
    steps::{accept_invitation, invite, open_link},
};
use reqwest::Method;
use serde_json::json;

/// An owner on the members page, and another user on the home page, each in their own browser.
struct Two {
    mail: Mailbox,
    server: Server,
    ada: Person,
    bob: Person,
    owners: Browser,
    bobs: Browser,
}

async fn two(context: &TestContext, settings: Settings, role: &str) -> Result<Two> {
    let mail = Mailbox::start().await?;
    let server = context.server(settings.with("CURFEW_SMTP_URL", mail.url())).await?;
    let ada = server.owner("Ada Owner").await?;
    let bob = server.member(&ada, "Bob Builder", role).await?;
    let (owners, bobs) = (context.browser(server.url()).await?, context.browser(server.url()).await?);
    for (browser, person) in [(&owners, &ada), (&bobs, &bob)] {
        browser.open("/login").await?;
        browser.sign_in(person).await?;
    }
    owners.open("/account/members").await?;
    owners.sees("#members", "Bob Builder").await?;
    Ok(Two { mail, server, ada, bob, owners, bobs })
}

impl Two {
    /// The owner performs an action on the user and confirms it.
    async fn does(&self, what: &str, person: &Person) -> Result<()> {
        self.owners.click(&format!("#members li[data-email='{}'] {what}", person.email)).await?;
        self.owners.click("#member-deed-confirm").await
    }

    /// The other page's next request shows that its session has ended.
    async fn bob_is_out(&self) -> Result<()> {
        self.bobs.click("#check").await?;
        self.bobs.is_at("/login?next=%2F").await?;
        self.bobs.sees("#sign-in", "Sign in").await?;
        self.bobs.sees_nothing_in("#banner").await?;
        assert_eq!(self.server.sessions(&self.bob).await?, Vec::<String>::new());
        Ok(())
    }

    async fn bob_cannot_sign_in(&self) -> Result<()> {
        self.bobs.submit(&self.bob.email, &self.bob.password).await?;
        // The message is that of a wrong password, so that nobody else learns more.
        self.bobs.sees("#sign-in-alert", "not right").await
    }
}

#[tokio::test]
async fn a_removed_role_disappears_from_the_open_page() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let two = two(context, settings, "owner").await?;
        two.bobs.open("/account/members").await?;
        two.bobs.sees("#members", "Ada Owner").await?;
        two.does("select option[value='engineer']", &two.bob).await?;
        two.owners.sees("#toast", "Bob Builder is an engineer now").await?;

        // The open page still shows an owner's controls; the server refuses them.
        two.bobs.fill("#invite_email", "eve@journey.example").await?;
        two.bobs.click("#invite-submit").await?;
        two.bobs.sees("main", "owner").await?;
        two.owners.reload().await?;
        two.owners.sees("#invites-empty", "no open invitations").await?;
        two.bobs.open("/account").await?;
        two.bobs.sees("#you", "Engineer").await?;
        two.bobs.sees_nothing_in(".row-link[href='/account/members']").await?;
        for path in ["/account/members", "/account/security", "/account/audit"] {
            two.bobs.open(path).await?;
            two.bobs.sees("#owners-only", "Only owners").await?;
        }
        assert_eq!(two.server.sessions(&two.bob).await?.len(), 1, "it is the same session");

        // The role is restored without a new sign-in.
        two.does("select option[value='owner']", &two.bob).await?;
        two.owners.sees("#toast", "Bob Builder is an owner now").await?;
        two.bobs.open("/account").await?;
        two.bobs.click(".row-link[href='/account/members']").await?;
        two.bobs.sees("#members", "Ada Owner").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_deactivated_user_is_signed_out_until_reactivated() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let two = two(context, settings, "engineer").await?;
        two.does("button[aria-label^='Deactivate']", &two.bob).await?;
        two.owners.sees("#members", "deactivated").await?;
        two.bob_is_out().await?;
        two.bob_cannot_sign_in().await?;
        two.mail.wait_for(&two.bob.email, "You no longer have access to “Ada Owner's”").await?;

        two.does("button[aria-label^='Reactivate']", &two.bob).await?;
        two.owners.sees("#toast", "can sign in again").await?;
        two.bobs.sign_in(&two.bob).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_removed_user_is_signed_out_and_can_be_invited_again() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let two = two(context, settings, "viewer").await?;
        two.does("button[aria-label^='Remove']", &two.bob).await?;
        two.owners.sees("#toast", "is removed").await?;
        two.owners.sees("#members-summary", "1 person").await?;
        // The operator's list no longer contains the address.
        two.bobs.click("#check").await?;
        two.bobs.is_at("/login?next=%2F").await?;
        two.bob_cannot_sign_in().await?;
        two.mail.wait_for(&two.bob.email, "You no longer have access to “Ada Owner's”").await?;

        let link = invite(&two.owners, &two.mail, &two.bob).await?;
        open_link(&two.bobs, &link).await?;
        accept_invitation(&two.bobs, &two.bob).await?;
        two.bobs.is_signed_in(&two.bob).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_last_owner_keeps_the_role() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let two = two(context, settings, "owner").await?;
        // A deactivated owner does not count.
        two.does("button[aria-label^='Deactivate']", &two.bob).await?;
        two.owners.sees("#members", "deactivated").await?;
        two.does("select option[value='viewer']", &two.ada).await?;
        two.owners.sees("#member-deed-alert", "active owner").await?;
        two.owners.click("#member-deed-cancel").await?;
        let own = format!("#members li[data-email='{}']", two.ada.email);
        two.owners.has_value(&format!("{own} select"), "owner").await?;
        two.owners.sees_nothing_in(&format!("{own} button")).await?;

        // The API refuses, too.
        let api = two.server.direct_api()?;
        let token = api.sign_in(&two.ada).await?.field("access_token")?;
        let id = two.owners.run("return document.querySelector(arguments[0]).dataset.id", vec![own.into()]);
        let path = format!("/api/v1/accounts/me/members/{}", id.await?.as_str().unwrap_or_default());
        let demote = api.request(Method::PATCH, &path).json(&json!({"role": "viewer"}));
        let deactivate = api.request(Method::PATCH, &path).json(&json!({"is_active": false}));
        let remove = api.request(Method::DELETE, &path);
        for (request, words) in [
            (demote, ["last_owner"; 2]),
            (deactivate, ["last_owner", "own_membership"]),
            (remove, ["last_owner", "own_membership"]),
        ] {
            let (status, word) = e2e::send(request.bearer_auth(&token)).await?.status_and_code();
            assert!(status == 409 && words.contains(&word.as_str()), "{status} {word}");
        }
        two.owners.reload().await?;
        two.owners.sees("#members", "Ada Owner (you)").await?;

        // With a second owner, the role can be given up.
        two.does("button[aria-label^='Reactivate']", &two.bob).await?;
        two.owners.sees("#toast", "can sign in again").await?;
        two.does("select option[value='viewer']", &two.ada).await?;
        two.owners.sees("#owners-only", "Only owners").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_user_signed_out_by_an_owner_can_sign_in_again() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let two = two(context, settings, "engineer").await?;
        two.does("button[aria-label^='Sign out']", &two.bob).await?;
        two.owners.sees("#toast", "Bob Builder is signed out").await?;
        two.bob_is_out().await?;
        two.bobs.sign_in(&two.bob).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_user_leaves_and_the_owner_closes_the_account() -> TestResult {
    const GONE: &str = "You no longer have access to “Ada Owner's”";
    run_on_both_databases(async |context, settings| {
        let two = two(context, settings, "engineer").await?;
        two.bobs.open("/account/profile").await?;
        two.bobs.click("#leave").await?;
        two.bobs.click("#leaving-confirm").await?;
        two.bobs.sees("#sign-in", "Sign in").await?;
        two.bob_cannot_sign_in().await?;
        let told = two.mail.wait_for(&two.bob.email, GONE).await?;
        assert!(told.text.contains("You left “"), "{}", told.text);
        two.owners.open("/account/audit").await?;
        two.owners.sees("#audit-events", "Bob Builder left the account").await?;

        two.owners.open("/account").await?;
        two.owners.fill("#closing_name", "Ada Owner's").await?;
        two.owners.click("#close-account-submit").await?;
        two.owners.click("#closing-confirm").await?;
        two.owners.sees("#sign-in", "Sign in").await?;
        two.owners.submit(&two.ada.email, &two.ada.password).await?;
        two.owners.sees("#sign-in-alert", "not right").await?;
        two.mail.wait_for(&two.ada.email, GONE).await?;
        Ok(())
    })
    .await
}
