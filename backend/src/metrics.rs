//! What is counted, in the text format of `OpenMetrics`.

use std::{fmt::Write as _, time::Duration};

use curfew_shared::error::ErrorCode;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: String,
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteAndStatus {
    method: String,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

type Durations = Family<Route, Histogram, fn() -> Histogram>;

/// The counters, and the registry that prints them.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RouteAndStatus, Counter>,
    durations: Durations,
    sign_ins: Family<Outcome, Counter>,
    refreshes: Family<Outcome, Counter>,
    swept: Counter,
    mails: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("curfew");
        let requests = Family::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        let durations = Durations::new_with_constructor(|| {
            Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0])
        });
        registry.register("http_request_seconds", "Time to answer", durations.clone());
        let sign_ins = Family::default();
        registry.register("sign_ins", "Sign-ins, by what came of them", sign_ins.clone());
        let refreshes = Family::default();
        registry.register("refreshes", "Refreshes, by what came of them", refreshes.clone());
        let swept = Counter::default();
        registry.register("sessions_swept", "Sessions deleted after their end", swept.clone());
        let mails = Counter::default();
        registry.register(
            "mails",
            "Messages asked for, whether or not there was anybody to write to",
            mails.clone(),
        );
        Self { registry, requests, durations, sign_ins, refreshes, swept, mails }
    }
}

impl Metrics {
    /// Counts an answered request. `route` is the pattern, never the path: no id becomes a label.
    pub fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        let (method, route) = (method.to_owned(), route.to_owned());
        self.durations
            .get_or_create(&Route { method: method.clone(), route: route.clone() })
            .observe(took.as_secs_f64());
        self.requests.get_or_create(&RouteAndStatus { method, route, status }).inc();
    }

    /// Counts a sign-in.
    pub fn sign_in(&self, outcome: Result<(), ErrorCode>) {
        count(&self.sign_ins, outcome);
    }

    /// Counts a refresh.
    pub fn refresh(&self, outcome: Result<(), ErrorCode>) {
        count(&self.refreshes, outcome);
    }

    /// Counts deleted sessions.
    pub fn swept(&self, sessions: u64) {
        self.swept.inc_by(sessions);
    }

    /// Counts a message before it is looked at. What comes of it is not counted: only a message to an address
    /// that is known can fail.
    pub fn mail(&self) {
        self.mails.inc();
    }

    /// Everything, as text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &self.registry) {
            let _ = writeln!(text, "# {error}");
        }
        text
    }
}

fn count(family: &Family<Outcome, Counter>, outcome: Result<(), ErrorCode>) {
    let outcome = outcome.map_or_else(ErrorCode::as_str, |()| "ok");
    family.get_or_create(&Outcome { outcome }).inc();
}
