// SPDX-License-Identifier: Apache-2.0
#include "runner/cli.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "harness/model/verdict.h"
#include "harness/scenario/diagnostic.h"
#include "runner/help.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

// Subcommands that the user named, outermost first.
const CLI::App* innermost(const CLI::App& app) {
  const CLI::App* current = &app;
  while (!current->get_subcommands().empty())
    current = current->get_subcommands().front();
  return current;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(nullptr))
    names.push_back(command->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames())
      names.push_back("--" + name);
    for (const std::string& name : option->get_snames())
      names.push_back("-" + name);
  }
  return names;
}

// "image build": how the user calls it, without the program's name.
std::string path_of(const CLI::App& command) {
  const CLI::App* up = command.get_parent();
  return up == nullptr || up->get_parent() == nullptr
             ? command.get_name()
             : path_of(*up) + " " + command.get_name();
}

std::string did_you_mean(const std::string& word,
                         const std::vector<std::string>& names,
                         const std::string& otherwise) {
  const std::string near = scenario::nearest(word, names);
  return near.empty() ? otherwise : fmt::format("did you mean \"{}\"?", near);
}

void print_usage_error(const std::string& message, const std::string& hint) {
  print_error(base::Error{message, {}, 0, hint});
}

// Everything behind the first `--` of `trace`, `explain` and `new` is a
// command: it is cut off before CLI11, which would read meaning into it.
std::vector<std::string> split_traced_command(
    std::vector<std::string>& arguments) {
  const auto command =
      std::find_if(arguments.begin(), arguments.end(),
                   [](const std::string& a) { return !a.starts_with('-'); });
  if (command == arguments.end() ||
      (*command != "trace" && *command != "explain" && *command != "new")) {
    return {};
  }
  const auto mark = std::find(command, arguments.end(), "--");
  if (mark == arguments.end()) return {};
  std::vector<std::string> traced(std::next(mark), arguments.end());
  arguments.erase(mark, arguments.end());
  return traced;
}

// An error may begin with a dash, as "-bash: gcc: command not found" does, or
// quote an option. So behind the first word of a message nothing is an option
// of explain's, and a word with a blank or "-bash:" begins one.
void shield_messages(std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments.front() != "explain") return;
  bool message = false;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    std::string& word = arguments[i];
    message = message || !word.starts_with('-') ||
              word.find_first_of(" \t\n") != std::string::npos ||
              (!word.starts_with("--") && word.ends_with(':'));
    if (message && word.starts_with('-')) word.insert(0, 1, ' ');
  }
}

}  // namespace

CommandLine::CommandLine()
    : app_(
          "Reproduces environment drift in cages, traces it, and judges what "
          "the trace shows.",
          "driftcage") {
  app_.formatter(std::make_shared<HelpFormatter>());
  app_.set_version_flag("--version",
                        std::string("driftcage ") + DRIFTCAGE_VERSION,
                        "Show the version");
  app_.set_help_flag("-h,--help", "Show this help");
  app_.require_subcommand(0, 1);
  // Unknown words are collected and explained by report_mistake's neighbour in
  // run(), with the nearest name; CLI11 would only list them.
  app_.allow_extras();
  add_run(app_, chosen_);
  add_list(app_, chosen_);
  add_plan(app_, chosen_);
  add_report(app_, chosen_);
  add_rerun(app_, chosen_);
  add_judge(app_, chosen_);
  add_mutate(app_, chosen_);
  add_watch(app_, chosen_);
  add_shell(app_, chosen_);
  add_diff(app_, chosen_);
  add_merge(app_, chosen_);
  add_check(app_, chosen_);
  add_new(app_, chosen_, traced_command_);
  add_mine(app_, chosen_);
  add_accept(app_, chosen_);
  add_trace(app_, chosen_, traced_command_);
  add_explain(app_, chosen_, traced_command_);
  add_learn(app_, chosen_);
  add_catalogue(app_, chosen_);
  add_faults(app_, chosen_);
  add_schema(app_, chosen_);
  add_compare(app_, chosen_);
  add_image(app_, chosen_);
  add_doctor(app_, chosen_);
  add_completion(app_, chosen_);
  add_manual(app_, chosen_);
  app_.footer(
      "Examples:\n"
      "  driftcage run                        every scenario on this machine\n"
      "  driftcage run go/goenv-off           one of them\n"
      "  driftcage trace -- go build ./...    what fails to be found, and why\n"
      "  driftcage doctor                     can this machine do it?\n"
      "\n"
      "'driftcage COMMAND --help' shows the options of a command.\n"
      "Exit codes: 0 good, 1 bad verdict, 2 usage or scenario error, 3 the "
      "machine\ncannot do it, 4 nothing selected, 5 inconclusive, 128+n "
      "signal n.");
}

int CommandLine::run(std::vector<std::string> arguments) {
  // "help run" and "help", as of git and go.
  if (!arguments.empty() && arguments.front() == "help") {
    arguments.erase(arguments.begin());
    arguments.emplace_back("--help");
  }
  traced_command_ = split_traced_command(arguments);
  shield_messages(arguments);
  std::reverse(arguments.begin(), arguments.end());  // CLI11 wants a stack
  try {
    app_.parse(arguments);
  } catch (const CLI::ParseError& mistake) {
    return report_mistake(mistake);
  }
  const CLI::App* command = innermost(app_);
  std::vector<std::string> unknown = command->remaining();
  // CLI11 leaves what stands behind -- to the outermost command.
  if (unknown.empty()) unknown = app_.remaining();
  std::erase(unknown, "--");
  if (command == &app_) {
    if (unknown.empty()) {
      write_err(app_.help());
      return model::kExitUsage;
    }
    const std::string& word = unknown.front();
    if (word.starts_with('-'))
      print_usage_error(
          fmt::format("there is no option \"{}\"", word),
          did_you_mean(word, option_names(app_), "see driftcage --help"));
    else
      print_usage_error(
          fmt::format("there is no command \"{}\"", word),
          did_you_mean(word, command_names(app_), "see driftcage --help"));
    return model::kExitUsage;
  }
  const std::vector<std::string> below = command_names(*command);
  // A group: one of its commands must follow, unless it does something itself.
  if (!below.empty() && !chosen_) {
    if (unknown.empty()) {
      write_err(command->help());
    } else {
      print_usage_error(fmt::format("{} has no command \"{}\"",
                                    command->get_name(), unknown.front()),
                        did_you_mean(unknown.front(), below,
                                     fmt::format("see driftcage {} --help",
                                                 command->get_name())));
    }
    return model::kExitUsage;
  }
  if (!unknown.empty()) {
    const std::string& word = unknown.front();
    const std::string name = word.substr(0, word.find('='));
    const bool option = word.starts_with('-');
    std::string hint =
        fmt::format("see driftcage {} --help", path_of(*command));
    if (option)
      hint = did_you_mean(name, option_names(*command), hint);
    else if (command->get_name() == "trace" || command->get_name() == "new")
      hint = fmt::format("put -- before the command: driftcage {} -- {}",
                         command->get_name(), word);
    print_usage_error(
        option ? fmt::format("{} has no option \"{}\"", path_of(*command), name)
               : fmt::format("{} takes no argument \"{}\"", path_of(*command),
                             word),
        hint);
    return model::kExitUsage;
  }
  return chosen_();
}

int CommandLine::report_mistake(const CLI::ParseError& mistake) const {
  const CLI::App* command = innermost(app_);
  if (mistake.get_name() == "CallForHelp") {
    write_out(command->help());
    return model::kExitGood;
  }
  if (mistake.get_name() == "CallForVersion") {
    write_out(std::string(mistake.what()) + "\n");
    return model::kExitGood;
  }
  std::string message = mistake.what();
  std::replace(message.begin(), message.end(), '\n', ' ');
  const std::string path = command == &app_ ? "" : " " + path_of(*command);
  print_usage_error(message, fmt::format("see driftcage{} --help", path));
  return model::kExitUsage;
}

}  // namespace driftcage::runner
