// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "harness/model/event.h"

namespace driftcage::match {

// The directories of one value of PATH, as searchers spell them.
class SearchPath {
 public:
  explicit SearchPath(std::string_view list);
  // Position of `directory` among the different ones; "" and "." are one, and
  // so are "a/../b" and "b", which is how Go spells it.
  [[nodiscard]] std::optional<std::size_t> position(
      std::string_view directory) const;
  [[nodiscard]] const std::vector<std::string>& directories() const {
    return directories_;
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::vector<std::string> directories_;
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>>
      positions_;
};

// The values that PATH may have for a program, most likely first.
using SearchPaths = std::vector<std::shared_ptr<const SearchPath>>;

// A call that may be a step of a search for `name`.
struct SearchStep {
  std::string_view name;
  std::string_view directory;
  const SearchPaths* paths = nullptr;
  // A shell may have changed PATH itself, and tests files by the same calls as
  // it searches by. But it searches without a call between, in one thread.
  bool shell = false;
};

// The PATH searches of one process. Threads may search at the same time, and a
// search may move between threads as goroutines do: a search is known by its
// name alone.
class PathSearches {
 public:
  using Emit = std::function<void(const model::Event&)>;

  // What was found may be refused: a shell goes on when the file is a directory
  // or may not be executed. What was not found along the known PATH may be
  // found behind it. Only the next call that is not about `name` tells.
  void settle(std::int32_t tid, std::string_view name, const Emit& emit);
  // The process ends or executes another program.
  void close(const Emit& emit);
  // Somebody said by exit status 127 that a shell's last search failed.
  void fail(const Emit& emit);

  void add(const SearchStep& step, const model::Event& event, const Emit& emit);

  // Whether `name` is being searched for by execs that tell `argv0`.
  [[nodiscard]] bool executes(std::string_view name,
                              std::string_view argv0) const;

  // Whether `name` is being searched for.
  [[nodiscard]] bool searches(std::string_view name) const;

  // `file` is executed under the name that was searched for. True when a search
  // by stat finds it, or with `started` found it before, so that this is no
  // search of its own.
  bool executed(const std::string& file, bool started, const Emit& emit);
  // Whether there was a search at all.
  [[nodiscard]] bool used() const { return used_; }

 private:
  struct Candidate {
    explicit Candidate(std::shared_ptr<const SearchPath> along)
        : path(std::move(along)), tried(path->directories().size(), false) {}
    void miss(std::size_t position);
    [[nodiscard]] bool complete() const { return untried == tried.size(); }

    std::shared_ptr<const SearchPath> path;
    std::vector<bool> tried;  // by position
    std::size_t untried = 0;  // the first that was not
  };
  struct Hit {
    std::string directory;
    std::string file;
    std::int32_t tid = 0;
    bool asked = false;   // about execution, by access(2)
    bool stated = false;  // and by stat(2)
    bool proven = false;
  };
  struct Search {
    std::string name;
    model::Event first;  // times, thread and call of the start
    bool shell = false;
    // The values of PATH that the steps fit to; none when a shell began
    // somewhere else.
    std::vector<Candidate> along;
    std::vector<std::string> tried;  // in this order
    // Those of them that are in no candidate.
    std::unordered_set<std::string> elsewhere;
    bool complete = false;          // all of a candidate was tried
    bool complete_of_more = false;  // than one directory
    std::uint64_t last_seq = 0;
    std::uint64_t exit_ns = 0;
    std::optional<Hit> hit;
    bool refused = false;  // a file was there, but not to be executed
    model::Cause cause = model::Cause::None;

    [[nodiscard]] bool waits() const { return shell || complete || hit; }
    [[nodiscard]] bool has_tried(const std::string& directory) const;
    // Whether all of a candidate before `directory` was tried, more than
    // nothing when `after_others`.
    [[nodiscard]] bool in_order(std::string_view directory,
                                bool after_others) const;
    void miss(const std::string& directory);
    void reject_hit();
  };

  Search* find(std::string_view name);
  Search* open(const SearchStep& step, const model::Event& event);
  static std::vector<Candidate> begun(const SearchStep& step);
  static bool continues(Search& search, const SearchStep& step);
  void found(Search& search, const std::string& place, const SearchStep& step,
             const model::Event& event, const Emit& emit);
  // Reports what is known by now, and forgets the search.
  void release(Search& search, const Emit& emit);
  static void report(const Search& search, const Emit& emit);
  void erase(Search& search);
  void remember(const std::string& file);

  std::deque<Search> searches_;
  std::deque<std::string> found_;
  bool waiting_ = false;  // a search may wait for the next call
  bool used_ = false;
};

}  // namespace driftcage::match
