//! Starts the page.

fn main() {
    curfew_frontend::run();
}
