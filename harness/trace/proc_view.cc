// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/proc_view.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>

#include "harness/base/retry.h"

namespace driftcage::trace {
namespace {

constexpr std::size_t kPrefix = 3;  // "fd/"

std::array<char, 16> fd_name(int fd) {
  std::array<char, 16> name{'f', 'd', '/'};
  std::to_chars(name.data() + kPrefix, name.data() + name.size() - 1, fd);
  return name;
}

bool link_text(int dir, const char* name, std::string& out) {
  std::array<char, 4096> text;
  const ssize_t n = readlinkat(dir, name, text.data(), text.size());
  if (n < 0) return false;
  out.assign(text.data(), static_cast<std::size_t>(n));
  return true;
}

std::optional<struct statx> stat_at(int dir, const char* name) {
  struct statx info {};
  if (statx(dir, name, 0, STATX_BASIC_STATS | STATX_MNT_ID, &info) != 0)
    return std::nullopt;
  return info;
}

}  // namespace

ProcView::ProcView(pid_t tid) {
  std::array<char, 32> path;
  std::snprintf(path.data(), path.size(), "/proc/%d", tid);
  dir_.reset(::open(path.data(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

bool ProcView::link(const char* name, std::string& out) const {
  return link_text(dir_.get(), name, out);
}

// The directory in which `name`, as fd_name() made it, is to be looked up. When
// the tracer has no descriptor left for it, the longer way is taken.
int ProcView::fd_dir(const char*& name) const {
  if (!fd_dir_)
    fd_dir_.reset(::openat(dir_.get(), "fd", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd_dir_) return dir_.get();
  name += kPrefix;
  return fd_dir_.get();
}

bool ProcView::fd_link(int fd, std::string& out) const {
  const auto text = fd_name(fd);
  const char* name = text.data();
  const int dir = fd_dir(name);
  return link_text(dir, name, out);
}

std::optional<struct statx> ProcView::stat(const char* name) const {
  return stat_at(dir_.get(), name);
}

std::optional<struct statx> ProcView::fd_stat(int fd) const {
  const auto text = fd_name(fd);
  const char* name = text.data();
  const int dir = fd_dir(name);
  return stat_at(dir, name);
}

base::UniqueFd ProcView::reopen(int fd) const {
  const auto text = fd_name(fd);
  const char* name = text.data();
  const int dir = fd_dir(name);
  return base::UniqueFd(base::retry(
      [&] { return ::openat(dir, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC); }));
}

bool ProcView::file(const char* name, std::string& out) const {
  out.clear();
  const base::UniqueFd fd(::openat(dir_.get(), name, O_RDONLY | O_CLOEXEC));
  if (!fd) return false;
  std::array<char, 16384> piece;
  while (true) {
    const ssize_t n = ::read(fd.get(), piece.data(), piece.size());
    if (n < 0) return false;
    if (n == 0) return true;
    out.append(piece.data(), static_cast<std::size_t>(n));
  }
}

StatusIds parse_status_ids(std::string_view status) {
  StatusIds ids;
  const auto number = [](std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    pid_t value = 0;
    const auto end =
        std::from_chars(text.data(), text.data() + text.size(), value);
    text.remove_prefix(static_cast<std::size_t>(end.ptr - text.data()));
    return value;
  };
  while (!status.empty()) {
    const std::size_t end = std::min(status.find('\n'), status.size());
    std::string_view line = status.substr(0, end);
    status.remove_prefix(std::min(end + 1, status.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, colon);
    line.remove_prefix(colon + 1);
    if (key == "Tgid") {
      ids.tgid = number(line);
    } else if (key == "PPid") {
      ids.parent = number(line);
    } else if (key == "NSpid") {
      constexpr std::string_view kDigits = "0123456789";
      for (std::size_t at = line.find_first_of(kDigits);
           at != std::string_view::npos; at = line.find_first_of(kDigits)) {
        line.remove_prefix(at);
        ids.nested.push_back(number(line));
      }
      break;  // nothing of interest follows
    }
  }
  return ids;
}

}  // namespace driftcage::trace
