// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "harness/base/path.h"
#include "harness/base/sys.h"
#include "harness/cage/devices.h"
#include "harness/cage/directory.h"
#include "harness/cage/mounts.h"
#include "harness/cage/root.h"

namespace driftcage::cage {
namespace {

class Builder {
 public:
  Builder(const model::CageSpec& spec, Sources sources, Scratch scratch,
          Steps& steps)
      : spec_(spec),
        sources_(std::move(sources)),
        scratch_(std::move(scratch)),
        root_(scratch_.at() + "/root"),
        steps_(steps) {}

  base::Result<Tree> build();

 private:
  base::Status make_own_directories();
  base::Status mount_proc();
  base::Status protect_proc(const std::string& at);
  base::Status make_masks();
  base::Status make_mask(const std::string& at, bool directory);
  base::Status prepare_trees();
  base::Status enter();

  base::Status cover(const std::string& source, const std::string& at,
                     std::uint64_t attributes);
  base::Result<std::shared_ptr<Layer>> shifted_overlay(
      const model::op::MountTree& tree, const std::string& at);
  base::Result<ReadyTree> prepare_tree(const model::op::MountTree& tree);
  base::Result<ReadyTree> prepare_shared(const model::op::MountShared& shared);

  [[nodiscard]] bool masked(const std::string& at) const {
    return std::find(spec_.masks.begin(), spec_.masks.end(), at) !=
           spec_.masks.end();
  }
  [[nodiscard]] std::string target(const std::string& at) const {
    return at == "/" ? root_ : root_ + at;
  }

  const model::CageSpec& spec_;
  Sources sources_;
  Scratch scratch_;
  const std::string root_;
  Steps& steps_;
  Tree tree_;
};

// Mounts the scratch file or directory `source` over `at`.
base::Status Builder::cover(const std::string& source, const std::string& at,
                            std::uint64_t attributes) {
  const base::UniqueFd tree = DRIFTCAGE_TRY(clone_tree(AT_FDCWD, source));
  if (attributes != 0) {
    DRIFTCAGE_CHECK_OK(add_flags(tree.get(), attributes, at));
  }
  DRIFTCAGE_CHECK_OK(attach(tree.get(), target(at)));
  tree_.regions.add({at,
                     (attributes & MOUNT_ATTR_RDONLY) != 0
                         ? RegionKind::ReadOnly
                         : RegionKind::Plain,
                     nullptr, ""});
  return {};
}

base::Status Builder::mount_proc() {
  constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  const bool shown = spec_.proc == model::ProcView::Fresh;
  const std::string at =
      shown ? target("/proc") : DRIFTCAGE_TRY(scratch_.directory("p"));
  auto mounted = mount_new("proc", at, kFlags, "");
  if (!mounted) {
    // A container that covers parts of its /proc: the kernel lets nobody below
    // it have an uncovered one (mount_namespaces(7)). Its own can be shown, but
    // not for writing: the other processes of the user are in it.
    if (mounted.error().err != EPERM) return mounted;
    const base::UniqueFd tree = DRIFTCAGE_TRY(clone_tree(AT_FDCWD, "/proc"));
    DRIFTCAGE_CHECK_OK(add_flags(tree.get(), MOUNT_ATTR_RDONLY, "/proc"));
    DRIFTCAGE_CHECK_OK(attach(tree.get(), at));
    tree_.rung = "no-fresh-proc";
    steps_.note("/proc is the host's: " + mounted.error().message());
  }
  tree_.proc = DRIFTCAGE_TRY(
      base::sys::open(mounted ? at : "/proc", O_PATH | O_DIRECTORY));
  if (!shown) return {};
  tree_.regions.add({"/proc", RegionKind::ReadOnly, nullptr, ""});
  return mounted ? protect_proc(at) : base::Status();
}

// Everything but processes is the machine's, and the kernel lets its root
// write to most of that without any capability.
base::Status Builder::protect_proc(const std::string& at) {
  struct stat status {};
  if (::fstatat(tree_.proc.get(), "sys", &status, 0) != 0 ||
      status.st_uid != ::geteuid()) {
    return {};  // the cage's root is another one than the host's
  }
  for (const std::string& name :
       DRIFTCAGE_TRY(list_directory(tree_.proc.get()))) {
    if (::fstatat(tree_.proc.get(), name.c_str(), &status,
                  AT_SYMLINK_NOFOLLOW) != 0 ||
        S_ISLNK(status.st_mode) || (name[0] >= '0' && name[0] <= '9')) {
      continue;
    }
    const std::string path = at + "/" + name;
    const base::UniqueFd tree = DRIFTCAGE_TRY(clone_tree(AT_FDCWD, path));
    DRIFTCAGE_CHECK_OK(add_flags(tree.get(), MOUNT_ATTR_RDONLY, path));
    DRIFTCAGE_CHECK_OK(attach(tree.get(), path));
  }
  return {};
}

base::Status Builder::make_own_directories() {
  const std::string dev = DRIFTCAGE_TRY(scratch_.directory("dev"));
  DRIFTCAGE_CHECK_OK(cover(dev, "/dev", 0));
  DRIFTCAGE_CHECK_OK(
      fill_devices(target("/dev"), spec_.drop_devices, spec_.terminal));
  steps_.done("dev");
  DRIFTCAGE_CHECK_OK(mount_proc());
  const std::string none = DRIFTCAGE_TRY(scratch_.directory("none"));
  if (::chmod(none.c_str(), 0555) != 0) return base::fail("chmod", none, errno);
  DRIFTCAGE_CHECK_OK(cover(none, "/sys", MOUNT_ATTR_RDONLY));
  if (spec_.proc == model::ProcView::None) {
    DRIFTCAGE_CHECK_OK(cover(none, "/proc", MOUNT_ATTR_RDONLY));
  }
  steps_.done("proc");
  // Of its own: one that is full must not fill all that the cage writes to.
  DRIFTCAGE_CHECK_OK(
      mount_new("tmpfs", target("/tmp"), MS_NOSUID | MS_NODEV, "mode=1777"));
  tree_.regions.add({"/tmp", RegionKind::Plain, nullptr, ""});
  steps_.done("tmp");
  return {};
}

base::Status Builder::make_masks() {
  const base::UniqueFd root =
      DRIFTCAGE_TRY(base::sys::open(root_, O_PATH | O_DIRECTORY));
  for (const std::string& mask : spec_.masks) {
    const Region& region = tree_.regions.find(mask);
    if (region.at == mask && !region.inside.empty()) continue;  // empty already
    auto found = open_place(root.get(), mask, RESOLVE_IN_ROOT);
    struct stat status {};
    // Nothing to mask where there is nothing.
    if (!found || ::fstat(found->get(), &status) != 0) continue;
    const std::string at =
        DRIFTCAGE_TRY(base::sys::readlinkat(AT_FDCWD, fd_path(found->get())))
            .substr(root_.size());
    found->reset();
    if (at.empty()) return base::fail("mask", mask, EINVAL, "it is the root");
    DRIFTCAGE_CHECK_OK(make_mask(at, S_ISDIR(status.st_mode)));
  }
  return {};
}

base::Status Builder::make_mask(const std::string& at, bool directory) {
  const Region& region = tree_.regions.find(at);
  if (region.kind == RegionKind::Plain && region.at == "/" && masked(at)) {
    return {};  // left empty when the root was made
  }
  if (region.kind == RegionKind::Overlay) {
    // See Editor::mount_point.
    const std::string dir(base::path::dir_name(at));
    if (DRIFTCAGE_TRY(
            prepare(*region.layer, RegionMap::in_layer(region, dir)))) {
      DRIFTCAGE_CHECK_OK(flush(*region.layer));
    }
  }
  const std::string empty = scratch_.name("m");
  if (directory) {
    DRIFTCAGE_CHECK_OK(base::sys::mkdir(empty, 0755));
  } else {
    DRIFTCAGE_CHECK_OK(base::sys::write_file(empty, ""));
  }
  return cover(empty, at, 0);  // the scratch file system is safe itself
}

// Fails where there is no shifted tree, and on kernels before 5.19, whose
// overlays take no id-mapped mounts.
base::Result<std::shared_ptr<Layer>> Builder::shifted_overlay(
    const model::op::MountTree& tree, const std::string& at) {
  const auto shifted = sources_.shifted.by_path.find(tree.from);
  if (!tree.own_ids || shifted == sources_.shifted.by_path.end() ||
      !shifted->second)
    return base::fail("shift ids", tree.from);
  return make_layer(
      scratch_, DRIFTCAGE_TRY(attach_aside(scratch_, shifted->second.get())),
      at);
}

base::Result<ReadyTree> Builder::prepare_tree(
    const model::op::MountTree& tree) {
  ReadyTree ready;
  const int source = sources_.trees.at({tree.inside, tree.from}).get();
  struct stat status {};
  if (::fstat(source, &status) != 0) {
    return base::fail("stat", tree.from, errno);
  }
  ready.directory = S_ISDIR(status.st_mode);
  std::uint64_t attributes = kSafe;
  if (tree.noexec) attributes |= MOUNT_ATTR_NOEXEC;
  if (tree.read_only) {
    attributes |= MOUNT_ATTR_RDONLY;
    ready.mount = DRIFTCAGE_TRY(clone_tree(source, ""));
  } else if (ready.directory) {
    ready.kind = RegionKind::Overlay;
    const std::string at = DRIFTCAGE_TRY(scratch_.directory("t"));
    auto layer = shifted_overlay(tree, at);
    if (!layer) {
      base::UniqueFd lower(::fcntl(source, F_DUPFD_CLOEXEC, 3));
      layer = make_layer(scratch_, std::move(lower), at);
    }
    if (!layer) {
      return base::fail("mount overlay", tree.from, layer.error().err,
                        layer.error().hint);
    }
    ready.layer = *std::move(layer);
    ready.mount = DRIFTCAGE_TRY(clone_tree(AT_FDCWD, at));
  } else {
    ready.kind = RegionKind::Plain;
    const std::string copy = scratch_.name("f");
    const base::UniqueFd file =
        DRIFTCAGE_TRY(base::sys::open(fd_path(source), O_RDONLY));
    DRIFTCAGE_CHECK_OK(copy_file(file, status, copy));
    ready.mount = DRIFTCAGE_TRY(clone_tree(AT_FDCWD, copy));
  }
  DRIFTCAGE_CHECK_OK(add_flags(ready.mount.get(), attributes, tree.from));
  return ready;
}

base::Result<ReadyTree> Builder::prepare_shared(
    const model::op::MountShared& shared) {
  ReadyTree ready;
  ready.kind = RegionKind::Plain;
  ready.mount =
      DRIFTCAGE_TRY(clone_tree(sources_.trees.at({"", shared.from}).get(), ""));
  DRIFTCAGE_CHECK_OK(add_flags(ready.mount.get(), kSafe, shared.from));
  return ready;
}

// Trees are cloned while the host's tree is still there: afterwards the kernel
// takes nothing out of it any more.
base::Status Builder::prepare_trees() {
  for (const model::op::MountTree& tree : spec_.let_in) {
    tree_.let_in.push_back(DRIFTCAGE_TRY(prepare_tree(tree)));
  }
  for (const model::CageOp& op : spec_.ops) {
    if (const auto* tree = std::get_if<model::op::MountTree>(&op)) {
      tree_.from_op.push_back(DRIFTCAGE_TRY(prepare_tree(*tree)));
    } else if (const auto* shared = std::get_if<model::op::MountShared>(&op)) {
      tree_.from_op.push_back(DRIFTCAGE_TRY(prepare_shared(*shared)));
    }
  }
  return {};
}

base::Status Builder::enter() {
  if (::chdir(root_.c_str()) != 0) return base::fail("chdir", root_, errno);
  // With both names the same the old root ends up on top of the new one, and
  // no directory has to be made for it (pivot_root(2), NOTES).
  if (::syscall(SYS_pivot_root, ".", ".") != 0) {
    const int err = errno;
    return base::fail("pivot_root", root_, err,
                      err == EINVAL
                          ? "the host's root is an initial ramfs, or no mount"
                          : "");
  }
  if (::umount2(".", MNT_DETACH) != 0) {
    return base::fail("unmount", "the host's root", errno);
  }
  if (::chdir("/") != 0) return base::fail("chdir", "/", errno);
  return {};
}

base::Result<Tree> Builder::build() {
  steps_.done("scratch");
  DRIFTCAGE_CHECK_OK(base::sys::mkdir(root_, 0755));
  DRIFTCAGE_CHECK_OK(
      make_root(spec_, sources_, scratch_, root_, tree_.regions, steps_));
  steps_.done("root");
  DRIFTCAGE_CHECK_OK(make_own_directories());
  DRIFTCAGE_CHECK_OK(make_masks());
  steps_.done("masks");
  DRIFTCAGE_CHECK_OK(prepare_trees());
  steps_.done("trees");
  DRIFTCAGE_CHECK_OK(enter());
  steps_.done("pivot");
  return std::move(tree_);
}

}  // namespace

base::Result<Tree> build_tree(const model::CageSpec& spec, Sources sources,
                              Steps& steps) {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return base::fail("make mounts private", "/", errno);
  }
  Scratch scratch = DRIFTCAGE_TRY(Scratch::mount());
  return Builder(spec, std::move(sources), std::move(scratch), steps).build();
}

}  // namespace driftcage::cage
