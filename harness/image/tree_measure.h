// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "harness/base/result.h"

namespace driftcage::image {

struct TreeSize {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;     // of file contents, each hard-linked file once
  std::int64_t changed_s = 0;  // latest change of anything (st_ctime)
  std::int64_t changed_ns = 0;
  bool operator==(const TreeSize&) const = default;
};

// How much is in a tree.
struct TreeMeasure {
  TreeSize
      seen;  // without what is in directories that are closed to the caller
  // With directories of the caller's own, too, which it has locked. Empty where
  // nobody can look into them: another user's, or no user namespaces.
  std::optional<TreeSize> whole;
  [[nodiscard]] const TreeSize& best() const { return whole ? *whole : seen; }
};

// Measures below the directory `top`. EINTR when a signal was noted meanwhile
// (InterruptGuard).
[[nodiscard]] base::Result<TreeMeasure> measure_tree(int top);

// Whether two measurements of one tree differ in nothing that both know.
[[nodiscard]] bool are_alike(const TreeMeasure& a, const TreeMeasure& b);

}  // namespace driftcage::image
