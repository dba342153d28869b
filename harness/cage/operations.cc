// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/operations.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>
#include <variant>

#include "harness/cage/command.h"
#include "harness/cage/editor.h"
#include "harness/cage/mounts.h"
#include "harness/cage/path_farm.h"

namespace driftcage::cage {
namespace {

using Environment = std::map<std::string, std::string>;

// With a single id, everything is the cage's root's.
Editor::Owner owner_of(const model::CageSpec& spec, std::uint32_t ids) {
  if (spec.owner_uid >= ids || spec.owner_gid >= ids) return {};
  return {spec.owner_uid, spec.owner_gid};
}

class Operations {
 public:
  Operations(const model::CageSpec& spec, Tree& tree, Steps& steps)
      : spec_(spec),
        tree_(tree),
        steps_(steps),
        editor_(tree, owner_of(spec, tree.ids), steps),
        farm_(editor_, steps),
        environment_(spec.environment) {}

  base::Result<Environment> run() {
    for (std::size_t i = 0; i < spec_.let_in.size(); ++i) {
      DRIFTCAGE_CHECK_OK(place(std::move(tree_.let_in[i]), spec_.let_in[i].at));
    }
    steps_.done("let in");
    for (const model::CageOp& op : spec_.ops) {
      DRIFTCAGE_CHECK_OK(
          std::visit([this](const auto& one) { return apply(one); }, op));
    }
    steps_.done("operations");
    return std::move(environment_);
  }

 private:
  base::Status apply(const model::op::MakeDirectory& op) {
    return editor_.make_directory(op.path, op.mode);
  }
  base::Status apply(const model::op::WriteFile& op) {
    return editor_.write_file(op.path, op.bytes, op.mode);
  }
  base::Status apply(const model::op::MakeSymlink& op) {
    return editor_.make_symlink(op.path, op.target);
  }
  base::Status apply(const model::op::Hide& op) {
    return editor_.hide(op.path);
  }
  base::Status apply(const model::op::Chmod& op) {
    auto done = editor_.chmod(op.path, op.mode);
    return op.may_fail ? base::Status() : done;
  }
  base::Status apply(const model::op::Truncate& op) {
    return editor_.truncate(op.path, op.size);
  }
  base::Status apply(const model::op::Corrupt& op) {
    return editor_.corrupt(op.path, op.offset, op.length);
  }
  base::Status apply(const model::op::MountTmpfs& op);
  base::Status apply(const model::op::Remount& op);
  base::Status apply(const model::op::MountTree& op) {
    return place(std::move(tree_.from_op[next_tree_++]), op.at);
  }
  base::Status apply(const model::op::MountShared& op) {
    return place(std::move(tree_.from_op[next_tree_++]), op.at);
  }
  base::Status apply(const model::op::DropPrograms& op);
  base::Status apply(const model::op::RunCommand& op);
  base::Status apply(const model::op::SetVariables& op) {
    for (const auto& [name, value] : op.set) environment_[name] = value;
    for (const std::string& name : op.unset) environment_.erase(name);
    return {};
  }

  base::Status place(ReadyTree tree, const std::string& path);

  const model::CageSpec& spec_;
  Tree& tree_;
  Steps& steps_;
  Editor editor_;
  PathFarm farm_;
  Environment environment_;
  std::size_t next_tree_ = 0;
};

base::Status Operations::place(ReadyTree tree, const std::string& path) {
  std::string at = DRIFTCAGE_TRY(editor_.mount_point(path, tree.directory));
  DRIFTCAGE_CHECK_OK(attach(tree.mount.get(), at));
  tree_.regions.cover({std::move(at), tree.kind, std::move(tree.layer), ""});
  return {};
}

base::Status Operations::apply(const model::op::MountTmpfs& op) {
  std::array<char, 16> mode{};
  std::snprintf(mode.data(), mode.size(), "mode=%o", op.mode & 07777u);
  std::string data = mode.data();
  const Editor::Owner& owner = editor_.owner();
  data +=
      ",uid=" + std::to_string(owner.uid) + ",gid=" + std::to_string(owner.gid);
  if (op.size) data += ",size=" + std::to_string(*op.size);
  if (op.inodes) data += ",nr_inodes=" + std::to_string(*op.inodes);
  unsigned long flags = MS_NOSUID | MS_NODEV;
  if (op.noexec) flags |= MS_NOEXEC;
  if (op.read_only) flags |= MS_RDONLY;
  std::string at = DRIFTCAGE_TRY(editor_.mount_point(op.at, true));
  DRIFTCAGE_CHECK_OK(mount_new("tmpfs", at, flags, data));
  tree_.regions.cover({std::move(at),
                       op.read_only ? RegionKind::ReadOnly : RegionKind::Plain,
                       nullptr, ""});
  return {};
}

base::Status Operations::apply(const model::op::Remount& op) {
  auto found = editor_.canonical(op.at);
  if (!found) return base::fail("remount", op.at, found.error().err);
  const std::string at = *std::move(found);
  std::uint64_t attributes = 0;
  if (op.noexec) attributes |= MOUNT_ATTR_NOEXEC;
  if (op.read_only) attributes |= MOUNT_ATTR_RDONLY;
  // A mount over the root would be out of sight for those who have it as root.
  if (at == "/") {
    const base::UniqueFd root =
        DRIFTCAGE_TRY(base::sys::open("/", O_PATH | O_DIRECTORY));
    DRIFTCAGE_CHECK_OK(add_flags(root.get(), attributes, at));
  } else {
    if (tree_.regions.find(at).kind == RegionKind::Overlay) {
      struct stat status {};
      if (::lstat(at.c_str(), &status) != 0) {
        return base::fail("remount", at, errno);
      }
      DRIFTCAGE_TRY(editor_.mount_point(at, S_ISDIR(status.st_mode)));
    }
    const base::UniqueFd tree = DRIFTCAGE_TRY(clone_tree(AT_FDCWD, at));
    DRIFTCAGE_CHECK_OK(add_flags(tree.get(), attributes, at));
    DRIFTCAGE_CHECK_OK(attach(tree.get(), at));
    const Region& below = tree_.regions.find(at);
    tree_.regions.add(
        {at, below.kind, below.layer, RegionMap::in_layer(below, at)});
  }
  if (op.read_only) tree_.regions.make_read_only(at);
  return {};
}

base::Status Operations::apply(const model::op::DropPrograms& op) {
  const auto path = environment_.find("PATH");
  // What execvp(3) searches when there is no PATH.
  const std::string list =
      path == environment_.end() ? "/bin:/usr/bin" : path->second;
  environment_["PATH"] = DRIFTCAGE_TRY(farm_.drop(list, op.names));
  return {};
}

base::Status Operations::apply(const model::op::RunCommand& op) {
  auto ran =
      run_command(spec_, environment_, op.argv, {tree_.proc.get(), tree_.ids});
  if (ran || !op.may_fail) return ran;
  steps_.note(ran.error().message() + "; allowed to fail");
  return {};
}

}  // namespace

base::Result<Environment> apply_operations(const model::CageSpec& spec,
                                           Tree& tree, Steps& steps) {
  return Operations(spec, tree, steps).run();
}

}  // namespace driftcage::cage
