//! A setting in force.

use serde_json::Value;

/// Its name, its value, and the source that it came from.
pub(super) type Sourced = (String, Value, &'static str);
