#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes docs/catalogue.md, docs/catalogue/ and docs/mutations.md anew, from runs
# of all cases on each of the given Gos, the newest last, and on an image with
# another libc:
#
#   tests/selftest/catalogue_docs.sh DRIFTCAGE GO_BIN_FOLDER...
#
# Fails when a case does, on any of them, or when a false claim survives.
set -eu
program=$1
shift
cd "$(dirname "$0")/../.."
records=$(mktemp -d)
trap 'rm -rf "$records"' EXIT
bad=0
count=0
list=
for folder in "$@"; do
  count=$((count + 1))
  list="$list $records/$count"
  PATH=$folder:$PATH "$program" run --require-strong --record "$records/$count" || bad=1
done
musl=alpine-like-go1.23
"$program" image build "$musl"
"$program" run --require-strong --image "$musl" --record "$records/musl" || bad=1
rm -rf docs/catalogue
# shellcheck disable=SC2086  # a list of folders without blanks
"$program" catalogue $list "$records/musl" --pages docs/catalogue >docs/catalogue.md
PATH=$folder:$PATH "$program" mutate >docs/mutations.md || bad=1
"$program" mutate --image "$musl" -E 'needs(*musl*)' >"$records/mutations" || bad=1
sed -n '/^## /,$p' "$records/mutations" | { echo; cat; } >>docs/mutations.md
exit $bad
