// SPDX-License-Identifier: Apache-2.0
#include "harness/image/unpack.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <unordered_map>
#include <utility>

#include "harness/base/sys.h"
#include "harness/cage/idmap.h"
#include "harness/image/interrupt.h"
#include "harness/image/tree_walk.h"
#include "harness/image/unpack_layer.h"
#include "harness/image/unpack_root.h"

namespace driftcage::image {
namespace {

constexpr std::size_t kNameMax = 255;  // NAME_MAX of Linux
constexpr std::uint64_t kProgressStep = 4u << 20;

// A directory's attributes, kept until everything is in place. Directories
// that no archive mentions are root's, 0755, from 1970.
struct DirectoryAttributes {
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::uint32_t mode = 0755;
  std::int64_t mtime_s = 0;
  std::uint32_t mtime_ns = 0;
};

DirectoryAttributes attributes_of(const Entry& entry) {
  return {entry.uid, entry.gid, entry.mode, entry.mtime_s, entry.mtime_ns};
}

}  // namespace

struct Unpacker::State {
  State(RootTree opened, UnpackOptions wanted)
      : tree(std::move(opened)), options(std::move(wanted)) {
    tree.on_new_directory([this](const FileId& id) { new_directory(id); });
    directories[tree.root()->id] = {};
  }
  State(const State&) = delete;  // the tree's callback points here
  State& operator=(const State&) = delete;
  ~State() = default;

  base::Status check_budget(const std::vector<std::string>& components);
  base::Status add(const Entry& entry, ArchiveReader& reader);
  base::Status add_at(const Place& place, const Entry& entry,
                      ArchiveReader& reader);
  base::Status add_root(const Entry& entry);
  base::Status add_whiteout(WhiteoutKind kind, const Place& place);
  base::Status add_file(const Place& place, const Entry& entry,
                        ArchiveReader& reader);
  base::Status write_content(int fd, const Entry& entry, ArchiveReader& reader);
  base::Status add_directory(const Place& place, const Entry& entry);
  base::Status add_symlink(const Place& place, const Entry& entry);
  base::Status add_hard_link(const Place& place, const Entry& entry);
  base::Status add_pipe(const Place& place, const Entry& entry);
  base::Status clear(const Place& place);
  // Calls `make` until nothing stands in its way any more.
  template <class Make>
  base::Status make_in(const Place& place, const char* step, Make make);
  base::Status remember(int dir, const std::string& name, const Entry& entry);
  void new_directory(const FileId& id) {
    directories[id] = {};
    originals.erase(id);
  }
  base::Status finish_directory(int fd, const std::string& path,
                                const FileId& id) const;
  void count(std::uint64_t bytes);

  RootTree tree;
  UnpackOptions options;
  Notes notes;
  LayerNames upper;
  bool first_layer = true;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;  // decompressed, of the layers before
  std::uint64_t unreported = 0;
  std::unordered_map<FileId, DirectoryAttributes, FileIdHash> directories;
  std::unordered_map<FileId, Original, FileIdHash> originals;
  // Inode numbers come back once a file was removed; until then the map above
  // needs no look at each new file.
  bool removed_any = false;
};

void Unpacker::State::count(std::uint64_t size) {
  unreported += size;
  if (unreported < kProgressStep || !options.progress) return;
  options.progress(std::exchange(unreported, 0));
}

base::Status Unpacker::State::check_budget(
    const std::vector<std::string>& components) {
  const UnpackBudget& budget = options.budget;
  if (++entries > budget.entries) {
    return base::fail(
        "unpack", "the image", EFBIG,
        fmt::format("it has more than {} entries", budget.entries));
  }
  if (components.size() > budget.depth) {
    return base::fail(
        "unpack", fmt::format("{}/…", components.front()), EFBIG,
        fmt::format("a name has more than {} components", budget.depth));
  }
  std::size_t length = 0;
  for (const std::string& name : components) {
    length += name.size() + 1;
    if (name.size() > kNameMax) {
      return base::fail("unpack", name.substr(0, 40) + "…", ENAMETOOLONG,
                        "a component of a name may have 255 bytes");
    }
  }
  if (length > budget.path_length) {
    return base::fail(
        "unpack", components.front() + "/…", ENAMETOOLONG,
        fmt::format("a name may have {} bytes", budget.path_length));
  }
  return {};
}

base::Status Unpacker::State::clear(const Place& place) {
  const int dir = place.directory->fd.get();
  struct ::stat status {};
  if (::fstatat(dir, place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return {};
    return base::fail("stat", place.name, errno);
  }
  removed_any = true;
  if (!S_ISDIR(status.st_mode) && !S_ISLNK(status.st_mode)) {
    if (::unlinkat(dir, place.name.c_str(), 0) != 0)
      return base::fail("remove", place.name, errno);
    return {};
  }
  tree.forget_resolved();
  return remove_tree(dir, place.name);
}

template <class Make>
base::Status Unpacker::State::make_in(const Place& place, const char* step,
                                      Make make) {
  if (make() == 0) return {};
  if (errno != EEXIST) return base::fail(step, place.name, errno);
  DRIFTCAGE_CHECK_OK(clear(place));
  if (make() != 0) return base::fail(step, place.name, errno);
  return {};
}

base::Status Unpacker::State::remember(int dir, const std::string& name,
                                       const Entry& entry) {
  const bool needed = needs_original(entry, options.ids);
  if (!needed && !removed_any) return {};
  struct ::stat status {};
  if (::fstatat(dir, name.c_str(), &status,
                AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) != 0) {
    return base::fail("stat", name, errno);
  }
  if (needed) {
    originals.insert_or_assign(id_of(status), original_of(entry));
  } else {
    originals.erase(id_of(status));
  }
  return {};
}

base::Status Unpacker::State::write_content(int fd, const Entry& entry,
                                            ArchiveReader& reader) {
  std::uint64_t end = 0;
  while (true) {
    Content piece = DRIFTCAGE_TRY(reader.content());
    if (piece.end) break;
    DRIFTCAGE_CHECK_OK(check_interrupt());
    while (!piece.bytes.empty()) {
      const ssize_t size = ::pwrite(fd, piece.bytes.data(), piece.bytes.size(),
                                    static_cast<off_t>(piece.offset));
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) {
        return base::fail("write", entry.path, errno,
                          errno == ENOSPC || errno == EDQUOT
                              ? "make room, or point XDG_CACHE_HOME to a "
                                "larger file system"
                              : "");
      }
      piece.bytes.remove_prefix(static_cast<std::size_t>(size));
      piece.offset += static_cast<std::uint64_t>(size);
      count(static_cast<std::uint64_t>(size));
    }
    end = piece.offset;
  }
  // A sparse file may end in a hole.
  if (end < entry.size && ::ftruncate(fd, static_cast<off_t>(entry.size)) != 0)
    return base::fail("write", entry.path, errno);
  return {};
}

base::Status Unpacker::State::add_file(const Place& place, const Entry& entry,
                                       ArchiveReader& reader) {
  base::UniqueFd fd;
  DRIFTCAGE_CHECK_OK(make_in(place, "create", [&] {
    fd.reset(::openat(place.directory->fd.get(), place.name.c_str(),
                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                      0600));
    return fd ? 0 : -1;
  }));
  Entry attributes = entry;
  if (entry.type == EntryType::File) {
    DRIFTCAGE_CHECK_OK(write_content(fd.get(), entry, reader));
  } else {
    // A device: a cage has devices of its own, and only root could make one.
    notes.add("device replaced by an empty file", entry.path);
    attributes.mode &= 0777;
  }
  DRIFTCAGE_CHECK_OK(set_attributes(fd.get(), attributes, options.ids, notes));
  return remember(fd.get(), "", entry);
}

base::Status Unpacker::State::add_root(const Entry& entry) {
  if (entry.type != EntryType::Directory) {
    return base::fail("unpack", entry.path, ENOTDIR,
                      "the top of an image must be a directory");
  }
  directories[tree.root()->id] = attributes_of(entry);
  const auto fd =
      DRIFTCAGE_TRY(base::sys::openat(tree.fd(), ".", O_RDONLY | O_DIRECTORY));
  DRIFTCAGE_CHECK_OK(set_extended(fd.get(), entry, options.ids, notes));
  return remember(fd.get(), "", entry);
}

base::Status Unpacker::State::add_directory(const Place& place,
                                            const Entry& entry) {
  const int dir = place.directory->fd.get();
  struct ::stat status {};
  if (::mkdirat(dir, place.name.c_str(), 0700) != 0) {
    if (errno != EEXIST) return base::fail("mkdir", place.name, errno);
    if (::fstatat(dir, place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      return base::fail("stat", place.name, errno);
    if (S_ISLNK(status.st_mode) && options.keep_directory_links &&
        tree.directory(clean_components(entry.path), RootTree::Missing::Fail)) {
      return {};
    }
    if (!S_ISDIR(status.st_mode)) {
      DRIFTCAGE_CHECK_OK(clear(place));
      if (::mkdirat(dir, place.name.c_str(), 0700) != 0)
        return base::fail("mkdir", place.name, errno);
    }
  }
  if (::fstatat(dir, place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return base::fail("stat", place.name, errno);
  directories[id_of(status)] = attributes_of(entry);
  if (!entry.attributes.empty()) {
    const auto fd = DRIFTCAGE_TRY(base::sys::openat(
        dir, place.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    DRIFTCAGE_CHECK_OK(set_extended(fd.get(), entry, options.ids, notes));
  }
  return remember(dir, place.name, entry);
}

base::Status Unpacker::State::add_symlink(const Place& place,
                                          const Entry& entry) {
  const int dir = place.directory->fd.get();
  DRIFTCAGE_CHECK_OK(make_in(place, "symlink", [&] {
    return ::symlinkat(entry.link.c_str(), dir, place.name.c_str());
  }));
  DRIFTCAGE_CHECK_OK(
      set_attributes_at(dir, place.name, entry, options.ids, notes));
  return remember(dir, place.name, entry);
}

base::Status Unpacker::State::add_pipe(const Place& place, const Entry& entry) {
  const int dir = place.directory->fd.get();
  DRIFTCAGE_CHECK_OK(make_in(place, "mkfifo", [&] {
    return ::mkfifoat(dir, place.name.c_str(), 0600);
  }));
  DRIFTCAGE_CHECK_OK(
      set_attributes_at(dir, place.name, entry, options.ids, notes));
  return remember(dir, place.name, entry);
}

base::Status Unpacker::State::add_hard_link(const Place& place,
                                            const Entry& entry) {
  constexpr const char* kHint =
      "a hard link must name a file that the image has already";
  const auto target = tree.place(entry.link, RootTree::Missing::Fail);
  struct ::stat found {};
  if (!target || target->name.empty() ||
      ::fstatat(target->directory->fd.get(), target->name.c_str(), &found,
                AT_SYMLINK_NOFOLLOW) != 0) {
    return base::fail("hard link to", entry.link,
                      target ? ENOENT : target.error().err, kHint);
  }
  if (S_ISDIR(found.st_mode))
    return base::fail("hard link to", entry.link, EISDIR, kHint);
  const int dir = place.directory->fd.get();
  struct ::stat there {};
  if (::fstatat(dir, place.name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
      id_of(there) == id_of(found)) {
    return {};  // a link to itself, or one that is there already
  }
  return make_in(place, "hard link", [&] {
    // Without AT_SYMLINK_FOLLOW: a link to a symbolic link is that link.
    return ::linkat(target->directory->fd.get(), target->name.c_str(), dir,
                    place.name.c_str(), 0);
  });
}

base::Status Unpacker::State::add_whiteout(WhiteoutKind kind,
                                           const Place& place) {
  if (kind == WhiteoutKind::Invalid) {
    return base::fail("unpack", place.name, EINVAL,
                      "a whiteout must name what it removes");
  }
  // The first layer has nothing below it.
  if (first_layer || kind == WhiteoutKind::Ignored) return {};
  removed_any = true;
  tree.forget_resolved();
  const auto became_new = [this](const FileId& id) { new_directory(id); };
  const OpenDirectory& directory = *place.directory;
  if (kind == WhiteoutKind::Opaque) {
    return remove_lower_children(directory.fd.get(), directory.id, upper,
                                 became_new);
  }
  return remove_lower(directory.fd.get(), directory.id,
                      whiteout_target(place.name), upper, became_new);
}

base::Status Unpacker::State::add_at(const Place& place, const Entry& entry,
                                     ArchiveReader& reader) {
  if (!first_layer) upper.add(place);
  switch (entry.type) {
    case EntryType::File:
    case EntryType::CharDevice:
    case EntryType::BlockDevice:
      return add_file(place, entry, reader);
    case EntryType::Directory:
      return add_directory(place, entry);
    case EntryType::Symlink:
      return add_symlink(place, entry);
    case EntryType::HardLink:
      return add_hard_link(place, entry);
    case EntryType::Fifo:
      return add_pipe(place, entry);
    case EntryType::Other:
      break;
  }
  notes.add("entry of an unknown type left out", entry.path);
  return {};
}

base::Status Unpacker::State::add(const Entry& entry, ArchiveReader& reader) {
  const auto components = clean_components(entry.path);
  DRIFTCAGE_CHECK_OK(check_budget(components));
  if (entry.size > options.budget.stream.bytes) {
    return base::fail("unpack", entry.path, EFBIG,
                      fmt::format("it has {} bytes, more than the {} that an "
                                  "image may have",
                                  entry.size, options.budget.stream.bytes));
  }
  std::size_t attribute_bytes = 0;
  for (const auto& [name, value] : entry.attributes)
    attribute_bytes += name.size() + value.size();
  if (attribute_bytes > options.budget.attribute_bytes) {
    return base::fail("unpack", entry.path, E2BIG,
                      "its extended attributes are too large");
  }
  if (components.empty()) return add_root(entry);
  // Directories of aufs' own data are no part of any image.
  for (std::size_t i = 0; i + 1 < components.size(); ++i)
    if (whiteout_kind(components[i]) == WhiteoutKind::Ignored) return {};
  const WhiteoutKind kind = whiteout_kind(components.back());
  if (kind != WhiteoutKind::None) {
    // A whiteout below what is not there removes nothing, and makes nothing.
    const auto place = tree.place(components, RootTree::Missing::Fail);
    if (place) return add_whiteout(kind, *place);
    const int err = place.error().err;
    if (kind != WhiteoutKind::Invalid && (err == ENOENT || err == ENOTDIR))
      return {};
    return add_whiteout(WhiteoutKind::Invalid, {{}, components.back()});
  }
  return add_at(
      DRIFTCAGE_TRY(tree.place(components, RootTree::Missing::Create)), entry,
      reader);
}

base::Status Unpacker::State::finish_directory(int fd, const std::string& path,
                                               const FileId& id) const {
  const auto known = directories.find(id);
  const DirectoryAttributes attributes =
      known == directories.end() ? DirectoryAttributes{} : known->second;
  if (options.ids.active()) {
    const HostIds owner = host_ids(attributes.uid, attributes.gid, options.ids);
    if (::fchown(fd, owner.uid, owner.gid) != 0)
      return base::fail("chown", path, errno);
  }
  if (::fchmod(fd, attributes.mode) != 0)
    return base::fail("chmod", path, errno);
  struct ::timespec time {};
  time.tv_sec = attributes.mtime_s;
  time.tv_nsec = attributes.mtime_ns;
  const std::array<struct ::timespec, 2> times{time, time};
  if (::futimens(fd, times.data()) != 0)
    return base::fail("set time of", path, errno);
  return {};
}

Unpacker::Unpacker(std::unique_ptr<State> state) : state_(std::move(state)) {}
Unpacker::Unpacker(Unpacker&&) noexcept = default;
Unpacker& Unpacker::operator=(Unpacker&&) noexcept = default;
Unpacker::~Unpacker() = default;

base::Result<Unpacker> Unpacker::open(const std::string& root,
                                      UnpackOptions options) {
  auto tree = DRIFTCAGE_TRY(RootTree::open(root, options.use_openat2));
  return Unpacker(std::make_unique<State>(std::move(tree), std::move(options)));
}

base::Result<StreamSummary> Unpacker::add_layer(BlobSource source) {
  State& state = *state_;
  const std::string name = source.name;
  StreamLimits limits = state.options.budget.stream;
  limits.bytes -= state.bytes;
  BlobStream stream(std::move(source), limits);
  auto reader = DRIFTCAGE_TRY(ArchiveReader::open(stream, name));
  state.upper.clear();
  Entry entry;
  while (DRIFTCAGE_TRY(reader.next(entry))) {
    DRIFTCAGE_CHECK_OK(check_interrupt());
    if (auto added = state.add(entry, reader); !added) {
      base::Error error = std::move(added).error();
      if (noted_signal() != 0) return tl::make_unexpected(std::move(error));
      // Which file of which layer, unless the error says so already.
      if (error.object.find(entry.path) == std::string::npos)
        error.object = entry.path + ": " + error.object;
      error.object = name + ": " + error.object;
      return tl::make_unexpected(std::move(error));
    }
  }
  const StreamSummary summary = DRIFTCAGE_TRY(stream.finish());
  state.bytes += summary.content_size;
  state.first_layer = false;
  return summary;
}

base::Result<UnpackResult> Unpacker::finish() {
  State& state = *state_;
  UnpackResult result;
  const WalkOptions walk{state.originals.empty(), false};
  const auto remember = [&](const FileId& id, const std::string& path) {
    const auto found = state.originals.find(id);
    if (found != state.originals.end())
      result.originals.emplace(path, found->second);
  };
  DRIFTCAGE_CHECK_OK(
      walk_tree(state.tree.fd(), walk, [&](const Visit& visit) -> base::Status {
        const FileId id = id_of(visit.status);
        remember(id, visit.path);
        if (visit.fd < 0) return {};
        return state.finish_directory(visit.fd, visit.path, id);
      }));
  const FileId top = state.tree.root()->id;
  remember(top, ".");
  const auto fd = DRIFTCAGE_TRY(
      base::sys::openat(state.tree.fd(), ".", O_RDONLY | O_DIRECTORY));
  DRIFTCAGE_CHECK_OK(state.finish_directory(fd.get(), ".", top));
  result.notes = state.notes.texts();
  if (state.options.progress && state.unreported > 0)
    state.options.progress(std::exchange(state.unreported, 0));
  return result;
}

IdShift usual_ids(const std::string& directory) {
  if (::geteuid() != 0) return {};
  // Trying is the only way to know about missing capabilities and about file
  // systems that refuse.
  std::string probe = directory + "/.idsXXXXXX";
  const base::UniqueFd fd(::mkostemp(probe.data(), O_CLOEXEC));
  const bool given =
      fd && ::fchown(fd.get(), cage::kRangeStart, cage::kRangeStart) == 0;
  if (fd) ::unlink(probe.c_str());
  return given ? IdShift{cage::kRangeStart, cage::kRangeSize} : IdShift{};
}

}  // namespace driftcage::image
