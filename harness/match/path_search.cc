// SPDX-License-Identifier: Apache-2.0
#include "harness/match/path_search.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "harness/base/path.h"

namespace driftcage::match {
namespace {

// Names searched for at the same time; a program that stats thousands of files
// in the first directory of PATH is not searching.
constexpr std::size_t kMaxSearches = 64;
constexpr std::size_t kMaxFound = 16;

// "/usr//bin/" and "/usr/bin" are one directory, "" and "." too.
std::string normal(std::string_view directory) {
  std::string result;
  for (const std::string_view part : base::path::components(directory)) {
    if (!result.empty() || directory.front() == '/') result += '/';
    result += part;
  }
  if (result.empty()) {
    result = !directory.empty() && directory.front() == '/' ? "/" : ".";
  }
  return result;
}

bool is_normal(std::string_view directory) {
  return !directory.empty() &&
         (directory.size() == 1 || directory.back() != '/') &&
         directory.find("//") == std::string_view::npos &&
         directory.find("/./") == std::string_view::npos &&
         !directory.starts_with("./") && !directory.ends_with("/.");
}

// Errors after which every searcher tries the next directory. After others,
// such as ENOEXEC or ETXTBSY, execvp(3) stops: it has found the file.
bool goes_on(int err) {
  switch (err) {
    case ENOENT:
    case ENOTDIR:
    case EACCES:
    case EPERM:
    case ESTALE:
    case ENODEV:
    case ETIMEDOUT:
    case ELOOP:
    case ENAMETOOLONG:
      return true;
    default:
      return false;
  }
}

bool is_access(model::Syscall call) {
  return call == model::Syscall::Access || call == model::Syscall::Faccessat ||
         call == model::Syscall::Faccessat2;
}

// A file was there: EACCES, or an ENOENT that is about its interpreter.
bool is_refusal(const model::Event& event) {
  switch (event.cause) {
    case model::Cause::NoLoader:
    case model::Cause::NoInterpreter:
    case model::Cause::NoExecute:
    case model::Cause::NoPermission:
    case model::Cause::Noexec:
      return true;
    default:
      return false;
  }
}

}  // namespace

SearchPath::SearchPath(std::string_view list) {
  for (const std::string& directory : base::path::split_list(list)) {
    std::string text = normal(directory);
    if (positions_.try_emplace(text, directories_.size()).second) {
      directories_.push_back(std::move(text));
    }
  }
}

std::optional<std::size_t> SearchPath::position(
    std::string_view directory) const {
  const auto found = is_normal(directory) ? positions_.find(directory)
                                          : positions_.find(normal(directory));
  if (found == positions_.end()) return std::nullopt;
  return found->second;
}

PathSearches::Search* PathSearches::find(std::string_view name) {
  for (Search& search : searches_) {
    if (search.name == name) return &search;
  }
  return nullptr;
}

PathSearches::Search& PathSearches::open(std::string_view name,
                                         const SearchPath& path,
                                         const model::Event& event) {
  if (searches_.size() >= kMaxSearches) erase(&searches_.front());
  Search& search = searches_.emplace_back();
  search.name = name;
  search.first = event;
  search.tried.resize(path.directories().size());
  search.directories = path.directories();
  return search;
}

bool PathSearches::all_tried_before(const Search& search,
                                    std::size_t position) {
  return std::all_of(
      search.tried.begin(),
      search.tried.begin() + static_cast<std::ptrdiff_t>(position),
      [](bool tried) { return tried; });
}

void PathSearches::reject_hit(Search& search) {
  if (!search.hit) return;
  search.tried[*search.hit] = true;
  search.refused = true;
  search.hit.reset();
  --hits_;
}

void PathSearches::report(const Search& search, const std::string& file,
                          const Emit& emit) {
  model::Event event = search.first;
  event.verb = model::Verb::Lookup;
  event.seq = search.last_seq;
  event.exit_ns = search.exit_ns;
  event.path = search.name;
  event.abs = file;
  event.real.clear();
  event.exec.reset();
  event.cause_at.clear();
  for (std::size_t i = 0; i < search.directories.size(); ++i) {
    const bool here = search.hit == i;
    if (!search.tried[i] && !here) continue;
    if (!event.cause_at.empty()) event.cause_at += ':';
    event.cause_at += search.directories[i];
  }
  const bool found = !file.empty();
  event.cause = found ? model::Cause::None : search.cause;
  event.result = found ? 0 : -1;
  event.err = found ? 0 : search.refused ? EACCES : ENOENT;
  emit(event);
}

void PathSearches::erase(Search* search) {
  if (search->hit) --hits_;
  searches_.erase(searches_.begin() + (search - searches_.data()));
}

void PathSearches::remember(const std::string& file) {
  const auto known = std::find(found_.begin(), found_.end(), file);
  if (known != found_.end()) return;
  if (found_.size() >= kMaxFound) found_.erase(found_.begin());
  found_.push_back(file);
}

bool PathSearches::executes(std::string_view name,
                            std::string_view argv0) const {
  return std::any_of(searches_.begin(), searches_.end(),
                     [&](const Search& one) {
                       return one.name == name && one.first.exec &&
                              !one.first.exec->argv.empty() &&
                              one.first.exec->argv.front() == argv0;
                     });
}

bool PathSearches::found(std::string_view file) const {
  for (const Search& search : searches_) {
    if (search.hit && search.hit_file == file) return true;
  }
  return std::find(found_.begin(), found_.end(), file) != found_.end();
}

void PathSearches::settle(std::int32_t tid, std::string_view name,
                          const Emit& emit) {
  for (std::size_t i = 0; i < searches_.size();) {
    Search& search = searches_[i];
    if (!search.hit || search.hit_tid != tid || search.name == name) {
      ++i;
      continue;
    }
    report(search, search.hit_file, emit);
    remember(search.hit_file);
    erase(&search);
  }
}

void PathSearches::close(const Emit& emit) {
  for (const Search& search : searches_) {
    if (!search.hit) continue;
    report(search, search.hit_file, emit);
    remember(search.hit_file);
  }
  searches_.clear();
  hits_ = 0;
}

void PathSearches::add(const SearchPath& path, std::size_t position,
                       std::string_view name, const model::Event& event,
                       const Emit& emit) {
  Search* search = find(name);
  if (search != nullptr && search->directories != path.directories()) {
    // PATH was changed in the middle: what was seen belongs to no search.
    erase(search);
    search = nullptr;
  }
  if (search == nullptr) {
    // Only the first directory starts a search. Otherwise each absolute name
    // below a directory of PATH would look like one.
    if (position != 0) return;
    search = &open(name, path, event);
  }
  search->last_seq = event.seq;
  search->exit_ns = event.exit_ns;
  const std::string& file = event.abs.empty() ? event.path : event.abs;

  if (event.ok() || !goes_on(event.err)) {
    if (search->hit && *search->hit != position) reject_hit(*search);
    if (!all_tried_before(*search, position)) return;
    if (event.verb == model::Verb::Exec) {
      search->tried[position] = true;
      report(*search, file, emit);
      erase(search);
    } else if (!search->hit) {
      search->hit = position;
      search->hit_tid = event.tid;
      search->hit_file = file;
      ++hits_;
    }
    return;
  }

  if (search->hit == position) {
    // bash also asks whether it may read the file, for scripts.
    const bool about_execution = !is_access(event.syscall) || event.mode == 0 ||
                                 (event.mode & X_OK) != 0;
    if (!about_execution) return;
  }
  reject_hit(*search);
  search->tried[position] = true;
  if (event.err == EACCES) search->refused = true;
  if (is_refusal(event)) search->cause = event.cause;
  if (all_tried_before(*search, search->tried.size())) {
    report(*search, {}, emit);
    erase(search);
  }
}

}  // namespace driftcage::match
