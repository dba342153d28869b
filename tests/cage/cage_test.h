// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/cage/cell_run.h"

namespace driftcage::testing {

// A test that is run as whoever runs it and once more as an ordinary user.
class CageTest : public ::testing::TestWithParam<Caller> {
 protected:
  void SetUp() override {
    const std::string reason = why_no_cages(GetParam());
    if (reason.empty()) return;
    // A test suite that skips its core would look healthy.
    if (std::getenv("DRIFTCAGE_MUST_WORK") != nullptr) {
      FAIL() << "no cages here: " << reason;
    }
    GTEST_SKIP() << "no cages here: " << reason;
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
