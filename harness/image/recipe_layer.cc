// SPDX-License-Identifier: Apache-2.0
#include "harness/image/recipe_layer.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <memory>

#include "harness/base/path.h"
#include "harness/base/sys.h"
#include "harness/image/root_view.h"

namespace driftcage::image {
namespace {

// Writes an archive in memory: layers of our own take the same way into a tree
// as everybody's, so that owners and links are handled in one place.
class LayerWriter {
 public:
  static base::Result<LayerWriter> open(const std::string& name) {
    LayerWriter writer;
    writer.name_ = name;
    writer.fd_ = std::make_shared<base::UniqueFd>(
        ::memfd_create("driftcage-layer", MFD_CLOEXEC));
    if (!*writer.fd_) return base::fail("memfd_create", name, errno);
    ::archive_write_set_format_pax_restricted(writer.out_.get());
    if (::archive_write_open_fd(writer.out_.get(), writer.fd_->get()) !=
        ARCHIVE_OK) {
      return writer.failure();
    }
    return writer;
  }

  base::Status directory(const std::string& path) {
    return add(path, AE_IFDIR, 0755, {}, {});
  }
  base::Status link(const std::string& path, const std::string& target) {
    return add(path, AE_IFLNK, 0777, target, {});
  }
  base::Status file(const std::string& path, const std::string& text) {
    return add(path, AE_IFREG, 0644, {}, text);
  }

  base::Result<BlobSource> finish() {
    if (::archive_write_close(out_.get()) != ARCHIVE_OK) return failure();
    if (::lseek(fd_->get(), 0, SEEK_SET) < 0)
      return base::fail("seek", name_, errno);
    return BlobSource{name_, fd_, {}, 0};
  }

 private:
  struct Free {
    void operator()(::archive* out) const { ::archive_write_free(out); }
    void operator()(::archive_entry* entry) const {
      ::archive_entry_free(entry);
    }
  };

  base::Status add(const std::string& path, unsigned type, ::mode_t mode,
                   const std::string& target, const std::string& text) {
    const std::unique_ptr<::archive_entry, Free> entry(::archive_entry_new());
    // Names of archives have no leading slash.
    ::archive_entry_set_pathname(
        entry.get(), path.substr(path.find_first_not_of('/')).c_str());
    ::archive_entry_set_filetype(entry.get(), type);
    ::archive_entry_set_perm(entry.get(), mode);
    ::archive_entry_set_size(entry.get(), static_cast<la_int64_t>(text.size()));
    ::archive_entry_set_mtime(entry.get(), 0, 0);
    if (!target.empty())
      ::archive_entry_set_symlink(entry.get(), target.c_str());
    if (::archive_write_header(out_.get(), entry.get()) != ARCHIVE_OK)
      return failure();
    if (::archive_write_data(out_.get(), text.data(), text.size()) < 0)
      return failure();
    return {};
  }

  tl::unexpected<base::Error> failure() {
    const char* said = ::archive_error_string(out_.get());
    return base::fail("write layer",
                      name_ + ": " + (said == nullptr ? "unknown" : said));
  }

  std::string name_;
  std::shared_ptr<base::UniqueFd> fd_;
  std::unique_ptr<::archive, Free> out_{::archive_write_new()};
};

// What update-alternatives(1) and friends would have linked.
const std::array<RecipeLink, 8>& usual_links() {
  static const std::array<RecipeLink, 8> links{{
      {"/usr/bin/sh", "dash", true},
      {"/usr/bin/awk", "mawk", true},
      {"/usr/bin/nawk", "mawk", true},
      {"/usr/bin/cc", "gcc", true},
      {"/usr/bin/c++", "g++", true},
      {"/usr/bin/c99", "c99-gcc", true},
      {"/usr/bin/which", "which.debianutils", true},
      {"/usr/bin/vi", "vim.tiny", true},
  }};
  return links;
}

// base-passwd installs the accounts that are the same on every Debian system.
struct Copy {
  const char* from;
  const char* to;
};
constexpr std::array<Copy, 3> kCopies{{
    {"/usr/share/base-passwd/passwd.master", "/etc/passwd"},
    {"/usr/share/base-passwd/group.master", "/etc/group"},
    {"/usr/share/libc-bin/nsswitch.conf", "/etc/nsswitch.conf"},
}};

base::Status add_link(const RecipeLink& link, const std::string& root,
                      LayerWriter& out) {
  if (link.when_free) {
    const std::string target =
        base::path::absolute(base::path::dir_name(link.at), link.to);
    if (look_up(root, link.at) || !look_up(root, target)) return {};
  }
  return out.link(link.at, link.to);
}

std::string dpkg_status(const std::vector<std::string>& controls) {
  std::string text;
  for (const std::string& control : controls)
    text += "Status: install ok installed\n" + control + "\n";
  return text;
}

}  // namespace

base::Result<BlobSource> merged_usr_layer() {
  LayerWriter out = DRIFTCAGE_TRY(LayerWriter::open("merged /usr"));
  for (const std::string name : {"bin", "sbin", "lib", "lib64"}) {
    DRIFTCAGE_CHECK_OK(out.directory("/usr/" + name));
    DRIFTCAGE_CHECK_OK(out.link("/" + name, "usr/" + name));
  }
  return out.finish();
}

base::Result<BlobSource> finishing_layer(
    const Recipe& recipe, const std::string& root,
    const std::vector<std::string>& controls) {
  LayerWriter out = DRIFTCAGE_TRY(LayerWriter::open("recipe " + recipe.name));
  if (recipe.base) {
    for (const Copy& copy : kCopies) {
      const auto from = look_up(root, copy.from);
      if (!from || look_up(root, copy.to)) continue;
      const std::string text =
          DRIFTCAGE_TRY(base::sys::read_file(root + from->path));
      DRIFTCAGE_CHECK_OK(out.file(copy.to, text));
    }
    DRIFTCAGE_CHECK_OK(out.file("/var/lib/dpkg/status", dpkg_status(controls)));
    DRIFTCAGE_CHECK_OK(out.file("/etc/hostname", "cage\n"));
    DRIFTCAGE_CHECK_OK(out.file("/etc/hosts", "127.0.0.1 localhost cage\n"));
    for (const RecipeLink& link : usual_links())
      DRIFTCAGE_CHECK_OK(add_link(link, root, out));
  }
  for (const RecipeLink& link : recipe.links)
    DRIFTCAGE_CHECK_OK(add_link(link, root, out));
  for (const auto& [path, text] : recipe.files)
    DRIFTCAGE_CHECK_OK(out.file(path, text));
  return out.finish();
}

}  // namespace driftcage::image
