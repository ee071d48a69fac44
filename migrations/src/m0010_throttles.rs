//! Attempts that count against a limit. Moments are seconds since 1970, which both databases can reckon with.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("throttles")
                    .col(ColumnDef::new("key").text().not_null().primary_key())
                    .col(ColumnDef::new("attempts").integer().not_null())
                    .col(ColumnDef::new("blocked_until").big_integer().not_null())
                    .col(ColumnDef::new("updated_at").big_integer().not_null())
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("throttles_updated_at_idx")
                    .table("throttles")
                    .col("updated_at")
                    .to_owned(),
            )
            .await
    }
}
