// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>

#include <nlohmann/json.hpp>

#include "harness/model/verdict.h"
#include "harness/plan/planner.h"
#include "harness/run/capacity.h"
#include "harness/run/ground.h"
#include "harness/run/history.h"
#include "runner/commands.h"
#include "runner/image_options.h"
#include "runner/run_options.h"
#include "runner/selection.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  RunOptions run;
  bool json = false;
};

// One scenario on one image as it would be run.
struct Planned {
  const scenario::Scenario* scenario = nullptr;
  std::string image;
  unsigned round = 0;
  plan::ScenarioPlan plan;
  std::string error;
};

std::vector<Planned> plan_all(const Chosen& chosen,
                              const run::Schedule& schedule,
                              const std::vector<plan::Ground>& grounds) {
  std::vector<Planned> all;
  for (const run::Item& item : schedule.items) {
    Planned planned;
    planned.scenario = &chosen.scenarios[item.scenario];
    planned.image = grounds[item.image].image.reference;
    planned.round = item.round;
    auto plan = plan::make_plan(*planned.scenario, grounds[item.image]);
    if (plan) {
      planned.plan = *std::move(plan);
      // What a cage holds is shown by its legs' names; files can be large.
      for (plan::LegPlan& leg : planned.plan.legs) leg.spec = {};
    } else {
      planned.error = plan.error().message();
    }
    all.push_back(std::move(planned));
  }
  return all;
}

std::string legs_of(const Planned& planned) {
  std::string text;
  for (const plan::LegPlan& leg : planned.plan.legs) {
    text += (text.empty() ? "" : ", ") + leg.name;
    if (leg.decoy) text += " (decoy)";
  }
  return text;
}

std::string as_text(const std::vector<Planned>& all,
                    const run::Schedule& schedule,
                    const run::ScheduleOptions& how, std::size_t jobs,
                    const std::vector<plan::Ground>& grounds) {
  std::string text;
  for (const plan::Ground& ground : grounds) {
    text +=
        fmt::format("image {}: {} {}, rung {}", ground.image.reference,
                    ground.facts.libc, ground.facts.libc_version, ground.rung);
    for (const model::Tool& tool : ground.facts.tools) {
      text += fmt::format(", {} {}", tool.name,
                          tool.version.empty() ? "-" : tool.version);
    }
    text += "\n";
  }
  std::size_t width = 0;
  for (const Planned& planned : all) {
    width = std::max(width, planned.scenario->id.size());
  }
  std::size_t skips = 0;
  std::size_t legs = 0;
  for (const Planned& planned : all) {
    const bool skip = !planned.plan.skip.empty();
    skips += skip ? 1 : 0;
    legs += planned.plan.legs.size();
    text += fmt::format("{:<5} {:<{}}  {}",
                        !planned.error.empty() ? "error"
                        : skip                 ? "skip"
                                               : "run",
                        planned.scenario->id, width,
                        !planned.error.empty() ? planned.error
                        : skip                 ? planned.plan.skip
                                               : legs_of(planned));
    if (grounds.size() > 1) text += "  on " + planned.image;
    if (planned.round > 0) text += fmt::format("  round {}", planned.round + 1);
    if (!planned.scenario->group.empty()) {
      text += "  group " + planned.scenario->group;
    }
    if (planned.scenario->exclusive) text += "  exclusive";
    text += "\n";
  }
  if (how.order == run::Order::Random)
    text += fmt::format("order random --seed {}\n", how.seed);
  text += fmt::format("{} of {} selected, {} to skip, {} legs, {} at a time\n",
                      all.size(), schedule.selected, skips, legs, jobs);
  return text;
}

std::string as_json(const std::vector<Planned>& all,
                    const run::Schedule& schedule, std::size_t jobs,
                    const RunOptions& options,
                    const std::vector<plan::Ground>& grounds) {
  Json list = Json::array();
  for (const Planned& planned : all) {
    Json legs = Json::array();
    for (const plan::LegPlan& leg : planned.plan.legs) {
      legs.push_back({{"name", leg.name}, {"decoy", leg.decoy}});
    }
    list.push_back({{"id", planned.scenario->id},
                    {"image", planned.image},
                    {"round", planned.round + 1},
                    {"skip", planned.plan.skip},
                    {"error", planned.error},
                    {"timeout_ms", planned.scenario->timeout_ms},
                    {"group", planned.scenario->group},
                    {"exclusive", planned.scenario->exclusive},
                    {"legs", std::move(legs)}});
  }
  Json images = Json::array();
  for (const plan::Ground& ground : grounds) {
    Json tools = Json::object();
    for (const model::Tool& tool : ground.facts.tools) {
      tools[tool.name] = tool.version;
    }
    images.push_back({{"reference", ground.image.reference},
                      {"identity", ground.image.identity},
                      {"rung", ground.rung},
                      {"libc", ground.facts.libc},
                      {"tools", std::move(tools)}});
  }
  const auto& shard = options.suite.schedule.shard;
  const Json plan = {{"v", 1},
                     {"selected", schedule.selected},
                     {"selection", schedule.selection},
                     {"shard", shard ? Json(shard->text()) : Json(nullptr)},
                     {"order", run::order_name(options.suite.schedule.order)},
                     {"seed", options.suite.schedule.seed},
                     {"jobs", jobs},
                     {"images", std::move(images)},
                     {"scenarios", std::move(list)}};
  return plan.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

int show_plan(const Options& given) {
  Options options = given;
  if (auto ready = resolve(options.run); !ready) {
    print_error(ready.error());
    return model::kExitUsage;
  }
  const auto chosen = choose(options.run.selection);
  if (!chosen) return chosen.error();
  const run::ScheduleOptions& how = options.run.suite.schedule;
  const auto past = run::history_file();
  const run::Schedule schedule =
      run::make_schedule(chosen->set.heads, options.run.selection.images,
                         past ? run::read_history(*past) : run::History{}, how);
  StatusLine line;
  const auto grounds = run::facts_of_grounds(
      options.run.selection.images,
      open_options([&](image::Said /*said*/, const std::string& what) {
        line.show(what + " ...");
      }),
      chosen->scenarios);
  line.clear();
  if (!grounds) {
    print_error(grounds.error());
    return model::kExitHost;
  }
  const std::vector<Planned> all = plan_all(*chosen, schedule, *grounds);
  const std::size_t jobs =
      run::choose_jobs(run::host_capacity(), options.run.suite.jobs).count;
  write_out(options.json ? as_json(all, schedule, jobs, options.run, *grounds)
                         : as_text(all, schedule, how, jobs, *grounds));
  const bool bad = std::any_of(all.begin(), all.end(), [](const auto& planned) {
    return !planned.error.empty();
  });
  return bad ? model::kExitHost : model::kExitGood;
}

}  // namespace

void add_plan(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "plan", "Show what would run, and what would be skipped and why");
  add_selection(*command, options->run.selection);
  add_images(*command, options->run.selection);
  add_schedule_options(*command, options->run);
  command->add_flag("--json", options->json, "Everything, as JSON");
  command->footer(
      "No scenario is run. An image is opened, and what is in it is probed in\n"
      "a cage unless that is known already.\n"
      "\n"
      "Examples:\n"
      "  driftcage plan\n"
      "  driftcage plan -E 'tag(cgo)' --shard 2/5\n"
      "  driftcage plan --json | jq -r '.scenarios[] | select(.skip != \"\") | "
      ".id'");
  command->callback([options, &chosen] {
    chosen = [options] { return show_plan(*options); };
  });
}

}  // namespace driftcage::runner
