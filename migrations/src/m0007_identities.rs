//! Identities at OpenID providers: issuer and subject name one, never an e-mail address.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("identities")
                    .col(ColumnDef::new("id").uuid().not_null().primary_key())
                    .col(ColumnDef::new("user_id").uuid().not_null())
                    .col(ColumnDef::new("issuer").text().not_null())
                    .col(ColumnDef::new("subject").text().not_null())
                    .col(ColumnDef::new("email").text())
                    .col(ColumnDef::new("linked_at").timestamp_with_time_zone().not_null())
                    .col(ColumnDef::new("last_used_at").timestamp_with_time_zone())
                    .foreign_key(
                        ForeignKey::create()
                            .name("identities_user_id_fk")
                            .from("identities", "user_id")
                            .to("users", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("identities_issuer_subject_key")
                    .table("identities")
                    .col("issuer")
                    .col("subject")
                    .unique()
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create().name("identities_user_id_idx").table("identities").col("user_id").to_owned(),
            )
            .await
    }
}
