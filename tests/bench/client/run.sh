#!/usr/bin/env bash
# Measures the program transfer beside oss2 and ali-oss; see README.md. Prints one Markdown table.
# Arguments: rounds (3), mebibytes (1024).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/direct-transfer/sdk"
# The SDKs are those that tests/sdk/run.sh installs.
if [ ! -x "$cache/python/bin/python" ] || [ ! -d "$cache/node/node_modules/ali-oss" ]; then
    "$root/tests/sdk/run.sh" "nothing but the installation" >&2 || true
fi
cargo build --quiet --release --manifest-path "$root/Cargo.toml" -p emulator -p transfer-cli
target=$(cargo metadata --format-version 1 --no-deps --manifest-path "$root/Cargo.toml" |
    sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
exec "$cache/python/bin/python" "$here/measure.py" "$target/release/emulator" "$target/release/transfer" \
    "$cache/python/bin/python" "$cache/node/node_modules" "${1:-3}" "${2:-1024}"
