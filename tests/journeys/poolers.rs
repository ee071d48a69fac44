//! `PgBouncer` between the servers and PostgreSQL. Skipped if either is missing.

use e2e::{Postgres, Settings, TestResult, run, send};
use reqwest::Method;

const SECRET: &str = "no secret at all, and 32 bytes long";
const INDEX: &str = "audit_events_account_id_subject_id_idx";

fn settings(url: &str, pooling: &str) -> Settings {
    Settings::default()
        .on(url)
        .with("CURFEW_PUBLIC_URL", "https://curfew.example")
        .with("CURFEW_SECRET", SECRET)
        .with("CURFEW_DATABASE_POOLING", pooling)
}

#[tokio::test]
async fn everything_works_through_transaction_pooling() -> TestResult {
    everything_works("transaction").await
}

#[tokio::test]
async fn everything_works_through_session_pooling() -> TestResult {
    everything_works("session").await
}

async fn everything_works(pooling: &str) -> TestResult {
    let Some(postgres) = Postgres::from_env() else { return Ok(()) };
    run(async |context| {
        let direct = postgres.create_database().await?;
        let Some((_pooler, url)) = context.pgbouncer(&direct, pooling).await? else { return Ok(()) };
        // Both servers migrate the schema.
        let (one, two) = tokio::try_join!(
            context.server(settings(&url, pooling)),
            context.server(settings(&url, pooling))
        )?;
        let ada = one.owner("Ada Owner").await?;
        let (first, second) = (one.direct_api()?, two.direct_api()?);

        let signed_in = first.sign_in(&ada).await?;
        let access = signed_in.field("access_token")?;
        assert_eq!(second.me(&access).await?.status, 200);
        let mut token = signed_in.field("refresh_token")?;
        for api in [&first, &second].into_iter().cycle().take(10) {
            token = api.refresh(&token).await?.field("refresh_token")?;
        }
        assert_eq!(one.sessions(&ada).await?.len(), 1);

        // Enough rows that one of the two processes builds the index concurrently.
        let account = &ada.account_id;
        Postgres::execute(
            &direct,
            &format!(
                "INSERT INTO audit_events (id, account_id, at, kind, actor_id, payload) \
                 SELECT gen_random_uuid(), '{account}', now(), 'session.signed_in', gen_random_uuid(), \
                 jsonb_build_object('method', 'password') FROM generate_series(1, 11000); DROP INDEX {INDEX}"
            ),
        )
        .await?;
        tokio::try_join!(one.run(&["migrate"], ""), two.run(&["migrate"], ""))?;
        Postgres::execute(&direct, &format!("ALTER INDEX {INDEX} RENAME TO it_was_built")).await?;

        let export = first.request(Method::GET, "/api/v1/accounts/me/audit-events").bearer_auth(&access);
        let export = send(export.header("accept", "text/csv")).await?;
        assert_eq!(export.status, 200);
        assert!(export.text().lines().count() > 11_000);
        assert_eq!(second.sign_out(&token).await?.status, 204);
        assert_eq!(one.sessions(&ada).await?, Vec::<String>::new());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn transaction_pooling_without_its_setting_is_refused() -> TestResult {
    let Some(postgres) = Postgres::from_env() else { return Ok(()) };
    run(async |context| {
        let direct = postgres.create_database().await?;
        let Some((_pooler, url)) = context.pgbouncer(&direct, "transaction").await? else { return Ok(()) };
        let server = context.stopped_server(settings(&url, ""))?;
        for command in [&["serve"][..], &["migrate"], &["session", "list"]] {
            let status_and_code =
                server.run(command, "").await.err().map(|error| error.0).unwrap_or_default();
            assert!(
                status_and_code.contains("set CURFEW_DATABASE_POOLING to `transaction`"),
                "{command:?}: {status_and_code}"
            );
        }
        Ok(())
    })
    .await
}
