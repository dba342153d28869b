// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "harness/base/result.h"
#include "harness/scenario/scenario.h"
#include "runner/commands.h"

// Which course a command line means.
namespace driftcage::runner {

struct CourseOptions {
  std::string pack;  // a folder of scenarios; empty: the shipped ones
  std::string image = "host";
};
void add_course(CLI::App& command, CourseOptions& options);

struct Course {
  std::string place;  // where it was looked for
  std::vector<scenario::Scenario> scenarios;
  std::vector<const scenario::Scenario*> lessons;  // among them, in order
};
// Says what is wrong with files of it, and goes on with the others.
[[nodiscard]] base::Result<Course> load_course(const CourseOptions& options);

// `driftcage learn verify`; `options` must outlive the action.
void add_learn_verify(CLI::App& group, const CourseOptions& options,
                      Action& chosen);

}  // namespace driftcage::runner
