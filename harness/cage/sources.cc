// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/sources.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <variant>

#include "harness/base/sys.h"
#include "harness/cage/directory.h"

namespace driftcage::cage {
namespace {

base::Result<base::UniqueFd> open_source(const std::string& inside,
                                         const std::string& from) {
  if (inside.empty()) return base::sys::open(from, O_PATH);
  const base::UniqueFd root =
      DRIFTCAGE_TRY(base::sys::open(inside, O_PATH | O_DIRECTORY));
  return open_place(root.get(), from, RESOLVE_IN_ROOT);
}

base::Status add_tree(Sources& sources, const std::string& inside,
                      const std::string& from) {
  if (sources.trees.contains({inside, from})) return {};
  auto fd = open_source(inside, from);
  if (!fd) {
    return base::fail("open source", inside + from, fd.error().err,
                      "the host has nothing there, or it is not accessible");
  }
  sources.trees.emplace(std::pair{inside, from}, *std::move(fd));
  return {};
}

// /proc/self/mountinfo in small pieces, see sync::receive.
base::Result<std::vector<MountEntry>> read_mounts() {
  const std::string name = "/proc/self/mountinfo";
  const base::UniqueFd fd = DRIFTCAGE_TRY(base::sys::open(name, O_RDONLY));
  std::string text;
  std::array<char, 4096> piece;
  while (true) {
    const ssize_t size = ::read(fd.get(), piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return base::fail("read", name, errno);
    if (size == 0) return parse_mountinfo(text);
    text.append(piece.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace

base::Result<Sources> begin_sources(const model::CageSpec& spec,
                                    std::vector<std::string>& notes) {
  Sources sources;
  sources.mounts = DRIFTCAGE_TRY(read_mounts());
  sources.shifted = shift_trees(spec, notes);
  sources.bare = bare_mounts(spec, sources.mounts);
  return sources;
}

base::Status open_sources(const model::CageSpec& spec, Sources& sources) {
  auto root = base::sys::open(spec.root, O_PATH | O_DIRECTORY);
  if (!root) {
    return base::fail("open image root", spec.root, root.error().err);
  }
  sources.root = *std::move(root);
  for (const model::op::MountTree& tree : spec.let_in) {
    DRIFTCAGE_CHECK_OK(add_tree(sources, tree.inside, tree.from));
  }
  for (const model::CageOp& op : spec.ops) {
    if (const auto* tree = std::get_if<model::op::MountTree>(&op)) {
      DRIFTCAGE_CHECK_OK(add_tree(sources, tree->inside, tree->from));
    } else if (const auto* shared = std::get_if<model::op::MountShared>(&op)) {
      DRIFTCAGE_CHECK_OK(add_tree(sources, {}, shared->from));
    }
  }
  return {};
}

}  // namespace driftcage::cage
