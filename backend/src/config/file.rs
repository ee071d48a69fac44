//! The TOML file: settings named as the flags are, and a table for each OpenID provider.

use std::{collections::BTreeMap, fs, path::Path};

use toml::{Spanned, Value};

use super::{
    error::ConfigError,
    provider::ProviderSettings,
    setting::{Defaults, Source, settings},
};

/// Reads the settings of a file, as text that clap can parse.
///
/// # Errors
///
/// When the file cannot be read or names something that is not a setting. The message does not repeat the line,
/// which may hold a secret.
pub(super) fn read(
    path: &Path,
    defaults: &mut Defaults,
    providers: &mut ProviderSettings,
) -> Result<(), ConfigError> {
    let error = |what: String| ConfigError::new(format!("{}: {what}", path.display()));
    let text = fs::read_to_string(path).map_err(|cause| error(cause.to_string()))?;
    let line = |at: usize| text.split_at(at).0.split('\n').count();
    let entries: BTreeMap<Spanned<String>, Value> = toml::from_str(&text).map_err(|cause| {
        let line = cause.span().map_or_else(String::new, |span| format!("line {}: ", line(span.start)));
        error(format!("{line}{}", cause.message()))
    })?;
    let settings = settings();
    for (name, value) in entries {
        let line = line(name.span().start);
        let wrong = |name: &str, what: &str| error(format!("line {line}: {name}: {what}"));
        match (name.as_ref().as_str(), value) {
            ("oauth", Value::Table(tables)) => {
                for (provider, settings) in &tables {
                    for (setting, value) in settings.as_table().into_iter().flatten() {
                        let name = format!("oauth.{provider}.{setting}");
                        let set = scalar(value)
                            .ok_or_else(|| NOT_SCALAR.to_owned())
                            .and_then(|value| providers.set(provider, setting, value, Source::File));
                        set.map_err(|what| wrong(&name, &what))?;
                    }
                }
            }
            (name, _) if !settings.iter().any(|setting| *setting.get_id() == *name) => {
                return Err(wrong(name, "there is no such setting"));
            }
            // Nothing is what it would be without this line.
            (_, Value::Array(values)) if values.is_empty() => {}
            (name, value) => {
                let values = value.as_array().map_or(std::slice::from_ref(&value), Vec::as_slice);
                let values: Option<Vec<_>> = values.iter().map(scalar).collect();
                let values = values.ok_or_else(|| wrong(name, NOT_SCALAR))?;
                if values.len() > 1 && values.iter().any(|value| value.contains(',')) {
                    return Err(wrong(name, "a value in a list must not have a comma"));
                }
                defaults.insert(name.to_owned(), (values.join(","), Source::File));
            }
        }
    }
    Ok(())
}

const NOT_SCALAR: &str = "must be a text, a number, true or false";

/// One value, as it is written on the command line.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(is_true) => Some(is_true.to_string()),
        _ => None,
    }
}
