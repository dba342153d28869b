// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/shifted.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>
#include <variant>

#include "harness/base/sys.h"
#include "harness/cage/clone.h"
#include "harness/cage/idmap.h"

namespace driftcage::cage {
namespace {

// A user namespace with the ids that the cage is going to have. It lives as
// long as its descriptor. Empty where ids are not shifted, and nothing has to
// be, or when something failed, which is noted.
std::optional<base::UniqueFd> ids_of_a_cage(std::vector<std::string>& notes) {
  const auto failed = [&notes](const base::Error& error) {
    notes.push_back("ids: files of root outside are nobody's in the cage: " +
                    error.message());
    return std::nullopt;
  };
  int pidfd = -1;
  const pid_t cell = ::getpid();
  const auto pid = clone_into(CLONE_NEWUSER, &pidfd);
  if (!pid) return failed(pid.error());
  if (*pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    // Before that line nobody told of the cell's end.
    while (::getppid() == cell) ::pause();
    ::_exit(0);
  }
  const base::UniqueFd process(pidfd);
  std::vector<std::string> unshifted;
  const auto mapped = map_ids(*pid, unshifted);
  auto ids = base::sys::open("/proc/" + std::to_string(*pid) + "/ns/user",
                             O_RDONLY | O_CLOEXEC);
  ::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
  while (::waitpid(*pid, nullptr, __WALL) < 0 && errno == EINTR) {
  }
  if (!mapped) return failed(mapped.error());
  if (!unshifted.empty()) return std::nullopt;
  if (!ids) return failed(ids.error());
  return *std::move(ids);
}

// 0 or an errno value. Not recursive: an overlay does not look below it.
int shift(const std::string& from, int ids, base::UniqueFd& tree) {
  tree.reset(static_cast<int>(::syscall(SYS_open_tree, AT_FDCWD, from.c_str(),
                                        OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
  if (!tree) return errno;
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<std::uint64_t>(ids);
  return ::syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH,
                   &attributes, sizeof attributes) == 0
             ? 0
             : errno;
}

}  // namespace

ShiftedTrees shift_trees(const model::CageSpec& spec,
                         std::vector<std::string>& notes) {
  ShiftedTrees trees;
  if (::geteuid() != 0) return trees;
  std::vector<std::pair<std::string, base::UniqueFd*>> wanted;
  if (spec.root_own_ids) wanted.emplace_back(spec.root, &trees.root);
  for (const model::CageOp& op : spec.ops) {
    const auto* tree = std::get_if<model::op::MountTree>(&op);
    if (tree != nullptr && tree->own_ids && !tree->read_only)
      wanted.emplace_back(tree->from, &trees.by_path[tree->from]);
  }
  if (wanted.empty()) return trees;
  const auto ids = ids_of_a_cage(notes);
  if (!ids) return trees;
  for (const auto& [from, mount] : wanted) {
    if (const int err = shift(from, ids->get(), *mount); err != 0) {
      mount->reset();
      notes.push_back("ids: files of root in " + from +
                      " are nobody's in the cage: its file system has no "
                      "id-mapped mounts (" +
                      base::errno_name(err) + ")");
    }
  }
  return trees;
}

}  // namespace driftcage::cage
