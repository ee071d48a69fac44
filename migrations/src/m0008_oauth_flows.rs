//! Sign-ins under way at a provider: each good for one answer, from one browser, for ten minutes.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("oauth_flows")
                    // SHA-256 of the state, and of the secret in the browser's cookie.
                    .col(ColumnDef::new("state_hash").text().not_null().primary_key())
                    .col(ColumnDef::new("cookie_hash").text().not_null())
                    .col(ColumnDef::new("provider").text().not_null())
                    .col(ColumnDef::new("purpose").text().not_null())
                    .col(ColumnDef::new("token_delivery").text().not_null())
                    .col(ColumnDef::new("nonce").text().not_null())
                    .col(ColumnDef::new("verifier").text().not_null())
                    .col(ColumnDef::new("user_id").uuid())
                    .col(ColumnDef::new("session_id").uuid())
                    .col(ColumnDef::new("invite_id").uuid())
                    .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
                    .foreign_key(
                        ForeignKey::create()
                            .name("oauth_flows_user_id_fk")
                            .from("oauth_flows", "user_id")
                            .to("users", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("oauth_flows_created_at_idx")
                    .table("oauth_flows")
                    .col("created_at")
                    .to_owned(),
            )
            .await
    }
}
