//! Curfew's schema as an ordered list of changes; a change is never edited once it has landed.

use std::collections::BTreeSet;

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DatabaseConnection, DatabaseTransaction},
};

mod m0001_accounts;
mod m0002_users;
mod m0003_sessions;
mod m0004_audit_events;
mod m0005_registrations;
mod m0006_invites;
mod m0007_identities;
mod m0008_oauth_flows;
mod m0009_mails;
mod m0010_throttles;
mod m0011_devices;
mod m0012_marks;
mod m0013_registration_browsers;
mod m0014_oauth_flow_invites;
mod m0015_address_changes;
mod m0016_final_trail;
mod m0017_trail_by_kind_and_person;
mod m0018_attempts_in_flight;
mod m0020_recovery;
mod m0021_mail_priority;
mod m0023_closed_accounts;
mod m0024_invite_delivery;

/// An index that is built apart from the changes, as that can take long where there is much in the table.
#[derive(Debug)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// The table and what of it.
    pub on: &'static str,
}

impl Index {
    /// The table.
    #[must_use]
    pub fn table(&self) -> &'static str {
        self.on.split(' ').next().unwrap_or_default()
    }
}

/// The indexes that are built apart. Nothing needs them in order to work, only in order to be quick.
pub const INDEXES: [Index; 1] = [Index {
    name: "audit_events_account_id_subject_id_idx",
    on: "audit_events (account_id, (payload ->> 'user_id'), id)",
}];

/// How a database's schema compares with this release.
#[derive(Debug, Default)]
pub struct State {
    /// Changes that are yet to be applied.
    pub missing: Vec<String>,
    /// Changes of a later release.
    pub unknown: Vec<String>,
}

/// Compares the schema with this release, and changes nothing.
///
/// # Errors
///
/// When the database is away.
pub async fn state(connection: &DatabaseConnection) -> Result<State, DbErr> {
    let applied = if SchemaManager::new(connection).has_table(TABLE).await? {
        applied(connection).await?
    } else {
        BTreeSet::new()
    };
    let known: BTreeSet<_> = changes().iter().map(|change| change.name().to_owned()).collect();
    Ok(State {
        missing: known.difference(&applied).cloned().collect(),
        unknown: applied.difference(&known).cloned().collect(),
    })
}

/// Applies the changes that are missing, and notes each: all of it or, with the transaction, nothing.
///
/// # Errors
///
/// When a change cannot be applied.
pub async fn apply(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    Migrator::install(transaction).await?;
    let applied = applied(transaction).await?;
    for change in changes() {
        if applied.contains(change.name()) {
            continue;
        }
        change.up(&SchemaManager::new(transaction)).await?;
        let now = Expr::cust(match transaction.get_database_backend() {
            sea_orm::DbBackend::Postgres => "extract(epoch FROM now())::bigint",
            _ => "unixepoch()",
        });
        let mut note = Query::insert();
        note.into_table(TABLE).columns(["version", "applied_at"]).values_panic([change.name().into(), now]);
        transaction.execute(&note).await?;
    }
    Ok(())
}

/// Where the changes that were applied are noted.
const TABLE: &str = "seaql_migrations";

async fn applied(connection: &impl ConnectionTrait) -> Result<BTreeSet<String>, DbErr> {
    let rows = connection.query_all(Query::select().column("version").from(TABLE)).await?;
    rows.iter().map(|row| row.try_get("", "version")).collect()
}

fn changes() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(m0001_accounts::Migration),
        Box::new(m0002_users::Migration),
        Box::new(m0003_sessions::Migration),
        Box::new(m0004_audit_events::Migration),
        Box::new(m0005_registrations::Migration),
        Box::new(m0006_invites::Migration),
        Box::new(m0007_identities::Migration),
        Box::new(m0008_oauth_flows::Migration),
        Box::new(m0009_mails::Migration),
        Box::new(m0010_throttles::Migration),
        Box::new(m0011_devices::Migration),
        Box::new(m0012_marks::Migration),
        Box::new(m0013_registration_browsers::Migration),
        Box::new(m0014_oauth_flow_invites::Migration),
        Box::new(m0015_address_changes::Migration),
        Box::new(m0016_final_trail::Migration),
        Box::new(m0017_trail_by_kind_and_person::Migration),
        Box::new(m0018_attempts_in_flight::Migration),
        Box::new(m0020_recovery::Migration),
        Box::new(m0021_mail_priority::Migration),
        Box::new(m0023_closed_accounts::Migration),
        Box::new(m0024_invite_delivery::Migration),
    ]
}

/// Knows the table of changes.
struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        changes()
    }
}
