// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

#include "tests/cage/cell_run.h"
#include "tests/must_work.h"

namespace driftcage::testing {

// A directory of the host that everybody may use, removed at the end.
class HostDirectory {
 public:
  HostDirectory() {
    std::string name = "/tmp/driftcage-test-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
    std::filesystem::permissions(path_, std::filesystem::perms(0777));
  }
  HostDirectory(const HostDirectory&) = delete;
  HostDirectory& operator=(const HostDirectory&) = delete;
  ~HostDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  void write(const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << bytes;
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(path_ / name).rdbuf();
    return text.str();
  }

 private:
  std::filesystem::path path_;
};

// A test that is run as whoever runs it and once more as an ordinary user.
class CageTest : public ::testing::TestWithParam<Caller> {
 protected:
  void SetUp() override {
    DRIFTCAGE_SKIP_UNLESS_EMPTY(why_no_cages(GetParam()));
  }

  static CellRun run(const model::CageSpec& spec) {
    return run_cell(spec, GetParam());
  }
  // Output of a shell line that must succeed.
  static std::string shell(const std::string& line) {
    return output(shell_spec(line));
  }
  static std::string output(const model::CageSpec& spec) {
    const CellRun result = run(spec);
    EXPECT_EQ(unlike_exit(result, 0), "");
    return result.out;
  }
};

inline std::string caller_name(const ::testing::TestParamInfo<Caller>& info) {
  return info.param == Caller::Self ? "Self" : "Ordinary";
}

}  // namespace driftcage::testing

#define DRIFTCAGE_BOTH_CALLERS(Suite)                                         \
  INSTANTIATE_TEST_SUITE_P(Both, Suite,                                       \
                           ::testing::Values(Caller::Self, Caller::Ordinary), \
                           caller_name)
