//! The tests, files and settings that the documents name exist.

use std::{
    fs,
    io::{self, Result},
    path::{Path, PathBuf},
    process::Command,
};

use curfew_shared::{
    auth::{MeResponse, TokenResponse},
    policy::{Bounds, Policy, PolicyOverride, Range},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files below a folder whose names end with `end`.
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

/// Every document with its text.
fn documents() -> Result<Vec<(PathBuf, String)>> {
    let mut documents = files(&root().join("docs"), ".md")?;
    documents.extend(["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root().join(name)));
    documents.into_iter().map(|document| fs::read_to_string(&document).map(|text| (document, text))).collect()
}

/// The text between backticks, outside of code blocks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split("```").step_by(2).flat_map(|prose| prose.split('`').skip(1).step_by(2))
}

#[test]
fn every_test_named_in_a_document_exists() -> Result<()> {
    let mut sources = Vec::new();
    for folder in ["backend/tests", "backend/src", "shared/src", "tests/journeys", "frontend-wasm/tests/page"]
    {
        sources.extend(files(&root().join(folder), ".rs")?);
    }
    let mut count = 0;
    for (document, text) in documents()? {
        for named in quoted(&text) {
            let Some((module, test)) = named.rsplit_once("::") else { continue };
            // Types are quoted in the same way.
            if [module, test].iter().any(|name| name.starts_with(char::is_uppercase)) {
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
            let is_there = texts.any(|text| text.contains(&function));
            assert!(is_there, "{}: there is no test `{named}`", document.display());
        }
        for journey in text.split("journey `").skip(1).filter_map(|rest| rest.split('`').next()) {
            let file = journey.split("::").next().unwrap_or(journey);
            let path = root().join(format!("tests/journeys/{file}.rs"));
            assert!(path.exists(), "{}: there is no journey `{journey}`", document.display());
        }
    }
    assert!(count > 80, "{count} tests are named");
    Ok(())
}

#[test]
fn every_file_and_recipe_named_in_a_document_exists() -> Result<()> {
    let recipes = fs::read_to_string(root().join("justfile"))?;
    let mut count = 0;
    for (document, text) in documents()? {
        for named in quoted(&text) {
            let first = named.split('/').next().unwrap_or(named);
            let is_ours =
                ["backend", "shared", "migrations", "frontend-wasm", "tests", "docs", ".ci"].contains(&first);
            if is_ours && named.contains('/') && !named.contains(['*', '<', '{', ' ', '…']) {
                count += 1;
                assert!(root().join(named).exists(), "{}: there is no {named}", document.display());
            }
            let words = named.strip_prefix("just ").and_then(|words| words.split(' ').next());
            if let Some(recipe) = words {
                count += 1;
                let is_there = recipes.lines().any(|line| line.split([' ', ':']).next() == Some(recipe));
                assert!(is_there, "{}: there is no recipe {recipe}", document.display());
            }
        }
    }
    assert!(count > 20, "{count} files and recipes are named");
    Ok(())
}

#[test]
fn every_decision_is_listed() -> Result<()> {
    let list = fs::read_to_string(root().join("docs/decisions/README.md"))?;
    for decision in files(&root().join("docs/decisions"), ".md")? {
        let name = decision.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Ok(number) = name.split('-').next().unwrap_or_default().parse::<u32>() else { continue };
        assert!(list.contains(&format!("| [{number}]({name}) | ")), "{name} is not in the list");
        let text = fs::read_to_string(&decision)?;
        assert!(text.starts_with(&format!("# {number}. ")), "{name} has another number in its title");
    }
    Ok(())
}

#[test]
fn every_link_between_documents_works() -> Result<()> {
    for (document, text) in documents()? {
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

/// The table abbreviates related settings: `CURFEW_IDLE_MINUTES_DEFAULT`, `_MIN`, `_MAX`.
#[test]
fn every_setting_is_documented_with_its_default() -> Result<()> {
    let document = fs::read_to_string(root().join("docs/operations.md"))?;
    let rows: Vec<_> = document.lines().filter(|line| line.starts_with("| `")).collect();
    let help = Command::new(env!("CARGO_BIN_EXE_curfew")).args(["serve", "--help"]).output()?;
    let help = String::from_utf8_lossy(&help.stdout);
    let mut count = 0;
    for block in help.split("\n      --") {
        let Some(rest) = block.split("[env: ").nth(1) else { continue };
        let setting = rest.split(['=', ']']).next().unwrap_or_default();
        // Those defaults that clap prints; the others are sentences.
        let default = rest.split("[default: ").nth(1).and_then(|rest| rest.split(']').next());
        count += 1;
        let row = rows.iter().find(|row| {
            let first = row.split('`').nth(1).unwrap_or_default();
            let family = first.rsplit_once('_').map_or(first, |(family, _)| family);
            let end = setting.strip_prefix(family).filter(|end| row.contains(&format!("`{end}`")));
            first == setting || end.is_some()
        });
        assert!(row.is_some() || setting == "CURFEW_CONFIG", "{setting} is not in docs/operations.md");
        let says_default = row.is_none_or(|row| row.contains(default.unwrap_or_default()));
        assert!(says_default, "docs/operations.md does not say the default of {setting}: {default:?}");
    }
    assert!(count > 20, "{count} settings");
    Ok(())
}

#[test]
fn the_documented_lifetimes_match_the_presets_and_bounds() -> Result<()> {
    let document = fs::read_to_string(root().join("docs/security.md"))?;
    let row = |name: &str| {
        let row = document.lines().find_map(|line| line.strip_prefix(&format!("| {name} | ")));
        let cells = row.and_then(|row| row.trim_end_matches([' ', '|']).split_once(" | "));
        cells.ok_or_else(|| io::Error::other(format!("there is no row “{name}”")))
    };
    let (idle, absolute) = row("default, Strict")?;
    let strict = Policy { idle_minutes: minutes(idle)?, absolute_minutes: minutes(absolute)? };
    assert_eq!(strict, Policy::STRICT);
    let (idle, absolute) = row("Standard")?;
    let standard =
        PolicyOverride { idle_minutes: Some(minutes(idle)?), absolute_minutes: Some(minutes(absolute)?) };
    assert_eq!(standard, PolicyOverride::STANDARD);
    let (idle, absolute) = row("bounds of a custom policy")?;
    assert_eq!(Bounds { idle_minutes: range(idle)?, absolute_minutes: range(absolute)? }, Bounds::WIDEST);
    Ok(())
}

/// “3 days” in minutes.
fn minutes(words: &str) -> Result<u32> {
    let (number, unit) = words.split_once(' ').unwrap_or((words, ""));
    let unit = match unit.trim_end_matches('s') {
        "minute" => 1,
        "hour" => 60,
        "day" => 24 * 60,
        _ => return Err(io::Error::other(format!("“{words}” is no length of time"))),
    };
    Ok(number.parse::<u32>().map_err(io::Error::other)? * unit)
}

/// “15 minutes … 30 days”.
fn range(words: &str) -> Result<Range> {
    let (min, max) = words.split_once(" … ").unwrap_or((words, ""));
    Ok(Range { min: minutes(min)?, max: minutes(max)? })
}

#[test]
fn the_documented_responses_match_the_servers() -> Result<()> {
    let document = fs::read_to_string(root().join("docs/transcript.md"))?;
    let (mut people, mut tokens) = (0, 0);
    for block in document.split("```console").skip(1).filter_map(|rest| rest.split("```").next()) {
        let Some((head, body)) = block.split_once("\n\n") else { continue };
        let answer: Value = serde_json::from_str(body)?;
        if !head.contains("HTTP/1.1 200 OK") {
            continue;
        }
        if head.contains("/auth/me ") {
            people += 1;
            assert_eq!(as_written::<MeResponse>(&answer)?, answer);
        } else {
            tokens += 1;
            assert_eq!(as_written::<TokenResponse>(&answer)?, answer);
        }
    }
    assert_eq!((people, tokens), (1, 4));
    Ok(())
}

/// The response as the server serialises it: no field more or less.
fn as_written<T: Serialize + DeserializeOwned>(answer: &Value) -> Result<Value> {
    Ok(serde_json::to_value(serde_json::from_value::<T>(answer.clone())?)?)
}
