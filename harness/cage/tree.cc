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
#include <array>
#include <cerrno>
#include <utility>

#include "harness/base/path.h"
#include "harness/base/sys.h"
#include "harness/cage/devices.h"
#include "harness/cage/directory.h"
#include "harness/cage/mounts.h"

namespace driftcage::cage {
namespace {

// Directories that every cage has of its own.
constexpr std::array<std::string_view, 4> kOwn = {"/dev", "/proc", "/sys",
                                                  "/tmp"};
// A larger file in the root directory itself is bound, not copied.
constexpr off_t kCopyLimit = 64 << 10;

constexpr std::uint64_t kSafe = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

base::Status copy_file(const base::UniqueFd& from, const struct stat& status,
                       const std::string& to) {
  const base::UniqueFd out = DRIFTCAGE_TRY(
      base::sys::open(to, O_WRONLY | O_CREAT | O_EXCL, status.st_mode & 0777));
  return copy_content(from.get(), out.get(), to);
}

class Builder {
 public:
  Builder(const model::CageSpec& spec, Sources sources, Steps& steps)
      : spec_(spec), sources_(std::move(sources)), steps_(steps) {}

  base::Result<Tree> build();

 private:
  base::Status make_root();
  base::Status make_own_directories();
  base::Status mount_proc();
  base::Status protect_proc(const std::string& at);
  base::Status make_masks();
  base::Status make_mask(const std::string& at, bool directory);
  base::Status prepare_trees();
  base::Status enter();

  base::Status grow(int dir, const std::string& host, const std::string& at);
  base::Status grow_entry(int dir, const std::string& name,
                          const std::string& host, const std::string& at);
  base::Status grow_directory(base::UniqueFd dir, const std::string& host,
                              const std::string& at);
  base::Result<std::shared_ptr<Layer>> overlay(base::UniqueFd lower,
                                               const std::string& target,
                                               bool with_own_directories);
  base::Status cover(const std::string& source, const std::string& at,
                     std::uint64_t attributes);
  base::Result<std::shared_ptr<Layer>> shifted_overlay(
      const model::op::MountTree& tree, const std::string& at);
  base::Result<ReadyTree> prepare_tree(const model::op::MountTree& tree);
  base::Result<ReadyTree> prepare_shared(const model::op::MountShared& shared);
  base::Result<std::string> fresh(const char* kind);

  [[nodiscard]] bool masked(const std::string& at) const {
    return std::find(spec_.masks.begin(), spec_.masks.end(), at) !=
           spec_.masks.end();
  }
  [[nodiscard]] bool mount_below(const std::string& host) const;
  [[nodiscard]] const MountEntry* mount_at(const std::string& host) const;
  [[nodiscard]] std::string target(const std::string& at) const {
    return at == "/" ? root_ : root_ + at;
  }

  const model::CageSpec& spec_;
  Sources sources_;
  Steps& steps_;
  Tree tree_;
  std::string scratch_;
  std::string root_;
  std::string host_root_;  // spec.root without links
  unsigned count_ = 0;
};

bool Builder::mount_below(const std::string& host) const {
  return std::any_of(sources_.mounts.begin(), sources_.mounts.end(),
                     [&](const MountEntry& entry) {
                       return entry.at != host &&
                              base::path::is_below(entry.at, host);
                     });
}

const MountEntry* Builder::mount_at(const std::string& host) const {
  // The last one covers those before it.
  const auto found =
      std::find_if(sources_.mounts.rbegin(), sources_.mounts.rend(),
                   [&](const MountEntry& entry) { return entry.at == host; });
  return found == sources_.mounts.rend() ? nullptr : &*found;
}

// A new directory of the scratch file system.
base::Result<std::string> Builder::fresh(const char* kind) {
  std::string path = scratch_ + "/" + kind + std::to_string(count_++);
  DRIFTCAGE_CHECK_OK(base::sys::mkdir(path, 0755));
  return path;
}

base::Result<std::shared_ptr<Layer>> Builder::overlay(
    base::UniqueFd lower, const std::string& target_path,
    bool with_own_directories) {
  auto layer = std::make_shared<Layer>();
  const std::string upper = DRIFTCAGE_TRY(fresh("u"));
  const std::string work = DRIFTCAGE_TRY(fresh("w"));
  struct stat status {};
  if (::fstat(lower.get(), &status) != 0) {
    return base::fail("stat", target_path, errno);
  }
  // The root of an overlay has the attributes of the upper directory.
  if ((status.st_mode & 07777) != 0755 &&
      ::chmod(upper.c_str(), status.st_mode & 07777) != 0) {
    return base::fail("chmod", upper, errno);
  }
  if (with_own_directories) {
    // Made here, they are real directories whatever the image has in their
    // place: a link there must not lead a mount elsewhere.
    for (const std::string_view own : kOwn) {
      DRIFTCAGE_CHECK_OK(base::sys::mkdir(upper + std::string(own), 0755));
    }
  }
  layer->lower = std::move(lower);
  DRIFTCAGE_CHECK_OK(
      mount_overlay(fd_path(layer->lower.get()), upper, work, target_path));
  layer->upper = DRIFTCAGE_TRY(base::sys::open(upper, O_PATH | O_DIRECTORY));
  layer->root =
      DRIFTCAGE_TRY(base::sys::open(target_path, O_PATH | O_DIRECTORY));
  return layer;
}

base::Status Builder::make_root() {
  root_ = scratch_ + "/root";
  DRIFTCAGE_CHECK_OK(base::sys::mkdir(root_, 0755));
  host_root_ = DRIFTCAGE_TRY(
      base::sys::readlinkat(AT_FDCWD, fd_path(sources_.root.get())));
  if (!mount_below(host_root_)) {
    auto layer = DRIFTCAGE_TRY(overlay(std::move(sources_.root), root_, true));
    tree_.regions.add({"/", RegionKind::Overlay, std::move(layer), ""});
    return {};
  }
  // The kernel refuses an overlay over a directory with mounts below it,
  // because that would uncover what they hide. So the root is a scratch
  // directory, with an overlay for each directory in it.
  if (::mount(root_.c_str(), root_.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    return base::fail("bind", root_, errno);
  }
  tree_.regions.add({"/", RegionKind::Plain, nullptr, ""});
  for (const std::string_view own : kOwn) {
    DRIFTCAGE_CHECK_OK(base::sys::mkdir(root_ + std::string(own), 0755));
  }
  return grow(sources_.root.get(), host_root_ == "/" ? "" : host_root_, "");
}

base::Status Builder::grow(int dir, const std::string& host,
                           const std::string& at) {
  auto names = list_directory(dir);
  // What the cage's user may not read is shown empty, as to any other user.
  if (!names && names.error().err == EACCES) return {};
  if (!names) return tl::make_unexpected(names.error());
  for (const std::string& name : *names) {
    DRIFTCAGE_CHECK_OK(
        grow_entry(dir, name, host + "/" + name, at + "/" + name));
  }
  return {};
}

base::Status Builder::grow_entry(int dir, const std::string& name,
                                 const std::string& host,
                                 const std::string& at) {
  if (std::find(kOwn.begin(), kOwn.end(), at) != kOwn.end()) return {};
  struct stat status {};
  if (::fstatat(dir, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return {};  // gone or not to be seen: not there for the cage either
  }
  const std::string to = target(at);
  if (S_ISLNK(status.st_mode)) {
    const std::string link = DRIFTCAGE_TRY(base::sys::readlinkat(dir, name));
    if (::symlink(link.c_str(), to.c_str()) != 0) {
      return base::fail("symlink", to, errno);
    }
    return {};
  }
  if (S_ISREG(status.st_mode)) {
    auto file = base::sys::openat(dir, name, O_RDONLY | O_NOFOLLOW);
    if (!file) return {};
    if (status.st_size <= kCopyLimit) return copy_file(*file, status, to);
    DRIFTCAGE_CHECK_OK(base::sys::write_file(to, "", 0600));
    const base::UniqueFd tree = DRIFTCAGE_TRY(clone_tree(dir, name));
    DRIFTCAGE_CHECK_OK(add_flags(tree.get(), kSafe | MOUNT_ATTR_RDONLY, host));
    tree_.regions.add({at, RegionKind::ReadOnly, nullptr, ""});
    return attach(tree.get(), to);
  }
  if (!S_ISDIR(status.st_mode)) return {};
  if (::mkdir(to.c_str(), 0755) != 0) return base::fail("mkdir", to, errno);
  if (masked(at)) return {};
  auto child = base::sys::openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  if (!child) return {};
  return grow_directory(*std::move(child), host, at);
}

base::Status Builder::grow_directory(base::UniqueFd dir,
                                     const std::string& host,
                                     const std::string& at) {
  const MountEntry* mount = mount_at(host);
  if (mount != nullptr && is_kernel_view(mount->type)) return {};
  if (mount_below(host)) return grow(dir.get(), host, at);
  if (shows_nothing(dir.get())) return {};
  const std::string to = target(at);
  base::UniqueFd again(::fcntl(dir.get(), F_DUPFD_CLOEXEC, 3));
  auto layer = overlay(std::move(dir), to, false);
  if (layer) {
    tree_.regions.add({at, RegionKind::Overlay, *std::move(layer), ""});
    return {};
  }
  // Not every file system can lie below an overlay.
  const base::UniqueFd tree = DRIFTCAGE_TRY(clone_tree(again.get(), ""));
  DRIFTCAGE_CHECK_OK(add_flags(tree.get(), kSafe | MOUNT_ATTR_RDONLY, host));
  DRIFTCAGE_CHECK_OK(attach(tree.get(), to));
  tree_.regions.add({at, RegionKind::ReadOnly, nullptr, ""});
  steps_.note(at + " is read-only: " + layer.error().message());
  return {};
}

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
  const std::string at = shown ? target("/proc") : DRIFTCAGE_TRY(fresh("p"));
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
  DRIFTCAGE_CHECK_OK(mount_devices(target("/dev"), spec_.drop_devices));
  tree_.regions.add({"/dev", RegionKind::Plain, nullptr, ""});
  steps_.done("dev");
  DRIFTCAGE_CHECK_OK(mount_proc());
  const std::string none = DRIFTCAGE_TRY(fresh("none"));
  if (::chmod(none.c_str(), 0555) != 0) return base::fail("chmod", none, errno);
  DRIFTCAGE_CHECK_OK(cover(none, "/sys", MOUNT_ATTR_RDONLY));
  if (spec_.proc == model::ProcView::None) {
    DRIFTCAGE_CHECK_OK(cover(none, "/proc", MOUNT_ATTR_RDONLY));
  }
  steps_.done("proc");
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
  const std::string empty = scratch_ + "/m" + std::to_string(count_++);
  if (directory) {
    DRIFTCAGE_CHECK_OK(base::sys::mkdir(empty, 0755));
  } else {
    DRIFTCAGE_CHECK_OK(base::sys::write_file(empty, ""));
  }
  return cover(empty, at, kSafe);
}

// Fails where there is no shifted tree, and on kernels before 5.19, whose
// overlays take no id-mapped mounts.
base::Result<std::shared_ptr<Layer>> Builder::shifted_overlay(
    const model::op::MountTree& tree, const std::string& at) {
  const auto shifted = sources_.shifted.find(tree.from);
  if (!tree.own_ids || shifted == sources_.shifted.end())
    return base::fail("shift ids", tree.from);
  // Attached, or the overlay could not be told where it is.
  const std::string place = DRIFTCAGE_TRY(fresh("s"));
  DRIFTCAGE_CHECK_OK(attach(shifted->second.get(), place));
  return overlay(DRIFTCAGE_TRY(base::sys::open(place, O_PATH | O_DIRECTORY)),
                 at, false);
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
    const std::string at = DRIFTCAGE_TRY(fresh("t"));
    auto layer = shifted_overlay(tree, at);
    if (!layer) {
      base::UniqueFd lower(::fcntl(source, F_DUPFD_CLOEXEC, 3));
      layer = overlay(std::move(lower), at, false);
    }
    if (!layer) {
      return base::fail("mount overlay", tree.from, layer.error().err,
                        layer.error().hint);
    }
    ready.layer = *std::move(layer);
    ready.mount = DRIFTCAGE_TRY(clone_tree(AT_FDCWD, at));
  } else {
    ready.kind = RegionKind::Plain;
    const std::string copy = scratch_ + "/f" + std::to_string(count_++);
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
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return base::fail("make mounts private", "/", errno);
  }
  scratch_ = DRIFTCAGE_TRY(mount_scratch());
  steps_.done("scratch");
  DRIFTCAGE_CHECK_OK(make_root());
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
  return Builder(spec, std::move(sources), steps).build();
}

}  // namespace driftcage::cage
