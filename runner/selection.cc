// SPDX-License-Identifier: Apache-2.0
#include "runner/selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
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

// The texts that a scenario was read from; enough to see that they changed.
std::size_t digest_of(const scenario::Scenario& scenario) {
  std::string all = scenario.source;
  for (const auto& [path, text] : scenario.included) all += text;
  return std::hash<std::string>()(all);
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

std::vector<bool> images_of(const std::optional<run::Filter>& filter,
                            const scenario::Scenario& scenario,
                            const std::vector<std::string>& images) {
  std::vector<bool> on;
  if (!filter) return on;
  // All images, so that each predicate is asked about each of them.
  for (const std::string& image : images) {
    on.push_back(filter->matches(scenario, image));
  }
  return on;
}

namespace {

// Reads what was selected into `chosen`; what is wrong comes back.
Loaded read_all(const std::vector<ScenarioFile>& files,
                const SelectionOptions& options, Contents contents,
                Chosen& chosen) {
  Loaded wrong;
  // Shared with what reads them again.
  struct Origins {
    std::vector<ScenarioFile> files;
    std::vector<scenario::Waiver> waivers;
    struct Origin {
      std::size_t file = 0;
      std::size_t digest = 0;
    };
    std::vector<Origin> of;
    std::vector<std::string> ids;
  };
  const auto origins = std::make_shared<Origins>();
  origins->files = files;
  origins->waivers = read_waivers(options.waivers, &wrong);
  Loaded loaded =
      load_each(files, [&](scenario::Scenario one, std::size_t file) {
        ++chosen.asked;
        auto on = images_of(chosen.filter, one, options.images);
        if (!on.empty() && std::ranges::find(on, true) == on.end()) return;
        add_waivers(origins->waivers, &one);
        chosen.set.add(one, std::move(on));
        origins->of.push_back({file, digest_of(one)});
        origins->ids.push_back(one.id);
        if (contents == Contents::Whole) {
          chosen.scenarios.push_back(std::move(one));
        }
      });
  chosen.set.load =
      [origins](std::size_t at) -> base::Result<scenario::Scenario> {
    const auto& [file, digest] = origins->of[at];
    scenario::Scenario one =
        DRIFTCAGE_TRY(load_again(origins->files[file], origins->ids[at]));
    if (digest_of(one) != digest) {
      return base::fail("read the scenario again", one.file, 0, kChanged);
    }
    add_waivers(origins->waivers, &one);
    return one;
  };
  loaded.mistakes += wrong.mistakes;
  loaded.report += wrong.report;
  return loaded;
}

}  // namespace

tl::expected<Chosen, int> choose(const SelectionOptions& options,
                                 Mistakes mistakes, Contents contents) {
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
  const Loaded loaded = read_all(selection->files, options, contents, chosen);
  chosen.mistakes = loaded.mistakes;
  chosen.broken = loaded.broken;
  if (mistakes == Mistakes::ShowTheRest) write_err(loaded.report);
  if (loaded.mistakes > 0 && mistakes == Mistakes::Refuse) {
    write_err(loaded.report);
    write_err(fmt::format("{} mistake{}, nothing was run\n", loaded.mistakes,
                          loaded.mistakes == 1 ? "" : "s"));
    return tl::make_unexpected(model::kExitUsage);
  }
  if (!chosen.filter) return chosen;
  warn_of_silent(*chosen.filter);
  // What could not be read might have been selected: no empty selection.
  if (!chosen.set.heads.empty() || chosen.mistakes > 0) return chosen;
  return tl::make_unexpected(nothing(
      options, {"the filter selects nothing", chosen.expression, 0,
                fmt::format("it was asked about {} scenario{} on {} image{}",
                            chosen.asked, chosen.asked == 1 ? "" : "s",
                            options.images.size(),
                            options.images.size() == 1 ? "" : "s")}));
}

}  // namespace driftcage::runner
