// SPDX-License-Identifier: Apache-2.0
#include "harness/image/oci_files.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "harness/base/path.h"
#include "harness/base/sys.h"

namespace driftcage::image {
namespace {

constexpr std::string_view kBlobs = "blobs/";
constexpr int kMaxLinks = 8;

struct ArchiveFree {
  void operator()(::archive* reader) const { ::archive_read_free(reader); }
};

// A layout may be somebody else's work: no link in it leads out of it.
base::Result<base::UniqueFd> open_inside(int dir, const std::string& name) {
  struct ::open_how how {};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;  // a pipe must not block
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  long fd = ::syscall(SYS_openat2, dir, name.c_str(), &how, sizeof(how));
  if (fd < 0 && (errno == ENOSYS || errno == EPERM)) {
    // Without that call, links are not followed at all at the end.
    fd = ::openat(dir, name.c_str(),
                  O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  }
  if (fd < 0) return base::fail("open", name, errno);
  base::UniqueFd file(static_cast<int>(fd));
  struct ::stat status {};
  if (::fstat(file.get(), &status) != 0) return base::fail("stat", name, errno);
  if (!S_ISREG(status.st_mode))
    return base::fail("open", name, EINVAL, "it must be a file");
  return file;
}

// "./a/../b" and "b" are one member.
std::string clean_name(const std::string& name) {
  return base::path::clean("/" + name).substr(1);
}

// Writes what `source` holds, decompressed, to an unnamed file.
base::Result<base::UniqueFd> spool_archive(BlobSource source,
                                           const std::string& spool) {
  const std::string name = source.name;
  BlobStream stream(std::move(source), {});
  auto file = base::sys::open(spool, O_TMPFILE | O_RDWR, 0600);
  if (!file) return base::fail("create", spool, file.error().err);
  while (true) {
    const std::string_view piece = DRIFTCAGE_TRY(stream.next());
    if (piece.empty()) break;
    DRIFTCAGE_CHECK_OK(base::sys::write_all(file->get(), piece, spool));
  }
  return file;
}

bool looks_packed(int fd) {
  std::array<char, 512> head{};
  const ssize_t size = ::pread(fd, head.data(), head.size(), 0);
  // A tar archive has its magic here; what has not may be packed.
  return size >= 6 &&
         (size < 263 || std::string_view(&head[257], 5) != "ustar");
}

}  // namespace

base::Result<ImageFiles> ImageFiles::open_directory(const std::string& path,
                                                    const std::string& blobs) {
  ImageFiles files;
  files.path_ = path;
  files.directory_ =
      DRIFTCAGE_TRY(base::sys::open(path, O_RDONLY | O_DIRECTORY));
  if (!blobs.empty()) {
    files.blobs_ =
        DRIFTCAGE_TRY(base::sys::open(blobs, O_RDONLY | O_DIRECTORY));
  }
  return files;
}

base::Result<ImageFiles> ImageFiles::open_archive(const std::string& path,
                                                  const std::string& spool) {
  ImageFiles files;
  files.path_ = path;
  BlobSource source = DRIFTCAGE_TRY(open_blob(path));
  files.archive_ = source.fd;
  if (looks_packed(source.fd->get())) {
    files.archive_ = std::make_shared<base::UniqueFd>(
        DRIFTCAGE_TRY(spool_archive(std::move(source), spool)));
  }
  DRIFTCAGE_CHECK_OK(files.index_archive());
  return files;
}

base::Status ImageFiles::index_archive() {
  const std::unique_ptr<::archive, ArchiveFree> reader(::archive_read_new());
  ::archive_read_support_format_tar(reader.get());
  if (::lseek(archive_->get(), 0, SEEK_SET) < 0)
    return base::fail("seek", path_, errno);
  const auto failed = [&] {
    const char* said = ::archive_error_string(reader.get());
    return base::fail("read archive",
                      path_ + ": " + (said == nullptr ? "damaged" : said), 0,
                      "it must be what `docker save` or `skopeo copy` writes");
  };
  if (::archive_read_open_fd(reader.get(), archive_->get(), 64u << 10) !=
      ARCHIVE_OK) {
    return failed();
  }
  ::archive_entry* entry = nullptr;
  while (true) {
    const int status = ::archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) return {};
    if (status < ARCHIVE_WARN) return failed();
    const char* name = ::archive_entry_pathname(entry);
    if (name == nullptr) continue;
    Member member;
    // The header is read, the content is not: this is where it starts.
    member.offset =
        static_cast<std::uint64_t>(::archive_filter_bytes(reader.get(), 0));
    if (::archive_entry_sparse_count(entry) > 0) {
      return base::fail("read archive", path_ + ": " + name, ENOTSUP,
                        "a member of an image archive must not be sparse");
    }
    if (const char* link = ::archive_entry_symlink(entry)) {
      member.link = clean_name(
          std::string(base::path::dir_name(clean_name(name))) + "/" + link);
    } else if (const char* hard = ::archive_entry_hardlink(entry)) {
      member.link = clean_name(hard);
    } else if (::archive_entry_filetype(entry) == AE_IFREG) {
      member.size = static_cast<std::uint64_t>(::archive_entry_size(entry));
    } else {
      continue;
    }
    members_.insert_or_assign(clean_name(name), std::move(member));
  }
}

const ImageFiles::Member* ImageFiles::member(const std::string& name) const {
  auto found = members_.find(clean_name(name));
  for (int i = 0; found != members_.end() && !found->second.link.empty(); ++i) {
    if (i == kMaxLinks) return nullptr;
    found = members_.find(found->second.link);
  }
  return found == members_.end() ? nullptr : &found->second;
}

bool ImageFiles::contains(const std::string& name) const {
  return archive_ ? member(name) != nullptr : open(name).has_value();
}

base::Result<BlobSource> ImageFiles::open(const std::string& name) const {
  BlobSource source;
  source.name = path_ + ": " + name;
  if (archive_) {
    const Member* found = member(name);
    if (found == nullptr) return base::fail("open", source.name, ENOENT);
    source.fd = archive_;
    source.offset = found->offset;
    source.size = found->size;
    return source;
  }
  const bool in_blobs = blobs_ && name.starts_with(kBlobs);
  auto file = open_inside(in_blobs ? blobs_.get() : directory_.get(),
                          in_blobs ? name.substr(kBlobs.size()) : name);
  if (!file) return base::fail("open", source.name, file.error().err);
  source.fd = std::make_shared<base::UniqueFd>(*std::move(file));
  return source;
}

base::Result<std::string> ImageFiles::read(const std::string& name,
                                           std::size_t limit) const {
  const BlobSource source = DRIFTCAGE_TRY(open(name));
  if (!source.offset)
    return base::sys::read_fd(source.fd->get(), source.name, limit);
  if (source.size > limit) return base::fail("read", source.name, EFBIG);
  std::string bytes(source.size, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t size =
        ::pread(source.fd->get(), bytes.data() + done, bytes.size() - done,
                static_cast<off_t>(*source.offset + done));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return base::fail("read", source.name, errno);
    if (size == 0)
      return base::fail("read", source.name + ": the archive ends early");
    done += static_cast<std::size_t>(size);
  }
  return bytes;
}

}  // namespace driftcage::image
