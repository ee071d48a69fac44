//! Accounts, with the session policy's overrides and the last guard over them.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let idle = || Expr::col("session_idle_minutes");
        let absolute = || Expr::col("session_absolute_minutes");
        manager
            .create_table(
                Table::create()
                    .table("accounts")
                    .col(ColumnDef::new("id").uuid().not_null().primary_key())
                    .col(ColumnDef::new("name").text().not_null())
                    .col(ColumnDef::new("session_idle_minutes").integer())
                    .col(ColumnDef::new("session_absolute_minutes").integer())
                    .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
                    // A CHECK that is NULL passes, so an override that is not set needs no case of its own.
                    .check(("accounts_session_idle_bounds", idle().between(15, 43_200)))
                    .check(("accounts_session_absolute_bounds", absolute().between(60, 129_600)))
                    .check(("accounts_session_idle_within_absolute", idle().lte(absolute())))
                    .to_owned(),
            )
            .await
    }
}
