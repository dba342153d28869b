// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace driftcage::cage {

// One line of /proc/PID/mountinfo (proc(5)), as far as it is used here.
struct MountEntry {
  std::string at;      // mount point, escapes undone
  std::string type;    // "ext4", "overlay", "proc", ...
  std::string source;  // "/dev/vda1", "overlay", ...
  bool operator==(const MountEntry&) const = default;
};

// Lines that are not of the format are left out.
[[nodiscard]] std::vector<MountEntry> parse_mountinfo(std::string_view text);

// True for file systems that show kernel state instead of files: a cage gets
// its own ones, or none.
[[nodiscard]] bool is_kernel_view(std::string_view type);

}  // namespace driftcage::cage
