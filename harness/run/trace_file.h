// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/image/digest.h"
#include "harness/wire/record.h"

namespace driftcage::run {

// The step of errors about a stored trace that cannot be read.
inline constexpr std::string_view kReadTrace = "read trace";

// A trace as it comes from a cell, stored. A whole one ends with a seal, by
// which readers know that every byte is as it was.
class TraceFile {
 public:
  // Creates `file`, which takes up to `max_bytes` of the trace.
  static base::Result<TraceFile> create(std::string file,
                                        std::uint64_t max_bytes);

  // Records need not be whole. What does not fit, and all after it, is left
  // out.
  base::Status add(std::string_view bytes);
  base::Status seal();
  // Something was left out.
  [[nodiscard]] bool is_cut() const { return cut_; }
  // Bytes stored of the trace.
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  std::string file_;
  base::UniqueFd fd_;
  image::Sha256 hash_;
  std::uint64_t max_bytes_ = 0;
  std::uint64_t size_ = 0;
  bool cut_ = false;
};

// Gives each record of a stored trace but the seal to `take` until that says
// false or the file ends. A trace that is cut before its End ends where its
// last complete record does: only the missing End tells. Fails when the file
// cannot be read, is no trace, is of another version of driftcage, or when its
// seal does not fit or is not there; whoever stops early does not get that far.
// Needs memory for one piece of the file.
[[nodiscard]] base::Status read_trace(
    const std::string& file,
    const std::function<bool(const wire::Record&)>& take);

}  // namespace driftcage::run
