#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Real data for the fuzzers to start from.
#   tests/fuzz/seeds.sh FOLDER [RUN]     RUN: a run record, for fuzz_wire
# Makes FOLDER/scenario, event_line, executable, proc and wire.
set -eu
[ $# -ge 1 ] || { sed -n '3,5s/^# //p' "$0" >&2; exit 2; }
out=$1
scenarios=$(cd "$(dirname "$0")/../../scenarios" && pwd)
mkdir -p "$out/scenario" "$out/event_line" "$out/executable" "$out/proc" "$out/wire"

number=0
find "$scenarios" -name '*.toml' | while read -r file; do
  number=$((number + 1))
  cp "$file" "$out/scenario/$number.toml"
done

# Without the newline, which an event line must not have.
number=0
verbs='open|exec|stat|lookup|load|any|readlink|mkdir|getcwd|spawn|write|map|connect'
grep -rhoE "[\"']($verbs) [^\"']+[\"']" "$scenarios" | tr -d "\"'" | sort -u |
  while IFS= read -r line; do
    number=$((number + 1))
    printf %s "$line" >"$out/event_line/$number"
  done

# Programs, libraries and scripts; large ones tell a fuzzer nothing more.
find -L /usr/bin /usr/lib -maxdepth 2 -type f -size -64k 2>/dev/null | head -n 400 |
  while read -r file; do
    copy=$out/executable/${file##*/}
    [ ! -r "$file" ] || [ -e "$copy" ] || cp "$file" "$copy"
  done

for process in /proc/[0-9]*; do
  for name in maps status; do
    cat "$process/$name" >"$out/proc/${process#/proc/}-$name" 2>/dev/null ||
      rm -f "$out/proc/${process#/proc/}-$name"
  done
done

if [ $# -ge 2 ]; then
  number=0
  find "$2" -name trace.dct | head -n 200 | while read -r file; do
    number=$((number + 1))
    cp "$file" "$out/wire/$number"
  done
fi
