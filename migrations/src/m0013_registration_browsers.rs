//! The browser that a registration was begun in: who comes by a provider proves the address there alone.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .alter_table(
                Table::alter()
                    .table("registrations")
                    // SHA-256 of the secret in the browser's cookie.
                    .add_column(ColumnDef::new("browser_hash").text())
                    .to_owned(),
            )
            .await
    }
}
