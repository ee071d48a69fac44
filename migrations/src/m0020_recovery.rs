//! Recovery from a takeover: links that name the credentials they were sent for, and recent changes of membership.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Raised with every change of the password. Links from before have no version, which counts as 0.
        for table in ["users", "address_changes"] {
            let version =
                ColumnDef::new("credentials_version").big_integer().not_null().default(0).to_owned();
            manager.alter_table(Table::alter().table(table).add_column(version).to_owned()).await?;
        }
        let used = "UPDATE users SET credentials_version = 1 WHERE disowned_at IS NOT NULL";
        manager.get_connection().execute_unprepared(used).await?;
        manager
            .create_table(
                Table::create()
                    .table("membership_changes")
                    // In the order in which they happened, whatever the clocks of replicas say.
                    .col(ColumnDef::new("id").big_integer().not_null().auto_increment().primary_key())
                    .col(ColumnDef::new("account_id").uuid().not_null())
                    // No foreign keys: a change outlives the people it names.
                    .col(ColumnDef::new("user_id").uuid().not_null())
                    // None for the operator.
                    .col(ColumnDef::new("changed_by").uuid())
                    .col(ColumnDef::new("changed_at").timestamp_with_time_zone().not_null())
                    // Both none before the person joined, and after they were removed.
                    .col(ColumnDef::new("old_role").text())
                    .col(ColumnDef::new("old_is_active").boolean())
                    .col(ColumnDef::new("new_role").text())
                    .col(ColumnDef::new("new_is_active").boolean())
                    // What brings back a person who was removed.
                    .col(ColumnDef::new("removed").json_binary())
                    .foreign_key(
                        ForeignKey::create()
                            .name("membership_changes_account_id_fk")
                            .from("membership_changes", "account_id")
                            .to("accounts", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        for (name, columns) in [
            ("membership_changes_account_id_idx", &["account_id", "id"][..]),
            ("membership_changes_user_id_idx", &["user_id", "id"]),
            ("membership_changes_changed_at_idx", &["changed_at"]),
        ] {
            let mut index = Index::create().name(name).table("membership_changes").to_owned();
            for column in columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
