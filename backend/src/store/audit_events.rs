//! The audit trail. Appended to in the same transaction as what it records; never changed.

use chrono::{DateTime, Utc};
use curfew_shared::{
    audit::{AuditEvent, AuditKind, AuditPerson, AuditQuery},
    id::{AccountId, AuditEventId, SessionId, UserId},
};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use serde_json::Value;
use uuid::Uuid;

use super::{all, corrupt, execute, users};

/// An entry to be.
#[derive(Debug)]
pub struct NewAuditEvent<'a> {
    /// Its id, of version 7.
    pub id: AuditEventId,
    /// The account that it belongs to.
    pub account_id: AccountId,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub kind: AuditKind,
    /// Whose deed it was, where it was somebody's.
    pub actor_id: Option<UserId>,
    /// The session that it was done in, or to.
    pub session_id: Option<SessionId>,
    /// Where the request came from.
    pub address: Option<&'a str>,
    /// The rest.
    pub payload: Value,
}

/// An account's entries that `query` asks for, newest first, at most `limit`.
///
/// # Errors
///
/// When the database is away.
pub async fn list(
    connection: &impl ConnectionTrait,
    account: AccountId,
    query: &AuditQuery,
    limit: u32,
) -> Result<Vec<AuditEvent>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        at: DateTime<Utc>,
        kind: String,
        actor_id: Option<Uuid>,
        session_id: Option<Uuid>,
        address: Option<String>,
        payload: Value,
    }
    let mut filter = "e.account_id = $1".to_owned();
    let mut values: Vec<sea_orm::Value> = vec![account.0.into(), i64::from(limit).into()];
    let conditions = [
        ("e.kind =", query.kind.map(|kind| kind.as_str().into())),
        ("e.actor_id =", query.actor_id.map(|id| id.0.into())),
        ("e.at >=", query.from.map(Into::into)),
        ("e.at <", query.to.map(Into::into)),
        // An id begins with the millisecond of its entry: the index leads there.
        ("e.id >=", query.from.map(|from| first_id(from.timestamp_millis()).into())),
        ("e.id <", query.to.map(|to| first_id(to.timestamp_millis().saturating_add(1)).into())),
        ("e.id <", query.cursor.map(|id| id.0.into())),
    ];
    for (condition, value) in conditions {
        if let Some(value) = value {
            values.push(value);
            filter = format!("{filter} AND {condition} ${}", values.len());
        }
    }
    if let Some(person) = query.person_id {
        values.extend([person.0.into(), person.to_string().into()]);
        // Each half from an index of its own: an OR would read all entries of the account.
        let latest = |condition: &str, index: usize| {
            format!(
                "SELECT id FROM (SELECT e.id FROM audit_events e WHERE {filter} AND {condition} = ${index} \
                 ORDER BY e.id DESC LIMIT $2) AS latest"
            )
        };
        let theirs = latest("e.actor_id", values.len() - 1);
        let to_them = latest("e.payload ->> 'user_id'", values.len());
        filter = format!("e.id IN ({theirs} UNION {to_them})");
    }
    let sql = format!(
        "SELECT e.id, e.at, e.kind, e.actor_id, e.session_id, e.address, e.payload \
         FROM audit_events e WHERE {filter} ORDER BY e.id DESC LIMIT $2"
    );
    let rows = all::<Row>(connection, &sql, values).await?;
    let subject = |payload: &Value| payload["user_id"].as_str().and_then(|id| id.parse::<Uuid>().ok());
    let people = rows.iter().flat_map(|row| [row.actor_id, subject(&row.payload)]).flatten().collect();
    let people = users::find_names(connection, account, people).await?;
    let person = |id: Uuid| {
        let (name, email) = people.get(&id).cloned().unzip();
        AuditPerson { user_id: UserId(id), name, email }
    };
    let event = |row: Row| {
        Ok(AuditEvent {
            id: AuditEventId(row.id),
            at: row.at,
            kind: row.kind.parse().map_err(|_| corrupt("audit_events.kind"))?,
            actor: row.actor_id.map(person),
            subject: subject(&row.payload).map(person),
            session_id: row.session_id.map(SessionId),
            address: row.address,
            payload: row.payload,
        })
    };
    rows.into_iter().map(event).collect()
}

/// The least id of a millisecond since the epoch, which takes 48 bits of it (RFC 9562 §5.7).
fn first_id(millis: i64) -> Uuid {
    Uuid::from_u128(u128::from(u64::try_from(millis).unwrap_or_default().min((1 << 48) - 1)) << 80)
}

/// Appends an entry.
///
/// # Errors
///
/// When the database is away.
pub async fn insert(connection: &impl ConnectionTrait, event: NewAuditEvent<'_>) -> Result<(), DbErr> {
    let sql = "INSERT INTO audit_events (id, account_id, at, kind, actor_id, session_id, address, payload) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = [
        event.id.0.into(),
        event.account_id.0.into(),
        event.at.into(),
        event.kind.as_str().into(),
        event.actor_id.map(|id| id.0).into(),
        event.session_id.map(|id| id.0).into(),
        event.address.into(),
        event.payload.into(),
    ];
    execute(connection, sql, values).await.map(drop)
}
