#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a fresh Debian 12 (or later) machine to a running driftcage: installs
# what is missing, configures, builds, runs. Safe to call again and again.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: ./bootstrap.sh [--yes] [VERB] [ARGUMENT...]

  run [ARGUMENT...]   build, then driftcage run (the default)
  test [ARGUMENT...]  build with tests, then ctest with the arguments
  build               only build
  VERB [ARGUMENT...]  build, then driftcage VERB: list, trace, doctor, ...

  --yes   install missing packages without asking

Examples:
  ./bootstrap.sh run go/goenv-off
  ./bootstrap.sh test --yes
  ./bootstrap.sh trace -- go version
TEXT
}

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
kExitHost=3 # DESIGN of the exit codes: the machine cannot do it

phase() { printf '==> %-10s %s\n' "$1" "$2" >&2; }
die() {
  printf 'bootstrap: error: %s\n' "$1" >&2
  exit "${2:-$kExitHost}"
}

# Removed however this script ends.
scratch=()
trap 'rm -rf -- "${scratch[@]+"${scratch[@]}"}"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# --- command line ----------------------------------------------------------

yes=no
arguments=()
while (($#)); do
  case $1 in
    --yes | -y) yes=yes ;;
    --) # what follows is another program's
      arguments+=("$@")
      break
      ;;
    *) arguments+=("$1") ;;
  esac
  shift
done
set -- "${arguments[@]+"${arguments[@]}"}"
case ${1-} in
  --help | -h)
    usage
    exit 0
    ;;
esac
verb=run
if (($#)) && [[ $1 != -* ]]; then
  verb=$1
  shift
fi

preset=release
if [[ $verb == test ]]; then preset=dev; fi

# --- packages --------------------------------------------------------------

# A program that the user has already is kept, wherever it comes from; only
# what is missing comes from Debian. `a|b`: the first that apt offers.
wanted_packages() {
  local tool
  while read -r tool package; do
    type -P "$tool" >/dev/null || echo "$package"
  done <<'TOOLS'
c++ g++
cmake cmake
ninja ninja-build
pkg-config pkg-config
TOOLS
  cat <<'LIBRARIES'
libarchive-dev
libboost1.81-dev|libboost1.83-dev|libboost-dev
libcli11-dev
libexpected-dev
libfmt-dev
libpugixml-dev
libre2-dev
libseccomp-dev
libssl-dev
libtomlplusplus-dev
nlohmann-json3-dev
LIBRARIES
  [[ $verb == build ]] && return
  if [[ $verb == image || $verb == test ]]; then
    type -P skopeo >/dev/null || echo skopeo
    # What Debian's package lists are signed with; Debian itself has it.
    [[ -e /usr/share/keyrings/debian-archive-keyring.gpg ]] ||
      echo debian-archive-keyring
  fi
  # What the shipped scenarios run.
  type -P go >/dev/null || echo golang-go
  type -P gcc >/dev/null || echo gcc
  echo libc6-dev
  [[ $verb != test ]] && return
  printf '%s\n' libgtest-dev libgmock-dev python3-jsonschema python3-yaml
  type -P xmllint >/dev/null || echo libxml2-utils
  type -P jq >/dev/null || echo jq
  type -P gotestsum >/dev/null || echo gotestsum
  # Large, or with services of their own: for the label slow.
  if [[ -n ${DRIFTCAGE_MUST_WORK-} ]]; then
    type -P chromium >/dev/null || echo chromium
    type -P slurmctld >/dev/null || printf '%s\n' slurm-wlm munge
    type -P zsh >/dev/null || echo zsh
    type -P fish >/dev/null || echo fish
  fi
  type -P strace >/dev/null || echo strace
  type -P bwrap >/dev/null || echo bubblewrap
  # Archives and registries of other people's making.
  type -P umoci >/dev/null || echo umoci
  type -P bsdtar >/dev/null || echo libarchive-tools
  # Cages of an ordinary user with more than one user in them.
  type -P newuidmap >/dev/null || echo uidmap
  # Their packages start services: not on somebody's own machine.
  if [[ -n ${DRIFTCAGE_MUST_WORK-} ]]; then
    type -P docker-registry >/dev/null || echo docker-registry
    type -P buildah >/dev/null || echo buildah
    type -P podman >/dev/null || echo podman
  fi
  type -P htpasswd >/dev/null || echo apache2-utils
  type -P openssl >/dev/null || echo openssl
  type -P zstd >/dev/null || echo zstd
  type -P xz >/dev/null || echo xz-utils
}

installed() {
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

offered() { apt-cache show --no-all-versions "$1" >/dev/null 2>&1; }

# The wanted packages that are not there, one a line, alternatives unresolved.
missing_packages() {
  local wanted alternative
  while read -r wanted; do
    for alternative in ${wanted//|/ }; do
      installed "$alternative" && continue 2
    done
    echo "$wanted"
  done < <(wanted_packages)
}

# The one of `a|b|c` that apt offers; the first when it knows none of them.
resolve() {
  local alternative
  for alternative in ${1//|/ }; do
    if offered "$alternative"; then
      echo "$alternative"
      return
    fi
  done
  echo "${1%%|*}"
}

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

install_packages() {
  if ! type -P dpkg-query apt-get >/dev/null; then
    phase packages "no apt here: taking it that everything is installed"
    return
  fi
  local missing=() package names=()
  mapfile -t missing < <(missing_packages)
  if ((${#missing[@]} == 0)); then
    phase packages "nothing is missing"
    return
  fi
  phase packages "${#missing[@]} missing, to be installed from Debian:"
  for package in "${missing[@]}"; do
    printf '      %s\n' "${package//|/ or }" >&2
  done
  if ((EUID != 0)) && ! type -P sudo >/dev/null; then
    for package in "${missing[@]}"; do names+=("$(resolve "$package")"); done
    die "packages are missing, and there is no sudo to install them.
  As root, please run:
    apt-get update && apt-get install --no-install-recommends ${names[*]}
  and call this script again."
  fi
  if [[ $yes == no ]]; then
    [[ -t 0 ]] || die "packages are missing; call it with --yes to install them"
    local answer
    read -r -p "Install them$( ((EUID == 0)) || printf ' with sudo')? [Y/n] " answer
    case $answer in
      '' | [Yy]*) ;;
      *) die "nothing was installed" ;;
    esac
  fi
  local log
  log=$(mktemp)
  scratch+=("$log")
  phase packages "asking apt for its lists"
  # shellcheck disable=SC2024 # the log is ours, not root's
  if ! as_root apt-get -q -o DPkg::Lock::Timeout=300 update >"$log" 2>&1; then
    cat "$log" >&2
    die "apt-get update failed"
  fi
  for package in "${missing[@]}"; do names+=("$(resolve "$package")"); done
  phase packages "installing"
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
    -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
    install --no-install-recommends "${names[@]}" >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    die "apt-get install failed"
  fi
  rm -f "$log"
  phase packages "installed"
}

# --- configure and build ---------------------------------------------------

# Compilers of Boost.Asio take about a gigabyte each.
parallel_jobs() {
  local cpus memory
  cpus=$(nproc)
  memory=$(awk '/^MemAvailable:/ {print int($2 / 1048576)}' /proc/meminfo)
  ((memory >= 1)) || memory=1
  echo $((cpus < memory ? cpus : memory))
}

# build/PRESET of the project; in the user's cache when that is not ours to
# write (a checkout or a build of root's).
build_folder() {
  local folder=$root/build/$preset
  if mkdir -p "$folder" 2>/dev/null && [[ -w $folder ]] &&
    [[ ! -e $folder/CMakeCache.txt || -w $folder/CMakeCache.txt ]]; then
    echo "$folder"
    return
  fi
  folder=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/driftcage
  folder+=/$(cksum <<<"$root" | cut -d ' ' -f 1)/$preset
  mkdir -p "$folder" ||
    die "neither $root/build nor $folder can be written"
  echo "$folder"
}

configure() {
  local cache=$build/CMakeCache.txt fresh=()
  if [[ -f $cache ]]; then
    if ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$cache"; then
      fresh=(--fresh) # a copy of another checkout's build
    elif [[ -f $build/build.ninja && $build/build.ninja -nt $root/CMakePresets.json ]]; then
      phase configure "$preset: as before"
      return
    fi
  fi
  phase configure "$preset"
  local log=$build/configure.log
  if ! (cd "$root" && cmake --preset "$preset" -B "$build" \
    "${fresh[@]+"${fresh[@]}"}" >"$log" 2>&1); then
    cat "$log" >&2
    die "cmake failed, see above"
  fi
}

build() {
  local jobs
  jobs=$(parallel_jobs)
  phase build "${build#"$PWD/"}, $jobs at a time; the first time takes minutes"
  if [[ -t 2 ]]; then
    cmake --build "$build" --parallel "$jobs" >&2 || die "the build failed" 1
    return
  fi
  local log=$build/build.log
  if ! cmake --build "$build" --parallel "$jobs" >"$log" 2>&1; then
    grep -A 20 -m 5 -E '^FAILED|error' "$log" >&2 || tail -n 40 "$log" >&2
    die "the build failed, the whole log is $log" 1
  fi
}

# --- tests -----------------------------------------------------------------

# ctest's closing lines, and everything about tests that failed.
run_ctest() {
  local log=$1
  shift
  if "$@" --output-on-failure --no-tests=error --parallel "$(nproc)" >"$log" 2>&1; then
    sed -n '/% tests passed/,$p' "$log"
    return 0
  fi
  grep -v -E '^ *(Start +[0-9]+:|[0-9]+/[0-9]+ Test .* Passed )' "$log" || true
  return 1
}

# Root overrides permissions and has other ways to make namespaces: what needs
# cages is tested as an ordinary user too.
test_as_ordinary_user() {
  local uid=12345 home status=0
  local drop=(setpriv --reuid="$uid" --regid="$uid" --clear-groups)
  if ! "${drop[@]}" test -x "$build/bin/driftcage" 2>/dev/null; then
    phase test "ordinary user: skipped, it cannot reach $build"
    return
  fi
  phase test "cage, cli and image, as an ordinary user"
  home=$(mktemp -d)
  scratch+=("$home")
  # ctest keeps its notes in the folder that it is pointed at.
  printf 'subdirs("%s")\n' "$build" >"$home/CTestTestfile.cmake"
  chown -R "$uid:$uid" "$home"
  run_ctest "$build/ctest-user.log" "${drop[@]}" env HOME="$home" USER=ordinary \
    TMPDIR=/tmp ctest --test-dir "$home" -L 'cage|cli|image' || status=$?
  rm -rf "$home"
  return "$status"
}

run_tests() {
  phase test "all, as $(id -un 2>/dev/null || id -u)"
  local status=0
  run_ctest "$build/ctest.log" ctest --test-dir "$build" "$@" || status=1
  if ((EUID == 0)) && (($# == 0)); then
    test_as_ordinary_user || status=1
  fi
  return "$status"
}

# --- go --------------------------------------------------------------------

install_packages
build=$(build_folder)
configure
build
case $verb in
  build) phase ready "${build#"$PWD/"}/bin/driftcage" ;;
  test) run_tests "$@" ;;
  *)
    phase "$verb" "${*:-}"
    exec "$build/bin/driftcage" "$verb" "$@"
    ;;
esac
