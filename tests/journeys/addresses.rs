//! E-mail addresses that are taken, changed and recovered, and links whose secret leaks nowhere.

use std::collections::BTreeSet;

use e2e::{
    Browser, HttpProxy, Mailbox, Person, Result, TestResult, run, run_on_both_databases,
    steps::{invite, open_link, register},
};
use serde_json::json;

#[tokio::test]
async fn registering_a_taken_address_looks_normal_and_notifies_its_owner() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let mail = Mailbox::start().await?;
        let server = context.server(settings.with("CURFEW_SMTP_URL", mail.url())).await?;
        let mut ada = server.owner("Ada Owner").await?;
        let (fresh, eve) = (Person::new("Zoe Newcomer"), Person { name: "Eve".into(), ..ada.clone() });
        let browser = context.browser(server.url()).await?;
        let mut said = BTreeSet::new();
        for person in [&fresh, &eve, &Person { email: ada.email.to_uppercase(), ..eve.clone() }] {
            register(&browser, person, "Acme").await?;
            said.insert(browser.text("main").await?.replace(&person.email, "the address"));
        }
        assert_eq!(said.len(), 1, "{said:?}");

        mail.wait_for(&fresh.email, "Verify your e-mail address").await?;
        for _ in 0..2 {
            let message = mail.wait_for(&ada.email, "You have an account already").await?;
            assert!(message.text.contains("/forgot-password"), "{}", message.text);
        }
        // Nothing changed for the owner of the address.
        browser.open("/login").await?;
        browser.submit(&ada.email, "eve walks under 1 moon").await?;
        browser.sees("#sign-in-alert", "not right").await?;
        browser.sign_in(&ada).await?;

        // The message helps users who forgot that they have an account.
        browser.click("#sign-out").await?;
        browser.sees("#sign-in", "Sign in").await?;
        browser.open("/forgot-password").await?;
        browser.fill("#email", &ada.email.to_uppercase()).await?;
        browser.click("#forgot-submit").await?;
        let link = mail.wait_for(&ada.email, "Set a new password").await?.link()?;
        open_link(&browser, &link).await?;
        "seven purple kangaroos hum".clone_into(&mut ada.password);
        browser.fill("#password", &ada.password).await?;
        browser.click("#reset-submit").await?;
        browser.sees("#reset-done", "set").await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_former_owner_of_an_address_recovers_it_from_a_thief() -> TestResult {
    const STOLEN: &str = "thief@journey.example";
    run_on_both_databases(async |context, settings| {
        let mail = Mailbox::start().await?;
        let server = context.server(settings.with("CURFEW_SMTP_URL", mail.url())).await?;
        let mut ada = server.owner("Ada Owner").await?;
        let thief = context.signed_in(server.url(), &ada).await?;
        thief.open("/account/profile").await?;
        thief.fill("#new_email", STOLEN).await?;
        thief.click("#change-email-submit").await?;
        open_link(&thief, &mail.wait_for(STOLEN, "Verify your new e-mail address").await?.link()?).await?;
        thief.click("#verify").await?;
        thief.sees("#verified", STOLEN).await?;
        let message = mail.wait_for(&ada.email, "Your e-mail address was changed").await?;
        assert!(message.text.contains(STOLEN), "{}", message.text);
        thief.open("/").await?;
        thief.sees("#you", STOLEN).await?;

        let browser = context.browser(server.url()).await?;
        browser.open("/login").await?;
        browser.submit(&ada.email, &ada.password).await?;
        browser.sees("#sign-in-alert", "not right").await?;
        let link = message.link()?;
        open_link(&browser, &link).await?;
        browser.click("#disown").await?;
        browser.sees("#disowned", "1 session ended").await?;
        thief.click("#check").await?;
        thief.sees("#sign-in", "Sign in").await?;
        let told = mail.wait_for(&ada.email, "You were signed out everywhere").await?;
        assert!(told.text.contains(&ada.email), "{}", told.text);
        "seven purple kangaroos hum".clone_into(&mut ada.password);
        open_link(&browser, &told.link()?).await?;
        browser.fill("#password", &ada.password).await?;
        browser.click("#reset-submit").await?;
        browser.sees("#reset-done", "set").await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        browser.sees("#you", &ada.email).await?;
        let told = mail.wait_for(STOLEN, "You were signed out everywhere").await?;
        assert!(told.text.contains(&ada.email), "{}", told.text);
        let refused = Person { email: STOLEN.into(), ..ada.clone() };
        assert_eq!(server.direct_api()?.sign_in(&refused).await?.problem(), "invalid_credentials");
        // The link works once.
        open_link(&thief, &link).await?;
        thief.click("#disown").await?;
        thief.sees("#disown-alert", "no longer good").await?;
        assert_eq!(server.sessions(&ada).await?.len(), 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn closed_registration_is_explained() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let server = context.server(settings.with("CURFEW_REGISTRATION", "closed")).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        browser.open("/login").await?;
        browser.sees("#sign-in", "Sign in").await?;
        let is_asked = "return performance.getEntriesByType('resource').some(it => it.name.endsWith('/providers') && it.responseEnd > 0)";
        browser.until("the page to know", is_asked).await?;
        browser.until("no way to register", "return !document.querySelector('a[href=\"/register\"]')").await?;
        // The page still opens by its URL, and says so at once or on submit.
        browser.open("/register").await?;
        let ask = "
            const form = document.querySelector('#register-form');
            if (form && !window.hasAsked) {
                const typed = {account_name: 'Acme', name: 'Eve', email: arguments[0], password: 'eve walks under 1 moon'};
                for (const id in typed) document.getElementById(id).value = typed[id];
                form.requestSubmit();
                window.hasAsked = true;
            }
            return document.querySelector('main')?.innerText.includes('by invitation only')";
        let what = "the page to say that new accounts are by invitation only";
        browser.until_within(e2e::TIMEOUT, what, ask, vec!["eve@journey.example".into()]).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        Ok(())
    })
    .await
}

/// The places that still contain the secret of a link: URL, history, referrer, storage, document.
const TRACES: &str = "
    const secret = arguments[0];
    const places = {
        address: location.href,
        referrer: document.referrer,
        history: JSON.stringify(history.state),
        local: JSON.stringify({...localStorage}),
        session: JSON.stringify({...sessionStorage}),
        document: document.documentElement.outerHTML,
        inputs: [...document.querySelectorAll('input')].map(input => input.value).join(),
    };
    return Object.keys(places).filter(place => places[place]?.includes(secret));
";

/// Opens a link, leaves and comes back, and checks that its secret remains nowhere.
async fn keeps_the_secret(browser: &Browser, link: &str, css: &str) -> Result<()> {
    let (path, secret) = link.split_once('#').unwrap_or_default();
    assert!(secret.len() > 40, "{path}: the secret stands behind #");
    open_link(browser, link).await?;
    browser.sees(css, " ").await?;
    let nowhere = async || -> Result<()> {
        browser.is_at(path).await?;
        browser.until("no secret in the address", "return location.hash === ''").await?;
        assert_eq!(browser.run(TRACES, vec![secret.into()]).await?, json!([]), "{path}");
        Ok(())
    };
    nowhere().await?;
    // Leaves for another document and goes back in the history.
    browser.open("/nowhere").await?;
    browser.sees("h1", "nothing here").await?;
    assert_eq!(browser.run(TRACES, vec![secret.into()]).await?, json!([]), "after {path}");
    browser.back().await?;
    browser.sees("h1", " ").await?;
    nowhere().await
}

#[tokio::test]
async fn the_secret_of_a_link_leaks_nowhere() -> TestResult {
    run(async |context| {
        let (mut proxy, mail) = (HttpProxy::start().await?, Mailbox::start().await?);
        let settings = e2e::Settings::default().with("CURFEW_SMTP_URL", mail.url()).behind(proxy.port());
        let server = context.server(settings).await?;
        proxy.forward_to(server.port());
        let (ada, zoe, bob) =
            (server.owner("Ada Owner").await?, Person::new("Zoe Newcomer"), Person::new("Bob Builder"));
        let browser = context.browser(server.url()).await?;
        let mut links = Vec::new();

        register(&browser, &zoe, "Acme").await?;
        links.push((mail.wait_for(&zoe.email, "Verify your e-mail address").await?.link()?, "#verify"));
        browser.open("/forgot-password").await?;
        browser.fill("#email", &ada.email).await?;
        browser.click("#forgot-submit").await?;
        links.push((mail.wait_for(&ada.email, "Set a new password").await?.link()?, "#reset-submit"));
        server.direct_api()?.sign_in(&ada).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        links.push((mail.wait_for(&ada.email, "You signed in on a new device").await?.link()?, "#disown"));
        browser.open("/account/members").await?;
        links.push((invite(&browser, &mail, &bob).await?, "#accept-form"));
        browser.open("/account/profile").await?;
        browser.fill("#new_email", "countess@journey.example").await?;
        browser.click("#change-email-submit").await?;
        let message = mail.wait_for("countess@journey.example", "Verify your new e-mail address").await?;
        links.push((message.link()?, "#verify"));

        let guest = context.browser(server.url()).await?;
        for (link, css) in &links {
            keeps_the_secret(&guest, link, css).await?;
        }
        // The secret is sent in one request body; an invitation is fetched by its URL, as documented.
        open_link(&guest, &links[0].0).await?;
        guest.click("#verify").await?;
        // Anybody may have registered this address, so another browser must choose a new password.
        guest.fill("#password", &zoe.password).await?;
        guest.click("#verify-submit").await?;
        guest.sees("#verified", &zoe.email).await?;
        for (link, _) in &links {
            let secret = link.split_once('#').unwrap_or_default().1.to_owned();
            let is_told = proxy.requests(|request| {
                let is_invitation = request.path.starts_with("/api/v1/invites/");
                (request.path.contains(&secret) && !is_invitation)
                    || request.header("referer").contains(&secret)
            });
            let told: Vec<_> = is_told.iter().map(|exchange| &exchange.request.path).collect();
            assert_eq!(told, Vec::<&String>::new());
        }
        let console = format!("{:?}", guest.console().await?);
        let is_logged =
            links.iter().any(|(link, _)| console.contains(link.split_once('#').unwrap_or_default().1));
        assert!(!is_logged, "{console}");
        Ok(())
    })
    .await
}
