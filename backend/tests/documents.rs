//! What the documents name is there: tests, files, settings.

use std::{
    fs,
    io::Result,
    path::{Path, PathBuf},
    process::Command,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files below a folder of which the name ends so.
fn files(folder: &Path, end: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, end)?);
        } else if path.to_string_lossy().ends_with(end) {
            found.push(path);
        }
    }
    Ok(found)
}

#[test]
fn every_test_that_the_table_of_standards_names_is_there() -> Result<()> {
    let document = fs::read_to_string(root().join("docs/security.md"))?;
    let mut sources = Vec::new();
    for folder in ["backend/tests/api", "backend/src", "tests/journeys", "frontend-wasm/tests/page"] {
        sources.extend(files(&root().join(folder), ".rs")?);
    }
    let mut count = 0;
    for named in document.split('`').skip(1).step_by(2) {
        let Some((module, test)) = named.rsplit_once("::") else { continue };
        if module.starts_with(char::is_uppercase) {
            continue;
        }
        count += 1;
        let module = module.rsplit("::").next().unwrap_or(module);
        let mut texts = sources
            .iter()
            .filter(|file| file.file_stem().is_some_and(|stem| stem == module))
            .map(fs::read_to_string)
            .collect::<Result<Vec<_>>>()?
            .into_iter();
        let function = match test.trim_end_matches(['*', '…']) {
            whole if whole == test => format!("fn {test}("),
            beginning => format!("fn {beginning}"),
        };
        assert!(texts.any(|text| text.contains(&function)), "there is no test `{named}`");
    }
    assert!(count > 50, "{count} tests are named");
    Ok(())
}

#[test]
fn every_link_between_the_documents_leads_somewhere() -> Result<()> {
    let mut documents = files(&root().join("docs"), ".md")?;
    documents.extend(["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root().join(name)));
    for document in documents {
        let text = fs::read_to_string(&document)?;
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or(link);
            if file.is_empty() || file.contains(':') {
                continue;
            }
            let folder = document.parent().unwrap_or(&document);
            assert!(folder.join(file).exists(), "{}: {link}", document.display());
        }
    }
    Ok(())
}

/// The table names the members of a family by their ends: `CURFEW_IDLE_MINUTES_DEFAULT`, `_MIN`, `_MAX`.
#[test]
fn every_setting_is_in_the_table_of_settings() -> Result<()> {
    let document = fs::read_to_string(root().join("docs/operations.md"))?;
    let rows: Vec<_> = document.lines().filter(|line| line.starts_with("| `")).collect();
    let help = Command::new(env!("CARGO_BIN_EXE_curfew")).arg("--help").output()?;
    let help = String::from_utf8_lossy(&help.stdout);
    let settings = help.split("[env: ").skip(1).filter_map(|rest| rest.split(['=', ']']).next());
    let mut count = 0;
    for setting in settings {
        count += 1;
        let is_there = rows.iter().any(|row| {
            let first = row.split('`').nth(1).unwrap_or_default();
            let family = first.rsplit_once('_').map_or(first, |(family, _)| family);
            let end = setting.strip_prefix(family).filter(|end| row.contains(&format!("`{end}`")));
            first == setting || end.is_some()
        });
        assert!(is_there || setting == "CURFEW_CONFIG", "{setting} is not in docs/operations.md");
    }
    assert!(count > 20, "{count} settings");
    Ok(())
}
