#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes docs/catalogue.md, docs/catalogue/ and docs/mutations.md anew, from runs
# of all cases on each of the given Gos, the newest last:
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
rm -rf docs/catalogue
# shellcheck disable=SC2086  # a list of folders without blanks
"$program" catalogue $list --pages docs/catalogue >docs/catalogue.md
PATH=$folder:$PATH "$program" mutate >docs/mutations.md || bad=1
exit $bad
