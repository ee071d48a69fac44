//! Several servers on one PostgreSQL, and an unreachable PostgreSQL. Skipped without `TEST_DATABASE_URL`.

use std::time::Duration;

use e2e::{
    Link, Postgres, Response, Settings, TcpProxy, TestResult,
    race::{refresh_race_winner, unauthorized},
    run, until, uuid,
};

/// Longer than the server's request timeout.
const NOTICE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn replicas_share_their_sessions() -> TestResult {
    let Some(postgres) = Postgres::from_env() else { return Ok(()) };
    run(async |context| {
        let url = postgres.create_database().await?;
        let settings = || {
            // Replicas share a public URL and a secret.
            Settings::default()
                .on(&url)
                .with("CURFEW_PUBLIC_URL", "https://curfew.example")
                .with("CURFEW_SECRET", "no secret at all, and 32 bytes long")
        };
        let (one, two) = tokio::try_join!(context.server(settings()), context.server(settings()))?;
        let ada = one.owner("Ada Owner").await?;
        let (first, second) = (one.direct_api()?, two.direct_api()?);

        let signed_in = first.sign_in(&ada).await?;
        let (access, token) = (signed_in.field("access_token")?, signed_in.field("refresh_token")?);
        assert_eq!(second.me(&access).await?.status, 200);
        let token = second.refresh(&token).await?.field("refresh_token")?;
        let key = uuid();
        let lost = first.refresh_with(&token, &key).await?.json()["idle_expires_at"].clone();
        let repeated = second.refresh_with(&token, &key).await?;
        assert_eq!(repeated.json()["idle_expires_at"], lost, "what one answered, the other can repeat");

        let token =
            refresh_race_winner(&[first.clone(), second.clone()], &repeated.field("refresh_token")?).await?;
        assert_eq!(second.sign_out(&token).await?.status, 204);
        assert_eq!(first.me(&access).await?.status_and_code(), unauthorized("session_revoked"));
        assert_eq!(first.refresh(&token).await?.status_and_code(), unauthorized("invalid_refresh_token"));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_unreachable_database_ends_no_session() -> TestResult {
    let Some(postgres) = Postgres::from_env() else { return Ok(()) };
    run(async |context| {
        let (proxy, url) = TcpProxy::to_database(&postgres.create_database().await?).await?;
        let server = context.server(Settings::default().on(&url)).await?;
        let (api, ada) = (server.direct_api()?, server.owner("Ada Owner").await?);
        let signed_in = api.sign_in(&ada).await?;
        let access = signed_in.field("access_token")?;
        let mut token = signed_in.field("refresh_token")?;

        for link in [Link::Cut, Link::Stalled] {
            proxy.set_link(link);
            let answers = tokio::try_join!(
                api.refresh(&token),
                api.me(&access),
                api.sign_in(&ada),
                api.sign_out(&token),
                api.get("/health/ready"),
            )?;
            for answer in <[Response; 5]>::from(answers) {
                assert_eq!(
                    answer.status_and_code(),
                    (503, "unavailable".to_owned()),
                    "{link:?}: {}",
                    answer.text()
                );
                let seconds: u32 = answer.header("retry-after").parse().unwrap_or_default();
                assert!((1..=60).contains(&seconds), "{link:?}: {:?}", answer.headers);
            }
            assert_eq!(api.get("/health/live").await?.status, 200, "a restart would not help");

            proxy.set_link(Link::Open);
            token = until("the server to be back", NOTICE, async || {
                let answer = api.refresh(&token).await?;
                assert!([200, 503].contains(&answer.status), "{} {}", answer.status, answer.text());
                (answer.status == 200).then(|| answer.field("refresh_token")).transpose()
            })
            .await?;
            until("the other connections to be back", NOTICE, async || {
                let answer = api.me(&access).await?;
                assert!([200, 503].contains(&answer.status), "{} {}", answer.status, answer.text());
                Ok((answer.status == 200).then_some(()))
            })
            .await?;
        }
        assert_eq!(server.sessions(&ada).await?.len(), 1);
        Ok(())
    })
    .await
}
