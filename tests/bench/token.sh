#!/bin/sh
# Measures the app server beside bare axum and the document's Node sample; see README.md. Prints Markdown.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/direct-transfer/bench
modules=
if command -v npm >/dev/null; then
    modules=$cache/sample
    mkdir -p "$modules"
    cp "$here/../sdk/package.json" "$here/../sdk/package-lock.json" "$modules"
    [ -d "$modules/node_modules" ] || (cd "$modules" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
fi
cargo build --quiet --release --manifest-path "$here/../../Cargo.toml" -p emulator -p server
target=$(cargo metadata --format-version 1 --no-deps --manifest-path "$here/../../Cargo.toml" |
    sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
cargo build --quiet --release --manifest-path "$here/Cargo.toml"
bench=$(cargo metadata --format-version 1 --no-deps --manifest-path "$here/Cargo.toml" |
    sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
exec "$bench/release/token" "$target/release/emulator" "$target/release/server" "$bench/release/bare" $modules
