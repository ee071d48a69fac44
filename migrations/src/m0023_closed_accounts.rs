//! When an account was closed: its audit trail stays, and nobody belongs to it any more.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .alter_table(
                Table::alter()
                    .table("accounts")
                    .add_column(ColumnDef::new("closed_at").timestamp_with_time_zone())
                    .to_owned(),
            )
            .await
    }
}
