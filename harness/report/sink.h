// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"

namespace driftcage::report {

// Where a report goes, in pieces. The first failure counts; done() tells it.
class Sink {
 public:
  enum class Mode { Replace, Append };
  // "-" is standard output. A file is written beside its final name and takes
  // it in done(); what is no regular file, a pipe or /dev/stdout, is written to
  // directly.
  static base::Result<Sink> open(const std::string& file, Mode mode);
  // Whether `file` can be written, for whoever must know long before it is.
  static base::Status check_place(const std::string& file, Mode mode);
  Sink(Sink&&) noexcept = default;
  Sink& operator=(Sink&&) = delete;
  ~Sink();

  void write(std::string_view text);
  [[nodiscard]] base::Status done();

 private:
  Sink() = default;
  base::Status flush();

  std::string file_;
  std::string beside_;  // the name until done(), or empty
  base::UniqueFd fd_;
  bool to_stdout_ = false;
  std::string buffer_;
  base::Status status_;
};

}  // namespace driftcage::report
