#!/usr/bin/env bash
# Opens the demo's real window on a virtual screen and looks at it: it must appear before the sample picture is painted,
# hold more than one colour, and be told apart from a blank screen; a polite kill must close it and leave nothing behind.
# The picture of it is kept where the first argument says, or thrown away.
set -euo pipefail
cd "$(dirname "$0")/../.."
keep=${1:-}
scratch=$(mktemp -d)
pids=()
cleanup() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$scratch"
}
trap cleanup EXIT
for program in Xvfb xdotool import; do
    command -v "$program" >/dev/null || { echo "window: $program is missing (Debian: xvfb xdotool imagemagick)"; exit 1; }
done

cargo build -q --profile demo -p demo
target=${CARGO_TARGET_DIR:-target}
# Xvfb chooses a free display and writes its number.
exec 3>"$scratch/display"
Xvfb -displayfd 3 -screen 0 1280x900x24 -nolisten tcp -noreset 2>"$scratch/xvfb.log" &
pids+=($!)
for _ in $(seq 100); do [ -s "$scratch/display" ] && break; sleep 0.1; done
DISPLAY=":$(tr -d '[:space:]' <"$scratch/display")"
export DISPLAY

mkdir "$scratch/tmp"
began=$(date +%s%N)
TMPDIR="$scratch/tmp" "$target/demo/demo" >"$scratch/demo.log" 2>&1 &
demo=$!
pids+=("$demo")
window=
for _ in $(seq 300); do
    window=$(xdotool search --onlyvisible --name '^Direct Transfer' 2>/dev/null | head -n 1) && [ -n "$window" ] && break
    kill -0 "$demo" 2>/dev/null || { echo "window: the demo ended early"; cat "$scratch/demo.log"; exit 1; }
    sleep 0.05
done
[ -n "$window" ] || { echo "window: none appeared in 15 s"; cat "$scratch/demo.log"; exit 1; }
echo "window: first seen after $((($(date +%s%N) - began) / 1000000)) ms"
[ -z "$(find "$scratch/tmp" -name 'photo-*' -size +0)" ] || { echo "window: it waited for the sample picture"; exit 1; }
colours=0
for _ in $(seq 100); do
    import -window "$window" "$scratch/window.png"
    colours=$(identify -format '%k' "$scratch/window.png")
    [ "$colours" -gt 200 ] && break
    sleep 0.1
done
[ "$colours" -gt 200 ] || { echo "window: it stayed blank ($colours colours)"; exit 1; }
[ -z "$keep" ] || cp "$scratch/window.png" "$keep"
echo "window: drawn, $colours colours"
kill "$demo"
for _ in $(seq 100); do [ -z "$(ls -A "$scratch/tmp")" ] && break; sleep 0.1; done
[ -z "$(ls -A "$scratch/tmp")" ] || { echo "window: the demo left behind: $(ls -A "$scratch/tmp")"; exit 1; }
echo "window: closed, nothing left behind"
