// SPDX-License-Identifier: Apache-2.0
#include "harness/match/load_search.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "harness/base/path.h"

namespace driftcage::match {
namespace {

// A search tries about a hundred subdirectories on older C libraries; more
// text than this helps nobody.
constexpr std::size_t kMaxDirectories = 4096;
// Threads of one process that load at the same time.
constexpr std::size_t kMaxSearches = 64;

// "libfoo.so", "libfoo.so.1", "_ssl.cpython-311.so".
bool is_soname(std::string_view name) {
  const std::size_t at = name.rfind(".so");
  if (at == std::string_view::npos || at == 0) return false;
  const std::string_view rest = name.substr(at + 3);
  return rest.empty() || (rest.size() > 1 && rest[0] == '.' && rest[1] >= '0' &&
                          rest[1] <= '9');
}

// The loader's own files, which it reads in the middle of a search:
// ld.so.cache, ld.so.conf, musl's ld-musl-x86_64.path.
bool is_loader_file(std::string_view path) {
  return path.starts_with("/etc/ld");
}

}  // namespace

bool is_load_step(const model::Event& event) {
  return event.verb == model::Verb::Open &&
         (event.flags & O_ACCMODE) == O_RDONLY &&
         (event.flags & O_CLOEXEC) != 0 && (event.flags & O_DIRECTORY) == 0 &&
         is_soname(base::path::base_name(event.path));
}

void LoadSearches::report(const Search& search, const Emit& emit) {
  model::Event event = search.first;
  event.verb = model::Verb::Load;
  event.seq = search.last_seq;
  event.exit_ns = search.exit_ns;
  event.path = search.name;
  event.abs = search.file;
  event.real.clear();
  event.cause = model::Cause::None;
  event.cause_at = search.directories;
  event.origins = search.origins;
  event.file.reset();
  event.elf.reset();
  const bool found = !search.file.empty();
  event.result = found ? 0 : -1;
  event.err = found ? 0 : search.refused ? EACCES : ENOENT;
  emit(event);
}

void LoadSearches::extend(Search& search, const model::Event& event) {
  search.last_seq = event.seq;
  search.exit_ns = event.exit_ns;
  const std::string& file = event.abs.empty() ? event.path : event.abs;
  const std::string_view directory = base::path::dir_name(file);
  // The rules name directories as they were written, with their "..".
  const std::string written = event.path.starts_with('/')
                                  ? base::path::absolute("/", event.path)
                                  : file;
  search.rule = rules_.rule_of(base::path::dir_name(written), search.name,
                               event.ok(), search.rule);
  if (search.directories.size() < kMaxDirectories) {
    if (!search.directories.empty()) {
      search.directories += ':';
      search.origins += ':';
    }
    search.directories += directory;
    search.origins += search.rule;
  }
  if (event.ok()) {
    search.file = file;
  } else {
    // Going on after a successful open means that the loader did not like what
    // it saw: another ELF class or machine.
    search.file.clear();
    search.refused |= event.err == EACCES;
  }
}

void LoadSearches::add(const model::Event& event, const Emit& emit) {
  step(event, emit);
  // What the file itself says rules the searches after it.
  rules_.opened(event);
}

void LoadSearches::step(const model::Event& event, const Emit& emit) {
  const auto own = std::find_if(
      searches_.begin(), searches_.end(),
      [&event](const Search& s) { return s.first.tid == event.tid; });
  const std::string_view name = base::path::base_name(event.path);
  const bool candidate = is_load_step(event);
  if (own != searches_.end()) {
    const bool again =
        candidate && event.ok() && !own->file.empty() &&
        own->file == (event.abs.empty() ? event.path : event.abs);
    if (candidate && own->name == name && !again) {
      extend(*own, event);
      return;
    }
    if (is_loader_file(event.path)) return;
    report(*own, emit);
    searches_.erase(own);
  }
  if (!candidate || searches_.size() >= kMaxSearches) return;
  Search search;
  search.name = name;
  search.first = event;
  extend(search, event);
  searches_.push_back(std::move(search));
}

void LoadSearches::close(const Emit& emit) {
  for (const Search& search : std::exchange(searches_, {})) {
    report(search, emit);
  }
}

}  // namespace driftcage::match
