// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace driftcage::image {

// A root file system in a temporary directory.
class RootMaker {
 public:
  RootMaker() {
    std::string name = testing::TempDir() + "driftcage-root-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    root_ = std::filesystem::canonical(name);
  }
  ~RootMaker() { std::filesystem::remove_all(root_); }
  RootMaker(const RootMaker&) = delete;
  RootMaker& operator=(const RootMaker&) = delete;

  void directory(const std::string& path) const {
    std::filesystem::create_directories(at(path));
  }
  void file(const std::string& path, const std::string& text = "x") const {
    directory(std::filesystem::path(path).parent_path().string());
    std::ofstream(at(path)) << text;
  }
  void program(const std::string& path) const {
    file(path);
    std::filesystem::permissions(at(path), std::filesystem::perms(0755));
  }
  void link(const std::string& path, const std::string& target) const {
    directory(std::filesystem::path(path).parent_path().string());
    std::filesystem::create_symlink(target, at(path));
  }
  [[nodiscard]] std::string root() const { return root_.string(); }
  [[nodiscard]] std::string at(const std::string& path) const {
    return root_.string() + path;
  }

 private:
  std::filesystem::path root_;
};

}  // namespace driftcage::image
