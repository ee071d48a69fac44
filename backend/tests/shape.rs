//! The rooms of the code and the one direction between them, where module privacy cannot tell.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Result,
    path::Path,
};

/// What a room's code must not mention.
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
fn each_room_keeps_to_its_own() -> Result<()> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    RULES.iter().try_for_each(|(room, forbidden)| keeps_to_its_own(&source, room, forbidden))
}

/// What a folder of the page must not use. Everything else may use `browser` and `shared`.
const PAGE_RULES: &[(&str, &[&str])] = &[
    ("browser", &["api", "app", "features", "route", "session", "ui"]),
    ("api", &["app", "features", "route", "session", "ui"]),
    ("ui", &["api", "app", "features", "route", "session"]),
    ("session", &["app", "features", "route", "ui"]),
    ("features", &["app"]),
];

/// In the page: `app → features → session → api`, and `ui` knows none of them.
#[test]
fn each_folder_of_the_page_uses_only_what_is_below_it() -> Result<()> {
    for (module, used) in page_uses()? {
        let folder = module.split("::").next().unwrap_or_default();
        let forbidden = PAGE_RULES.iter().find(|(name, _)| *name == folder).map_or(&[][..], |rule| rule.1);
        for used in used {
            let other = used.split("::").next().unwrap_or_default();
            assert!(!forbidden.contains(&other), "{module} must not use {used}");
        }
    }
    Ok(())
}

#[test]
fn no_files_of_the_page_use_each_other_in_a_circle() -> Result<()> {
    let uses = page_uses()?;
    for module in uses.keys() {
        let mut seen = BTreeSet::new();
        let mut next: Vec<_> = uses[module].iter().collect();
        while let Some(used) = next.pop() {
            assert!(used != module, "{module} uses itself through other files");
            if seen.insert(used) {
                next.extend(&uses[used]);
            }
        }
    }
    Ok(())
}

/// The modules of the page, and the modules that each names in its `use` lines.
fn page_uses() -> Result<BTreeMap<String, BTreeSet<String>>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../frontend-wasm/src");
    let (mut files, mut folders) = (Vec::new(), vec![source.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    let module_of = |file: &Path| {
        let name = file.strip_prefix(&source).unwrap_or(file).with_extension("");
        name.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("::")
    };
    let modules: BTreeSet<_> = files.iter().map(|file| module_of(file)).collect();
    let mut uses = BTreeMap::new();
    for file in files {
        let (module, text) = (module_of(&file), fs::read_to_string(&file)?);
        let mut used = BTreeSet::new();
        // Only the `use` lines of the file itself: those of the tests within it are indented.
        for statement in text.split("\nuse ").skip(1) {
            for path in flatten("", statement.split(';').next().unwrap_or_default()) {
                used.extend(resolve(&module, &path, &modules));
            }
        }
        uses.insert(module, used);
    }
    Ok(uses)
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d`, `a::c::e`.
fn flatten(prefix: &str, tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((head, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default();
        return if path.is_empty() { vec![] } else { vec![[prefix, path].concat()] };
    };
    let (prefix, mut depth, mut start, mut paths) = ([prefix, head.trim()].concat(), 0, 0, Vec::new());
    let inner = rest.rsplit_once('}').map_or(rest, |(inner, _)| inner);
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                paths.extend(flatten(&prefix, &inner[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    paths.extend(flatten(&prefix, &inner[start..]));
    paths
}

/// The module that a path in `module` names or leads into, unless it belongs to another crate.
fn resolve(module: &str, path: &str, modules: &BTreeSet<String>) -> Option<String> {
    let mut base: Vec<_> = module.split("::").collect();
    let mut parts: Vec<_> = path.split("::").map(str::trim).collect();
    match parts.first() {
        Some(&"crate") => base.clear(),
        Some(&"super" | &"self") => {}
        _ => return None,
    }
    while let Some(&("crate" | "super" | "self")) = parts.first() {
        if parts.remove(0) == "super" {
            base.pop();
        }
    }
    base.extend(parts);
    while !base.is_empty() {
        let name = base.join("::");
        if modules.contains(&name) {
            return Some(name);
        }
        base.pop();
    }
    None
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
