// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/match/loader_rules.h"
#include "harness/model/event.h"

namespace driftcage::match {

// Whether an open can be a step of the dynamic loader's search: of a name like
// libfoo.so.1, read-only and close-on-exec.
[[nodiscard]] bool is_load_step(const model::Event& event);

// The dynamic loader's searches of one process, at most one per thread.
class LoadSearches {
 public:
  using Emit = std::function<void(const model::Event&)>;

  [[nodiscard]] bool empty() const { return searches_.empty(); }
  // Any open of the process, successful or not.
  void add(const model::Event& event, const Emit& emit);
  // The process executes another program: close() comes before.
  void start(const std::string* library_path, const model::Event& exec) {
    rules_.start(library_path, exec);
  }
  // Ends every search: the process ends or executes another program.
  void close(const Emit& emit);

 private:
  struct Search {
    std::string name;
    model::Event first;
    std::uint64_t last_seq = 0;
    std::uint64_t exit_ns = 0;
    std::string directories;  // joined by ':'
    std::string origins;      // as many, joined by ':'
    std::string_view rule;    // the last of them
    std::string file;         // the last candidate that could be opened
    bool refused = false;     // EACCES on a candidate
  };

  static void report(const Search& search, const Emit& emit);
  void step(const model::Event& event, const Emit& emit);
  void extend(Search& search, const model::Event& event);

  std::vector<Search> searches_;
  LoaderRules rules_;
};

}  // namespace driftcage::match
