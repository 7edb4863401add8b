#!/bin/sh
# Measures IMG beside sharp, libvips and Pillow; see README.md. Prints two Markdown tables.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/direct-transfer/bench-img
mkdir -p "$cache"
if [ ! -d "$cache/node_modules/sharp" ]; then
    npm install --silent --prefix "$cache" sharp@0.35
fi
if [ ! -x "$cache/venv/bin/python" ]; then
    python3 -m venv "$cache/venv"
    "$cache/venv/bin/pip" install --quiet Pillow pyvips pyvips-binary numpy
fi
manifest=$here/../../../Cargo.toml
cargo build --quiet --release --manifest-path "$manifest" -p emulator --example img_bench
target=$(cargo metadata --format-version 1 --no-deps --manifest-path "$manifest" |
    sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
font=$here/../../../shared/assets/fonts/WenQuanYiMicroHei-GB2312.ttf
exec "$cache/venv/bin/python" "$here/compare.py" --ours "$target/release/examples/img_bench" \
    --cache "$cache" --font "$font" --rounds "${1:-5}"
