//! That nothing is taken from the audit trail either; and what the sweeper finds old invitations by.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let guard = match manager.get_database_backend() {
            DbBackend::Postgres => {
                "CREATE TRIGGER audit_events_are_kept BEFORE DELETE OR TRUNCATE ON audit_events \
                 FOR EACH STATEMENT EXECUTE FUNCTION audit_events_are_final()"
            }
            _ => {
                "CREATE TRIGGER audit_events_are_kept BEFORE DELETE ON audit_events \
                 BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END"
            }
        };
        manager.get_connection().execute_unprepared(guard).await?;
        manager
            .create_index(
                Index::create().name("invites_expires_at_idx").table("invites").col("expires_at").to_owned(),
            )
            .await
    }
}
