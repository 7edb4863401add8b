#!/bin/sh
# Measures the emulator beside s3s-fs and nginx; see README.md. Prints one Markdown table.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/direct-transfer/bench
s3s=0.14.1
if [ ! -x "$cache/s3s-$s3s/bin/s3s-fs" ]; then
    cargo install "s3s-fs@$s3s" --features binary --root "$cache/s3s-$s3s" --quiet
fi
command -v nginx >/dev/null || { echo "nginx is missing: apt-get install nginx" >&2; exit 2; }
cargo build --quiet --release --manifest-path "$here/../../Cargo.toml" -p emulator
target=$(cargo metadata --format-version 1 --no-deps --manifest-path "$here/../../Cargo.toml" |
    sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
exec cargo run --quiet --release --manifest-path "$here/Cargo.toml" -- \
    "$target/release/emulator" "$cache/s3s-$s3s/bin/s3s-fs" "$(command -v nginx)" "$@"
