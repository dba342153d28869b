// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/base/unique_fd.h"
#include "harness/image/progress.h"
#include "harness/report/stream.h"
#include "harness/run/suite.h"
#include "runner/terminal.h"

namespace driftcage::runner {

// Results go to standard output as they come, in the format of `stream`. What
// is going on now goes to standard error: as a block at the bottom of a
// terminal, else as plain lines, for slow preparations and for legs that take
// more than a minute, so that no CI system takes the silence for death.
class Progress : public run::SuiteObserver {
 public:
  // `quiet`: nothing but results.
  Progress(std::unique_ptr<report::Stream> stream, bool quiet);

  void preparing(const std::string& what) override;
  void started(std::size_t scenarios, std::size_t jobs,
               const std::string& capped_by) override;
  void decided(model::Verdict verdict) override;
  void finished(const run::ScenarioResult& result) override;
  void running(const std::vector<run::RunningLeg>& legs, bool asked) override;
  void interrupted(int signal) override;
  [[nodiscard]] std::chrono::milliseconds tick() const override;
  [[nodiscard]] int keys() const override;

  // What opening images tells.
  void opening(image::Said said, const std::string& what);
  // The closing lines.
  void end(const run::SuiteResult& result);
  void close() { line_.clear(); }

 private:
  void show(const std::vector<run::RunningLeg>& legs);

  std::unique_ptr<report::Stream> stream_;
  bool quiet_;
  StatusLine line_;
  KeyReader keys_;
  std::size_t total_ = 0;
  std::size_t jobs_ = 1;
  std::size_t done_ = 0;
  std::size_t bad_ = 0;
  std::uint64_t begin_ns_ = 0;
  std::vector<run::RunningLeg> last_;
};

}  // namespace driftcage::runner
