//! Attempts that are being judged are counted apart from failures, and a person's counts are found together.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // One column a statement: SQLite adds no more at once.
        for column in [
            ColumnDef::new("in_flight").integer().not_null().default(0).to_owned(),
            ColumnDef::new("in_flight_until").big_integer().not_null().default(0).to_owned(),
            ColumnDef::new("person").text().null().to_owned(),
        ] {
            let mut table = Table::alter().table("throttles").to_owned();
            manager.alter_table(table.add_column(column).to_owned()).await?;
        }
        let mut index = Index::create().name("throttles_person_idx").table("throttles").to_owned();
        manager.create_index(index.col("person").to_owned()).await
    }
}
