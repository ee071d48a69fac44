//! The API as a client sees it: the real router on a real database, with a clock that the test moves.
//! `test_app` explains how a test is written.
//!
//! Runs on SQLite with a file per test, or with `TEST_DATABASE_URL` set on PostgreSQL with a schema per test.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers included")]

mod access;
mod audit;
mod concurrency;
mod cookie;
mod database;
mod errors;
mod invite_delivery;
mod invites;
mod leaving;
mod login;
mod logout;
mod mail;
mod me;
mod members;
mod oauth;
mod operator;
mod own_sessions;
mod policy;
mod profile;
mod recovery;
mod refresh;
mod registration;
mod replay;
mod revoke;
mod schema;
mod secrets;
mod security;
mod service;
mod sweeper;
mod test_app;
mod throttle;
mod token;
