// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/cage/editor.h"
#include "harness/cage/steps.h"

namespace driftcage::cage {

// Takes programs off a PATH without touching them: a directory that holds one
// is replaced by a directory of links to its other entries.
class PathFarm {
 public:
  PathFarm(Editor& editor, Steps& steps) : editor_(editor), steps_(steps) {}

  // `path_list` without the programs whose names match one of the fnmatch(3)
  // patterns. A pattern that matches nothing is noted.
  [[nodiscard]] base::Result<std::string> drop(
      const std::string& path_list, const std::vector<std::string>& patterns);

 private:
  base::Result<std::string> plant(const std::string& dir,
                                  const std::vector<std::string>& names);

  Editor& editor_;
  Steps& steps_;
  unsigned count_ = 0;
};

}  // namespace driftcage::cage
