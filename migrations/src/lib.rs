//! Curfew's schema as an ordered list of changes; a change is never edited once it has landed.

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;

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
mod m0020_recovery;
mod m0023_closed_accounts;

/// Applies the changes in their order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let changes: [Box<dyn MigrationTrait>; 19] = [
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
            Box::new(m0020_recovery::Migration),
            Box::new(m0023_closed_accounts::Migration),
        ];
        changes.into_iter().map(|change| Box::new(Whole(change)) as Box<dyn MigrationTrait>).collect()
    }
}

/// A change that is applied and noted as applied in one transaction, in SQLite too: cut short, half of it
/// would stand in the way of every later start.
struct Whole(Box<dyn MigrationTrait>);

impl MigrationName for Whole {
    fn name(&self) -> &str {
        self.0.name()
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Whole {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.0.up(manager).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
