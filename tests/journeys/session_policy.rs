//! An owner sets the session policy.

use e2e::{
    ApiClient, Behaviour, Browser, HttpProxy, Person, Result, Settings, TestResult, run,
    run_on_both_databases, send,
};
use reqwest::Method;
use serde_json::{Value, json};

const SECURITY: &str = "/api/v1/accounts/me/security";

async fn get(api: &ApiClient, person: &Person, path: &str) -> Result<Value> {
    let token = api.sign_in(person).await?.field("access_token")?;
    Ok(send(api.request(Method::GET, path).bearer_auth(token)).await?.json())
}

/// The idle and absolute lifetimes of the session in minutes, as the home page shows them.
async fn lengths(browser: &Browser) -> Result<Value> {
    let script = "const [from, idle, absolute] = [...document.querySelectorAll('#session time')]
        .map(time => Date.parse(time.dateTime)); return [idle - from, absolute - from].map(length => Math.round(length / 60000))";
    browser.run(script, vec![]).await
}

#[tokio::test]
async fn a_custom_policy_is_validated_saved_and_applies_from_the_next_sign_in() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let server = context.server(settings).await?;
        let (api, ada) = (server.direct_api()?, server.owner("Ada Owner").await?);
        let browser = context.signed_in(server.url(), &ada).await?;
        browser.click("#nav-account").await?;
        browser.click(".row-link[href='/account/security']").await?;
        browser.is_at("/account/security").await?;

        browser.until("Strict", "return document.querySelector('#preset-strict')?.checked").await?;
        let is_disabled = "return document.querySelector('#idle_minutes').disabled && document.querySelector('#absolute_minutes').disabled";
        browser.until("numbers that are to be seen and not changed", is_disabled).await?;
        browser.has_value("#idle_minutes", "4320").await?;
        browser.click("#preset-standard").await?;
        browser.sees("#idle_minutes-reading", "7 days").await?;
        browser.click("#preset-custom").await?;
        browser.sees("#idle_minutes-reading", "3 days").await?;

        browser.fill("#idle_minutes", "14").await?;
        browser.fill("#absolute_minutes", "soon").await?;
        browser.click("#policy-save").await?;
        browser.sees("#absolute_minutes-error", "whole number").await?;
        browser.sees("#policy-alert", "Nothing has been saved").await?;
        browser.fill("#absolute_minutes", "129601").await?;
        browser.click("#policy-save").await?;
        browser.sees("#idle_minutes-error", "At least 15 minutes").await?;
        browser.sees("#absolute_minutes-error", "That is 90 days").await?;
        browser.until("the focus on the first of them", "return document.activeElement.id === 'idle_minutes'").await?;
        browser.fill("#idle_minutes", "120").await?;
        browser.fill("#absolute_minutes", "60").await?;
        browser.click("#policy-save").await?;
        browser.sees("#idle_minutes-error", "the longest a session may last").await?;
        assert_eq!(get(&api, &ada, SECURITY).await?["policy"]["preset"], "strict", "nothing was saved");

        browser.fill("#absolute_minutes", "240").await?;
        browser.sees_nothing_in("#policy-alert").await?;
        browser.click("#policy-save").await?;
        browser.sees("#policy-saved", "Saved").await?;
        browser.until("the ping", "return document.querySelector('#policy-saved .ping')?.checkVisibility()").await?;
        let policy = get(&api, &ada, SECURITY).await?["policy"].clone();
        let set = json!({"idle_minutes": 120, "absolute_minutes": 240});
        assert_eq!((&policy["preset"], &policy["override"]), (&json!("custom"), &set));
        let changes =
            get(&api, &ada, "/api/v1/accounts/me/audit-events?kind=account.session_policy_update").await?;
        assert_eq!(changes["events"].as_array().map(Vec::len), Some(1), "{changes}");

        browser.click("#nav-home").await?;
        browser.is_signed_in(&ada).await?;
        assert_eq!(lengths(&browser).await?, json!([4_320, 20_160]), "this session is as it was");
        browser.click("#sign-out").await?;
        browser.sign_in(&ada).await?;
        assert_eq!(lengths(&browser).await?, json!([120, 240]));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn input_survives_an_unreachable_server() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let mut proxy = HttpProxy::start().await?;
        let server = context.server(settings.behind(proxy.port())).await?;
        proxy.forward_to(server.port());
        let ada = server.owner("Ada Owner").await?;
        let browser = context.browser(server.url()).await?;
        let is_settings = |path: &str| path == SECURITY;

        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        proxy.intercept(move |request| {
            if is_settings(&request.path) {
                Behaviour::Problem(503, "unavailable")
            } else {
                Behaviour::Forward
            }
        });
        browser.open("/account/security").await?;
        browser.sees("#security-alert", "could not be loaded").await?;
        proxy.intercept(|_| Behaviour::Forward);
        browser.click("#security-retry").await?;
        browser.click("#preset-custom").await?;
        browser.fill("#idle_minutes", "60").await?;

        proxy.intercept(move |request| {
            if is_settings(&request.path) { Behaviour::DropResponse } else { Behaviour::Forward }
        });
        browser.click("#policy-save").await?;
        browser.sees("#policy-alert", "may not have been saved").await?;
        browser.has_value("#idle_minutes", "60").await?;
        // The server saved the change; the page learns so once the server responds again.
        proxy.intercept(|_| Behaviour::Forward);
        browser.sees("#policy-saved", "Saved").await?;
        browser.sees_nothing_in("#policy-alert").await?;
        browser.has_value("#idle_minutes", "60").await?;

        // This time the server did not save it.
        proxy.intercept(move |request| {
            if request.method == "PATCH" { Behaviour::Problem(500, "internal") } else { Behaviour::Forward }
        });
        browser.fill("#idle_minutes", "90").await?;
        browser.click("#policy-save").await?;
        browser.sees("#policy-alert", "Nothing was saved. Save again.").await?;
        browser.has_value("#idle_minutes", "90").await?;
        proxy.intercept(|_| Behaviour::Forward);
        browser.click("#policy-save").await?;
        browser.sees("#policy-saved", "Saved").await?;
        assert_eq!(
            get(&server.direct_api()?, &ada, SECURITY).await?["policy"]["override"]["idle_minutes"],
            90
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn other_roles_see_an_explanation_and_no_request_is_sent() -> TestResult {
    run(async |context| {
        let mut proxy = HttpProxy::start().await?;
        let server = context.server(Settings::default().behind(proxy.port())).await?;
        proxy.forward_to(server.port());
        let ada = server.owner("Ada Owner").await?;
        let eve = server.member(&ada, "Eve Engineer", "engineer").await?;
        let browser = context.signed_in(server.url(), &eve).await?;
        browser.click("#nav-account").await?;
        browser.sees("#you", "Engineer").await?;
        let rows = "return [...document.querySelectorAll('.row-link')].map(link => link.pathname)";
        let own = serde_json::json!(["/account/profile", "/account/sessions"]);
        assert_eq!(browser.run(rows, vec![]).await?, own, "what is everybody's, and nothing of the owners'");
        for path in ["/account/security", "/account/members", "/account/audit"] {
            browser.open(path).await?;
            browser.sees("#owners-only", "Only owners").await?;
        }
        let asked = proxy.requests(|request| request.path.starts_with("/api/v1/accounts/"));
        assert!(asked.is_empty(), "{asked:?}");
        Ok(())
    })
    .await
}
