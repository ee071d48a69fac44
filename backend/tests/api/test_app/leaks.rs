//! The places where a secret could leak: the log and the database.

use std::{
    io,
    sync::{Arc, LazyLock, Mutex},
};

use sea_orm::{ConnectionTrait, DbBackend};
use tracing::{Dispatch, subscriber::NoSubscriber};

use super::TestApp;

/// Captures the log at every level.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub fn listen(&self) -> tracing::subscriber::DefaultGuard {
        // With a single subscriber, a thread of another test that reaches a log line first would disable that
        // line for good, because that thread has no subscriber. With two, each line asks the current
        // thread's.
        static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::default()));
        LazyLock::force(&SECOND);
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .with_writer(move || log.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Every row of every table.
pub async fn all_rows(app: &TestApp) -> String {
    let is_sqlite = app.app.database.write.get_database_backend() == DbBackend::Sqlite;
    let tables: String = app
        .query_value(if is_sqlite {
            "SELECT group_concat(name) FROM sqlite_master WHERE type = 'table'"
        } else {
            "SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = current_schema()"
        })
        .await;
    let mut all = String::new();
    for table in tables.split(',') {
        let rows = if is_sqlite {
            let columns = format!(
                "SELECT group_concat('quote(\"' || name || '\")', ' || '' '' || ') FROM pragma_table_info('{table}')"
            );
            format!("SELECT group_concat({}, ' ') FROM {table}", app.query_value::<String>(&columns).await)
        } else {
            format!("SELECT string_agg(CAST(t AS TEXT), ' ') FROM {table} t")
        };
        all += &app.query_value::<Option<String>>(&rows).await.unwrap_or_default();
    }
    all
}
