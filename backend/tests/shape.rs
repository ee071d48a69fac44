//! The layers of the code, where module privacy cannot enforce them.

use std::{fs, io::Result, path::Path};

/// The names that each module must not mention.
const RULES: &[(&str, &[&str])] = &[
    (
        "domain",
        &[
            "sea_orm",
            "axum",
            "tokio",
            "async ",
            "crate::store",
            "crate::http",
            "crate::clock",
            "crate::entropy",
        ],
    ),
    ("store", &["axum", "crate::http", "crate::app", "crate::clock", "crate::entropy"]),
    ("http", &["sea_orm", "execute_unprepared", "SELECT ", "UPDATE "]),
    ("jobs", &["sea_orm", "axum"]),
];

#[test]
fn each_module_respects_the_layers() -> Result<()> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    RULES.iter().try_for_each(|(room, forbidden)| keeps_to_its_own(&source, room, forbidden))
}

/// In the page: `pages → hooks → api` and `store`; components use none of them.
#[test]
fn the_pages_components_know_neither_api_nor_store() -> Result<()> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../frontend-wasm/src");
    let alone = ["crate::api", "crate::store", "crate::hooks", "crate::pages"];
    let joined_with_others = ["    api::", "    store::", "    hooks::", "    pages::"];
    keeps_to_its_own(&source, "components", &[alone, joined_with_others].concat())
}

fn keeps_to_its_own(source: &Path, room: &str, forbidden: &[&str]) -> Result<()> {
    let mut files = vec![source.join(format!("{room}.rs"))];
    let mut folders = vec![source.join(room)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    assert!(files.len() > 1);
    for file in files {
        let text = fs::read_to_string(&file)?;
        let code: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for word in forbidden {
            let found = code.iter().find(|line| line.contains(word));
            assert!(found.is_none(), "{}: `{word}` does not belong in {room}: {found:?}", file.display());
        }
    }
    Ok(())
}
