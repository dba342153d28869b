// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "harness/base/sys.h"
#include "harness/image/tree_walk.h"
#include "harness/image/unpack.h"
#include "tests/unit/image/tar_maker.h"

namespace driftcage::image {

// A folder with a root to unpack into, and beside it a directory that no
// archive may reach.
class UnpackPlace {
 public:
  UnpackPlace() {
    std::string name =
        (std::filesystem::temp_directory_path() / "driftcage-unpack-XXXXXX")
            .string();
    top_ = ::mkdtemp(name.data());
    std::filesystem::create_directory(root());
    std::filesystem::create_directory(outside());
    std::ofstream(outside() + "/known") << "known";
    ::chmod((outside() + "/known").c_str(), 0640);
    before_ = outside_state();
  }
  UnpackPlace(const UnpackPlace&) = delete;
  UnpackPlace& operator=(const UnpackPlace&) = delete;
  ~UnpackPlace() {
    const auto parent = base::sys::open(
        std::filesystem::path(top_).parent_path().string(), O_RDONLY);
    EXPECT_TRUE(
        remove_tree(parent->get(), std::filesystem::path(top_).filename()));
  }

  [[nodiscard]] const std::string& top() const { return top_; }
  [[nodiscard]] std::string root() const { return top_ + "/root"; }
  [[nodiscard]] std::string outside() const { return top_ + "/outside"; }
  [[nodiscard]] bool outside_untouched() const {
    return outside_state() == before_;
  }

  // Unpacks the layers; the result of the first that fails, or of the end.
  base::Result<UnpackResult> unpack(const std::vector<TarMaker>& layers,
                                    UnpackOptions options = {}) {
    auto unpacker = DRIFTCAGE_TRY(Unpacker::open(root(), std::move(options)));
    for (const TarMaker& layer : layers) {
      const std::string path = top_ + "/layer.tar";
      std::ofstream(path, std::ios::binary) << layer.bytes();
      auto blob = DRIFTCAGE_TRY(open_blob(path));
      DRIFTCAGE_CHECK_OK(unpacker.add_layer(std::move(blob)));
    }
    return unpacker.finish();
  }

  [[nodiscard]] std::string read(const std::string& path) const {
    std::ifstream in(root() + "/" + path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return in ? text.str() : "<missing>";
  }
  [[nodiscard]] struct ::stat stat(const std::string& path) const {
    struct ::stat status {};
    ::lstat((root() + "/" + path).c_str(), &status);
    return status;
  }
  [[nodiscard]] bool exists(const std::string& path) const {
    return stat(path).st_mode != 0;
  }
  [[nodiscard]] unsigned mode(const std::string& path) const {
    return stat(path).st_mode & 07777;
  }
  [[nodiscard]] std::string link(const std::string& path) const {
    std::array<char, 4096> target{};
    const auto size =
        ::readlink((root() + "/" + path).c_str(), target.data(), target.size());
    return size < 0
               ? "<no link>"
               : std::string(target.data(), static_cast<std::size_t>(size));
  }
  [[nodiscard]] std::string attribute(const std::string& path,
                                      const char* name) const {
    std::array<char, 256> value{};
    const auto size = ::lgetxattr((root() + "/" + path).c_str(), name,
                                  value.data(), value.size());
    return size < 0 ? "<none>"
                    : std::string(value.data(), static_cast<std::size_t>(size));
  }

 private:
  // Names, contents, link counts, modes and change times of what is outside.
  [[nodiscard]] std::string outside_state() const {
    std::ostringstream state;
    for (const auto& path : {outside(), outside() + "/known"}) {
      struct ::stat status {};
      ::lstat(path.c_str(), &status);
      state << path << ' ' << status.st_mode << ' ' << status.st_nlink << ' '
            << status.st_uid << ' ' << status.st_ctim.tv_sec << '.'
            << status.st_ctim.tv_nsec << '\n';
    }
    for (const auto& entry : std::filesystem::directory_iterator(outside()))
      state << entry.path() << '\n';
    std::ifstream in(outside() + "/known");
    state << in.rdbuf();
    return state.str();
  }

  std::string top_;
  std::string before_;
};

}  // namespace driftcage::image
