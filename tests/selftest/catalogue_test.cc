// SPDX-License-Identifier: Apache-2.0
// The shipped scenarios on this machine's Go: every one that can run passes.
#include <gtest/gtest.h>

#include <string>

#include "tests/cli/command.h"

namespace driftcage::cli_test {
namespace {

class Catalogue : public CageProject {};

TEST_F(Catalogue, PassesOnThisMachine) {
  const Outcome outcome =
      driftcage({"run", "--require-strong", "--record", "record",
                 std::string(DRIFTCAGE_SOURCE_DIR) + "/scenarios"},
                here());
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
}

}  // namespace
}  // namespace driftcage::cli_test
