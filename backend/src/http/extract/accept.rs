//! Quality values of a client's preferences (RFC 9110 §12.4.2).

use axum::http::{HeaderMap, HeaderName};

/// The quality value of `wanted` in the header `name`; 0 if it is absent.
pub(in crate::http) fn quality(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> f32 {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).find_map(|offer| quality_of(offer, wanted)).unwrap_or(0.0)
}

fn quality_of(offer: &str, wanted: &str) -> Option<f32> {
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
        let quality = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(ACCEPT, value.parse().unwrap());
            }
            quality(&headers, &ACCEPT, "br")
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
            assert!((quality(values) - expected).abs() < f32::EPSILON, "{values:?}");
        }
    }
}
