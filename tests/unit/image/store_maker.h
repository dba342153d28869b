// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "harness/base/sys.h"
#include "harness/image/store.h"
#include "harness/image/tree_walk.h"

namespace driftcage::image {

// A store in a temporary folder.
class StorePlace {
 public:
  StorePlace() {
    std::string name =
        (std::filesystem::temp_directory_path() / "driftcage-store-XXXXXX")
            .string();
    top_ = ::mkdtemp(name.data());
  }
  ~StorePlace() {
    const auto parent = base::sys::open(
        std::filesystem::path(top_).parent_path().string(), O_RDONLY);
    EXPECT_TRUE(
        remove_tree(parent->get(), std::filesystem::path(top_).filename()));
  }
  StorePlace(const StorePlace&) = delete;
  StorePlace& operator=(const StorePlace&) = delete;

  [[nodiscard]] Store store() const { return Store::open(folder()).value(); }
  [[nodiscard]] std::string folder() const { return top_ + "/store"; }
  [[nodiscard]] const std::string& top() const { return top_; }

  std::string file(const std::string& name, const std::string& bytes) const {
    const std::filesystem::path path = std::filesystem::path(top_) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    return path.string();
  }

 private:
  std::string top_;
};

}  // namespace driftcage::image
