// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/model/event.h"
#include "harness/model/event_line.h"
#include "harness/wire/record.h"

namespace driftcage::match {

// Values of $WORK, $HOME, $GOROOT, ... in event lines, without the dollar.
using Variables = std::map<std::string, std::string>;

// An event together with the process it belongs to, as shown to people.
struct Sighting {
  model::Event event;
  std::string program;  // base name of what the process ran at that time
  std::int32_t pid = 0;
};

struct LineMatch {
  std::uint64_t count = 0;
  bool holds = false;  // the count is in the line's range
  std::vector<Sighting> first;    // up to 3 events that matched
  std::vector<Sighting> closest;  // up to 3 that nearly did; when count is 0
};

// Judges a stream of records against event lines. Memory does not grow with
// the number of events.
class LineMatcher {
 public:
  // Fails on a glob that cannot be compiled or an unknown variable.
  static base::Result<LineMatcher> make(
      const std::vector<model::EventLine>& lines, const Variables& variables);
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
