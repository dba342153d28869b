// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "harness/match/loader_rules.h"
#include "harness/model/event.h"

namespace driftcage::match {

// The dynamic loader's searches of one process, at most one per thread.
class LoadSearches {
 public:
  using Emit = std::function<void(const model::Event&)>;

  [[nodiscard]] bool empty() const { return searches_.empty(); }
  // Whether an open can be a step of the loader's search: of a name like
  // libfoo.so.1, read-only and close-on-exec.
  [[nodiscard]] bool is_step(const model::Event& event) const;
  // Whether the program is known to have a loader.
  [[nodiscard]] bool loads() const { return rules_->loads(); }
  // Any open of the process, successful or not.
  void add(const model::Event& event, const Emit& emit);
  // The process executes another program: close() comes before.
  void start(const std::string* library_path, const std::string* preload,
             const model::Event& exec) {
    rules_ = std::make_shared<LoaderRules>();
    rules_->start(library_path, preload, exec);
  }
  [[nodiscard]] const LoaderRules& rules() const { return *rules_; }
  // A new process goes on with what its parent has loaded.
  void inherit(const LoadSearches& parent) { rules_ = parent.rules_; }
  // Ends every search: the process ends or executes another program.
  void close(const Emit& emit);

 private:
  struct Search {
    Search(std::string what, LoadPlan plan)
        : name(std::move(what)), route(std::move(plan)) {}

    std::string name;
    LoadRoute route;
    model::Event first;
    std::uint64_t last_seq = 0;
    std::uint64_t exit_ns = 0;
    std::string directories;  // joined by ':'
    std::string origins;      // as many, joined by ':'
    std::string file;         // the last candidate that could be opened
    bool settled = false;     // it was taken, or was the last straw
    bool denied = false;      // EACCES on a candidate
    model::Cause cause = model::Cause::None;  // why one was refused, and which
    std::string cause_file;
  };

  static std::shared_ptr<LoaderRules> unknown_rules();
  LoaderRules& own_rules();
  void report(const Search& search, const Emit& emit);
  void step(const model::Event& event, bool candidate, const Emit& emit);
  static bool extend(Search& search, const model::Event& event, bool cache);

  std::vector<Search> searches_;
  // A forked process shares them until either learns more.
  std::shared_ptr<LoaderRules> rules_ = unknown_rules();
};

}  // namespace driftcage::match
