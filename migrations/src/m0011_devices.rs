//! Devices that a user has signed in on.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("devices")
                    .col(ColumnDef::new("user_id").uuid().not_null())
                    // SHA-256 of the device's cookie, or of the name of a program without one.
                    .col(ColumnDef::new("key").text().not_null())
                    .col(ColumnDef::new("first_seen_at").timestamp_with_time_zone().not_null())
                    .col(ColumnDef::new("last_seen_at").timestamp_with_time_zone().not_null())
                    .primary_key(Index::create().col("user_id").col("key"))
                    .foreign_key(
                        ForeignKey::create()
                            .name("devices_user_id_fk")
                            .from("devices", "user_id")
                            .to("users", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await
    }
}
