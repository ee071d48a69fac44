//! The structure of the code: which folders may not know what, and no cycle of imports between files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Result,
    path::{Path, PathBuf},
};

/// What the code of a folder must not mention.
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
    (
        "store",
        &[
            "axum",
            "crate::http",
            "crate::app",
            "crate::clock",
            "crate::entropy",
            "crate::accounts",
            "crate::sessions",
        ],
    ),
    ("accounts", &["sea_orm", "axum", "crate::http", "crate::cli", "crate::jobs", "SELECT ", "UPDATE "]),
    ("sessions", &["sea_orm", "axum", "crate::http", "crate::cli", "crate::jobs", "SELECT ", "UPDATE "]),
    ("context", &["sea_orm", "axum", "crate::http"]),
    ("error", &["sea_orm", "axum", "crate::http"]),
    ("http", &["sea_orm", "execute_unprepared", "SELECT ", "UPDATE "]),
    ("jobs", &["sea_orm", "axum", "crate::http"]),
];

/// The crates whose files must not import each other in a cycle.
const CRATES: &[&str] = &["backend", "shared", "frontend-wasm"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn each_folder_knows_only_what_it_may() -> Result<()> {
    let source = root().join("backend/src");
    RULES.iter().try_for_each(|(folder, forbidden)| assert_absent(&source, folder, forbidden))
}

/// `http`, `cli`, `jobs` → operations and what they share → `store` → `domain`.
#[test]
fn imports_go_in_one_direction() -> Result<()> {
    const ENTRY_POINTS: &[&str] = &["http", "cli", "jobs", "server", "main"];
    let folder = |module: &str| module.split("::").next().unwrap_or_default().to_owned();
    for (module, imports) in imports(&root().join("backend/src"))? {
        let from = folder(&module);
        for import in imports {
            let to = folder(&import);
            let is_allowed = match from.as_str() {
                "domain" => to == "domain",
                "store" => to == "store" || to == "domain",
                "http" => to == "http" || !ENTRY_POINTS.contains(&to.as_str()),
                from if ENTRY_POINTS.contains(&from) => true,
                _ => !ENTRY_POINTS.contains(&to.as_str()),
            };
            assert!(is_allowed, "{module} imports {import}");
        }
    }
    Ok(())
}

/// What a folder of the page must not import. Everything else may import `browser` and `shared`.
const PAGE_RULES: &[(&str, &[&str])] = &[
    ("browser", &["api", "app", "features", "route", "session", "ui"]),
    ("api", &["app", "features", "route", "session", "ui"]),
    ("ui", &["api", "app", "features", "route", "session"]),
    ("session", &["app", "features", "route", "ui"]),
    ("features", &["app"]),
];

/// In the page: `app → features → session → api`, and `ui` knows none of them.
#[test]
fn each_folder_of_the_page_imports_only_what_is_below_it() -> Result<()> {
    for (module, imports) in imports(&root().join("frontend-wasm/src"))? {
        let folder = module.split("::").next().unwrap_or_default();
        let forbidden = PAGE_RULES.iter().find(|(name, _)| *name == folder).map_or(&[][..], |rule| rule.1);
        for import in imports {
            let other = import.split("::").next().unwrap_or_default();
            assert!(!forbidden.contains(&other), "{module} must not import {import}");
        }
    }
    Ok(())
}

#[test]
fn no_files_import_each_other_in_a_cycle() -> Result<()> {
    for name in CRATES {
        let imports = imports(&root().join(name).join("src"))?;
        let cycle = cycle(&imports);
        assert!(cycle.is_none(), "{name}: {}", cycle.unwrap_or_default().join(" → "));
    }
    Ok(())
}

#[test]
fn a_cycle_is_found() {
    let imports = |text: &[(&str, &str)]| -> BTreeMap<String, BTreeSet<String>> {
        let modules = text.iter().map(|(module, _)| (*module).to_owned()).collect();
        text.iter().map(|(module, text)| ((*module).to_owned(), imports_of(text, module, &modules))).collect()
    };
    let straight =
        imports(&[("a", "use crate::{b::{self, c::X as Y}, d};"), ("b", ""), ("b::c", ""), ("d", "")]);
    assert_eq!(straight["a"].iter().map(String::as_str).collect::<Vec<_>>(), ["b", "b::c", "d"]);
    assert_eq!(cycle(&straight), None);
    let circle = imports(&[
        ("a", "pub(super) use self::b::B;"),
        ("a::b", "use super::super::c;"),
        ("c", "use crate::a;"),
    ]);
    assert!(cycle(&circle).is_some());
    // A module imports its own tests, and they import it.
    assert_eq!(cycle(&imports(&[("a", ""), ("a::tests", "use super::*;")])), None);
}

fn assert_absent(source: &Path, folder: &str, forbidden: &[&str]) -> Result<()> {
    let mut files = vec![source.join(format!("{folder}.rs"))];
    if source.join(folder).is_dir() {
        files.extend(rust_files(&source.join(folder))?);
    }
    for file in files {
        let text = code(&file)?;
        for word in forbidden {
            let found = text.lines().find(|line| line.contains(word));
            assert!(found.is_none(), "{}: `{word}` does not belong in {folder}: {found:?}", file.display());
        }
    }
    Ok(())
}

fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    assert!(!files.is_empty());
    Ok(files)
}

/// The text of a file without comments that take a whole line.
fn code(file: &Path) -> Result<String> {
    let text = fs::read_to_string(file)?;
    let lines: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    Ok(lines.join("\n"))
}

/// Which module imports which others of its crate, by the files that they are in.
fn imports(source: &Path) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let mut texts = BTreeMap::new();
    for file in rust_files(source)? {
        let path = file.strip_prefix(source).unwrap_or(&file).with_extension("");
        let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if path != Path::new("lib") {
            texts.insert(parts.join("::"), code(&file)?);
        }
    }
    let modules = texts.keys().cloned().collect();
    Ok(texts.iter().map(|(module, text)| (module.clone(), imports_of(text, module, &modules))).collect())
}

/// The modules that the `use` lines of `module` name. Indented lines belong to a function or to inline tests.
fn imports_of(text: &str, module: &str, modules: &BTreeSet<String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (line, rest) in
        text.match_indices("use ").map(|(at, word)| (line_before(text, at), &text[at + word.len()..]))
    {
        let is_import = line.is_empty() || line == "pub " || line.starts_with("pub(") && line.ends_with(") ");
        let Some((tree, _)) = rest.split_once(';').filter(|_| is_import) else { continue };
        for path in paths(tree) {
            found.extend(resolve(&path, module, modules));
        }
    }
    found.remove(module);
    found
}

fn line_before(text: &str, at: usize) -> &str {
    text[..at].rsplit('\n').next().unwrap_or_default()
}

/// The paths of a tree: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn paths(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((prefix, rest)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap_or_default().trim().to_owned()];
    };
    let inner = rest.rsplit_once('}').map_or(rest, |(inner, _)| inner);
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for c in inner.chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        match parts.last_mut() {
            Some(part) if c != ',' || depth > 0 => part.push(c),
            _ => parts.push(String::new()),
        }
    }
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| paths(part)).map(|path| format!("{}{path}", prefix.trim())).collect()
}

/// The file of the module that a path leads to; none for another crate's.
fn resolve(path: &str, module: &str, modules: &BTreeSet<String>) -> Option<String> {
    let mut parts: Vec<_> = path.split("::").map(str::trim).filter(|part| !part.is_empty()).collect();
    let mut base: Vec<_> = module.split("::").collect();
    match *parts.first()? {
        "crate" => base.clear(),
        "super" => {
            let levels = parts.iter().take_while(|part| **part == "super").count();
            base.truncate(base.len().checked_sub(levels)?);
        }
        "self" => {}
        child if modules.contains(&[&base[..], &[child]].concat().join("::")) => {}
        _ => return None,
    }
    parts.retain(|part| !["crate", "super", "self"].contains(part));
    base.append(&mut parts);
    while !base.is_empty() {
        let name = base.join("::");
        if modules.contains(&name) {
            return Some(name);
        }
        base.pop();
    }
    None
}

/// A cycle, if there is one: what is left after every module without imports among the rest was taken away.
fn cycle(imports: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    // A module's tests are a part of it.
    let mut rest: BTreeMap<_, _> = imports.iter().filter(|(name, _)| !name.ends_with("::tests")).collect();
    loop {
        let names: BTreeSet<_> = rest.keys().copied().collect();
        let is_leaf = |module: &String| imports[module].iter().all(|import| !names.contains(import));
        let leaves: Vec<_> = names.iter().copied().filter(|module| is_leaf(module)).collect();
        if leaves.is_empty() {
            break;
        }
        rest.retain(|module, _| !leaves.contains(module));
    }
    let mut path = vec![rest.keys().next().copied()?];
    loop {
        let next =
            path.last().and_then(|last| imports[*last].iter().find(|import| rest.contains_key(import)))?;
        if let Some(start) = path.iter().position(|module| *module == next) {
            path.push(next);
            return Some(path[start..].iter().map(|module| (*module).clone()).collect());
        }
        path.push(next);
    }
}
