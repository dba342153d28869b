// SPDX-License-Identifier: Apache-2.0
#include "harness/match/unfinished.h"

#include <csignal>
#include <variant>

#include "harness/base/path.h"
#include "harness/base/wait_status.h"
#include "harness/model/event.h"

namespace driftcage::match {

void Unfinished::add(const wire::Record& record) {
  if (const auto* start = std::get_if<model::ProcessStart>(&record)) {
    const auto parent = left_.find(start->parent);
    left_[start->process] = parent == left_.end() ? "" : parent->second;
  } else if (const auto* end = std::get_if<model::ProcessEnd>(&record)) {
    const bool by_us = end->at_ns >= deadline_ns_ &&
                       end->status == base::WaitStatus::signalled(SIGKILL);
    if (!by_us) left_.erase(end->process);
  } else if (const auto* event = std::get_if<model::Event>(&record);
             event != nullptr && event->verb == model::Verb::Exec &&
             event->ok()) {
    const bool named = !event->path.empty() || !event->exec;
    left_[event->process] =
        base::path::base_name(named ? event->path : event->exec->exe);
  }
}

std::vector<std::string> Unfinished::programs() const {
  std::vector<std::string> programs;
  for (const auto& [process, program] : left_)
    programs.push_back(program.empty() ? "?" : program);
  return programs;
}

}  // namespace driftcage::match
