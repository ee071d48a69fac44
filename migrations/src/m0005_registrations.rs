//! Registrations: accounts to be, until their owner has proven the address. No user is made before.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("registrations")
                    .col(ColumnDef::new("id").uuid().not_null().primary_key())
                    .col(ColumnDef::new("account_name").text().not_null())
                    .col(ColumnDef::new("name").text().not_null())
                    .col(ColumnDef::new("email").text().not_null())
                    .col(ColumnDef::new("password_hash").text())
                    // Of a person who comes by a provider whose word for the address is not enough.
                    .col(ColumnDef::new("issuer").text())
                    .col(ColumnDef::new("subject").text())
                    .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
                    .col(ColumnDef::new("expires_at").timestamp_with_time_zone().not_null())
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("registrations_email_idx")
                    .table("registrations")
                    .col("email")
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("registrations_expires_at_idx")
                    .table("registrations")
                    .col("expires_at")
                    .to_owned(),
            )
            .await
    }
}
