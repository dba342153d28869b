// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "harness/model/event.h"

namespace driftcage::report {

// Which call brought a file into a process, for the files that it has mapped:
// lsof(8) and /proc/PID/maps against the trace. A mapped file that no call is
// known for came with a descriptor from elsewhere, or past the tracer.
class OpenedFiles {
 public:
  // A successful open, or an exec, with which a process begins anew.
  void add(const model::Event& event);
  void forget(std::uint32_t process) { processes_.erase(process); }
  // Event::seq of the open of `path`, or of the exec whose program or loader it
  // is; 0 when none was seen.
  [[nodiscard]] std::uint64_t seq_of(std::uint32_t process,
                                     const std::string& path) const;

 private:
  using Opened = std::unordered_map<std::string, std::uint64_t>;
  std::unordered_map<std::uint32_t, Opened> processes_;
};

// "r-- r-x" for the bits of MappedFile::rights.
[[nodiscard]] std::string rights_text(std::uint32_t rights);

}  // namespace driftcage::report
