//! The API reference at `/docs`: “Try it out” sends the request that it shows.

use e2e::{Browser, HttpProxy, Result, Settings, TestResult, run};
use serde_json::{Value, json};

/// The section of one operation.
fn operation(tag: &str, id: &str) -> String {
    format!("#operations-{tag}-{id}")
}

/// Enters the access token in the *Authorize* dialog.
async fn authorize(browser: &Browser, token: &str) -> Result<()> {
    browser.click(".btn.authorize").await?;
    browser.fill(".auth-container input", token).await?;
    browser.click(".auth-container button[type=submit]").await?;
    browser.click(".auth-btn-wrapper .btn-done").await
}

/// Opens an operation and “Try it out”. Returns the method and path that it shows.
async fn open(browser: &Browser, operation: &str) -> Result<(String, String)> {
    browser.click(&format!("{operation} .opblock-summary-control")).await?;
    browser.click(&format!("{operation} .try-out__btn")).await?;
    let method = browser.text(&format!("{operation} .opblock-summary-method")).await?;
    // The page inserts break opportunities after slashes.
    let path = browser.text(&format!("{operation} .opblock-summary-path")).await?.replace('\u{200b}', "");
    Ok((method, path))
}

/// Sends the request and waits for this status.
async fn execute(browser: &Browser, operation: &str, status: &str) -> Result<()> {
    browser.click(&format!("{operation} .execute")).await?;
    browser.sees(&format!("{operation} .live-responses-table .response-col_status"), status).await
}

#[tokio::test]
async fn try_it_out_sends_the_request_that_it_shows() -> TestResult {
    run(async |context| {
        let mut proxy = HttpProxy::start().await?;
        let server = context.server(Settings::default().behind(proxy.port())).await?;
        proxy.forward_to(server.port());
        let ada = server.owner("Ada Owner").await?;
        let api = server.direct_api()?;
        let other = api.me(&api.sign_in(&ada).await?.field("access_token")?).await?.json();
        let other = other["session"]["id"].as_str().unwrap_or_default().to_owned();
        let token = api.sign_in(&ada).await?.field("access_token")?;
        let browser = context.browser(server.url()).await?;
        browser.open("/docs").await?;
        authorize(&browser, &token).await?;

        let list = operation("users", "list_sessions");
        let shown = open(&browser, &list).await?;
        assert_eq!(shown, ("GET".to_owned(), "/api/v1/users/me/sessions".to_owned()));
        execute(&browser, &list, "200").await?;

        let revoke = operation("users", "revoke_session");
        let shown = open(&browser, &revoke).await?;
        assert_eq!(shown, ("DELETE".to_owned(), "/api/v1/users/me/sessions/{id}".to_owned()));
        browser.fill(&format!("{revoke} tr[data-param-name=id] input"), &other).await?;
        execute(&browser, &revoke, "204").await?;
        assert_eq!(server.sessions(&ada).await?.len(), 1);

        // The body starts as the example.
        let invite = operation("account", "create_invite");
        let shown = open(&browser, &invite).await?;
        assert_eq!(shown, ("POST".to_owned(), "/api/v1/accounts/me/invites".to_owned()));
        execute(&browser, &invite, "201").await?;

        let sent = proxy.requests(|request| request.path.starts_with("/api/"));
        let requests: Vec<_> =
            sent.iter().map(|one| format!("{} {}", one.request.method, one.request.path)).collect();
        let expected = [
            "GET /api/v1/users/me/sessions".to_owned(),
            format!("DELETE /api/v1/users/me/sessions/{other}"),
            "POST /api/v1/accounts/me/invites".to_owned(),
        ];
        assert_eq!(requests, expected);
        let body: Value = serde_json::from_slice(&sent[2].request.body)?;
        assert_eq!(body, json!({"email": "zoe@acme.example", "role": "viewer"}));
        assert!(sent.iter().all(|one| one.request.header("authorization") == format!("Bearer {token}")));
        Ok(())
    })
    .await
}
