//! What a person waits for is sent first, and an unsent message makes way for a later one on the same topic.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // One column a statement: SQLite adds no more at once.
        for column in [
            // An older release does not say; its messages go between what a person waits for and notices.
            ColumnDef::new("priority").integer().not_null().default(1).to_owned(),
            ColumnDef::new("topic").text().null().to_owned(),
            ColumnDef::new("earlier").json_binary().null().to_owned(),
        ] {
            let mut table = Table::alter().table("mails").to_owned();
            manager.alter_table(table.add_column(column).to_owned()).await?;
        }
        for (name, columns) in [
            ("mails_priority_next_attempt_at_idx", ["priority", "next_attempt_at"]),
            ("mails_recipient_topic_idx", ["recipient", "topic"]),
        ] {
            let mut index = Index::create().name(name).table("mails").to_owned();
            for column in columns {
                index.col(column);
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
