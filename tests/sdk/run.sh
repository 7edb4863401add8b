#!/usr/bin/env bash
# Tells the stories of the official SDKs against the emulator and the app server, from any folder.
# Arguments, if any, choose the stories whose names contain one of them: tests/sdk/run.sh "ali-oss V4"
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/direct-transfer/sdk"

stop() {
  echo "tests/sdk: $1" >&2
  exit 1
}

need() { # command, how to get it
  command -v "$1" >/dev/null || stop "$1 is missing: $2"
}

check_tools() {
  need python3 "install the Debian package python3"
  need node "install the Debian package nodejs"
  need npm "install the Debian package npm"
  need cargo "install Rust, see https://rustup.rs"
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' || stop "python3 is older than 3.9"
  python3 -c 'import ensurepip, venv' 2>/dev/null || stop "python3 has no venv: install the Debian package python3-venv"
  node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' || stop "node is older than 18"
}

# Runs an installer in a fresh folder, unless that folder was made from the same pins by the same tool.
install_once() { # folder, what it depends on, installer
  local stamp="$1/.made-from"
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$2" ]; then
    return
  fi
  echo "tests/sdk: installing into $1"
  rm -rf "$1"
  mkdir -p "$1"
  "$3" "$1"
  printf '%s\n' "$2" >"$stamp"
}

install_python() {
  python3 -m venv "$1"
  "$1/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
}

install_node() {
  cp "$here/package.json" "$here/package-lock.json" "$1"
  (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
}

install_sdks() {
  mkdir -p "$cache"
  # Two runs at once must not install over each other.
  exec 9>"$cache/lock"
  if command -v flock >/dev/null; then flock 9; fi
  install_once "$cache/python" "$(python3 -VV) $(cksum <"$here/requirements.txt")" install_python
  install_once "$cache/node" "$(node --version) $(cksum <"$here/package-lock.json")" install_node
  exec 9>&-
}

# The folder that cargo builds into, whatever CARGO_TARGET_DIR or a configuration says.
target_dir() {
  cargo metadata --format-version 1 --no-deps |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])'
}

check_tools
install_sdks
cd "$root"
cargo build --quiet --package emulator --package server
bin_dir="$(target_dir)/debug"
# A lock file and a folder of its own: what this client is made of concerns nobody else.
cargo build --quiet --locked --manifest-path "$here/opendal/Cargo.toml" --target-dir "$cache/opendal"
export NODE_PATH="$cache/node/node_modules" PYTHONDONTWRITEBYTECODE=1
exec "$cache/python/bin/python" "$here/python/main.py" --bin-dir "$bin_dir" \
  --opendal "$cache/opendal/debug/opendal-stories" "$@"
