//! Pages of a list.

use curfew_shared::error::{FieldCode, FieldError};

use crate::error::{Error, Result};

/// How many entries a page has: 50 by default, 100 at most.
pub fn page_limit(asked: Option<u32>) -> Result<u32> {
    const PAGE: u32 = 50;
    const PAGE_MAX: u32 = 100;
    let limit = asked.unwrap_or(PAGE);
    if (1..=PAGE_MAX).contains(&limit) {
        return Ok(limit);
    }
    let (code, bound) = if limit == 0 { (FieldCode::TooSmall, 1) } else { (FieldCode::TooLarge, PAGE_MAX) };
    let fault = FieldError::new("limit", code, format!("Ask for 1 to {PAGE_MAX}."));
    Err(Error::invalid(vec![fault.with_limit(bound.into())]))
}

/// `rows` were fetched with `limit + 1`. Truncates them to `limit`, and returns the last one if there is another
/// page.
pub fn truncate_page<T>(rows: &mut Vec<T>, limit: u32) -> Option<&T> {
    let limit = limit as usize;
    let has_next = rows.len() > limit;
    rows.truncate(limit);
    rows.last().filter(|_| has_next)
}
