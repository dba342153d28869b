// SPDX-License-Identifier: Apache-2.0
#include "harness/match/load_search.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "harness/base/path.h"

namespace driftcage::match {
namespace {

// A search tries about a hundred subdirectories on older C libraries; more
// text than this helps nobody.
constexpr std::size_t kMaxDirectories = 4096;
// Threads of one process that load at the same time; with more of them the
// oldest search is the likeliest to be over.
constexpr std::size_t kMaxSearches = 64;

// What loads look like: "libfoo.so", "libfoo.so.1", "_ssl.cpython-311.so".
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

std::string refusal(model::Cause cause, const std::string& file) {
  return file + (cause == model::Cause::NotElf ? " is no ELF file"
                                               : " is for another machine");
}

}  // namespace

std::shared_ptr<LoaderRules> LoadSearches::unknown_rules() {
  static const auto kUnknown = std::make_shared<LoaderRules>();
  return kUnknown;
}

LoaderRules& LoadSearches::own_rules() {
  if (rules_.use_count() > 1) rules_ = std::make_shared<LoaderRules>(*rules_);
  return *rules_;
}

bool LoadSearches::is_step(const model::Event& event) const {
  return event.verb == model::Verb::Open &&
         (event.flags & O_ACCMODE) == O_RDONLY &&
         (event.flags & O_CLOEXEC) != 0 && (event.flags & O_DIRECTORY) == 0 &&
         is_soname(base::path::base_name(event.path)) &&
         !rules_->is_program(event) &&
         (event.path.find('/') != std::string::npos || rules_->searches_here());
}

void LoadSearches::report(const Search& search, const Emit& emit) {
  const bool found = !search.file.empty();
  if (!found && rules_->is_lost(search.name)) own_rules().missed(search.name);
  if (!rules_->loads()) return;
  model::Event event = search.first;
  event.verb = model::Verb::Load;
  event.seq = search.last_seq;
  event.exit_ns = search.exit_ns;
  event.path = search.name;
  event.abs = search.file;
  event.real.clear();
  event.cause = found ? model::Cause::None : search.cause;
  event.cause_at = search.directories;
  event.cause_note.clear();
  if (event.cause != model::Cause::None)
    event.cause_note = refusal(search.cause, search.cause_file);
  event.origins = search.origins;
  event.file.reset();
  event.elf.reset();
  event.result = found ? 0 : -1;
  event.err = found ? 0 : search.denied ? EACCES : ENOENT;
  emit(event);
}

// False: the open is no step of this search.
bool LoadSearches::extend(Search& search, const model::Event& event,
                          bool cache) {
  if (search.settled) return false;
  // The loader's lists hold directories as they were written, with their "..".
  const auto rule =
      search.route.step(base::path::dir_name(event.path), event.ok(), cache);
  if (!rule) return false;
  search.last_seq = event.seq;
  search.exit_ns = event.exit_ns;
  const std::string& file = event.abs.empty() ? event.path : event.abs;
  if (search.directories.size() < kMaxDirectories) {
    if (!search.directories.empty()) {
      search.directories += ':';
      search.origins += ':';
    }
    search.directories += base::path::dir_name(file);
    search.origins += *rule;
  }
  search.file.clear();
  if (!event.ok()) {
    search.denied |= event.err == EACCES;
    return true;
  }
  const auto kind = event.elf ? std::optional(event.elf->kind) : std::nullopt;
  search.settled =
      kind == model::ElfKind::Object || kind == model::ElfKind::NotElf;
  if (kind == model::ElfKind::NotElf || kind == model::ElfKind::WrongArch) {
    search.cause = kind == model::ElfKind::NotElf ? model::Cause::NotElf
                                                  : model::Cause::WrongArch;
    search.cause_file = file;
  } else {
    // Of what could not be read only the next step tells whether it was taken.
    search.file = file;
  }
  return true;
}

void LoadSearches::add(const model::Event& event, const Emit& emit) {
  const bool candidate = is_step(event);
  step(event, candidate, emit);
  // What the file itself says rules the searches after it.
  if (rules_->learns_from(event, candidate))
    own_rules().opened(event, candidate);
}

void LoadSearches::step(const model::Event& event, bool candidate,
                        const Emit& emit) {
  const auto own = std::find_if(
      searches_.begin(), searches_.end(),
      [&event](const Search& s) { return s.first.tid == event.tid; });
  const std::string name(base::path::base_name(event.path));
  const bool cache =
      candidate && rules_->is_cache_fresh() && own_rules().take_cache();
  if (own != searches_.end()) {
    if (candidate && own->name == name && extend(*own, event, cache)) return;
    if (is_loader_file(event.path)) return;
    report(*own, emit);
    searches_.erase(own);
  }
  if (!candidate) return;
  if (searches_.size() >= kMaxSearches) {
    report(searches_.front(), emit);
    searches_.erase(searches_.begin());
  }
  Search search(name, rules_->plan(name));
  search.first = event;
  if (extend(search, event, cache)) searches_.push_back(std::move(search));
}

void LoadSearches::close(const Emit& emit) {
  for (const Search& search : std::exchange(searches_, {})) {
    report(search, emit);
  }
}

}  // namespace driftcage::match
