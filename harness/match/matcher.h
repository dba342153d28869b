// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/match/glob.h"
#include "harness/model/event.h"
#include "harness/model/event_line.h"
#include "harness/wire/record.h"

namespace driftcage::match {

// An event together with the process it belongs to, as shown to people.
struct Sighting {
  model::Event event;
  std::string program;  // base name of what the process ran at that time
  std::int32_t pid = 0;
  // Only for closest events: in which part of the line they differ, "result",
  // "by", "directory", "verb" or "name".
  std::string differs;
};

struct LineMatch {
  std::uint64_t count = 0;
  bool holds = false;             // the count is in the line's range
  std::vector<Sighting> first;    // up to 3 events that matched
  std::vector<Sighting> closest;  // up to 3 that nearly did; when count is 0
  std::size_t reached = 0;  // of a sequence that was not run through: steps
};

// Judges a stream of records against event lines. Memory grows with the number
// of processes that live at the same time, not with the number of events.
//
// A subject is compared with the event's absolute path and, for calls that
// succeeded, with the path really opened (Glob has the syntax):
//   - without a slash, as in `exec gcc`, with the base names of these;
//   - relative with a slash, as in `stat vendor/modules.txt`, with the path as
//     the program passed it;
//   - of `lookup` and `load` with the name searched for.
// `any` stands for every verb but the derived two. `by` is compared with the
// base names, or with a slash with the paths, of the file that the process
// executed and of the program that really runs; for an exec this is the
// program before it. A derived event counts from the moment it is complete,
// which matters in sequences.
class LineMatcher {
 public:
  // Fails on a glob that cannot be compiled or an unknown variable; the
  // error's object is the glob, its hint may name the nearest variable.
  static base::Result<LineMatcher> make(
      const std::vector<model::EventLine>& lines, const Variables& variables);
  LineMatcher(const LineMatcher&) = delete;
  LineMatcher& operator=(const LineMatcher&) = delete;
  LineMatcher(LineMatcher&&) noexcept;
  LineMatcher& operator=(LineMatcher&&) noexcept;
  ~LineMatcher();

  void add(const wire::Record& record);
  // Closes open searches; call once, after the last record.
  void finish();
  // In the order of the lines.
  [[nodiscard]] std::vector<LineMatch> result() const;

 private:
  struct State;
  explicit LineMatcher(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace driftcage::match
