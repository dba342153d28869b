// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/mine/draft.h"
#include "harness/mine/evidence.h"
#include "harness/run/suite.h"
#include "harness/scenario/parser.h"

namespace driftcage::mine {

struct AuthorOptions {
  run::SuiteOptions suite;  // image, time-out, how to open images
  std::string file;         // where the scenario will lie; for includes
  scenario::ReadFile read_file;
  unsigned rounds = 3;  // of each leg, before anything is mined
  std::string scratch;  // an empty folder for the records on the way
};

// Told what goes on, besides what a suite tells.
class AuthorObserver : public run::SuiteObserver {
 public:
  virtual void step(const std::string& what) = 0;
};

struct Authored {
  std::string text;  // of the scenario, which passed as it stands
  Signature signature;
  Mined mined;
  std::vector<Fix> fixes;
  std::vector<std::string> notes;  // what was tried and left out, and why
  std::string record;              // of the run in which it passed
  std::string without_fault;       // the verdict then, never a good one
};

// Completes a scenario's head (see head_text and head_of): runs it healthy and
// with the fault, mines the lines that flip, finds out which fixes help, and
// proves the result by a run of its own and by one without the fault. Fails
// when the healthy run fails, when nothing differs, and when nothing that
// differs holds a second time.
[[nodiscard]] base::Result<Authored> author(const std::string& head,
                                            const AuthorOptions& options,
                                            AuthorObserver& observer);

// The head, parsed; all its mistakes in one error.
[[nodiscard]] base::Result<scenario::Scenario> parse_head(
    const std::string& head, const AuthorOptions& options);

}  // namespace driftcage::mine
