//! Invitations into accounts.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("invites")
                    .col(ColumnDef::new("id").uuid().not_null().primary_key())
                    .col(ColumnDef::new("account_id").uuid().not_null())
                    .col(ColumnDef::new("email").text().not_null())
                    .col(ColumnDef::new("role").text().not_null())
                    // No foreign key: an invitation outlives who sent it.
                    .col(ColumnDef::new("invited_by").uuid().not_null())
                    .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
                    .col(ColumnDef::new("sent_at").timestamp_with_time_zone().not_null())
                    // How often it was sent; the link of an earlier time is no longer good.
                    .col(ColumnDef::new("sends").integer().not_null())
                    .col(ColumnDef::new("expires_at").timestamp_with_time_zone().not_null())
                    .col(ColumnDef::new("accepted_at").timestamp_with_time_zone())
                    .col(ColumnDef::new("revoked_at").timestamp_with_time_zone())
                    .foreign_key(
                        ForeignKey::create()
                            .name("invites_account_id_fk")
                            .from("invites", "account_id")
                            .to("accounts", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .check(("invites_role", Expr::col("role").is_in(["owner", "engineer", "viewer"])))
                    .to_owned(),
            )
            .await?;
        // One open invitation an address.
        manager
            .get_connection()
            .execute_unprepared(
                "CREATE UNIQUE INDEX invites_account_id_email_open_key ON invites (account_id, email) \
                 WHERE accepted_at IS NULL AND revoked_at IS NULL",
            )
            .await
            .map(drop)
    }
}
