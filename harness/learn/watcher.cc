// SPDX-License-Identifier: Apache-2.0
#include "harness/learn/watcher.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "harness/base/path.h"
#include "harness/report/escape.h"
#include "harness/report/event_text.h"
#include "harness/report/touched.h"
namespace driftcage::learn {
namespace {

// The payload's first process: the shell.
constexpr std::uint32_t kShell = 1;
constexpr std::size_t kJobs = 20;
constexpr std::size_t kLinesPerJob = 2000;
constexpr std::size_t kCommands = 10'000;

bool is_search(model::Verb verb) {
  return verb == model::Verb::Exec || verb == model::Verb::Lookup ||
         verb == model::Verb::Load;
}

std::string joined(const std::vector<std::string>& argv) {
  std::string text;
  for (const std::string& word : argv) {
    text +=
        text.empty() ? std::string(base::path::base_name(word)) : " " + word;
  }
  return text;
}

}  // namespace

LineStream::LineStream(const match::Variables& variables,
                       std::function<void(const Line&)> emit)
    : shortener_(variables),
      emit_(std::move(emit)),
      deriver_(std::make_unique<match::Deriver>(
          [this](const model::Event& derived) { event(derived); })) {}

void LineStream::add(const wire::Record& record) {
  deriver_->before(record);
  if (const auto* one = std::get_if<model::Event>(&record)) event(*one);
  deriver_->add(record);
  table_.add(record);
}

void LineStream::finish() { deriver_->finish(); }

std::string LineStream::text(const model::Event& event,
                             const std::string& program) const {
  std::string line = report::steady_line(report::event_line(event, shortener_));
  if (!program.empty()) line += " by " + program;
  return line;
}

void LineStream::event(const model::Event& event) {
  if (event.verb != model::Verb::Open && !is_search(event.verb)) return;
  Line line;
  line.text = text(event, table_.program(event.process));
  line.failed = !event.ok();
  if (line.failed) line.why = report::cause_text(event, shortener_);
  line.search = is_search(event.verb);
  line.process = event.process;
  emit_(line);
}

// A job that has not ended, and its own copy of the signature's counts.
struct Watcher::Open {
  Job job;
  std::optional<match::LineMatcher> matcher;
  std::size_t processes = 1;
  bool announced = false;
};

Watcher::Watcher(std::vector<model::EventLine> lines,
                 match::Variables variables, std::string ours)
    : lines_(std::move(lines)),
      variables_(std::move(variables)),
      ours_(std::move(ours)),
      stream_(variables_,
              [this](const LineStream::Line& found) { line(found); }) {}

void Watcher::set_healthy(std::set<std::string> lines,
                          std::set<std::string> programs) {
  healthy_ = std::move(lines);
  healthy_programs_ = std::move(programs);
  healthy_known_ = true;
}

void Watcher::add(const wire::Record& record) {
  if (const auto* start = std::get_if<model::ProcessStart>(&record)) {
    started(*start);
  }
  if (const auto* event = std::get_if<model::Event>(&record)) {
    executed(*event);
  }
  // Every job's matcher must know the processes of its own tree only.
  for (auto& [process, open] : open_) {
    if (open->matcher) open->matcher->add(record);
  }
  stream_.add(record);
  if (const auto* end = std::get_if<model::ProcessEnd>(&record)) ended(*end);
}

void Watcher::started(const model::ProcessStart& start) {
  if (start.process == kShell) return;
  if (start.parent != kShell) {
    const auto parent = job_of_.find(start.parent);
    if (parent == job_of_.end()) return;
    job_of_[start.process] = parent->second;
    const auto job = open_.find(parent->second);
    if (job != open_.end()) ++job->second->processes;
    return;
  }
  auto open = std::make_shared<Open>();
  open->job.process = start.process;
  auto matcher = match::LineMatcher::make(lines_, variables_);
  if (matcher) open->matcher = *std::move(matcher);
  job_of_[start.process] = start.process;
  open_[start.process] = std::move(open);
}

void Watcher::executed(const model::Event& event) {
  if (event.verb != model::Verb::Exec || !event.ok() || !event.exec) return;
  const auto job = job_of_.find(event.process);
  if (job == job_of_.end()) return;
  const auto open = open_.find(job->second);
  if (open == open_.end()) return;
  if (event.abs == ours_) {
    open_.erase(open);
    return;
  }
  const std::string command = joined(event.exec->argv);
  if (commands_.size() < kCommands) commands_.insert(command);
  Job& of = open->second->job;
  if (of.command.empty()) of.command = command;
  of.programs.insert(std::string(base::path::base_name(event.abs)));
}

void Watcher::line(const LineStream::Line& found) {
  const auto process = job_of_.find(found.process);
  if (process == job_of_.end()) return;
  const auto open = open_.find(process->second);
  if (open == open_.end() || !healthy_known_) return;
  Open& at = *open->second;
  if (healthy_.contains(found.text) || at.job.lines.size() >= kLinesPerJob ||
      !at.job.seen.insert(found.text).second) {
    return;
  }
  // What `ls` opens is no news; what go opens and never opened before is.
  const bool known =
      healthy_programs_.contains(stream_.table().program(found.process));
  if (!found.failed && !found.search && !known) return;
  // That the student's shell starts a command is no difference.
  const bool by_shell =
      stream_.table().program(found.process) == stream_.table().program(kShell);
  if (by_shell && !found.failed) return;
  at.job.lines.push_back(found);
  if (!live) return;
  if (!at.announced && !at.job.command.empty()) {
    live("$ " + report::printable(at.job.command));
    at.announced = true;
  }
  live("  " + found.text + (found.why.empty() ? "" : "   (" + found.why + ")"));
}

void Watcher::ended(const model::ProcessEnd& end) {
  const auto process = job_of_.find(end.process);
  if (process == job_of_.end()) return;
  const auto open = open_.find(process->second);
  job_of_.erase(process);
  if (open == open_.end()) return;
  Open& at = *open->second;
  if (end.process == at.job.process) at.job.ending = end.status.text();
  if (--at.processes > 0) return;
  if (at.matcher) {
    at.matcher->finish();
    at.job.signature = at.matcher->result();
  }
  at.job.ended = true;
  if (!at.job.command.empty()) {
    done_.push_back(std::move(at.job));
    if (done_.size() > kJobs) done_.pop_front();
  }
  open_.erase(open);
}

const Job* Watcher::latest() const {
  return done_.empty() ? nullptr : &done_.back();
}

}  // namespace driftcage::learn
