//! Users: persons, each member of one account.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("users")
                    .col(ColumnDef::new("id").uuid().not_null().primary_key())
                    .col(ColumnDef::new("account_id").uuid().not_null())
                    // In lower case and NFC: an address names one user, letter case aside.
                    .col(ColumnDef::new("email").text().not_null())
                    .col(ColumnDef::new("email_verified_at").timestamp_with_time_zone())
                    .col(ColumnDef::new("name").text().not_null())
                    .col(ColumnDef::new("role").text().not_null())
                    .col(ColumnDef::new("password_hash").text())
                    .col(ColumnDef::new("is_active").boolean().not_null())
                    .col(ColumnDef::new("last_login_at").timestamp_with_time_zone())
                    .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
                    .foreign_key(
                        ForeignKey::create()
                            .name("users_account_id_fk")
                            .from("users", "account_id")
                            .to("accounts", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .check(("users_role", Expr::col("role").is_in(["owner", "engineer", "viewer"])))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create().name("users_email_key").table("users").col("email").unique().to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create().name("users_account_id_idx").table("users").col("account_id").to_owned(),
            )
            .await
    }
}
