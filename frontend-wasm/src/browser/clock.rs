//! The device's clock, and exact times in the reader's locale and time zone.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use js_sys::{Array, Date, Intl, Object, Reflect};
use wasm_bindgen::JsValue;

/// The device's clock. It may be wrong: deadlines are counted by the server's clock, see
/// [`AuthState::now`](crate::session::auth_state::AuthState::now).
pub fn now() -> DateTime<Utc> {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit for 292 million years")]
    let millis = Date::now() as i64;
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

/// The date and the time to the minute, short enough for a line of text.
pub fn local_time(at: DateTime<Utc>) -> String {
    format(at, &[("dateStyle", "medium"), ("timeStyle", "short")])
}

/// The date and the time to the second with the time zone.
pub fn exact_local_time(at: DateTime<Utc>) -> String {
    format(at, &[("dateStyle", "full"), ("timeStyle", "long")])
}

/// The time of day to the second.
pub fn local_time_of_day(at: DateTime<Utc>) -> String {
    format(at, &[("timeStyle", "medium")])
}

/// The beginning of a day in the reader's time zone, `days` after the day in `text` (as `2026-11-23`).
pub fn local_midnight(text: &str, days: i32) -> Option<DateTime<Utc>> {
    let date: NaiveDate = text.parse().ok()?;
    let (month, day) = (i32::try_from(date.month0()).ok()?, i32::try_from(date.day()).ok()?);
    // `Date` takes days beyond the month's last as those of the next month, and two-digit years as of the 20th century.
    let year = u32::try_from(date.year()).ok().filter(|year| *year > 99)?;
    let midnight = Date::new_with_year_month_day(year, month, day + days);
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit for 292 million years")]
    let millis = midnight.get_time() as i64;
    DateTime::from_timestamp_millis(millis)
}

fn format(at: DateTime<Utc>, style: &[(&str, &str)]) -> String {
    let options = Object::new();
    for (option, value) in style {
        // Setting a property of an object made a line ago cannot fail.
        let _ = Reflect::set(&options, &(*option).into(), &(*value).into());
    }
    #[expect(clippy::cast_precision_loss, reason = "an f64 is exact up to the year 287396")]
    let millis = JsValue::from_f64(at.timestamp_millis() as f64);
    // Without a locale: the reader's own.
    Intl::DateTimeFormat::new(&Array::new(), &options)
        .format()
        .call1(&JsValue::UNDEFINED, &millis)
        .ok()
        .and_then(|text: JsValue| text.as_string())
        .unwrap_or_else(|| at.to_rfc3339())
}
