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
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "harness/base/sys.h"

namespace driftcage::cell {
namespace {

constexpr int kMaxDepth = 100;
constexpr std::size_t kMaxModes = 1u << 20;
constexpr std::size_t kMaxLost = 4096;

// Neither links nor mounts are followed (openat2(2)).
base::UniqueFd open_inside(int dir, const char* name, std::uint64_t flags) {
  struct ::open_how how {};
  how.flags = flags | O_CLOEXEC | O_NOFOLLOW;
  if ((flags & O_PATH) == 0) how.flags |= O_NONBLOCK;
  how.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH;
  return base::UniqueFd(
      static_cast<int>(::syscall(SYS_openat2, dir, name, &how, sizeof how)));
}

class Copy {
 public:
  explicit Copy(std::uint64_t most) : left_(most) {}
  // What could not be kept, each with a zero behind it: the first of them, and
  // "+N" for what is more.
  [[nodiscard]] std::string lost() const {
    if (more_lost_ == 0) return lost_;
    return lost_ + "+" + std::to_string(more_lost_) + std::string(1, '\0');
  }
  void lose(const std::string& name) {
    if (lost_.size() < kMaxLost) {
      lost_.append(name).append(1, '\0');
    } else {
      ++more_lost_;
    }
  }

  // A whole place into `folder`; paths begin with `name`. False when it could
  // not be kept.
  bool place(int from, const std::string& folder, const std::string& name) {
    struct ::stat status {};
    if (::fstat(from, &status) != 0) return false;
    const mode_t mode = status.st_mode & 07777;
    // "." opens anew, which a mode may forbid.
    if ((mode & 0700) != 0700 && ::fchmod(from, mode | 0700) != 0) return false;
    base::UniqueFd inside = open_inside(from, ".", O_RDONLY | O_DIRECTORY);
    if (!inside || !base::sys::mkdir(folder, 0700)) return false;
    base::UniqueFd to(
        ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!to) return false;
    set_mode(to.get(), mode, mode | 0700, name + "/");
    directory(std::move(inside), std::move(to), name, 0);
    return true;
  }
  // "MODE PATH", each with a zero behind it: what has another mode in the copy.
  [[nodiscard]] const std::string& modes() const { return modes_; }

  // `name` of `to`, as paths in modes() begin.
  void directory(base::UniqueFd from, base::UniqueFd to,
                 const std::string& name, int depth) {
    if (depth > kMaxDepth) return lose(name);
    const int fd = from.get();
    const std::unique_ptr<DIR, int (*)(DIR*)> list(::fdopendir(from.release()),
                                                   ::closedir);
    if (!list) return;
    while (const dirent* entry = ::readdir(list.get())) {
      const std::string_view inner(entry->d_name);
      if (inner == "." || inner == "..") continue;
      if (!take(fd, to.get(), entry->d_name, name + "/", depth))
        lose(name + "/" + entry->d_name);
    }
  }

 private:
  // False when it could not be kept.
  bool take(int from, int to, const char* name, const std::string& above,
            int depth) {
    struct ::stat status {};
    if (::fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return false;
    const mode_t mode = status.st_mode & 07777;
    if (S_ISLNK(status.st_mode)) {
      std::array<char, 4096> target{};
      const ssize_t size =
          ::readlinkat(from, name, target.data(), target.size() - 1);
      return size > 0 && ::symlinkat(target.data(), to, name) == 0;
    }
    if (S_ISDIR(status.st_mode)) {
      base::UniqueFd inner =
          open_whatever_mode(from, name, O_RDONLY | O_DIRECTORY, mode | 0700);
      // Another mount, as of the build cache, is there again in the shell.
      if (!inner && errno == EXDEV) return true;
      if (!inner || ::mkdirat(to, name, 0700) != 0) return false;
      base::UniqueFd made = open_inside(to, name, O_RDONLY | O_DIRECTORY);
      if (!made) return false;
      set_mode(made.get(), mode, mode | 0700, above + name);
      directory(std::move(inner), std::move(made), above + name, depth + 1);
      return true;
    }
    return S_ISREG(status.st_mode) && file(from, to, name, above, mode);
  }

  // The payload has ended: its files may be made readable for us.
  static base::UniqueFd open_whatever_mode(int from, const char* name,
                                           std::uint64_t flags, mode_t mode) {
    base::UniqueFd fd = open_inside(from, name, flags);
    if (fd || errno != EACCES) return fd;
    const base::UniqueFd place = open_inside(from, name, O_PATH);
    const std::string path = "/proc/self/fd/" + std::to_string(place.get());
    if (!place || ::chmod(path.c_str(), mode) != 0) return {};
    return open_inside(from, name, flags);
  }

  // The copy is readable for its owner, whatever the payload made of it, and
  // runs nothing as somebody else.
  void set_mode(int fd, mode_t mode, mode_t readable, const std::string& path) {
    readable &= 0777;
    if (::fchmod(fd, readable) == 0 && readable == mode) return;
    if (modes_.size() > kMaxModes) return lose(path);
    std::array<char, 8> octal{};
    std::snprintf(octal.data(), octal.size(), "%04o ", mode);
    modes_.append(octal.data()).append(path).append(1, '\0');
  }

  bool file(int from, int to, const char* name, const std::string& above,
            mode_t mode) {
    const base::UniqueFd in =
        open_whatever_mode(from, name, O_RDONLY, mode | 0600);
    if (!in) return false;
    const base::UniqueFd out(
        ::openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!out) return false;
    set_mode(out.get(), mode, mode | 0600, above + name);
    std::array<char, 1u << 16> buffer{};
    while (true) {
      const ssize_t size = ::read(in.get(), buffer.data(), buffer.size());
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) return size == 0;
      const auto bytes = static_cast<std::uint64_t>(size);
      if (bytes > left_ ||
          !base::sys::write_all(out.get(), {buffer.data(), bytes}, name)) {
        static_cast<void>(::unlinkat(to, name, 0));
        return false;
      }
      left_ -= bytes;
    }
  }

  std::uint64_t left_;
  std::string lost_;
  std::size_t more_lost_ = 0;
  std::string modes_;
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
    if (places_[i] && !copy.place(places_[i].get(), folder, std::to_string(i)))
      copy.lose(std::to_string(i) + "/");
  }
  if (!copy.modes().empty())
    static_cast<void>(base::sys::write_file(into_ + "/modes", copy.modes()));
  const std::string lost = copy.lost();
  if (!lost.empty())
    static_cast<void>(base::sys::write_file(into_ + "/lost", lost));
}

}  // namespace driftcage::cell
