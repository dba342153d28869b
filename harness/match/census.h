// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/model/event.h"

namespace driftcage::match {

// How often each call came with each path and result: what two runs of the same
// program must have in common whoever traced them. Process ids and the names of
// temporary files differ between runs, so every number counts as the same one.
class Census {
 public:
  void add(const model::Event& event);

  struct Difference {
    std::string call;  // "openat /etc/passwd = ok"
    std::uint64_t here = 0;
    std::uint64_t there = 0;
  };
  // In the order of the calls' texts; empty when both are the same.
  [[nodiscard]] std::vector<Difference> differences(const Census& other) const;
  [[nodiscard]] std::uint64_t calls() const { return calls_; }

 private:
  std::map<std::string, std::uint64_t> counts_;
  std::uint64_t calls_ = 0;
};

}  // namespace driftcage::match
