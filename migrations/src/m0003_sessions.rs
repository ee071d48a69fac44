//! Sessions: one row for the whole life of a sign-in.
//!
//! Rotation updates `generation`, `rotations`, `rotation_key` and `idle_expires_at` in place, so
//! none of these may ever stand in an index: the update then touches the row alone (in PostgreSQL
//! a heap-only tuple, for which the fill factor leaves room).

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let foreign_key = |name, column, table| {
            ForeignKey::create()
                .name(name)
                .from("sessions", column)
                .to(table, "id")
                .on_delete(ForeignKeyAction::Cascade)
                .to_owned()
        };
        manager
            .create_table(
                Table::create()
                    .table("sessions")
                    .col(ColumnDef::new("id").uuid().not_null().primary_key())
                    .col(ColumnDef::new("account_id").uuid().not_null())
                    .col(ColumnDef::new("user_id").uuid().not_null())
                    .col(ColumnDef::new("generation").big_integer().not_null())
                    // When the last generations were consumed: 16 hexadecimal digits of microseconds
                    // each, newest first.
                    .col(ColumnDef::new("rotations").text().not_null())
                    // The Idempotency-Key of the refresh that made the present generation.
                    .col(ColumnDef::new("rotation_key").uuid())
                    .col(ColumnDef::new("auth_time").timestamp_with_time_zone().not_null())
                    .col(ColumnDef::new("idle_max").big_integer().not_null())
                    .col(ColumnDef::new("abs_max").big_integer().not_null())
                    .col(ColumnDef::new("idle_expires_at").timestamp_with_time_zone().not_null())
                    .col(ColumnDef::new("absolute_expires_at").timestamp_with_time_zone().not_null())
                    .col(ColumnDef::new("revoked_at").timestamp_with_time_zone())
                    .col(ColumnDef::new("revoked_reason").text())
                    .col(ColumnDef::new("address").text())
                    .col(ColumnDef::new("user_agent").text())
                    .foreign_key(&mut foreign_key("sessions_account_id_fk", "account_id", "accounts"))
                    .foreign_key(&mut foreign_key("sessions_user_id_fk", "user_id", "users"))
                    .check((
                        "sessions_revoked_with_reason",
                        Expr::col("revoked_at").is_null().eq(Expr::col("revoked_reason").is_null()),
                    ))
                    .to_owned(),
            )
            .await?;
        let connection = manager.get_connection();
        if connection.get_database_backend() == DbBackend::Postgres {
            connection.execute_unprepared("ALTER TABLE sessions SET (fillfactor = 70)").await?;
        }
        // Who is signed in to an account, and the bulk revocation; ended sessions drop out.
        connection
            .execute_unprepared(
                "CREATE INDEX sessions_account_id_live_idx ON sessions (account_id, user_id) \
                 WHERE revoked_at IS NULL",
            )
            .await?;
        manager
            .create_index(
                Index::create().name("sessions_user_id_idx").table("sessions").col("user_id").to_owned(),
            )
            .await?;
        // The sweeper.
        manager
            .create_index(
                Index::create()
                    .name("sessions_absolute_expires_at_idx")
                    .table("sessions")
                    .col("absolute_expires_at")
                    .to_owned(),
            )
            .await
    }
}
