// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "harness/model/event.h"

namespace driftcage::report {

// Which call brought a file into a process, for the files that it has mapped:
// lsof(8) and /proc/PID/maps against the trace. A mapped file that no call is
// known for came with a descriptor from elsewhere, or past the tracer, or has
// got another name meanwhile on a file system that tells two numbers for it.
class OpenedFiles {
 public:
  // A successful open, or an exec, with which a process begins anew.
  void add(const model::Event& event);
  void forget(std::uint32_t process) { processes_.erase(process); }
  // Event::seq of the open of `file`, by its name or its number, or of the exec
  // whose program or loader it is; 0 when none was seen.
  [[nodiscard]] std::uint64_t seq_of(std::uint32_t process,
                                     const model::MappedFile& file) const;

 private:
  struct Opened {
    std::unordered_map<std::string, std::uint64_t> by_name;
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> by_number;
  };
  std::unordered_map<std::uint32_t, Opened> processes_;
};

// Whether it is memory that the kernel gives the form of a file: shared between
// processes, of memfd_create(2) or shmget(2).
[[nodiscard]] bool is_memory(const model::MappedFile& file);

// "r-- r-x" for the bits of MappedFile::rights.
[[nodiscard]] std::string rights_text(std::uint32_t rights);

}  // namespace driftcage::report
