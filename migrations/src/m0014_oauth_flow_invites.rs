//! Which message of an invitation a sign-in at a provider began with: only the last one's is good.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .alter_table(
                Table::alter()
                    .table("oauth_flows")
                    .add_column(ColumnDef::new("invite_sends").integer())
                    .to_owned(),
            )
            .await
    }
}
