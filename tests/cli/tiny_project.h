// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/cli/command.h"
#include "tests/cli/scenario_text.h"

namespace driftcage::cli_test {

// A project of two scenarios that pass and, between them, one that does not.
class TinyProject : public CageProject {
 protected:
  void SetUp() override {
    CageProject::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    write("scenarios/tiny/a.toml", scenario("tiny/a", "ENOENT"));
    write("scenarios/tiny/b.toml", scenario("tiny/b", "EACCES"));
    write("scenarios/tiny/c.toml", scenario("tiny/c", "ENOENT"));
  }
};

}  // namespace driftcage::cli_test
