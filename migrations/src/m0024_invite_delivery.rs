//! Whether the message of an invitation was delivered, and sign-ins that begin with a copied invitation link.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let add = |table, column: &mut ColumnDef| Table::alter().table(table).add_column(column).to_owned();
        manager.alter_table(add("mails", ColumnDef::new("invite_id").uuid())).await?;
        // Most messages are about no invitation.
        manager
            .get_connection()
            .execute_unprepared(
                "CREATE INDEX mails_invite_id_idx ON mails (invite_id) WHERE invite_id IS NOT NULL",
            )
            .await?;
        manager.alter_table(add("invites", ColumnDef::new("delivery_problem").text())).await?;
        // Instead of `invite_id`, so that the release before takes such a flow for a sign-in without an invitation,
        // rather than for one that proves the address.
        manager.alter_table(add("oauth_flows", ColumnDef::new("copied_invite_id").uuid())).await
    }
}
