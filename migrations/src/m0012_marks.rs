//! What a session remembers beyond its last rotations, which access token outlives a bulk revocation,
//! when a user last said that a sign-in was somebody else's; and that the audit trail is never changed.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            // Consumed before the replay leeway began, whatever was rotated since. None of these may
            // stand in an index: every rotation may change them.
            ("sessions", ColumnDef::new("old_generation").big_integer().not_null().default(-1).to_owned()),
            // Consumed at `mark_at`; becomes the old generation once the leeway has passed since.
            ("sessions", ColumnDef::new("mark_generation").big_integer().not_null().default(-1).to_owned()),
            ("sessions", ColumnDef::new("mark_at").timestamp_with_time_zone().to_owned()),
            // The `jti` of the access token that ended the session together with all others.
            ("sessions", ColumnDef::new("spared_token").uuid().to_owned()),
            // Links that were made before are no longer good.
            ("users", ColumnDef::new("disowned_at").timestamp_with_time_zone().to_owned()),
        ];
        for (table, column) in columns {
            manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
        }
        // The audit trail is appended to, never changed.
        let guard = match manager.get_database_backend() {
            DbBackend::Postgres => {
                "CREATE FUNCTION audit_events_are_final() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE EXCEPTION 'the audit trail is never changed'; END $$; \
                 CREATE TRIGGER audit_events_are_final BEFORE UPDATE ON audit_events \
                 FOR EACH ROW EXECUTE FUNCTION audit_events_are_final()"
            }
            _ => {
                "CREATE TRIGGER audit_events_are_final BEFORE UPDATE ON audit_events \
                 BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END"
            }
        };
        manager.get_connection().execute_unprepared(guard).await?;
        // What ends a user's or an account's sessions ends these too.
        manager
            .get_connection()
            .execute_unprepared(
                "CREATE INDEX sessions_account_id_spared_idx ON sessions (account_id) WHERE spared_token IS NOT NULL",
            )
            .await?;
        // The sweeper.
        manager
            .create_index(
                Index::create()
                    .name("devices_last_seen_at_idx")
                    .table("devices")
                    .col("last_seen_at")
                    .to_owned(),
            )
            .await
    }
}
