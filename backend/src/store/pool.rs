//! The connections, with a limit on every wait, and a way to be rid of those that are dead.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use clap::ValueEnum;
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    QueryResult, RuntimeErr, SqliteTransactionMode, SqlxError, Statement, TransactionOptions,
    TransactionTrait,
};
use tokio::time::timeout;

/// How long a pooler in front of PostgreSQL leaves a connection to one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Pooling {
    /// As long as the client is connected, as without a pooler
    Session,
    /// As long as a transaction
    Transaction,
}

/// A pool of connections.
///
/// In PostgreSQL every wait has a limit. When one passes it, or a connection is broken or may only read, the
/// whole pool is replaced: its other connections most likely lead to the same dead or demoted host, and each
/// would otherwise cost a request.
#[derive(Debug, Clone)]
pub struct Pool {
    current: Arc<RwLock<Current>>,
    /// Where the pool can be replaced: how, and the limit on every wait.
    network: Option<Arc<Network>>,
    /// The SQL that starts each transaction, if a pooler gives each transaction another connection to the server.
    preamble: Option<Arc<str>>,
}

struct Network {
    options: ConnectOptions,
    limit: Duration,
}

#[derive(Debug, Clone)]
struct Current {
    connection: DatabaseConnection,
    since: Instant,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The options hold the password.
        f.debug_struct("Network").field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl Pool {
    /// A pool that is never replaced and sets no limit on waits.
    #[must_use]
    pub fn unlimited(connection: DatabaseConnection) -> Self {
        Self { current: Arc::new(RwLock::new(Current::new(connection))), network: None, preamble: None }
    }

    /// The same, behind a pooler that gives each transaction another connection to the server: no statement runs
    /// outside a transaction, and each transaction starts with `preamble`.
    #[must_use]
    pub fn by_transaction(self, preamble: &str) -> Self {
        Self { preamble: Some(preamble.into()), ..self }
    }

    /// Connects through a network; no statement may take longer than `limit`.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn connect(options: ConnectOptions, limit: Duration) -> Result<Self, DbErr> {
        let connection = sea_orm::Database::connect(options.clone()).await?;
        let network = Some(Arc::new(Network { options, limit }));
        Ok(Self { network, ..Self::unlimited(connection) })
    }

    /// The connections as they are now.
    #[must_use]
    pub fn connection(&self) -> DatabaseConnection {
        self.current().connection
    }

    /// Begins a transaction. In SQLite it takes the write lock at once: one that read first could fail when
    /// it comes to write.
    ///
    /// # Errors
    ///
    /// When the database is away.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        let Current { connection, since } = self.current();
        let inner = self.within(since, self.begin_on(&connection)).await?;
        Ok(Transaction { inner, pool: self.clone(), since })
    }

    async fn begin_on(&self, connection: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
        let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode, ..Default::default() };
        let transaction = connection.begin_with_options(options).await?;
        if let Some(preamble) = &self.preamble {
            transaction.execute_unprepared(preamble).await?;
        }
        Ok(transaction)
    }

    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn within<T>(
        &self,
        since: Instant,
        work: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        let Some(network) = &self.network else { return work.await };
        let outcome = timeout(network.limit, work).await.unwrap_or_else(|_| Err(away("no answer in time")));
        if outcome.as_ref().is_err_and(is_of_the_connection) {
            self.replace(network, since).await;
        }
        outcome
    }

    /// Opens a new pool in place of the one in use since `since`.
    async fn replace(&self, network: &Network, since: Instant) {
        let mut options = network.options.clone();
        options.connect_lazy(true);
        let Ok(fresh) = sea_orm::Database::connect(options).await else { return };
        let old = {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            if current.since != since {
                return;
            }
            std::mem::replace(&mut *current, Current::new(fresh))
        };
        tracing::warn!("a connection to the database is dead or may only read: opening new ones");
        // What is in use ends in its own time.
        tokio::spawn(async move { old.connection.close().await });
    }

    /// Throws the connections away.
    pub(super) async fn renew(&self) {
        if let Some(network) = &self.network {
            self.replace(network, self.current().since).await;
        }
    }
}

impl Current {
    fn new(connection: DatabaseConnection) -> Self {
        Self { connection, since: Instant::now() }
    }
}

/// The database is away, for this reason.
pub(super) fn away(reason: &str) -> DbErr {
    DbErr::Conn(RuntimeErr::Internal(reason.to_owned()))
}

/// Whether the error says that the connection, and most likely the others, are of no more use.
fn is_of_the_connection(error: &DbErr) -> bool {
    let runtime = match error {
        DbErr::Conn(RuntimeErr::Internal(_)) => return true,
        DbErr::Conn(runtime) | DbErr::Exec(runtime) | DbErr::Query(runtime) => runtime,
        _ => return false,
    };
    let RuntimeErr::SqlxError(error) = runtime else { return false };
    match error.as_ref() {
        SqlxError::Io(_) | SqlxError::Tls(_) | SqlxError::Protocol(_) => true,
        // It may only read; the administrator ended it; the server stops or crashed.
        SqlxError::Database(error) => {
            matches!(error.code().as_deref(), Some("25006" | "57P01" | "57P02" | "57P03"))
        }
        _ => false,
    }
}

/// Runs a statement on the current connection, in a transaction of its own if every transaction needs a preamble.
macro_rules! run {
    ($pool:ident.$method:ident($statement:ident)) => {{
        let Current { connection, since } = $pool.current();
        let work = async {
            if $pool.preamble.is_none() {
                return connection.$method($statement).await;
            }
            let transaction = $pool.begin_on(&connection).await?;
            let result = transaction.$method($statement).await?;
            transaction.commit().await.map(|()| result)
        };
        $pool.within(since, work).await
    }};
}

#[async_trait::async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        self.current.read().unwrap_or_else(PoisonError::into_inner).connection.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        run!(self.execute_raw(statement))
    }

    /// Runs outside a transaction, for statements that no transaction can contain.
    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let Current { connection, since } = self.current();
        self.within(since, connection.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        run!(self.query_one_raw(statement))
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        run!(self.query_all_raw(statement))
    }
}

/// A transaction; it is rolled back unless it is committed.
#[derive(Debug)]
pub struct Transaction {
    inner: DatabaseTransaction,
    pool: Pool,
    since: Instant,
}

impl Transaction {
    /// Makes what was done last.
    ///
    /// # Errors
    ///
    /// When the database is away: then nobody knows whether it lasts.
    pub async fn commit(self) -> Result<(), DbErr> {
        self.pool.within(self.since, self.inner.commit()).await
    }

    /// Takes back what was done.
    ///
    /// # Errors
    ///
    /// When the database is away.
    pub async fn rollback(self) -> Result<(), DbErr> {
        self.pool.within(self.since, self.inner.rollback()).await
    }

    /// The driver's own transaction.
    pub(super) const fn inner(&self) -> &DatabaseTransaction {
        &self.inner
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.pool.within(self.since, self.inner.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.pool.within(self.since, self.inner.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.pool.within(self.since, self.inner.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.pool.within(self.since, self.inner.query_all_raw(statement)).await
    }
}
