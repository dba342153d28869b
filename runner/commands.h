// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

// One function and one cmd_*.cc per subcommand. Each adds its options and help
// to `app`, and sets `chosen` when the command line names it. The action runs
// only after the whole command line has been understood, and returns the exit
// code (model::ExitCode).
namespace driftcage::runner {

using Action = std::function<int()>;

void add_run(CLI::App& app, Action& chosen);
void add_manual(CLI::App& app, Action& chosen);
void add_list(CLI::App& app, Action& chosen);
void add_plan(CLI::App& app, Action& chosen);
void add_report(CLI::App& app, Action& chosen);
void add_rerun(CLI::App& app, Action& chosen);
void add_merge(CLI::App& app, Action& chosen);
void add_diff(CLI::App& app, Action& chosen);
void add_mutate(CLI::App& app, Action& chosen);
void add_judge(CLI::App& app, Action& chosen);
void add_watch(CLI::App& app, Action& chosen);
void add_shell(CLI::App& app, Action& chosen);
void add_accept(CLI::App& app, Action& chosen);
void add_mine(CLI::App& app, Action& chosen);
void add_check(CLI::App& app, Action& chosen);
// `command` is what stood behind `--`; read when the action runs.
void add_new(CLI::App& app, Action& chosen,
             const std::vector<std::string>& command);
// `command` is what stood behind `--`; read when the action runs.
void add_trace(CLI::App& app, Action& chosen,
               const std::vector<std::string>& command);
void add_learn(CLI::App& app, Action& chosen);
void add_explain(CLI::App& app, Action& chosen,
                 const std::vector<std::string>& command);
void add_catalogue(CLI::App& app, Action& chosen);
void add_faults(CLI::App& app, Action& chosen);
void add_schema(CLI::App& app, Action& chosen);
void add_compare(CLI::App& app, Action& chosen);
void add_image(CLI::App& app, Action& chosen);
void add_doctor(CLI::App& app, Action& chosen);
void add_completion(CLI::App& app, Action& chosen);

}  // namespace driftcage::runner
