//! What a client would rather have (RFC 9110 §12.4.2).

use axum::http::{HeaderMap, HeaderName};

/// How much a client wants what it calls `wanted`, by its header of this `name`: 1 at most, 0 what it does not
/// name or does not want at all.
pub(in crate::http) fn weight(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> f32 {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).find_map(|offer| weight_of(offer, wanted)).unwrap_or(0.0)
}

fn weight_of(offer: &str, wanted: &str) -> Option<f32> {
    let mut parts = offer.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case(wanted) {
        return None;
    }
    let q = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    Some(q.map_or(1.0, |q| q.parse().unwrap_or(0.0)))
}

#[cfg(test)]
mod tests {
    use axum::http::header::ACCEPT;

    use super::*;

    #[test]
    fn a_client_names_what_it_wants_and_how_much() {
        let weight = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(ACCEPT, value.parse().unwrap());
            }
            weight(&headers, &ACCEPT, "br")
        };
        for (values, expected) in [
            (&["gzip, deflate, br"][..], 1.0),
            (&["BR;q=0.5"], 0.5),
            (&["gzip", "deflate, br; Q=0.2"], 0.2),
            (&["gzip"], 0.0),
            (&["br;q=0, gzip"], 0.0),
            (&["br;q=much"], 0.0),
            (&[""], 0.0),
            (&[], 0.0),
        ] {
            assert!((weight(values) - expected).abs() < f32::EPSILON, "{values:?}");
        }
    }
}
