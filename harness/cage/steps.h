// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/sys.h"
#include "harness/cage/cage.h"

namespace driftcage::cage {

// How long each step of a set-up took and which fallbacks it chose.
class Steps {
 public:
  Steps() : last_(base::sys::monotonic_ns()) {}
  void done(const char* step) {
    const std::uint64_t now = base::sys::monotonic_ns();
    times_.push_back({step, now - last_});
    last_ = now;
  }
  void note(std::string text) { notes_.push_back(std::move(text)); }
  [[nodiscard]] const std::vector<StepTime>& times() const { return times_; }
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  std::uint64_t last_;
  std::vector<StepTime> times_;
  std::vector<std::string> notes_;
};

}  // namespace driftcage::cage
