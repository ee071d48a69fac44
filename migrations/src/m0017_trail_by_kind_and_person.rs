//! What the audit trail is filtered by: what was done, and by whom, each newest first.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, column) in [
            ("audit_events_account_id_kind_idx", "kind"),
            ("audit_events_account_id_actor_id_idx", "actor_id"),
        ] {
            let mut index = Index::create().name(name).table("audit_events").to_owned();
            manager.create_index(index.col("account_id").col(column).col("id").to_owned()).await?;
        }
        Ok(())
    }
}
