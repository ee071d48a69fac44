//! What commands print: lists as tables for people or as one JSON object a line, results as one JSON object.

use chrono::{DateTime, Utc};
use comfy_table::{Table, presets};
use icu_properties::{CodePointMapData, props::BidiClass};
use serde_json::Value;

use super::terminal::{Result, print};

/// How commands print lists.
#[derive(Debug, Clone, Copy)]
pub(super) enum Output {
    /// For people.
    Table,
    /// For programs.
    Json,
}

impl Output {
    /// Prints rows, each as an object and as cells, or a sentence for people if there are none.
    pub fn list(self, header: &[&str], rows: Vec<(Value, Vec<String>)>, none: &str) -> Result<()> {
        match self {
            Self::Table if rows.is_empty() => print(none),
            Self::Table => print(&table(header, rows.into_iter().map(|(_, cells)| cells))),
            Self::Json => rows.iter().try_for_each(|(object, _)| print(&object.to_string())),
        }
    }
}

/// Prints what a command did, as one JSON object for people and programs alike.
pub(super) fn print_result(result: &Value) -> Result<()> {
    print(&result.to_string())
}

/// A time for people.
pub(super) fn time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Columns as wide as their widest cell: what stands in a cell is never cut or broken.
fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if !header.is_empty() {
        table.set_header(header.iter().copied());
    }
    table.add_rows(rows.map(|cells| cells.iter().map(|cell| isolated(cell)).collect::<Vec<_>>()));
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 2));
    });
    table.trim_fmt()
}

/// A text that changes nothing beyond its cell: neither by control characters nor by its direction (UAX #9).
fn isolated(text: &str) -> String {
    use BidiClass as Class;

    let classes = CodePointMapData::<BidiClass>::new();
    let is_control = |c: char| {
        c.is_control()
            || [
                Class::LeftToRightEmbedding,
                Class::LeftToRightOverride,
                Class::RightToLeftEmbedding,
                Class::RightToLeftOverride,
                Class::PopDirectionalFormat,
                Class::LeftToRightIsolate,
                Class::RightToLeftIsolate,
                Class::FirstStrongIsolate,
                Class::PopDirectionalIsolate,
            ]
            .contains(&classes.get(c))
    };
    let is_right_to_left = |c| [Class::RightToLeft, Class::ArabicLetter].contains(&classes.get(c));
    let text = text.replace(is_control, "\u{fffd}");
    if text.contains(is_right_to_left) { format!("\u{2068}{text}\u{2069}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_what_a_terminal_shows() {
        let rows = [["Ada", "1"], ["阿达", "2"], ["e\u{301}e\u{301}", "3"], ["אדה", "4"]];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec()).into_iter();
        let lines = ["NAME  ID", "Ada   1", "阿达  2", "e\u{301}e\u{301}    3", "\u{2068}אדה\u{2069}   4"];
        assert_eq!(table(&["NAME", "ID"], rows), lines.join("\n"));
    }

    #[test]
    fn a_cell_is_never_cut_and_cannot_write_elsewhere() {
        let long = "x".repeat(500);
        let rows = [&*long, "a\nb", "\u{1b}[2J", "\u{202e}evil\u{2069}"].map(|text| vec![text.to_owned()]);
        let expected = [&*long, "a\u{fffd}b", "\u{fffd}[2J", "\u{fffd}evil\u{fffd}"];
        assert_eq!(table(&[], rows.into_iter()), expected.join("\n"));
    }
}
