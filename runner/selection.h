// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "harness/run/filter.h"
#include "harness/run/scenario_set.h"
#include "harness/scenario/scenario.h"

// Which scenarios a command line means: the same options for every command
// that takes some.
namespace driftcage::runner {

struct SelectionOptions {
  std::vector<std::string> selected;
  std::string expression;
  std::vector<std::string> images{"host"};
  bool pass_with_no_tests = false;
  std::vector<std::string> waivers;  // files
};
void add_selection(CLI::App& command, SelectionOptions& options);
void add_images(CLI::App& command, SelectionOptions& options);

// What becomes of a selection in which some files have mistakes.
enum class Mistakes { Refuse, ShowTheRest };

// What is kept of what was chosen.
enum class Contents {
  Whole,  // all of it
  Heads,  // what a run needs to know of it; the rest is read again, so that
          // memory does not grow with it
};

struct Chosen {
  // On at least one image; empty with Contents::Heads.
  std::vector<scenario::Scenario> scenarios;
  // The same. What it loads is as it was when it was chosen, or an error.
  run::ScenarioSet set;
  std::size_t asked = 0;  // scenarios that the filter was asked about
  std::optional<run::Filter> filter;
  std::string expression;  // the whole of it, with that of the environment
  std::size_t mistakes = 0;
  std::vector<std::string> broken;  // files with mistakes
};
// Reads and filters; says what is wrong. An exit code when there is nothing to
// go on with. Environment: DRIFTCAGE_FILTER is joined to -E by &, Bazel's
// TESTBRIDGE_TEST_ONLY selects when nothing was selected.
[[nodiscard]] tl::expected<Chosen, int> choose(
    const SelectionOptions& options, Mistakes mistakes = Mistakes::Refuse,
    Contents contents = Contents::Whole);

// On which of the images the filter wants a scenario, for ScenarioHead.
[[nodiscard]] std::vector<bool> images_of(
    const std::optional<run::Filter>& filter,
    const scenario::Scenario& scenario, const std::vector<std::string>& images);

}  // namespace driftcage::runner
