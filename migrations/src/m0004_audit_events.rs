//! The audit trail: what was done in an account, by whom, and when. Only ever appended to.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("audit_events")
                    // Version 7, so that the primary key is the order of time.
                    .col(ColumnDef::new("id").uuid().not_null().primary_key())
                    .col(ColumnDef::new("account_id").uuid().not_null())
                    .col(ColumnDef::new("at").timestamp_with_time_zone().not_null())
                    .col(ColumnDef::new("kind").text().not_null())
                    // No foreign keys to users and sessions: the trail outlives both.
                    .col(ColumnDef::new("actor_id").uuid())
                    .col(ColumnDef::new("session_id").uuid())
                    .col(ColumnDef::new("address").text())
                    .col(ColumnDef::new("payload").json_binary().not_null())
                    .foreign_key(
                        ForeignKey::create()
                            .name("audit_events_account_id_fk")
                            .from("audit_events", "account_id")
                            .to("accounts", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("audit_events_account_id_id_idx")
                    .table("audit_events")
                    .col("account_id")
                    .col("id")
                    .to_owned(),
            )
            .await
    }
}
