//! Sessions: one row each, updated in place.

use chrono::{DateTime, TimeDelta, Utc};
use curfew_shared::{
    auth::Role,
    id::{AccountId, SessionId, UserId},
    security::ActiveUser,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult,
    QuerySelect, Value,
};
use uuid::Uuid;

use super::{all, corrupt, execute, one, users::role};
use crate::domain::{
    claim::TokenId,
    session::{Deadlines, Marks, Rotations, Session, Snapshot},
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
        pub old_generation: i64,
        pub mark_generation: i64,
        pub mark_at: Option<DateTimeUtc>,
        pub rotation_key: Option<Uuid>,
        pub auth_time: DateTimeUtc,
        pub idle_max: i64,
        pub abs_max: i64,
        pub idle_expires_at: DateTimeUtc,
        pub absolute_expires_at: DateTimeUtc,
        pub revoked_at: Option<DateTimeUtc>,
        pub revoked_reason: Option<String>,
        pub spared_token: Option<Uuid>,
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

/// What a live session is, at the moment `$1`.
const LIVE: &str = "revoked_at IS NULL AND idle_expires_at > $1 AND absolute_expires_at > $1";

/// Where a request came from.
#[derive(Debug, Clone, Default)]
pub struct ClientInfo {
    /// The client's IP address.
    pub ip: Option<String>,
    /// The `User-Agent` header.
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
    client: &ClientInfo,
) -> Result<(), DbErr> {
    let deadlines = snapshot.deadlines(snapshot.auth_time());
    let row = entity::ActiveModel {
        id: Set(id.0),
        account_id: Set(account_id.0),
        user_id: Set(user_id.0),
        generation: Set(0),
        rotations: Set(String::new()),
        old_generation: Set(Marks::NONE.old_generation),
        mark_generation: Set(Marks::NONE.generation),
        mark_at: Set(Marks::NONE.marked_at),
        rotation_key: Set(None),
        auth_time: Set(snapshot.auth_time()),
        idle_max: Set(snapshot.idle_max()),
        abs_max: Set(snapshot.abs_max()),
        idle_expires_at: Set(deadlines.idle_expires_at),
        absolute_expires_at: Set(deadlines.absolute_expires_at),
        revoked_at: Set(None),
        revoked_reason: Set(None),
        spared_token: Set(None),
        address: Set(client.ip.clone()),
        user_agent: Set(client.user_agent.clone()),
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
    transaction: &super::Transaction,
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
        marks: Marks {
            old_generation: row.old_generation,
            generation: row.mark_generation,
            marked_at: row.mark_at,
        },
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
    /// How long after its consumption a generation may be shown again.
    pub leeway: TimeDelta,
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

/// Moves a session on to its next generation. `$1` is `now`, `$2` to `$5` what [`moving`] adds.
///
/// Of any number of these with the same generation, exactly one finds the row: the row's lock makes
/// the others wait, and then its generation is another. What is set decides nothing anew.
const MOVE_ON: &str = "UPDATE sessions SET generation = generation + 1, \
     rotations = substr($2 || rotations, 1, $3), \
     old_generation = CASE WHEN substr(rotations, 1, 16) < $5 THEN generation - 1 \
     WHEN mark_at < $4 THEN mark_generation ELSE old_generation END, \
     mark_generation = CASE WHEN mark_at IS NULL OR mark_at < $4 THEN generation ELSE mark_generation END, \
     mark_at = CASE WHEN mark_at IS NULL OR mark_at < $4 THEN $1 ELSE mark_at END";

/// The values of [`MOVE_ON`].
fn moving(now: DateTime<Utc>, leeway: TimeDelta) -> Vec<Value> {
    // As many digits as one rotation has, so that they compare as the times do.
    vec![
        now.into(),
        Rotations::entry(now).into(),
        i32::try_from(Rotations::LENGTH).unwrap_or(i32::MAX).into(),
        (now - leeway).into(),
        Rotations::entry(now - leeway).into(),
    ]
}

const IF_CONSUMABLE: &str = " WHERE id = $6 AND user_id = $7 AND generation = $8 AND revoked_at IS NULL \
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
    let mut values = consuming(consumption);
    values.extend([consumption.key.into(), deadlines.idle_expires_at.into()]);
    let mut sql = format!("{MOVE_ON}, rotation_key = $9, idle_expires_at = $10");
    if let Some(snapshot) = first_snapshot {
        sql += ", auth_time = $11, idle_max = $12, abs_max = $13, absolute_expires_at = $14";
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
    let mut values = consuming(consumption);
    values.push(Reason::Expired.as_str().into());
    let sql = format!("{MOVE_ON}, revoked_at = $1, revoked_reason = $9{IF_CONSUMABLE}");
    consume(connection, &sql, values).await
}

fn consuming(consumption: Consumption) -> Vec<Value> {
    let Consumption { token, user_id, leeway, now, .. } = consumption;
    let mut values = moving(now, leeway);
    values.extend([token.session.0.into(), user_id.0.into(), token.generation.into()]);
    values
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
    renewal: Renewal,
    snapshot: &Snapshot,
) -> Result<Option<i64>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        generation: i64,
    }
    let sql = format!(
        "{MOVE_ON}, rotation_key = $6, auth_time = $7, idle_max = $8, abs_max = $9, idle_expires_at = $10, \
         absolute_expires_at = $11 WHERE id = $12 AND user_id = $13 AND {LIVE} RETURNING generation"
    );
    let deadlines = snapshot.deadlines(snapshot.auth_time());
    let mut values = moving(renewal.now, renewal.leeway);
    values.extend([
        renewal.key.into(),
        snapshot.auth_time().into(),
        snapshot.idle_max().into(),
        snapshot.abs_max().into(),
        deadlines.idle_expires_at.into(),
        deadlines.absolute_expires_at.into(),
        renewal.session_id.0.into(),
        renewal.user_id.0.into(),
    ]);
    Ok(one::<Row>(connection, &sql, values).await?.map(|row| row.generation))
}

/// The session whose windows are to start anew, and by which request.
#[derive(Debug, Clone, Copy)]
pub struct Renewal {
    /// The session.
    pub session_id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The request's idempotency key: a refresh with it gets the renewed session where the answer was lost.
    pub key: Option<Uuid>,
    /// How long after its consumption a generation may be shown again.
    pub leeway: TimeDelta,
    /// When.
    pub now: DateTime<Utc>,
}

/// Ends the live sessions of which `condition` holds: `$1` is when, `$2` why.
fn end(condition: &str) -> String {
    format!("UPDATE sessions SET revoked_at = $1, revoked_reason = $2 WHERE {LIVE} AND {condition}")
}

/// Lets no access token outlive any longer the bulk revocation that it asked for, of the sessions whose
/// `column` is `id`, but for one.
async fn unspare(
    connection: &impl ConnectionTrait,
    (column, id): (&str, Uuid),
    but: Option<SessionId>,
) -> Result<(), DbErr> {
    let sql = format!(
        "UPDATE sessions SET spared_token = NULL WHERE spared_token IS NOT NULL AND {column} = $1 AND id <> $2"
    );
    execute(connection, &sql, [id.into(), but.map_or(Uuid::nil(), |but| but.0).into()]).await.map(drop)
}

/// Lets the access token of an ended session outlive no longer the bulk revocation that it asked for.
///
/// # Errors
///
/// When the database is away.
pub async fn spare_no_longer(connection: &impl ConnectionTrait, id: SessionId) -> Result<(), DbErr> {
    unspare(connection, ("id", id.0), None).await
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
    unspare(connection, ("id", id.0), None).await?;
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
    unspare(connection, ("user_id", user.0), None).await?;
    let sql = end("user_id = $3");
    execute(connection, &sql, [now.into(), reason.as_str().into(), user.0.into()]).await
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
    unspare(connection, ("user_id", user.0), None).await?;
    let sql = end("user_id = $3 AND id <> $4");
    execute(connection, &sql, [now.into(), reason.as_str().into(), user.0.into(), spared.0.into()]).await
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
    let sql = end("user_id = $3 AND id = $4");
    let values = [now.into(), Reason::Ended.as_str().into(), user.0.into(), id.0.into()];
    Ok(execute(connection, &sql, values).await? > 0)
}

/// A live session, as its owner sees it.
#[derive(Debug)]
pub struct Own {
    /// The session.
    pub id: SessionId,
    /// Where the sign-in came from.
    pub client: ClientInfo,
    /// When the person signed in.
    pub auth_time: DateTime<Utc>,
    /// When a person last used it.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends.
    pub deadlines: Deadlines,
}

/// A page of a user's live sessions, the `current` one first and then the newest sign-in, at most
/// `limit` after the one at `cursor`, and how many there are in all. One statement.
///
/// # Errors
///
/// When the database is away.
pub async fn list_own(
    connection: &impl ConnectionTrait,
    user: UserId,
    current: SessionId,
    cursor: Option<SessionId>,
    limit: u32,
    now: DateTime<Utc>,
) -> Result<(Vec<Own>, u64), DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        auth_time: DateTime<Utc>,
        idle_max: i64,
        idle_expires_at: DateTime<Utc>,
        absolute_expires_at: DateTime<Utc>,
        address: Option<String>,
        user_agent: Option<String>,
        sessions: i64,
    }
    let mut values: Vec<Value> = vec![now.into(), user.0.into(), i64::from(limit).into(), current.0.into()];
    let mut after = "";
    if let Some(cursor) = cursor {
        values.push(cursor.0.into());
        // The current one stands before all others, whatever its id.
        after = " WHERE id <> $4 AND ($5 = $4 OR id < $5)";
    }
    let sql = format!(
        "SELECT * FROM (SELECT id, auth_time, idle_max, idle_expires_at, absolute_expires_at, address, user_agent, \
         count(*) OVER () AS sessions FROM sessions WHERE user_id = $2 AND {LIVE}) own{after} \
         ORDER BY CASE WHEN id = $4 THEN 0 ELSE 1 END, id DESC LIMIT $3"
    );
    let rows = all::<Row>(connection, &sql, values).await?;
    let total = rows.first().map_or(0, |row| u64::try_from(row.sessions).unwrap_or_default());
    let own = |row: Row| Own {
        id: SessionId(row.id),
        client: ClientInfo { ip: row.address, user_agent: row.user_agent },
        auth_time: row.auth_time,
        // What no person asked for leaves the idle window as it was.
        last_seen_at: row.idle_expires_at - TimeDelta::seconds(row.idle_max),
        deadlines: Deadlines {
            idle_expires_at: row.idle_expires_at,
            absolute_expires_at: row.absolute_expires_at,
        },
    };
    Ok((rows.into_iter().map(own).collect(), total))
}

/// Whose sessions a bulk revocation ends.
#[derive(Debug, Clone, Copy)]
pub enum Bulk {
    /// Everybody's. The access token with this `jti`, which asks for it, outlives its own session until it
    /// expires.
    All(Uuid),
    /// Everybody's but this user's.
    Others(UserId),
}

/// Ends an account's live sessions in one statement, for the session `caller`. Answers how many. What was spared
/// by others before is spared no longer.
///
/// # Errors
///
/// When the database is away.
pub async fn revoke_bulk(
    connection: &impl ConnectionTrait,
    account: AccountId,
    (caller, bulk): (SessionId, Bulk),
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    unspare(connection, ("account_id", account.0), Some(caller)).await?;
    let mut values: Vec<Value> = vec![now.into(), account.0.into(), Reason::Bulk.as_str().into()];
    let (spared, condition) = match bulk {
        Bulk::All(token) => {
            values.extend([caller.0.into(), token.into()]);
            (", spared_token = CASE WHEN id = $4 THEN $5 END", "")
        }
        Bulk::Others(user) => {
            values.push(user.0.into());
            ("", " AND user_id <> $4")
        }
    };
    let sql = format!(
        "UPDATE sessions SET revoked_at = $1, revoked_reason = $3{spared} WHERE account_id = $2 AND {LIVE}{condition}"
    );
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
    let sql = format!(
        "SELECT u.id, u.name, u.email, u.last_login_at, s.sessions, count(*) OVER () AS users FROM \
         (SELECT user_id, count(*) AS sessions FROM sessions WHERE account_id = $2 AND {LIVE} GROUP BY user_id) s \
         JOIN users u ON u.id = s.user_id AND u.account_id = $2 ORDER BY u.last_login_at DESC, u.id DESC LIMIT $3"
    );
    let values = [now.into(), account.0.into(), i64::from(limit).into()];
    let rows = all::<Row>(connection, &sql, values).await?;
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
    spared_token: Option<Uuid>,
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
    /// Whether the access token `token` of this session is still good: the session has not ended, or
    /// the token has just ended it together with all others and is good until it expires.
    #[must_use]
    pub fn admits(&self, token: Uuid) -> bool {
        self.is_active && (self.revoked_at.is_none() || self.spared_token == Some(token))
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
    let sql = "SELECT s.id AS session_id, s.revoked_at, s.spared_token, s.auth_time, s.idle_expires_at, s.absolute_expires_at, \
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
    let mut sql = format!(
        "SELECT s.id, s.user_id, u.email, s.account_id, s.auth_time, s.idle_expires_at, s.absolute_expires_at \
         FROM sessions s JOIN users u ON u.id = s.user_id WHERE {LIVE}"
    );
    let mut values: Vec<Value> = vec![now.into(), i64::from(limit).into()];
    for (column, id) in [("account_id", account.map(|id| id.0)), ("user_id", user.map(|id| id.0))] {
        if let Some(id) = id {
            values.push(id.into());
            sql = format!("{sql} AND s.{column} = ${}", values.len());
        }
    }
    sql += " ORDER BY s.auth_time DESC, s.id DESC LIMIT $2";
    all(connection, &sql, values).await
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

/// Whether there is a session to close.
///
/// # Errors
///
/// When the database is away.
pub async fn any_idle(connection: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<bool, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        any: bool,
    }
    let sql =
        "SELECT EXISTS (SELECT 1 FROM sessions WHERE revoked_at IS NULL AND idle_expires_at <= $1) AS any";
    Ok(one::<Row>(connection, sql, [now.into()]).await?.is_some_and(|row| row.any))
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
    // The deadline is looked at once more when the row is held: a refresh may just have put it off.
    let skip =
        if connection.get_database_backend() == DbBackend::Postgres { " FOR UPDATE SKIP LOCKED" } else { "" };
    let sql = format!(
        "UPDATE sessions SET revoked_at = $1, revoked_reason = $2 WHERE revoked_at IS NULL \
         AND idle_expires_at <= $1 AND id IN \
         (SELECT id FROM sessions WHERE revoked_at IS NULL AND idle_expires_at <= $1 LIMIT $3{skip}) \
         RETURNING id, account_id, user_id, idle_expires_at, absolute_expires_at"
    );
    let values = [now.into(), Reason::Expired.as_str().into(), i64::from(limit).into()];
    let idled = |row: Row| Idled {
        id: SessionId(row.id),
        account_id: AccountId(row.account_id),
        user_id: UserId(row.user_id),
        absolute: row.absolute_expires_at < row.idle_expires_at,
    };
    Ok(all::<Row>(connection, &sql, values).await?.into_iter().map(idled).collect())
}

/// Deletes at most `limit` sessions whose windows both passed before `before`. Until then one whose
/// absolute window has passed can still be told why it ended. Answers how many.
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
               (SELECT id FROM sessions WHERE absolute_expires_at < $1 AND idle_expires_at < $1 LIMIT $2)";
    execute(connection, sql, [before.into(), i64::from(limit).into()]).await
}
