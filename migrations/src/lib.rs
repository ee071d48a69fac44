//! Curfew's schema as an ordered list of changes; a change is never edited once it has landed.

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;

mod m0001_accounts;
mod m0002_users;
mod m0003_sessions;
mod m0004_audit_events;

/// Applies the changes in their order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_accounts::Migration),
            Box::new(m0002_users::Migration),
            Box::new(m0003_sessions::Migration),
            Box::new(m0004_audit_events::Migration),
        ]
    }
}
