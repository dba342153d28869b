// SPDX-License-Identifier: Apache-2.0
#include <unordered_map>
#include <utility>
#include <variant>

#include "harness/base/path.h"
#include "harness/match/derive.h"

namespace driftcage::match {
namespace {

using Environment = std::map<std::string, std::string>;

struct Process {
  std::uint32_t parent = 0;
  std::int32_t pid = 0;
  std::string program;
  std::string path;
  std::string exe;
  // Shared with the children until one of them executes a program.
  std::shared_ptr<const Environment> environment;
};

Environment changed(const Environment* before, const model::ExecDetail& exec) {
  Environment result;
  if (before != nullptr && !exec.environment_complete) result = *before;
  for (const std::string& entry : exec.environment) {
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos) {
      result.erase(entry);
    } else {
      result[entry.substr(0, equals)] = entry.substr(equals + 1);
    }
  }
  return result;
}

const std::string kNothing;

}  // namespace

struct ProcessTable::State {
  std::unordered_map<std::uint32_t, Process> processes;

  [[nodiscard]] const Process* find(std::uint32_t id) const {
    const auto found = processes.find(id);
    return found == processes.end() ? nullptr : &found->second;
  }

  void start(const model::ProcessStart& start) {
    Process process;
    if (const Process* parent = find(start.parent)) process = *parent;
    process.parent = start.parent;
    process.pid = start.pid;
    processes[start.process] = std::move(process);
  }

  void exec(const model::Event& event) {
    Process& process = processes[event.process];
    const std::string& path = event.abs.empty() ? event.path : event.abs;
    process.path = path;
    process.exe = event.real.empty() ? path : event.real;
    if (event.exec) {
      if (!event.exec->exe.empty()) process.exe = event.exec->exe;
      process.environment = std::make_shared<const Environment>(
          changed(process.environment.get(), *event.exec));
    }
    // A file executed by descriptor has no name of its own.
    const std::string_view named = path.empty() ? process.exe : path;
    process.program = base::path::base_name(named);
  }
};

ProcessTable::ProcessTable() : state_(std::make_unique<State>()) {}
ProcessTable::~ProcessTable() = default;
ProcessTable::ProcessTable(ProcessTable&&) noexcept = default;
ProcessTable& ProcessTable::operator=(ProcessTable&&) noexcept = default;

void ProcessTable::add(const wire::Record& record) {
  if (const auto* event = std::get_if<model::Event>(&record)) {
    if (event->verb == model::Verb::Exec && event->ok()) state_->exec(*event);
  } else if (const auto* start = std::get_if<model::ProcessStart>(&record)) {
    state_->start(*start);
  } else if (const auto* end = std::get_if<model::ProcessEnd>(&record)) {
    state_->processes.erase(end->process);
  }
}

const std::string& ProcessTable::program(std::uint32_t process) const {
  const Process* found = state_->find(process);
  return found == nullptr ? kNothing : found->program;
}

const std::string& ProcessTable::path(std::uint32_t process) const {
  const Process* found = state_->find(process);
  return found == nullptr ? kNothing : found->path;
}

const std::string& ProcessTable::exe(std::uint32_t process) const {
  const Process* found = state_->find(process);
  return found == nullptr ? kNothing : found->exe;
}

std::int32_t ProcessTable::pid(std::uint32_t process) const {
  const Process* found = state_->find(process);
  return found == nullptr ? 0 : found->pid;
}

std::uint32_t ProcessTable::parent(std::uint32_t process) const {
  const Process* found = state_->find(process);
  return found == nullptr ? 0 : found->parent;
}

const std::string* ProcessTable::variable(std::uint32_t process,
                                          const std::string& name) const {
  const Process* found = state_->find(process);
  if (found == nullptr || found->environment == nullptr) return nullptr;
  const auto value = found->environment->find(name);
  return value == found->environment->end() ? nullptr : &value->second;
}

std::vector<std::string> ProcessTable::environment(
    const model::Event& exec) const {
  const Process* found = state_->find(exec.process);
  std::vector<std::string> entries;
  for (const auto& [name, value] : changed(
           found == nullptr ? nullptr : found->environment.get(), *exec.exec)) {
    entries.push_back(name + "=" + value);
  }
  return entries;
}

}  // namespace driftcage::match
