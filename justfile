# Curfew's tasks. `just` lists them, `just run` starts the product, `just check` runs what CI runs.

set shell := ["bash", "-euo", "pipefail", "-c"]
set script-interpreter := ["bash", "-euo", "pipefail"]
set positional-arguments
set no-exit-message

# Tools installed by `just tools` take precedence over the system's.
export PATH := justfile_directory() / ".tools/bin:" + env("PATH")

target := absolute_path(env("CARGO_TARGET_DIR", "target"))
curfew := quote(target / "release/curfew")
axe := quote(justfile_directory() / ".tools/axe-core/node_modules/axe-core/axe.min.js")
smtp_server := quote(justfile_directory() / ".tools/smtp-server/node_modules/smtp-server")
wasm := "-p curfew-frontend --target wasm32-unknown-unknown"
step := ".ci/step"

# The development profile always builds the same set of packages, so that none is compiled for two sets of
# features. Select tests by target (`--test api`), never by package (`-p`). Only the page is built separately.

[private]
default:
    @just --list --unsorted

# Build everything and serve the demo. Prints the address and the login; stores its data in data/.
run *ARGS: page
    @# Unoptimized: builds in a quarter of the time and is fast enough for a first look. `just build` makes the release binary.
    @{{ step }} "Building the server (2 minutes the first time)" \
        "The server did not build; see above." \
        cargo build --locked --bin curfew
    @exec {{ quote(target / "debug/curfew") }} serve --demo "$@"

# Serve the demo in a debug build. Rebuilds the page and the server when a file changes.
dev *ARGS: (_tools "page")
    @.ci/dev "$@"

# Run everything that CI checks: lint, then all tests.
check: lint test

# Run all tests: units, API on SQLite and on PostgreSQL, the API description, the page in Chromium, the product in Chromium.
test: (_tools "test") page test-unit (test-api "sqlite") (test-api "postgres") test-openapi test-page test-e2e
    @echo "==> All tests passed." >&2

# Check formatting, clippy for the host and for wasm, documentation, and licences and sources of dependencies.
lint: (_tools "page" "lint")
    @{{ step }} "Formatting" "Run \`cargo fmt --all\`." \
        cargo fmt --all --check
    @{{ step }} "Clippy for the server and the tests (2 minutes the first time)" \
        "Clippy found something; \`cargo clippy --fix\` mends the simple cases." \
        cargo clippy --locked --all-targets -- -D warnings
    @{{ step }} "Clippy for the page (1 minute the first time)" \
        "Clippy found something; \`cargo clippy --fix {{ wasm }}\` mends the simple cases." \
        cargo clippy --locked --all-targets {{ wasm }} -- -D warnings
    @RUSTDOCFLAGS="-D warnings" {{ step }} "Documentation of the server and the tests (1 minute the first time)" \
        "rustdoc found a broken link or a missing comment; see above." \
        cargo doc --locked --no-deps --document-private-items
    @RUSTDOCFLAGS="-D warnings" {{ step }} "Documentation of the page (1 minute the first time)" \
        "rustdoc found a broken link or a missing comment; see above." \
        cargo doc --locked --no-deps --document-private-items {{ wasm }}
    @{{ step }} "Licences, bans and sources of the dependencies (seconds)" \
        "A dependency breaks a rule of deny.toml; see above which, and why it is there." \
        cargo deny --locked --log-level error check licenses bans sources
    @.ci/advisories

# Install the tools that the other recipes need, at exact versions, into .tools/ (4 minutes the first time).
tools: (_tools "page" "test" "lint")

[private]
_tools *GROUPS:
    @.ci/tools "$@"

# Build the page into dist/ (1 minute the first time; skipped if it is up to date).
[script]
page: (_tools "page")
    # dist/ is embedded in the server, so an unchanged page must not relink it. trunk rejects NO_COLOR=1. It also
    # warns about JavaScript that it cannot minify, which is expected.
    stamp={{ quote(target / "page.stamp") }}
    if [ -f "$stamp" ] && [ -f dist/index.html ] &&
        [ -z "$(find frontend-wasm shared Cargo.toml Cargo.lock Trunk.toml .ci/slim dist -newer "$stamp" -print -quit)" ]; then
        exit 0
    fi
    {{ step }} "Building the page (1 minute the first time)" \
        "The page did not build; see above." \
        env -u NO_COLOR trunk --log error,trunk=info,trunk::processing::minify=error build --release --offline --locked --skip-version-check
    touch "$stamp"

# Build the page and the release binary that serves it (4 minutes the first time).
build: page
    @{{ step }} "Building the server (4 minutes the first time)" \
        "The server did not build; see above." \
        cargo build --release --locked -p curfew-backend --bin curfew

# Run unit tests (domain, store, shared types), tests of the code's structure, and documentation examples.
test-unit *FILTER: page
    @# `[!aj]*`: every test target except `api` and `journeys`, which have their own recipes.
    @{{ step }} "Unit tests (2 minutes to compile the first time)" \
        "A unit test failed; run it alone with \`just test-unit NAME\`." \
        cargo test --locked --lib --bins --test '[!aj]*' -- "$@"
    @{{ step }} "Unit tests of what is pure in the page (1 minute to compile the first time)" \
        "A unit test of the page failed; run it alone with \`just test-unit NAME\`." \
        cargo test --locked -p curfew-frontend --lib -- "$@"
    @{{ step }} "Documentation examples" \
        "An example in a comment does not hold; see above." \
        cargo test --locked --doc -- "$@"

# Test the API through HTTP, on `sqlite` or on a private `postgres`.
test-api DATABASE="sqlite" *FILTER: (_tools "test") page
    @{{ step }} "API tests on {{ DATABASE }}" \
        "An API test failed; run it alone with \`just test-api {{ DATABASE }} NAME\`." \
        {{ if DATABASE == "postgres" { ".ci/with-postgres" } else if DATABASE == "sqlite" { "env -u TEST_DATABASE_URL" } else { error("the database is sqlite or postgres") } }} \
        cargo test --locked --test api -- "${@:2}"

# Test the API description: a linter, a generated client and generated requests against the release binary.
test-openapi *OPTIONS: (_tools "test") build
    @{{ step }} "The description of the API (half a minute)" \
        "The description and the server do not agree; see above." \
        .ci/openapi {{ curfew }} "$@"

# Test the page's components in headless Chromium.
test-page *FILTER: (_tools "test")
    @{{ step }} "Page tests in headless Chromium (1 minute to compile the first time)" \
        "A page test failed; run it alone with \`just test-page NAME\`." \
        env CHROMEDRIVER="$(command -v chromedriver)" cargo test --locked {{ wasm }} -- "$@"

# Test the release binary in a real browser: every user journey.
test-e2e *FILTER: (_tools "test") build
    @{{ step }} "End-to-end tests in headless Chromium" \
        "A journey failed; run it alone with \`just test-e2e NAME\`." \
        env RUST_TEST_THREADS=4 CURFEW_BIN={{ curfew }} \
        CHROMEDRIVER="$(command -v chromedriver)" \
        CHROME="$(command -v chromium chromium-browser google-chrome google-chrome-stable chrome | head -n 1)" \
        AXE={{ axe }} SMTP_SERVER={{ smtp_server }} \
        .ci/with-postgres cargo test --locked --test journeys -- "$@"

# Measure the release binary, as ratios to limits measured in the same run (2 minutes).
bench: (_tools "test") build
    @CURFEW_BIN={{ curfew }} .ci/with-postgres cargo run --release --locked -p curfew-backend --example bench

# Write screenshots of every screen, light and dark, narrow and wide, into a folder.
screenshots FOLDER: (_tools "test") build
    @CURFEW_BIN={{ curfew }} CHROMEDRIVER="$(command -v chromedriver)" SMTP_SERVER={{ smtp_server }} \
        CHROME="$(command -v chromium chromium-browser google-chrome google-chrome-stable chrome | head -n 1)" \
        cargo run --locked --example screenshots -- "$1"
