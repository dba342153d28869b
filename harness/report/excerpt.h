// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/match/matcher.h"

namespace driftcage::report {

struct Excerpt {
  std::vector<match::Sighting> events;
  std::string stage;  // of the event in the middle, see match::Stages; or ""
};

// The events of `process` around the event `seq` in a stored trace: up to
// `before` ones, that one, and up to `after` ones. Reads the file at most once
// and keeps only what it returns. Fails when the file cannot be read or is no
// trace.
[[nodiscard]] base::Result<Excerpt> read_excerpt(const std::string& file,
                                                 std::uint32_t process,
                                                 std::uint64_t seq,
                                                 std::size_t before,
                                                 std::size_t after);

}  // namespace driftcage::report
