// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/wire/record.h"

namespace driftcage::match {

// What still ran when a leg's time was over: who hangs is among them. Memory
// grows with the number of processes that live at the same time.
class Unfinished {
 public:
  // `deadline_ns` after the trace's begin all that was left was killed.
  explicit Unfinished(std::uint64_t deadline_ns) : deadline_ns_(deadline_ns) {}

  void add(const wire::Record& record);
  // The programs, in the order in which their processes began; "?" for one
  // that never executed any.
  [[nodiscard]] std::vector<std::string> programs() const;

 private:
  std::uint64_t deadline_ns_;
  std::map<std::uint32_t, std::string> left_;  // by number of the process
};

}  // namespace driftcage::match
