// SPDX-License-Identifier: Apache-2.0
#include "harness/match/stage.h"

#include <algorithm>
#include <array>
#include <variant>

#include "harness/base/path.h"

namespace driftcage::match {
namespace {

constexpr std::array<std::string_view, 5> kStageTools{"compile", "asm", "cgo",
                                                      "vet", "link"};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// $GOROOT/pkg/tool/linux_amd64/compile
bool is_go_tool(std::string_view path) { return contains(path, "/pkg/tool/"); }

// "gcc", "x86_64-linux-gnu-gcc-12", "clang-14", "cc1", "as", "ld", "collect2".
bool is_c_tool(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kNames{
      "gcc", "g++",     "cc", "c++",      "clang", "clang++",
      "cc1", "cc1plus", "as", "collect2", "ld",    "ar"};
  // Without a version at its end and a target at its start.
  while (!name.empty() && (name.back() == '.' || name.back() == '-' ||
                           (name.back() >= '0' && name.back() <= '9' &&
                            name != "cc1" && name != "collect2"))) {
    name.remove_suffix(1);
  }
  if (const std::size_t dash = name.rfind('-'); dash != name.npos)
    name = name.substr(dash + 1);
  return name.starts_with("ld.") ||
         std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

// The go command's own verb: its first argument that is no flag.
std::string_view subcommand(const std::vector<std::string>& argv) {
  for (std::size_t i = 1; i < argv.size(); ++i) {
    if (argv[i] == "-C") {
      ++i;  // go -C DIR build
    } else if (!argv[i].starts_with('-')) {
      return argv[i];
    }
  }
  return {};
}

}  // namespace

void Stages::add(const wire::Record& record) {
  if (const auto* event = std::get_if<model::Event>(&record)) {
    if (event->verb != model::Verb::Exec || !event->ok()) return;
    Process& process = processes_[event->process];
    const bool child_of_go = process.is_go;
    bool real = false;
    process = after(process, *event, real);
    const auto parent = processes_.find(process.parent);
    if (real && child_of_go && parent != processes_.end() &&
        parent->second.stage == "list") {
      parent->second.stage = "build";
    }
  } else if (const auto* start = std::get_if<model::ProcessStart>(&record)) {
    Process process;
    const auto parent = processes_.find(start->parent);
    if (parent != processes_.end()) process = parent->second;
    process.parent = start->parent;
    processes_[start->process] = process;
  } else if (const auto* end = std::get_if<model::ProcessEnd>(&record)) {
    processes_.erase(end->process);
  }
}

Stages::Process Stages::after(const Process& before, const model::Event& event,
                              bool& real) {
  Process process{before.parent, before.stage, false, false};
  if (!event.exec) return process;
  const std::string& path = event.abs.empty() ? event.path : event.abs;
  const std::string_view name = base::path::base_name(path);
  const auto& argv = event.exec->argv;
  if (name == "go" && process.stage != "run") {
    const std::string_view verb = subcommand(argv);
    process.is_go = true;
    process.runs = verb == "run" || verb == "test";
    process.stage = "list";
  } else if (process.stage.empty() || process.stage == "run") {
    return process;
  } else if (is_go_tool(path)) {
    real = std::none_of(argv.begin(), argv.end(), [](const std::string& word) {
      return word.starts_with("-V");
    });
    const auto* tool = std::find(kStageTools.begin(), kStageTools.end(), name);
    process.stage = !real                       ? "version"
                    : tool == kStageTools.end() ? "tool"
                                                : *tool;
  } else if (is_c_tool(name)) {
    // Under Go's linker it is the linker's.
    real = process.stage != "link";
    if (real) process.stage = "gcc";
  } else if (before.is_go && before.runs &&
             (contains(path, "/exe/") || contains(path, "-d/") ||
              name.ends_with(".test"))) {
    process.stage = "run";
  }
  return process;
}

std::string_view Stages::stage(std::uint32_t process) const {
  const auto found = processes_.find(process);
  return found == processes_.end() ? std::string_view() : found->second.stage;
}

std::string_view Stages::stage_of(const model::Event& event) const {
  const auto found = processes_.find(event.process);
  if (event.verb != model::Verb::Exec || found == processes_.end())
    return stage(event.process);
  bool real = false;
  return after(found->second, event, real).stage;
}

}  // namespace driftcage::match
