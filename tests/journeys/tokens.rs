//! The token API as `curl` uses it, on both databases.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use e2e::{
    Error, Response, Result, Settings, TIMEOUT, TestResult,
    race::{refresh_race_winner, unauthorized},
    run, run_on_both_databases, until, uuid,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// The claims of a token, without verification.
fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    serde_json::from_slice(&part.unwrap_or_default()).unwrap_or_default()
}

fn access(answer: &Response) -> Result<String> {
    answer.field("access_token")
}

fn refresh(answer: &Response) -> Result<String> {
    answer.field("refresh_token")
}

#[tokio::test]
async fn sign_in_refresh_replay_refusal() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let server = context.server(settings.with("CURFEW_REPLAY_LEEWAY_SECONDS", "0")).await?;
        let (api, ada) = (server.direct_api()?, server.owner("Ada Owner").await?);

        let signed_in = api.sign_in(&ada).await?;
        assert_eq!(signed_in.status, 200, "{}", signed_in.text());
        let first = refresh(&signed_in)?;
        let snapshot = claims(&first);
        assert_eq!(
            (&snapshot["idle_max"], &snapshot["abs_max"]),
            (&json!(259_200), &json!(1_209_600)),
            "Strict"
        );
        let me = api.me(&access(&signed_in)?).await?;
        assert_eq!((me.status, &me.json()["user"]["email"]), (200, &json!(ada.email)));

        let refreshed = api.refresh(&first).await?;
        let second = refresh(&refreshed)?;
        let carried = claims(&second);
        for claim in ["auth_time", "idle_max", "abs_max", "sub", "iss", "aud"] {
            assert_eq!(carried[claim], snapshot[claim], "{claim} goes forward unchanged");
        }
        assert_ne!(carried["jti"], snapshot["jti"]);
        assert_eq!(refreshed.json()["absolute_expires_at"], signed_in.json()["absolute_expires_at"]);
        assert_eq!(
            api.refresh(&access(&refreshed)?).await?.status_and_code(),
            unauthorized("invalid_refresh_token")
        );

        // A replay of the old token means that somebody has a copy: thief and victim are both signed out.
        let replayed = api.refresh(&first).await?;
        assert_eq!(replayed.status_and_code(), unauthorized("invalid_refresh_token"));
        assert_eq!(replayed.header("www-authenticate"), r#"Bearer realm="curfew", error="invalid_token""#);
        assert_eq!(api.refresh(&second).await?.status_and_code(), unauthorized("invalid_refresh_token"));
        assert_eq!(api.me(&access(&refreshed)?).await?.status_and_code(), unauthorized("session_revoked"));
        assert_eq!(server.sessions(&ada).await?, Vec::<String>::new());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn one_of_many_concurrent_refreshes_wins_and_the_session_continues() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let server = context.server(settings).await?;
        let (api, ada) = (server.direct_api()?, server.owner("Ada Owner").await?);
        let token = refresh(&api.sign_in(&ada).await?)?;
        let winner = refresh_race_winner(std::slice::from_ref(&api), &token).await?;
        assert_eq!(api.refresh(&winner).await?.status, 200, "the losers were no thieves");
        assert_eq!(server.sessions(&ada).await?.len(), 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn acknowledged_changes_survive_a_kill() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let mut server = context.server(settings.with("CURFEW_REPLAY_LEEWAY_SECONDS", "0")).await?;
        let (api, ada) = (server.direct_api()?, server.owner("Ada Owner").await?);
        let (kept, ended) = (api.sign_in(&ada).await?, api.sign_in(&ada).await?);

        let key = uuid();
        let rotated = refresh(&api.refresh_with(&refresh(&kept)?, &key).await?)?;
        assert_eq!(api.sign_out(&refresh(&ended)?).await?.status, 204);
        server.kill().await?;
        server.start_again().await?;

        assert_eq!(
            api.refresh(&refresh(&ended)?).await?.status_and_code(),
            unauthorized("invalid_refresh_token")
        );
        assert_eq!(api.me(&access(&ended)?).await?.status_and_code(), unauthorized("session_revoked"));
        assert_eq!(api.me(&access(&kept)?).await?.status, 200, "the keys are the same as before");
        let again = api.refresh_with(&refresh(&kept)?, &key).await?;
        assert_eq!(
            claims(&refresh(&again)?)["jti"],
            claims(&rotated)["jti"],
            "a lost answer can be had after a crash"
        );
        let newest = api.refresh(&rotated).await?;
        assert_eq!(newest.status, 200, "{}", newest.text());
        assert_eq!(api.refresh(&refresh(&newest)?).await?.status, 200);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_request_in_flight_completes_before_the_server_stops() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let mut server = context.server(settings).await?;
        let ada = server.owner("Ada Owner").await?;
        let body = json!({"email": ada.email, "password": ada.password}).to_string();
        let (begin, end) = body.split_at(10);
        let address = ("127.0.0.1", server.port());

        let mut half = TcpStream::connect(address).await?;
        let head = format!(
            "POST /api/v1/auth/login/json HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
            body.len()
        );
        half.write_all(head.as_bytes()).await?;
        // The handler is reading the body: from here on the request is in flight.
        let mut asked = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
        half.read_exact(&mut asked).await?;
        assert_eq!(asked.as_slice(), b"HTTP/1.1 100 Continue\r\n\r\n");
        half.write_all(begin.as_bytes()).await?;
        let rest = async {
            until("new connections to be refused", TIMEOUT, async || {
                Ok(TcpStream::connect(address).await.is_err().then_some(()))
            })
            .await?;
            half.write_all(end.as_bytes()).await?;
            let mut answer = String::new();
            half.read_to_string(&mut answer).await?;
            Ok::<_, Error>(answer)
        };
        let (stopped, answer) = tokio::join!(server.stop(), rest);
        stopped?;
        let answer = answer?;
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("access_token"), "{answer}");
        assert_eq!(server.sessions(&ada).await?.len(), 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_full_disk_signs_nobody_out() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default()).await?;
        let (ada, api) = (server.owner("Ada Owner").await?, server.direct_api()?);
        let mut token = refresh(&api.sign_in(&ada).await?)?;
        server.set_disk_full(true)?;
        // Requests that still fit succeed; after that the server promises nothing that it did not store.
        let refused = loop {
            let answer = api.refresh(&token).await?;
            if answer.status != 200 {
                break answer;
            }
            token = refresh(&answer)?;
        };
        assert_eq!(refused.status_and_code(), (503, "unavailable".to_owned()), "{}", refused.text());
        server.set_disk_full(false)?;
        assert_eq!(api.refresh(&token).await?.status, 200);
        Ok(())
    })
    .await
}
