// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "harness/match/derive.h"
#include "harness/match/matcher.h"
#include "harness/report/shorten.h"
#include "harness/wire/record.h"

// The lines of a trace as lessons show them: `lookup gcc = none by cgo`.
namespace driftcage::learn {

// Turns records into lines whose text is the same in every run of the same
// thing, derived searches included.
class LineStream {
 public:
  struct Line {
    std::string text;
    std::string why;  // for people; may be empty
    bool failed = false;
    bool search = false;  // an exec, a lookup or a load
    std::uint32_t process = 0;
  };
  LineStream(const match::Variables& variables,
             std::function<void(const Line&)> emit);
  void add(const wire::Record& record);
  void finish();
  [[nodiscard]] const match::ProcessTable& table() const { return table_; }
  // One event as such a line.
  [[nodiscard]] std::string text(const model::Event& event,
                                 const std::string& program) const;

 private:
  void event(const model::Event& event);

  report::Shortener shortener_;
  std::function<void(const Line&)> emit_;
  match::ProcessTable table_;
  std::unique_ptr<match::Deriver> deriver_;
};

// One command of the student: the process that the shell started and everything
// below it.
struct Job {
  std::uint32_t process = 0;
  std::string command;                  // argv of the first exec, joined
  std::vector<LineStream::Line> lines;  // that the healthy cage does not have
  std::set<std::string> seen;
  std::set<std::string> programs;
  std::vector<match::LineMatch> signature;  // once it has ended
  std::string ending;                       // "exit 1"
  bool ended = false;
};

// Watches a student's shell from outside.
class Watcher {
 public:
  // `lines`: see, never and keep of the scenario. `ours`: the program of the
  // lesson's own words, which are no jobs.
  Watcher(std::vector<model::EventLine> lines, match::Variables variables,
          std::string ours);
  void add(const wire::Record& record);

  // What the healthy run does; before it is known, nothing is a difference.
  void set_healthy(std::set<std::string> lines, std::set<std::string> programs);
  // Called with a line for each difference as it happens, and with `$ command`
  // when a job begins to differ.
  std::function<void(const std::string&)> live;

  // The latest job that is not the lesson's own; null when there is none.
  [[nodiscard]] const Job* latest() const;
  // Every argv that was executed, words joined by blanks, argv[0] by its base
  // name.
  [[nodiscard]] const std::set<std::string>& commands() const {
    return commands_;
  }

 private:
  struct Open;
  void line(const LineStream::Line& line);
  void started(const model::ProcessStart& start);
  void ended(const model::ProcessEnd& end);
  void executed(const model::Event& event);

  std::vector<model::EventLine> lines_;
  match::Variables variables_;
  std::string ours_;
  LineStream stream_;
  bool healthy_known_ = false;
  std::set<std::string> healthy_;
  std::set<std::string> healthy_programs_;
  std::map<std::uint32_t, std::uint32_t> job_of_;  // process -> job's process
  std::map<std::uint32_t, std::shared_ptr<Open>> open_;  // by job's process
  std::deque<Job> done_;                                 // the latest few
  std::set<std::string> commands_;
};

}  // namespace driftcage::learn
