// SPDX-License-Identifier: Apache-2.0
#include "harness/match/path_search.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

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
    // Two spellings of one directory are one place: Go cannot tell them apart.
    const auto [known, is_new] =
        positions_.try_emplace(base::path::clean(text), directories_.size());
    positions_.try_emplace(text, known->second);
    if (is_new) directories_.push_back(std::move(text));
  }
}

std::optional<std::size_t> SearchPath::position(
    std::string_view directory) const {
  const auto found = is_normal(directory) ? positions_.find(directory)
                                          : positions_.find(normal(directory));
  if (found == positions_.end()) return std::nullopt;
  return found->second;
}

void PathSearches::Candidate::miss(std::size_t position) {
  tried[position] = true;
  while (untried < tried.size() && tried[untried]) ++untried;
}

bool PathSearches::Search::has_tried(const std::string& directory) const {
  // A candidate may be younger than the search.
  return std::any_of(along.begin(), along.end(),
                     [&](const Candidate& one) {
                       const auto position = one.path->position(directory);
                       return position && one.tried[*position];
                     }) ||
         elsewhere.contains(directory);
}

bool PathSearches::Search::in_order(std::string_view directory,
                                    bool after_others) const {
  return std::any_of(along.begin(), along.end(), [&](const Candidate& one) {
    const auto position = one.path->position(directory);
    return position && *position <= one.untried &&
           (!after_others || *position != 0);
  });
}

void PathSearches::Search::miss(const std::string& directory) {
  if (!has_tried(directory)) tried.push_back(directory);
  bool known = false;
  for (Candidate& one : along) {
    const auto position = one.path->position(directory);
    if (!position) continue;
    known = true;
    one.miss(*position);
    // It stays complete, whatever directories follow.
    if (!one.complete()) continue;
    complete = true;
    complete_of_more |= one.path->directories().size() > 1;
  }
  if (!known) elsewhere.insert(directory);
}

void PathSearches::Search::reject_hit() {
  if (!hit) return;
  refused = true;
  miss(hit->directory);
  hit.reset();
}

PathSearches::Search* PathSearches::find(std::string_view name) {
  for (Search& search : searches_) {
    if (search.name == name) return &search;
  }
  return nullptr;
}

std::vector<PathSearches::Candidate> PathSearches::begun(
    const SearchStep& step) {
  std::vector<Candidate> result;
  for (const auto& path : *step.paths) {
    if (path->position(step.directory) == std::size_t{0}) {
      result.emplace_back(path);
    }
  }
  return result;
}

PathSearches::Search* PathSearches::open(const SearchStep& step,
                                         const model::Event& event) {
  // Only the first directory starts a search. Otherwise each absolute name
  // below a directory of PATH would look like one. A shell may have a PATH of
  // its own; then more must come.
  auto along = begun(step);
  const bool anywhere = step.shell && event.verb == model::Verb::Stat &&
                        !is_access(event.syscall);
  if (along.empty() && !anywhere) return nullptr;
  if (searches_.size() >= kMaxSearches) erase(searches_.front());
  Search& search = searches_.emplace_back();
  search.name = step.name;
  search.first = event;
  search.shell = step.shell;
  search.along = std::move(along);
  used_ = true;
  return &search;
}

// False when the call has nothing to do with the search.
bool PathSearches::continues(Search& search, const SearchStep& step) {
  const auto leaves = [&](const Candidate& one) {
    return !one.path->position(step.directory);
  };
  auto& along = search.along;
  // A shell has put directories in front of the known ones.
  if (along.empty()) {
    along = begun(step);
    return true;
  }
  // Values that begin with the same directories part here.
  if (!std::all_of(along.begin(), along.end(), leaves)) {
    along.erase(std::remove_if(along.begin(), along.end(), leaves),
                along.end());
    return true;
  }
  // A directory that was added to PATH.
  return search.shell || search.complete;
}

void PathSearches::report(const Search& search, const Emit& emit) {
  model::Event event = search.first;
  event.verb = model::Verb::Lookup;
  event.seq = search.last_seq;
  event.exit_ns = search.exit_ns;
  event.path = search.name;
  event.real.clear();
  event.exec.reset();
  event.cause_at.clear();
  const auto add = [&event](const std::string& directory) {
    if (!event.cause_at.empty()) event.cause_at += ':';
    event.cause_at += directory;
  };
  for (const std::string& directory : search.tried) add(directory);
  if (search.hit) add(search.hit->directory);
  event.abs = search.hit ? search.hit->file : std::string();
  event.cause = search.hit ? model::Cause::None : search.cause;
  event.result = search.hit ? 0 : -1;
  event.err = search.hit ? 0 : search.refused ? EACCES : ENOENT;
  emit(event);
}

void PathSearches::erase(Search& search) {
  // Most often it is the oldest.
  const auto found =
      std::find_if(searches_.begin(), searches_.end(),
                   [&search](const Search& one) { return &one == &search; });
  searches_.erase(found);
}

void PathSearches::remember(const std::string& file) {
  const auto known = std::find(found_.begin(), found_.end(), file);
  if (known != found_.end()) return;
  if (found_.size() >= kMaxFound) found_.pop_front();
  found_.push_back(file);
}

void PathSearches::release(Search& search, const Emit& emit) {
  if (search.hit && search.hit->proven) {
    report(search, emit);
    remember(search.hit->file);
  } else if (search.complete && (!search.shell || search.complete_of_more ||
                                 search.first.verb == model::Verb::Exec)) {
    // Who looks at a file somewhere else, once nothing was found, need not have
    // searched there; and one directory alone is as well a test of a file.
    search.hit.reset();
    report(search, emit);
  }
  erase(search);
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

bool PathSearches::searches(std::string_view name) const {
  return std::any_of(searches_.begin(), searches_.end(),
                     [&](const Search& one) { return one.name == name; });
}

bool PathSearches::executed(const std::string& file, bool started,
                            const Emit& emit) {
  for (Search& search : searches_) {
    if (!search.hit || search.hit->file != file) continue;
    search.hit->proven = true;
    release(search, emit);
    return true;
  }
  return started &&
         std::find(found_.begin(), found_.end(), file) != found_.end();
}

void PathSearches::settle(std::int32_t tid, std::string_view name,
                          const Emit& emit) {
  if (!waiting_) return;
  waiting_ = false;
  for (std::size_t i = 0; i < searches_.size();) {
    Search& search = searches_[i];
    // Another thread may turn to something else before this one goes on.
    const bool goes_on = search.hit && !search.shell && search.hit->tid != tid;
    if (search.waits() && search.name != name && !goes_on) {
      release(search, emit);
      continue;
    }
    waiting_ = waiting_ || search.waits();
    ++i;
  }
}

void PathSearches::close(const Emit& emit) {
  while (!searches_.empty()) release(searches_.front(), emit);
  found_.clear();
}

// One directory that is not in the known PATH is what cd(1) tests as well.
void PathSearches::fail(const Emit& emit) {
  for (std::size_t i = 0; i < searches_.size();) {
    const Search& search = searches_[i];
    if (search.shell && !search.hit &&
        (search.complete || search.tried.size() > 1)) {
      report(search, emit);
      erase(searches_[i]);
    } else {
      ++i;
    }
  }
}

void PathSearches::found(Search& search, const std::string& place,
                         const SearchStep& step, const model::Event& event,
                         const Emit& emit) {
  if (search.hit && search.hit->directory != place) search.reject_hit();
  const bool in_order = search.in_order(step.directory, false);
  // A file further on in PATH that somebody knows the place of.
  if (!in_order && !search.shell && !search.complete) return;
  if (!search.hit) {
    // A shell may test a file in the first directory, and anybody looks at
    // files in the working directory.
    const bool alone = step.shell || place == ".";
    Hit hit;
    hit.directory = place;
    hit.file = event.abs.empty() ? event.path : event.abs;
    hit.tid = event.tid;
    hit.proven = search.in_order(step.directory, /*after_others=*/alone);
    search.hit = std::move(hit);
  }
  if (event.verb == model::Verb::Exec) {
    report(search, emit);
    erase(search);
    return;
  }
  // Who only wants to know whether a file is there does not ask both.
  Hit& hit = *search.hit;
  hit.asked |= is_access(event.syscall) && (event.mode & X_OK) != 0;
  hit.stated |= !is_access(event.syscall);
  hit.proven |= hit.asked && hit.stated;
}

void PathSearches::add(const SearchStep& step, const model::Event& event,
                       const Emit& emit) {
  Search* search = find(step.name);
  // Most calls search for nothing.
  if (search == nullptr && (search = open(step, event)) == nullptr) return;
  std::string place = normal(step.directory);
  for (const auto& path : *step.paths) {
    if (const auto position = path->position(step.directory)) {
      place = path->directories()[*position];
      break;
    }
  }
  // Nobody tries a directory twice once the search could have ended.
  if ((search->hit || search->complete) && search->has_tried(place)) {
    release(*search, emit);
    search = open(step, event);
  } else if (!continues(*search, step)) {
    // PATH was changed in the middle: what was seen belongs to no search.
    if (begun(step).empty()) return;
    erase(*search);
    search = open(step, event);
  }
  if (search == nullptr) return;
  waiting_ = true;
  search->last_seq = event.seq;
  search->exit_ns = event.exit_ns;

  if (event.ok() || !goes_on(event.err)) {
    found(*search, place, step, event, emit);
    return;
  }
  if (search->hit && search->hit->directory == place) {
    // bash also asks whether it may read the file, for scripts.
    const bool about_execution = !is_access(event.syscall) || event.mode == 0 ||
                                 (event.mode & X_OK) != 0;
    if (!about_execution) return;
  }
  search->reject_hit();
  search->miss(place);
  if (event.err == EACCES) search->refused = true;
  if (is_refusal(event)) search->cause = event.cause;
}

}  // namespace driftcage::match
