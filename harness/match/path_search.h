// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "harness/model/event.h"

namespace driftcage::match {

// The directories of one value of PATH, as searchers spell them.
class SearchPath {
 public:
  explicit SearchPath(std::string_view list);
  // Position of `directory` among the different ones; "" and "." are one.
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

// The PATH searches of one process. Threads may search at the same time, and a
// search may move between threads as goroutines do: a search is known by its
// name alone.
class PathSearches {
 public:
  using Emit = std::function<void(const model::Event&)>;

  // A successful stat does not end a search: a shell goes on when the file is
  // a directory or may not be executed. Only the thread's next different call
  // tells. True while there are such hits; see settle().
  [[nodiscard]] bool has_hits() const { return hits_ > 0; }
  // Emits the hits of the thread that turns to something other than `name`.
  void settle(std::int32_t tid, std::string_view name, const Emit& emit);
  // Emits all hits and forgets unfinished searches: the process ends or
  // executes another program.
  void close(const Emit& emit);

  // A call about `name` in `directory`, which must be on `path`.
  void add(const SearchPath& path, std::size_t position, std::string_view name,
           const model::Event& event, const Emit& emit);

  // Whether `name` is being searched for by execs that tell `argv0`.
  [[nodiscard]] bool executes(std::string_view name,
                              std::string_view argv0) const;

  // What stat searches found. A child that then executes the file is not
  // searching again.
  [[nodiscard]] bool found(std::string_view file) const;

 private:
  struct Search {
    std::string name;
    model::Event first;       // times, thread and call of the start
    std::vector<bool> tried;  // by position
    std::uint64_t last_seq = 0;
    std::uint64_t exit_ns = 0;
    std::optional<std::size_t> hit;
    std::int32_t hit_tid = 0;
    std::string hit_file;
    bool refused = false;  // a file was there, but not to be executed
    model::Cause cause = model::Cause::None;
    std::vector<std::string> directories;
  };

  Search* find(std::string_view name);
  Search& open(std::string_view name, const SearchPath& path,
               const model::Event& event);
  void reject_hit(Search& search);
  void report(const Search& search, const std::string& file, const Emit& emit);
  void erase(Search* search);
  void remember(const std::string& file);
  static bool all_tried_before(const Search& search, std::size_t position);

  std::vector<Search> searches_;
  std::size_t hits_ = 0;
  std::vector<std::string> found_;
};

}  // namespace driftcage::match
