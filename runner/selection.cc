// SPDX-License-Identifier: Apache-2.0
#include "runner/selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/model/verdict.h"
#include "runner/catalog.h"
#include "runner/process.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

int nothing(const SelectionOptions& options, const base::Error& why) {
  if (options.pass_with_no_tests) {
    write_err("driftcage: nothing is selected: " + why.message() + "\n");
    return model::kExitGood;
  }
  print_error(why);
  return model::kExitNothingSelected;
}

std::string whole_expression(const SelectionOptions& options) {
  const std::string outer = variable("DRIFTCAGE_FILTER");
  if (outer.empty() || options.expression.empty()) {
    return outer + options.expression;
  }
  return "(" + outer + ") & (" + options.expression + ")";
}

// A word that never held selects the wrong things in silence.
void warn_of_silent(const run::Filter& filter) {
  for (const std::string& predicate : filter.never_held()) {
    write_err(fmt::format("driftcage: warning: {} holds for no scenario\n",
                          predicate));
  }
}

}  // namespace

void add_selection(CLI::App& command, SelectionOptions& options) {
  command.allow_extras();
  command
      .add_option("selected", options.selected,
                  "Ids, folders, globs or files; all when none is given")
      ->option_text("[PATH|ID...]");
  command
      .add_option("-E,--filter", options.expression,
                  "Only those for which this holds: id, tag, fault, image,\n"
                  "needs with a glob, weak(); joined by & | ! ( )")
      ->option_text("EXPR");
}

void add_images(CLI::App& command, SelectionOptions& options) {
  command
      .add_option("--image", options.images,
                  "Image to run on, host when none is given; may be given\n"
                  "several times; see driftcage image --help")
      ->allow_extra_args(false)
      ->option_text("REF");
}

tl::expected<Chosen, int> choose(const SelectionOptions& options,
                                 Mistakes mistakes) {
  Chosen chosen;
  chosen.expression = whole_expression(options);
  if (!chosen.expression.empty()) {
    auto filter = run::Filter::parse(chosen.expression);
    if (!filter) {
      print_error(filter.error());
      return tl::make_unexpected(model::kExitUsage);
    }
    chosen.filter = *std::move(filter);
  }
  std::vector<std::string> selected = options.selected;
  if (const std::string only = variable("TESTBRIDGE_TEST_ONLY");
      selected.empty() && !only.empty()) {
    selected.push_back(only);
  }
  const auto selection = select_scenarios(selected);
  if (!selection) {
    print_error(selection.error());
    return tl::make_unexpected(model::kExitUsage);
  }
  if (!selection->nothing.step.empty()) {
    return tl::make_unexpected(nothing(options, selection->nothing));
  }
  Loaded loaded = load_scenarios(selection->files);
  for (const std::string& file : options.waivers) add_waivers(file, &loaded);
  chosen.mistakes = loaded.mistakes;
  if (mistakes == Mistakes::ShowTheRest) write_err(loaded.report);
  if (loaded.mistakes > 0 && mistakes == Mistakes::Refuse) {
    write_err(loaded.report);
    write_err(fmt::format("{} mistake{}, nothing was run\n", loaded.mistakes,
                          loaded.mistakes == 1 ? "" : "s"));
    return tl::make_unexpected(model::kExitUsage);
  }
  chosen.scenarios = std::move(loaded.scenarios);
  if (!chosen.filter) return chosen;

  const std::size_t before = chosen.scenarios.size();
  std::erase_if(chosen.scenarios, [&](const scenario::Scenario& scenario) {
    bool any = false;
    // All images, so that each predicate is asked about each of them.
    for (const std::string& image : options.images) {
      any |= chosen.filter->matches(scenario, image);
    }
    return !any;
  });
  warn_of_silent(*chosen.filter);
  if (!chosen.scenarios.empty()) return chosen;
  return tl::make_unexpected(nothing(
      options,
      {"the filter selects nothing", chosen.expression, 0,
       fmt::format("it was asked about {} scenario{} on {} image{}", before,
                   before == 1 ? "" : "s", options.images.size(),
                   options.images.size() == 1 ? "" : "s")}));
}

}  // namespace driftcage::runner
