// SPDX-License-Identifier: Apache-2.0
#include "harness/image/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <optional>

namespace driftcage::image {

struct ArchiveReader::State {
  ~State() { ::archive_read_free(reader); }
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // What libarchive calls for more bytes.
  static la_ssize_t read(::archive* reader, void* data, const void** bytes) {
    auto* state = static_cast<State*>(data);
    auto piece = state->stream->next();
    if (!piece) {
      ::archive_set_error(reader, piece.error().err, "read error");
      state->error = std::move(piece).error();
      return -1;
    }
    *bytes = piece->data();
    return static_cast<la_ssize_t>(piece->size());
  }

  base::Error failure(std::string_view where) {
    if (error) return *error;
    const char* said = ::archive_error_string(reader);
    base::Error failed;
    failed.step = "read archive";
    failed.object = name;
    if (!where.empty()) failed.object += ": " + std::string(where);
    failed.object += std::string(": ") +
                     (said == nullptr ? "it is damaged or ends early" : said);
    failed.hint =
        "it must be a tar archive, plain or packed with gzip, xz or "
        "zstd";
    return failed;
  }

  ::archive* reader = ::archive_read_new();
  BlobStream* stream = nullptr;
  std::string name;
  std::string path;                  // of the current member
  std::optional<base::Error> error;  // of the stream
};

namespace {

EntryType type_of(::archive_entry* entry) {
  if (::archive_entry_hardlink(entry) != nullptr) return EntryType::HardLink;
  switch (::archive_entry_filetype(entry)) {
    case AE_IFREG:
      return EntryType::File;
    case AE_IFDIR:
      return EntryType::Directory;
    case AE_IFLNK:
      return EntryType::Symlink;
    case AE_IFIFO:
      return EntryType::Fifo;
    case AE_IFCHR:
      return EntryType::CharDevice;
    case AE_IFBLK:
      return EntryType::BlockDevice;
    default:
      return EntryType::Other;
  }
}

std::string text(const char* value) { return value == nullptr ? "" : value; }

void read_attributes(::archive_entry* from, Entry& entry) {
  ::archive_entry_xattr_reset(from);
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  while (::archive_entry_xattr_next(from, &name, &value, &size) == ARCHIVE_OK) {
    entry.attributes.emplace_back(
        name, std::string(static_cast<const char*>(value), size));
  }
}

}  // namespace

ArchiveReader::ArchiveReader(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
ArchiveReader::ArchiveReader(ArchiveReader&&) noexcept = default;
ArchiveReader& ArchiveReader::operator=(ArchiveReader&&) noexcept = default;
ArchiveReader::~ArchiveReader() = default;

base::Result<ArchiveReader> ArchiveReader::open(BlobStream& stream,
                                                const std::string& name) {
  auto state = std::make_unique<State>();
  state->stream = &stream;
  state->name = name;
  ::archive_read_support_format_tar(state->reader);
  // An archive of no bytes at all is an empty layer.
  ::archive_read_support_format_empty(state->reader);
  if (::archive_read_open(state->reader, state.get(), nullptr, &State::read,
                          nullptr) != ARCHIVE_OK) {
    return tl::make_unexpected(state->failure({}));
  }
  return ArchiveReader(std::move(state));
}

base::Result<bool> ArchiveReader::next(Entry& entry) {
  ::archive_entry* from = nullptr;
  const int status = ::archive_read_next_header(state_->reader, &from);
  if (status == ARCHIVE_EOF) return false;
  // A warning is about names that the C locale cannot show; the bytes are
  // handed out as they are, which is what is wanted.
  if (status < ARCHIVE_WARN)
    return tl::make_unexpected(state_->failure(state_->path));
  entry = Entry{};
  entry.type = type_of(from);
  entry.path = text(::archive_entry_pathname(from));
  state_->path = entry.path;
  if (entry.type == EntryType::HardLink) {
    entry.link = text(::archive_entry_hardlink(from));
  } else if (entry.type == EntryType::Symlink) {
    entry.link = text(::archive_entry_symlink(from));
  }
  entry.mode = static_cast<std::uint32_t>(::archive_entry_perm(from));
  const la_int64_t size = ::archive_entry_size(from);
  const la_int64_t uid = ::archive_entry_uid(from);
  const la_int64_t gid = ::archive_entry_gid(from);
  if (size < 0 || uid < 0 || gid < 0) {
    return base::fail("read archive",
                      state_->name + ": " + entry.path + ": a number below 0");
  }
  entry.size = static_cast<std::uint64_t>(size);
  entry.uid = static_cast<std::uint64_t>(uid);
  entry.gid = static_cast<std::uint64_t>(gid);
  entry.mtime_s = ::archive_entry_mtime(from);
  entry.mtime_ns = static_cast<std::uint32_t>(::archive_entry_mtime_nsec(from));
  entry.device = ::archive_entry_rdev(from);
  read_attributes(from, entry);
  return true;
}

base::Result<Content> ArchiveReader::content() {
  const void* bytes = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  const int status =
      ::archive_read_data_block(state_->reader, &bytes, &size, &offset);
  Content content;
  if (status == ARCHIVE_EOF) {
    content.end = true;
    return content;
  }
  if (status < ARCHIVE_WARN)
    return tl::make_unexpected(state_->failure(state_->path));
  content.offset = static_cast<std::uint64_t>(offset);
  content.bytes = {static_cast<const char*>(bytes), size};
  return content;
}

}  // namespace driftcage::image
