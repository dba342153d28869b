// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/unique_fd.h"

namespace driftcage::trace {

// /proc/TID of one thread, held open so that a look-up costs no search through
// /proc and can never meet another thread with a reused id.
class ProcView {
 public:
  ProcView() = default;
  explicit ProcView(pid_t tid);

  [[nodiscard]] bool is_open() const { return static_cast<bool>(dir_); }
  [[nodiscard]] int dir() const { return dir_.get(); }
  // Text of a link ("cwd", "root", "exe", "fd/3"); false when there is none.
  [[nodiscard]] bool link(const char* name, std::string& out) const;
  [[nodiscard]] bool fd_link(int fd, std::string& out) const;
  // statx(2) of what a link, or the descriptor, stands for; with its mount.
  [[nodiscard]] std::optional<struct statx> stat(const char* name) const;
  [[nodiscard]] std::optional<struct statx> fd_stat(int fd) const;
  // The same file opened anew, for reading; empty when it may not be.
  [[nodiscard]] base::UniqueFd reopen(int fd) const;
  // Whole content of a small file ("cmdline", "environ", "status").
  [[nodiscard]] bool file(const char* name, std::string& out) const;

 private:
  [[nodiscard]] int fd_dir(const char*& name) const;

  base::UniqueFd dir_;
  // Of its subdirectory fd: every successful open is looked up there, and each
  // component of a path in /proc is dear.
  mutable base::UniqueFd fd_dir_;
};

// Ids in /proc/TID/status, see proc(5).
struct StatusIds {
  pid_t tgid = 0;
  pid_t parent = 0;
  std::vector<pid_t> nested;  // NSpid: from the reader's namespace inwards
};
// Pure: reads the text of /proc/TID/status.
[[nodiscard]] StatusIds parse_status_ids(std::string_view status);

}  // namespace driftcage::trace
