// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/root.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "harness/base/path.h"
#include "harness/base/sys.h"
#include "harness/cage/directory.h"
#include "harness/cage/layer.h"

namespace driftcage::cage {
namespace {

// A larger file in the root directory itself is bound, not copied.
constexpr off_t kCopyLimit = 64 << 10;

class RootMaker {
 public:
  RootMaker(const model::CageSpec& spec, Sources& sources, Scratch& scratch,
            const std::string& root, RegionMap& regions, Steps& steps)
      : spec_(spec),
        sources_(sources),
        scratch_(scratch),
        root_(root),
        regions_(regions),
        steps_(steps) {}

  base::Status make();

 private:
  base::Result<bool> lay_over_image(const std::string& host);
  base::Result<bool> lay_over_whole();
  base::Status adopt_directories();
  base::Status empty_masks();
  base::Status add_mount(const MountEntry& mount);
  base::Status cover_with_nothing(const std::string& at);
  base::Status replace_file(const std::string& at, int from);
  base::Result<base::UniqueFd> uncovered(const std::string& host);
  base::Status grow(int dir, const std::string& host, const std::string& at);
  base::Status grow_entry(int dir, const std::string& name,
                          const std::string& host, const std::string& at);
  base::Status grow_directory(base::UniqueFd dir, const std::string& host,
                              const std::string& at);
  base::Status show(base::UniqueFd dir, const std::string& host,
                    const std::string& at);

  [[nodiscard]] bool masked(const std::string& at) const {
    return std::find(spec_.masks.begin(), spec_.masks.end(), at) !=
           spec_.masks.end();
  }
  [[nodiscard]] bool mount_below(const std::string& host) const;
  // Whether a mount other than the root's shows what is at `host`.
  [[nodiscard]] bool mount_above(const std::string& host) const;
  [[nodiscard]] const MountEntry* mount_at(const std::string& host) const;
  [[nodiscard]] std::string target(const std::string& at) const {
    return root_ + at;
  }

  const model::CageSpec& spec_;
  Sources& sources_;
  Scratch& scratch_;
  const std::string& root_;
  RegionMap& regions_;
  Steps& steps_;
};

base::Status RootMaker::make() {
  // spec.root without links.
  const std::string host = DRIFTCAGE_TRY(
      base::sys::readlinkat(AT_FDCWD, fd_path(sources_.root.get())));
  if (DRIFTCAGE_TRY(lay_over_image(host))) return {};
  if (DRIFTCAGE_TRY(lay_over_whole())) return {};
  // The root is a scratch directory, with an overlay for each directory in it.
  if (::mount(root_.c_str(), root_.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    return base::fail("bind", root_, errno);
  }
  regions_.add({"/", RegionKind::Plain, nullptr, ""});
  for (const std::string_view own : kOwnDirectories) {
    DRIFTCAGE_CHECK_OK(base::sys::mkdir(root_ + std::string(own), 0755));
  }
  return grow(sources_.root.get(), host == "/" ? "" : host, "");
}

// A mount of the host without those below it.
base::Result<base::UniqueFd> RootMaker::uncovered(const std::string& host) {
  return attach_aside(scratch_, sources_.bare.at(host).get());
}

// One overlay over an image's root. False where something is mounted below it:
// the kernel refuses that, because it would uncover what is hidden.
base::Result<bool> RootMaker::lay_over_image(const std::string& host) {
  if (mount_below(host)) {
    if (sources_.shifted.root) {
      steps_.note("ids: files of root in " + host +
                  " are nobody's in the cage: something is mounted in it");
    }
    return false;
  }
  base::Result<std::shared_ptr<Layer>> layer = base::fail("shift ids", host);
  if (sources_.shifted.root) {
    auto lower = attach_aside(scratch_, sources_.shifted.root.get());
    layer =
        lower ? make_layer(scratch_, *std::move(lower), root_, kOwnDirectories)
              : tl::make_unexpected(lower.error());
    // Before Linux 5.19 overlays take no id-mapped mounts.
    if (!layer) {
      steps_.note("ids: files of root in " + host +
                  " are nobody's in the cage: " + layer.error().message());
    }
  }
  if (!layer) {
    layer = DRIFTCAGE_TRY(
        make_layer(scratch_, std::move(sources_.root), root_, kOwnDirectories));
  }
  regions_.add({"/", RegionKind::Overlay, *std::move(layer), ""});
  return true;
}

// One overlay over the host's root file system, and one over each that is
// mounted into it. False where that cannot be.
base::Result<bool> RootMaker::lay_over_whole() {
  if (!sources_.bare.contains("/")) return false;
  auto lower = uncovered("/");
  auto layer =
      lower ? make_layer(scratch_, *std::move(lower), root_, kOwnDirectories)
            : tl::make_unexpected(lower.error());
  if (!layer) {
    steps_.note("no overlay over all of /: " + layer.error().message());
    return false;
  }
  regions_.add({"/", RegionKind::Overlay, *std::move(layer), ""});
  DRIFTCAGE_CHECK_OK(adopt_directories());
  DRIFTCAGE_CHECK_OK(empty_masks());
  // A mount that was moved stands before the one that it is in now.
  std::vector<const MountEntry*> mounts;
  for (const MountEntry& mount : sources_.mounts) {
    if (mount.at != "/" && &mount == mount_at(mount.at)) {
      mounts.push_back(&mount);
    }
  }
  std::stable_sort(mounts.begin(), mounts.end(),
                   [](const MountEntry* a, const MountEntry* b) {
                     return a->at.size() < b->at.size();
                   });
  for (const MountEntry* mount : mounts) {
    DRIFTCAGE_CHECK_OK(add_mount(*mount));
  }
  return true;
}

// Makes the directories of the root the cage's own, as they are when each of
// them has its own overlay: its root may add to them.
base::Status RootMaker::adopt_directories() {
  const Layer& layer = *regions_.find("/").layer;
  for (const std::string& name :
       DRIFTCAGE_TRY(list_directory(layer.lower.get()))) {
    struct stat status {};
    if (::fstatat(layer.lower.get(), name.c_str(), &status,
                  AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISDIR(status.st_mode) || is_in_own_directory("/" + name) ||
        masked("/" + name)) {
      continue;
    }
    // What the cage's root may not read is shown empty, as by grow().
    if ((status.st_mode & 05) != 05 &&
        !base::sys::openat(layer.lower.get(), name, O_RDONLY | O_DIRECTORY)) {
      DRIFTCAGE_CHECK_OK(cover_with_nothing("/" + name));
      continue;
    }
    if (::mkdirat(layer.upper.get(), name.c_str(), 0755) != 0 ||
        ((status.st_mode & 07777) != 0755 &&
         ::fchmodat(layer.upper.get(), name.c_str(), status.st_mode & 07777,
                    0) != 0)) {
      return base::fail("mkdir", "/" + name, errno);
    }
  }
  return {};
}

// Shows masked directories empty without a mount for each: an opaque directory
// of the upper layer hides the lower one (overlayfs.rst). What cannot be done
// so, or on tmpfs before Linux 6.6, is covered later.
base::Status RootMaker::empty_masks() {
  const std::shared_ptr<Layer> layer = regions_.find("/").layer;
  // Outer ones before those in them, which are gone then.
  for (const std::string& mask :
       std::set<std::string>(spec_.masks.begin(), spec_.masks.end())) {
    const std::string inside = mask.substr(1);
    struct stat status {};
    if (is_in_own_directory(mask) || mount_above(mask) ||
        regions_.find(mask).at != "/" ||
        ::fstatat(layer->lower.get(), inside.c_str(), &status,
                  AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISDIR(status.st_mode) ||
        !prepare(*layer, std::string(base::path::dir_name(inside)))) {
      continue;
    }
    const std::string upper = fd_path(layer->upper.get()) + "/" + inside;
    DRIFTCAGE_CHECK_OK(base::sys::mkdir(upper, 0755));
    if (::setxattr(upper.c_str(), "user.overlay.opaque", "y", 1, 0) != 0) {
      ::rmdir(upper.c_str());
      return {};
    }
    regions_.add({mask, RegionKind::Overlay, layer, inside});
  }
  return {};
}

base::Status RootMaker::add_mount(const MountEntry& mount) {
  const auto bare = sources_.bare.find(mount.at);
  if (bare == sources_.bare.end()) return {};
  // Behind a directory that is closed to the cage's root nobody of the cage
  // would find it.
  struct stat status {};
  if (::lstat(target(mount.at).c_str(), &status) != 0) return {};
  const bool directory = S_ISDIR(status.st_mode);
  // What another user has mounted (fuse(4)) may be closed even to root.
  const bool shown =
      ::fstat(bare->second.get(), &status) == 0 && !is_kernel_view(mount.type);
  if (directory) {
    return shown ? show(DRIFTCAGE_TRY(uncovered(mount.at)), mount.at, mount.at)
                 : cover_with_nothing(mount.at);
  }
  if (shown && S_ISREG(status.st_mode) && status.st_size > kCopyLimit) {
    DRIFTCAGE_CHECK_OK(
        add_flags(bare->second.get(), kSafe | MOUNT_ATTR_RDONLY, mount.at));
    regions_.add({mount.at, RegionKind::ReadOnly, nullptr, ""});
    return attach(bare->second.get(), target(mount.at));
  }
  return replace_file(
      mount.at, shown && S_ISREG(status.st_mode) ? bare->second.get() : -1);
}

base::Status RootMaker::cover_with_nothing(const std::string& at) {
  const std::string empty = DRIFTCAGE_TRY(scratch_.directory("n"));
  const base::UniqueFd tree = DRIFTCAGE_TRY(clone_tree(AT_FDCWD, empty));
  DRIFTCAGE_CHECK_OK(attach(tree.get(), target(at)));
  regions_.add({at, RegionKind::Plain, nullptr, ""});
  return {};
}

// Puts a copy of the file `from`, or an empty one, in the place of the file
// `at`: a socket or a device of the host would lead out of the cage. Not as a
// mount: nobody could replace it.
base::Status RootMaker::replace_file(const std::string& at, int from) {
  const Region& region = regions_.find(at);
  if (region.kind != RegionKind::Overlay) return {};
  const std::string inside = RegionMap::in_layer(region, at);
  DRIFTCAGE_TRY(
      prepare(*region.layer, std::string(base::path::dir_name(inside))));
  const std::string to = fd_path(region.layer->upper.get()) + "/" + inside;
  struct stat status {};
  auto file = base::sys::open(fd_path(from), O_RDONLY);
  const bool readable = file && ::fstat(file->get(), &status) == 0;
  DRIFTCAGE_CHECK_OK(
      base::sys::write_file(to, "", readable ? status.st_mode & 0777 : 0600));
  if (readable) {
    const base::UniqueFd out = DRIFTCAGE_TRY(base::sys::open(to, O_WRONLY));
    if (auto copied = copy_content(file->get(), out.get(), to); !copied) {
      steps_.note(at + " is empty: " + copied.error().message());
    }
  }
  return flush(*region.layer);
}

bool RootMaker::mount_below(const std::string& host) const {
  return std::any_of(sources_.mounts.begin(), sources_.mounts.end(),
                     [&](const MountEntry& entry) {
                       return entry.at != host &&
                              base::path::is_below(entry.at, host);
                     });
}

bool RootMaker::mount_above(const std::string& host) const {
  return std::any_of(
      sources_.bare.begin(), sources_.bare.end(), [&](const auto& bare) {
        return bare.first != "/" && base::path::is_below(host, bare.first);
      });
}

const MountEntry* RootMaker::mount_at(const std::string& host) const {
  // The last one covers those before it.
  const auto found =
      std::find_if(sources_.mounts.rbegin(), sources_.mounts.rend(),
                   [&](const MountEntry& entry) { return entry.at == host; });
  return found == sources_.mounts.rend() ? nullptr : &*found;
}

base::Status RootMaker::grow(int dir, const std::string& host,
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

base::Status RootMaker::grow_entry(int dir, const std::string& name,
                                   const std::string& host,
                                   const std::string& at) {
  if (std::find(kOwnDirectories.begin(), kOwnDirectories.end(), at) !=
      kOwnDirectories.end())
    return {};
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
    if (status.st_size <= kCopyLimit) {
      if (auto copied = copy_file(*file, status, to); !copied) {
        steps_.note(at + " is empty: " + copied.error().message());
      }
      return {};
    }
    DRIFTCAGE_CHECK_OK(base::sys::write_file(to, "", 0600));
    const base::UniqueFd tree = DRIFTCAGE_TRY(clone_tree(dir, name));
    DRIFTCAGE_CHECK_OK(add_flags(tree.get(), kSafe | MOUNT_ATTR_RDONLY, host));
    regions_.add({at, RegionKind::ReadOnly, nullptr, ""});
    return attach(tree.get(), to);
  }
  if (!S_ISDIR(status.st_mode)) return {};
  if (::mkdir(to.c_str(), 0755) != 0) return base::fail("mkdir", to, errno);
  if (masked(at)) return {};
  auto child = base::sys::openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  if (!child) return {};
  return grow_directory(*std::move(child), host, at);
}

base::Status RootMaker::grow_directory(base::UniqueFd dir,
                                       const std::string& host,
                                       const std::string& at) {
  const MountEntry* mount = mount_at(host);
  if (mount != nullptr && is_kernel_view(mount->type)) return {};
  if (mount_below(host)) return grow(dir.get(), host, at);
  if (shows_nothing(dir.get())) return {};
  return show(std::move(dir), host, at);
}

// The directory `dir` at `at`, where there is an empty one or a mount point.
base::Status RootMaker::show(base::UniqueFd dir, const std::string& host,
                             const std::string& at) {
  const std::string to = target(at);
  base::UniqueFd again(::fcntl(dir.get(), F_DUPFD_CLOEXEC, 3));
  auto layer = make_layer(scratch_, std::move(dir), to);
  if (layer) {
    regions_.add({at, RegionKind::Overlay, *std::move(layer), ""});
    return {};
  }
  // Not every file system can lie below an overlay.
  const base::UniqueFd tree = DRIFTCAGE_TRY(clone_tree(again.get(), ""));
  DRIFTCAGE_CHECK_OK(add_flags(tree.get(), kSafe | MOUNT_ATTR_RDONLY, host));
  DRIFTCAGE_CHECK_OK(attach(tree.get(), to));
  regions_.add({at, RegionKind::ReadOnly, nullptr, ""});
  steps_.note(at + " is read-only: " + layer.error().message());
  return {};
}

}  // namespace

base::Status copy_file(const base::UniqueFd& from, const struct stat& status,
                       const std::string& to) {
  const base::UniqueFd out = DRIFTCAGE_TRY(
      base::sys::open(to, O_WRONLY | O_CREAT | O_EXCL, status.st_mode & 0777));
  return copy_content(from.get(), out.get(), to);
}

base::Status make_root(const model::CageSpec& spec, Sources& sources,
                       Scratch& scratch, const std::string& root,
                       RegionMap& regions, Steps& steps) {
  return RootMaker(spec, sources, scratch, root, regions, steps).make();
}

}  // namespace driftcage::cage
