// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"

namespace driftcage::runner {

// Tells when files were written (inotify(7)). It watches their folders: editors
// put a new file in the place of the old one.
class FileWatch {
 public:
  static base::Result<FileWatch> open();
  base::Status add(const std::string& file);
  // Waits until at least one file was written, and a moment more for what else
  // belongs to the same save. The number of the signal after SIGINT, SIGTERM,
  // SIGHUP or SIGQUIT.
  [[nodiscard]] tl::expected<std::vector<std::string>, int> wait();

 private:
  bool read_events(std::set<std::string>& changed);

  base::UniqueFd fd_;
  std::map<int, std::string> folders_;
  std::set<std::string> files_;
};

}  // namespace driftcage::runner
