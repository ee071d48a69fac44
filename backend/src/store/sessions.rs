//! Sessions: one row each, updated in place.

use chrono::{DateTime, Utc};
use curfew_shared::{
    auth::Role,
    id::{AccountId, SessionId, UserId},
    security::ActiveUser,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait,
    FromQueryResult, QuerySelect, Value,
};
use uuid::Uuid;

use super::{all, corrupt, execute, one, users::role};
use crate::domain::{
    claim::TokenId,
    session::{Deadlines, Rotations, Session, Snapshot},
};

mod entity {
    //! A row.

    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sessions")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub account_id: Uuid,
        pub user_id: Uuid,
        pub generation: i64,
        pub rotations: String,
        pub rotation_key: Option<Uuid>,
        pub auth_time: DateTimeUtc,
        pub idle_max: i64,
        pub abs_max: i64,
        pub idle_expires_at: DateTimeUtc,
        pub absolute_expires_at: DateTimeUtc,
        pub revoked_at: Option<DateTimeUtc>,
        pub revoked_reason: Option<String>,
        pub address: Option<String>,
        pub user_agent: Option<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Why a session was ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Its absolute window passed, and it asked for more.
    Expired,
    /// The person signed out.
    SignedOut,
    /// A consumed token was shown again.
    Replayed,
    /// An operator ended it from the command line.
    Operator,
    /// An owner ended it with others.
    Bulk,
    /// The person signed in again in the same browser.
    Replaced,
    /// The person ended it from another one.
    Ended,
    /// An owner ended it.
    EndedByOwner,
    /// The password changed.
    PasswordChanged,
    /// The person said that the sign-in was not theirs.
    Disowned,
    /// The user was deactivated.
    Deactivated,
}

impl Reason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::SignedOut => "signed_out",
            Self::Replayed => "replayed",
            Self::Operator => "operator",
            Self::Bulk => "bulk",
            Self::Replaced => "replaced",
            Self::Ended => "ended",
            Self::EndedByOwner => "ended_by_owner",
            Self::PasswordChanged => "password_changed",
            Self::Disowned => "disowned",
            Self::Deactivated => "deactivated",
        }
    }
}

/// Where a sign-in came from.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The client's network address.
    pub address: Option<String>,
    /// The client's own description of itself.
    pub user_agent: Option<String>,
}

/// Inserts the session of a sign-in.
///
/// # Errors
///
/// When the database is away.
pub async fn insert(
    connection: &impl ConnectionTrait,
    id: SessionId,
    (account_id, user_id): (AccountId, UserId),
    snapshot: &Snapshot,
    origin: &Origin,
) -> Result<(), DbErr> {
    let deadlines = snapshot.deadlines(snapshot.auth_time());
    let row = entity::ActiveModel {
        id: Set(id.0),
        account_id: Set(account_id.0),
        user_id: Set(user_id.0),
        generation: Set(0),
        rotations: Set(String::new()),
        rotation_key: Set(None),
        auth_time: Set(snapshot.auth_time()),
        idle_max: Set(snapshot.idle_max()),
        abs_max: Set(snapshot.abs_max()),
        idle_expires_at: Set(deadlines.idle_expires_at),
        absolute_expires_at: Set(deadlines.absolute_expires_at),
        revoked_at: Set(None),
        revoked_reason: Set(None),
        address: Set(origin.address.clone()),
        user_agent: Set(origin.user_agent.clone()),
    };
    row.insert(connection).await.map(drop)
}

/// Finds a session by its id.
///
/// # Errors
///
/// When the database is away.
pub async fn find(connection: &impl ConnectionTrait, id: SessionId) -> Result<Option<Session>, DbErr> {
    entity::Entity::find_by_id(id.0).one(connection).await?.map(session).transpose()
}

/// Finds a session by its id and holds it until the transaction ends.
///
/// # Errors
///
/// When the database is away.
pub async fn find_for_update(
    transaction: &DatabaseTransaction,
    id: SessionId,
) -> Result<Option<Session>, DbErr> {
    // In SQLite the transaction holds the whole database already, and the clause is left out.
    entity::Entity::find_by_id(id.0).lock_exclusive().one(transaction).await?.map(session).transpose()
}

fn session(row: entity::Model) -> Result<Session, DbErr> {
    Ok(Session {
        id: SessionId(row.id),
        account_id: AccountId(row.account_id),
        user_id: UserId(row.user_id),
        generation: row.generation,
        rotations: Rotations::from_text(row.rotations),
        rotation_key: row.rotation_key,
        snapshot: Snapshot::new(row.auth_time.timestamp(), row.idle_max, row.abs_max)
            .ok_or_else(|| corrupt("sessions.idle_max or abs_max"))?,
        deadlines: Deadlines {
            idle_expires_at: row.idle_expires_at,
            absolute_expires_at: row.absolute_expires_at,
        },
        revoked_at: row.revoked_at,
    })
}

/// The token whose generation is to be consumed, and by which refresh.
#[derive(Debug, Clone, Copy)]
pub struct Consumption {
    /// The session and the generation.
    pub token: TokenId,
    /// Whom the token names.
    pub user_id: UserId,
    /// The refresh's idempotency key.
    pub key: Option<Uuid>,
    /// When.
    pub now: DateTime<Utc>,
}

/// Whose session it was whose generation was consumed.
#[derive(Debug, Clone, Copy)]
pub struct Consumed {
    /// The account.
    pub account_id: AccountId,
    /// The user's role, as it is now.
    pub role: Role,
}

// Of any number of these with the same generation, exactly one finds the row: the row's lock makes
// the others wait, and then its generation is another. What follows decides nothing anew.
const CONSUME: &str = "UPDATE sessions SET generation = generation + 1, \
     rotations = substr($4 || rotations, 1, $5)";
const IF_CONSUMABLE: &str = " WHERE id = $1 AND user_id = $2 AND generation = $3 AND revoked_at IS NULL \
     AND EXISTS (SELECT 1 FROM users WHERE users.id = sessions.user_id AND users.is_active) \
     RETURNING account_id, (SELECT role FROM users WHERE users.id = sessions.user_id) AS role";

/// Consumes a generation and moves the session on, in one statement that touches no index.
/// `None`: there was nothing to consume.
///
/// `first_snapshot` is for a token from before policies alone: it gives the session its snapshot.
///
/// # Errors
///
/// When the database is away.
pub async fn rotate(
    connection: &impl ConnectionTrait,
    consumption: Consumption,
    deadlines: Deadlines,
    first_snapshot: Option<&Snapshot>,
) -> Result<Option<Consumed>, DbErr> {
    let mut values = consumption_values(consumption);
    values.extend([consumption.key.into(), deadlines.idle_expires_at.into()]);
    let mut sql = format!("{CONSUME}, rotation_key = $6, idle_expires_at = $7");
    if let Some(snapshot) = first_snapshot {
        sql += ", auth_time = $8, idle_max = $9, abs_max = $10, absolute_expires_at = $11";
        values.extend([
            snapshot.auth_time().into(),
            snapshot.idle_max().into(),
            snapshot.abs_max().into(),
            deadlines.absolute_expires_at.into(),
        ]);
    }
    consume(connection, &(sql + IF_CONSUMABLE), values).await
}

/// Consumes a generation and ends the session, whose absolute window has passed.
/// `None`: there was nothing to consume.
///
/// # Errors
///
/// When the database is away.
pub async fn expire(
    connection: &impl ConnectionTrait,
    consumption: Consumption,
) -> Result<Option<Consumed>, DbErr> {
    let mut values = consumption_values(consumption);
    values.extend([consumption.now.into(), Reason::Expired.as_str().into()]);
    let sql = format!("{CONSUME}, revoked_at = $6, revoked_reason = $7{IF_CONSUMABLE}");
    consume(connection, &sql, values).await
}

fn consumption_values(consumption: Consumption) -> Vec<Value> {
    vec![
        consumption.token.session.0.into(),
        consumption.user_id.0.into(),
        consumption.token.generation.into(),
        Rotations::entry(consumption.now).into(),
        i32::try_from(Rotations::LENGTH).unwrap_or(i32::MAX).into(),
    ]
}

async fn consume(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
) -> Result<Option<Consumed>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        account_id: Uuid,
        role: String,
    }
    let row = one::<Row>(connection, sql, values).await?;
    row.map(|row| Ok(Consumed { account_id: AccountId(row.account_id), role: role(&row.role)? })).transpose()
}

/// Starts both windows of a live session anew, since its person has proven who they are, and moves
/// it on to its next generation. Answers that generation.
///
/// # Errors
///
/// When the database is away.
pub async fn renew(
    connection: &impl ConnectionTrait,
    id: SessionId,
    user: UserId,
    snapshot: &Snapshot,
    now: DateTime<Utc>,
) -> Result<Option<i64>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        generation: i64,
    }
    let sql = "UPDATE sessions SET generation = generation + 1, rotations = substr($4 || rotations, 1, $5), \
               rotation_key = NULL, auth_time = $6, idle_max = $7, abs_max = $8, idle_expires_at = $9, \
               absolute_expires_at = $10 WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL \
               AND idle_expires_at > $3 AND absolute_expires_at > $3 RETURNING generation";
    let deadlines = snapshot.deadlines(snapshot.auth_time());
    let values = [
        id.0.into(),
        user.0.into(),
        now.into(),
        Rotations::entry(now).into(),
        i32::try_from(Rotations::LENGTH).unwrap_or(i32::MAX).into(),
        snapshot.auth_time().into(),
        snapshot.idle_max().into(),
        snapshot.abs_max().into(),
        deadlines.idle_expires_at.into(),
        deadlines.absolute_expires_at.into(),
    ];
    Ok(one::<Row>(connection, sql, values).await?.map(|row| row.generation))
}

/// Ends a session, unless it was ended already. Answers whether it did.
///
/// # Errors
///
/// When the database is away.
pub async fn revoke(
    connection: &impl ConnectionTrait,
    id: SessionId,
    reason: Reason,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let sql = "UPDATE sessions SET revoked_at = $2, revoked_reason = $3 WHERE id = $1 AND revoked_at IS NULL";
    Ok(execute(connection, sql, [id.0.into(), now.into(), reason.as_str().into()]).await? > 0)
}

/// Ends every session of a user that has not ended. Answers how many.
///
/// # Errors
///
/// When the database is away.
pub async fn revoke_of_user(
    connection: &impl ConnectionTrait,
    user: UserId,
    reason: Reason,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let sql = "UPDATE sessions SET revoked_at = $2, revoked_reason = $3 WHERE user_id = $1 AND revoked_at IS NULL \
               AND idle_expires_at > $2 AND absolute_expires_at > $2";
    execute(connection, sql, [user.0.into(), now.into(), reason.as_str().into()]).await
}

/// The same but for one session.
///
/// # Errors
///
/// When the database is away.
pub async fn revoke_others_of_user(
    connection: &impl ConnectionTrait,
    user: UserId,
    spared: SessionId,
    reason: Reason,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let sql = "UPDATE sessions SET revoked_at = $2, revoked_reason = $3 WHERE user_id = $1 AND revoked_at IS NULL \
               AND idle_expires_at > $2 AND absolute_expires_at > $2 AND id <> $4";
    execute(connection, sql, [user.0.into(), now.into(), reason.as_str().into(), spared.0.into()]).await
}

/// Ends a live session of a user. Answers whether there was one.
///
/// # Errors
///
/// When the database is away.
pub async fn revoke_own(
    connection: &impl ConnectionTrait,
    user: UserId,
    id: SessionId,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let sql = "UPDATE sessions SET revoked_at = $3, revoked_reason = $4 WHERE id = $1 AND user_id = $2 \
               AND revoked_at IS NULL AND idle_expires_at > $3 AND absolute_expires_at > $3";
    let values = [id.0.into(), user.0.into(), now.into(), Reason::Ended.as_str().into()];
    Ok(execute(connection, sql, values).await? > 0)
}

/// A live session, as its owner sees it.
#[derive(Debug)]
pub struct Own {
    /// The session.
    pub id: SessionId,
    /// Where the sign-in came from.
    pub origin: Origin,
    /// When the person signed in.
    pub auth_time: DateTime<Utc>,
    /// When it was last refreshed.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends.
    pub deadlines: Deadlines,
}

/// A user's live sessions, last used first, at most `limit`.
///
/// # Errors
///
/// When the database is away.
pub async fn list_own(
    connection: &impl ConnectionTrait,
    user: UserId,
    limit: u32,
    now: DateTime<Utc>,
) -> Result<Vec<Own>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        rotations: String,
        auth_time: DateTime<Utc>,
        idle_expires_at: DateTime<Utc>,
        absolute_expires_at: DateTime<Utc>,
        address: Option<String>,
        user_agent: Option<String>,
    }
    let sql = "SELECT id, rotations, auth_time, idle_expires_at, absolute_expires_at, address, user_agent \
               FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND idle_expires_at > $2 \
               AND absolute_expires_at > $2 ORDER BY idle_expires_at DESC, id DESC LIMIT $3";
    let rows = all::<Row>(connection, sql, [user.0.into(), now.into(), i64::from(limit).into()]).await?;
    let own = |row: Row| Own {
        id: SessionId(row.id),
        origin: Origin { address: row.address, user_agent: row.user_agent },
        auth_time: row.auth_time,
        last_seen_at: Rotations::from_text(row.rotations).consumed_at(0).unwrap_or(row.auth_time),
        deadlines: Deadlines {
            idle_expires_at: row.idle_expires_at,
            absolute_expires_at: row.absolute_expires_at,
        },
    };
    Ok(rows.into_iter().map(own).collect())
}

/// The reason of a session that its own bearer ended together with all others.
const BULK_BY_ITSELF: &str = "bulk_by_itself";

/// Whose sessions a bulk revocation ends.
#[derive(Debug, Clone, Copy)]
pub enum Bulk {
    /// Everybody's, in the name of this session.
    All(SessionId),
    /// Everybody's but this user's.
    Others(UserId),
}

/// Ends an account's live sessions in one statement. Answers how many.
///
/// # Errors
///
/// When the database is away.
pub async fn revoke_bulk(
    connection: &impl ConnectionTrait,
    account: AccountId,
    bulk: Bulk,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let (reason, condition, id) = match bulk {
        Bulk::All(session) => ("CASE WHEN id = $5 THEN $4 ELSE $3 END", "", session.0),
        Bulk::Others(user) => ("$3", " AND user_id <> $4", user.0),
    };
    let sql = format!(
        "UPDATE sessions SET revoked_at = $2, revoked_reason = {reason} WHERE account_id = $1 \
         AND revoked_at IS NULL AND idle_expires_at > $2 AND absolute_expires_at > $2{condition}"
    );
    let mut values: Vec<Value> = vec![account.0.into(), now.into(), Reason::Bulk.as_str().into()];
    if matches!(bulk, Bulk::All(_)) {
        values.push(BULK_BY_ITSELF.into());
    }
    values.push(id.into());
    execute(connection, &sql, values).await
}

/// Who is signed in to an account: users with at least one live session, newest sign-in first, at
/// most `limit`, and how many there are in all. One statement.
///
/// # Errors
///
/// When the database is away.
pub async fn list_active_users(
    connection: &impl ConnectionTrait,
    account: AccountId,
    caller: UserId,
    limit: u32,
    now: DateTime<Utc>,
) -> Result<(Vec<ActiveUser>, u64), DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        name: String,
        email: String,
        last_login_at: DateTime<Utc>,
        sessions: i64,
        users: i64,
    }
    // The sessions are counted first, so that only users are joined and sorted.
    let sql = "SELECT u.id, u.name, u.email, u.last_login_at, s.sessions, count(*) OVER () AS users FROM \
               (SELECT user_id, count(*) AS sessions FROM sessions WHERE account_id = $1 AND revoked_at IS NULL \
               AND idle_expires_at > $2 AND absolute_expires_at > $2 GROUP BY user_id) s \
               JOIN users u ON u.id = s.user_id AND u.account_id = $1 ORDER BY u.last_login_at DESC, u.id DESC LIMIT $3";
    let values = [account.0.into(), now.into(), i64::from(limit).into()];
    let rows = connection.query_all_raw(super::statement(connection, sql, values)).await?;
    let rows = rows.iter().map(|row| Row::from_query_result(row, "")).collect::<Result<Vec<_>, _>>()?;
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    let total = rows.first().map_or(0, |row| count(row.users));
    let users = rows.into_iter().map(|row| ActiveUser {
        is_caller: row.id == caller.0,
        user_id: UserId(row.id),
        name: row.name,
        email: row.email,
        last_login_at: row.last_login_at,
        session_count: count(row.sessions),
    });
    Ok((users.collect(), total))
}

/// Who is behind an access token, and in which session.
#[derive(Debug, FromQueryResult)]
pub struct Caller {
    /// The session.
    pub session_id: Uuid,
    /// When it was ended before its time.
    pub revoked_at: Option<DateTime<Utc>>,
    revoked_reason: Option<String>,
    /// When the person signed in.
    pub auth_time: DateTime<Utc>,
    /// When the session ends unless it is refreshed before.
    pub idle_expires_at: DateTime<Utc>,
    /// When it ends whatever happens.
    pub absolute_expires_at: DateTime<Utc>,
    /// The user.
    pub user_id: Uuid,
    /// The address.
    pub email: String,
    /// The user's name.
    pub name: String,
    role: String,
    /// Whether there is a password to sign in with.
    pub has_password: bool,
    /// Whether the user may do anything at all.
    pub is_active: bool,
    /// The account.
    pub account_id: Uuid,
    /// The account's name.
    pub account_name: String,
}

impl Caller {
    /// Whether an access token of this session is still good: the session has not ended, or its
    /// bearer has just ended it together with all others and keeps the token in hand until it expires.
    #[must_use]
    pub fn is_admitted(&self) -> bool {
        self.is_active
            && (self.revoked_at.is_none() || self.revoked_reason.as_deref() == Some(BULK_BY_ITSELF))
    }

    /// The user's role, as it is now.
    ///
    /// # Errors
    ///
    /// When the database holds a word that is none.
    pub fn role(&self) -> Result<Role, DbErr> {
        role(&self.role)
    }
}

/// Finds who is behind an access token. One statement, by primary keys.
///
/// # Errors
///
/// When the database is away.
pub async fn find_caller(connection: &impl ConnectionTrait, id: SessionId) -> Result<Option<Caller>, DbErr> {
    let sql = "SELECT s.id AS session_id, s.revoked_at, s.revoked_reason, s.auth_time, s.idle_expires_at, s.absolute_expires_at, \
               u.id AS user_id, u.email, u.name, u.role, u.password_hash IS NOT NULL AS has_password, u.is_active, a.id AS account_id, a.name AS account_name \
               FROM sessions s JOIN users u ON u.id = s.user_id JOIN accounts a ON a.id = s.account_id \
               WHERE s.id = $1";
    one(connection, sql, [id.0.into()]).await
}

/// A live session, for an operator's eyes.
#[derive(Debug, FromQueryResult)]
pub struct Live {
    /// The session.
    pub id: Uuid,
    /// The user.
    pub user_id: Uuid,
    /// The user's address.
    pub email: String,
    /// The account.
    pub account_id: Uuid,
    /// When the person signed in.
    pub auth_time: DateTime<Utc>,
    /// When it ends unless it is refreshed before.
    pub idle_expires_at: DateTime<Utc>,
    /// When it ends whatever happens.
    pub absolute_expires_at: DateTime<Utc>,
}

/// The live sessions of an account or of a user, newest first, at most `limit`.
///
/// # Errors
///
/// When the database is away.
pub async fn list_live(
    connection: &impl ConnectionTrait,
    account: Option<AccountId>,
    user: Option<UserId>,
    limit: u32,
    now: DateTime<Utc>,
) -> Result<Vec<Live>, DbErr> {
    let mut sql = "SELECT s.id, s.user_id, u.email, s.account_id, s.auth_time, s.idle_expires_at, \
                   s.absolute_expires_at FROM sessions s JOIN users u ON u.id = s.user_id \
                   WHERE s.revoked_at IS NULL AND s.idle_expires_at > $1 AND s.absolute_expires_at > $1"
        .to_owned();
    let mut values: Vec<Value> = vec![now.into(), i64::from(limit).into()];
    for (column, id) in [("account_id", account.map(|id| id.0)), ("user_id", user.map(|id| id.0))] {
        if let Some(id) = id {
            values.push(id.into());
            sql = format!("{sql} AND s.{column} = ${}", values.len());
        }
    }
    sql += " ORDER BY s.auth_time DESC, s.id DESC LIMIT $2";
    let rows = connection.query_all_raw(super::statement(connection, &sql, values)).await?;
    rows.iter().map(|row| Live::from_query_result(row, "")).collect()
}

/// A session that nobody used in time.
#[derive(Debug)]
pub struct Idled {
    /// The session.
    pub id: SessionId,
    /// Its account.
    pub account_id: AccountId,
    /// Whose it was.
    pub user_id: UserId,
    /// Whether its absolute window passed before its idle one.
    pub absolute: bool,
}

/// Closes at most `limit` sessions whose idle window has passed. Whoever still refreshes one is
/// told why it ended all the same, by the token's own claims; one whose absolute window alone has
/// passed is left for its last refresh to close.
///
/// # Errors
///
/// When the database is away.
pub async fn close_idle(
    connection: &impl ConnectionTrait,
    limit: u32,
    now: DateTime<Utc>,
) -> Result<Vec<Idled>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        account_id: Uuid,
        user_id: Uuid,
        idle_expires_at: DateTime<Utc>,
        absolute_expires_at: DateTime<Utc>,
    }
    let sql = "UPDATE sessions SET revoked_at = $1, revoked_reason = $2 WHERE revoked_at IS NULL AND id IN \
               (SELECT id FROM sessions WHERE revoked_at IS NULL AND idle_expires_at <= $1 LIMIT $3) \
               RETURNING id, account_id, user_id, idle_expires_at, absolute_expires_at";
    let values = [now.into(), Reason::Expired.as_str().into(), i64::from(limit).into()];
    let rows = connection.query_all_raw(super::statement(connection, sql, values)).await?;
    rows.iter()
        .map(|row| {
            let row = Row::from_query_result(row, "")?;
            Ok(Idled {
                id: SessionId(row.id),
                account_id: AccountId(row.account_id),
                user_id: UserId(row.user_id),
                absolute: row.absolute_expires_at < row.idle_expires_at,
            })
        })
        .collect()
}

/// Deletes at most `limit` sessions whose absolute window passed before `before`. Answers how many.
///
/// # Errors
///
/// When the database is away.
pub async fn delete_expired(
    connection: &impl ConnectionTrait,
    before: DateTime<Utc>,
    limit: u32,
) -> Result<u64, DbErr> {
    let sql = "DELETE FROM sessions WHERE id IN \
               (SELECT id FROM sessions WHERE absolute_expires_at < $1 LIMIT $2)";
    execute(connection, sql, [before.into(), i64::from(limit).into()]).await
}
