// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mount.h>

#include <cstdint>
#include <string>
#include <utility>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"

// mount(2) and the calls of its newer interface, with errors that name what
// was mounted where. All of them need CAP_SYS_ADMIN in the user namespace that
// owns the calling process's mount namespace.
namespace driftcage::cage {

// For everything that is the host's.
inline constexpr std::uint64_t kSafe = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

// mount(2) of a new file system of `type`.
[[nodiscard]] base::Status mount_new(const char* type, const std::string& at,
                                     unsigned long flags,
                                     const std::string& data);
// open_tree(2) with OPEN_TREE_CLONE: a detached copy of the mounts at
// `dir`/`path` (`path` empty: `dir` itself), always with everything mounted
// below, because a part of an inherited tree must not be uncovered.
[[nodiscard]] base::Result<base::UniqueFd> clone_tree(int dir,
                                                      const std::string& path);
// mount_setattr(2) on all of a detached tree. Flags are only ever added: in a
// user namespace the inherited ones are locked, and clearing one is EPERM.
[[nodiscard]] base::Status add_flags(int tree, std::uint64_t attributes,
                                     const std::string& name);
// move_mount(2) of a detached tree onto `at`.
[[nodiscard]] base::Status attach(int tree, const std::string& at);
// mount(2) of an overlay for unprivileged use; upper and work lie on one file
// system that is no overlay itself.
[[nodiscard]] base::Status mount_overlay(const std::string& lower,
                                         const std::string& upper,
                                         const std::string& work,
                                         const std::string& at);
// A scratch file system over a directory of the host that no cage shows, in the
// caller's mount namespace only.
class Scratch {
 public:
  static base::Result<Scratch> mount();
  // Where it is, without links.
  [[nodiscard]] const std::string& at() const { return at_; }
  // A name in it that was never given out: `kind` and a number.
  [[nodiscard]] std::string name(const char* kind);
  // A new directory of that name.
  [[nodiscard]] base::Result<std::string> directory(const char* kind);

 private:
  explicit Scratch(std::string at) : at_(std::move(at)) {}
  std::string at_;
  unsigned count_ = 0;
};
// move_mount(2) of a detached tree to a new directory of `scratch`, which is
// returned open: an overlay has to be told where its layers are.
[[nodiscard]] base::Result<base::UniqueFd> attach_aside(Scratch& scratch,
                                                        int tree);
// "/proc/self/fd/N": a path for calls that take no descriptor.
[[nodiscard]] std::string fd_path(int fd);

}  // namespace driftcage::cage
