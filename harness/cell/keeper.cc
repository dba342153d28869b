// SPDX-License-Identifier: Apache-2.0
#include "harness/cell/keeper.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "harness/base/sys.h"

namespace driftcage::cell {
namespace {

constexpr int kMaxDepth = 100;

// Neither links nor mounts are followed (openat2(2)).
base::UniqueFd open_inside(int dir, const char* name, std::uint64_t flags) {
  struct ::open_how how {};
  how.flags = flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  how.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH;
  return base::UniqueFd(
      static_cast<int>(::syscall(SYS_openat2, dir, name, &how, sizeof how)));
}

class Copy {
 public:
  explicit Copy(std::uint64_t most) : left_(most) {}
  [[nodiscard]] bool cut() const { return cut_; }

  void directory(base::UniqueFd from, base::UniqueFd to, int depth) {
    if (depth > kMaxDepth) {
      cut_ = true;
      return;
    }
    const int fd = from.get();
    const std::unique_ptr<DIR, int (*)(DIR*)> list(::fdopendir(from.release()),
                                                   ::closedir);
    if (!list) return;
    while (const dirent* entry = ::readdir(list.get())) {
      const std::string_view name(entry->d_name);
      if (name != "." && name != "..") take(fd, to.get(), entry->d_name, depth);
    }
  }

 private:
  void take(int from, int to, const char* name, int depth) {
    struct ::stat status {};
    if (::fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return;
    // Readable for us whatever the payload made of it.
    const mode_t mode = status.st_mode & 0777;
    if (S_ISLNK(status.st_mode)) {
      std::array<char, 4096> target{};
      const ssize_t size =
          ::readlinkat(from, name, target.data(), target.size() - 1);
      if (size > 0) static_cast<void>(::symlinkat(target.data(), to, name));
    } else if (S_ISDIR(status.st_mode)) {
      base::UniqueFd inner = open_inside(from, name, O_RDONLY | O_DIRECTORY);
      if (!inner || ::mkdirat(to, name, mode | 0700) != 0) return;
      base::UniqueFd made = open_inside(to, name, O_RDONLY | O_DIRECTORY);
      if (made) directory(std::move(inner), std::move(made), depth + 1);
    } else if (S_ISREG(status.st_mode)) {
      file(from, to, name, mode | 0600);
    }
  }

  void file(int from, int to, const char* name, mode_t mode) {
    const base::UniqueFd in = open_inside(from, name, O_RDONLY);
    if (!in) return;
    const base::UniqueFd out(
        ::openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!out) return;
    std::array<char, 1u << 16> buffer{};
    while (true) {
      const ssize_t size = ::read(in.get(), buffer.data(), buffer.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) cut_ = true;
      if (size <= 0) return;
      const auto bytes = static_cast<std::uint64_t>(size);
      if (bytes > left_ ||
          !base::sys::write_all(out.get(), {buffer.data(), bytes}, name)) {
        cut_ = true;
        return;
      }
      left_ -= bytes;
    }
  }

  std::uint64_t left_;
  bool cut_ = false;
};

}  // namespace

Keeper::Keeper(const model::CageSpec& spec, pid_t init)
    : into_(spec.keep_into) {
  if (into_.empty()) return;
  const std::string root = "/proc/" + std::to_string(init) + "/root";
  for (const std::string& place : spec.keep) {
    places_.emplace_back(
        ::open((root + place).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
}

void Keeper::keep() const {
  if (into_.empty() || !base::sys::mkdir(into_, 0755)) return;
  Copy copy(kMost);
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const std::string folder = into_ + "/" + std::to_string(i);
    // "." opens anew: the place itself is needed no second time.
    base::UniqueFd from =
        open_inside(places_[i].get(), ".", O_RDONLY | O_DIRECTORY);
    if (!from || !base::sys::mkdir(folder, 0755)) continue;
    base::UniqueFd to(
        ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (to) copy.directory(std::move(from), std::move(to), 0);
  }
  if (copy.cut()) static_cast<void>(base::sys::write_file(into_ + "/cut", ""));
}

}  // namespace driftcage::cell
