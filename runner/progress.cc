// SPDX-License-Identifier: Apache-2.0
#include "runner/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "harness/base/sys.h"
#include "harness/base/wait_status.h"
#include "harness/model/verdict.h"

namespace driftcage::runner {
namespace {

constexpr std::size_t kMaxShown = 8;
constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::milliseconds kSignOfLife{60'000};

std::string clock_text(std::uint64_t ns) {
  const std::uint64_t seconds = ns / 1'000'000'000u;
  return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
}

std::string leg_text(const run::RunningLeg& leg) {
  return fmt::format("{:>7.1f}s  {}  {}{}",
                     static_cast<double>(leg.for_ns) / 1e9, leg.id, leg.leg,
                     leg.image == "host" ? "" : "  on " + leg.image);
}

}  // namespace

Progress::Progress(std::unique_ptr<report::Stream> stream, bool quiet)
    : stream_(std::move(stream)), quiet_(quiet) {
  // Asked before anything runs there is no answer; it must not kill us either.
  std::signal(SIGUSR1, SIG_IGN);
}

void Progress::preparing(const std::string& what) {
  if (line_.enabled()) {
    line_.show(what + " ...");
  } else if (!quiet_) {
    write_err(what + "\n");
  }
}

void Progress::opening(image::Said said, const std::string& what) {
  if (said == image::Said::Step || line_.enabled()) preparing(what);
}

void Progress::started(std::size_t scenarios, std::size_t jobs,
                       const std::string& capped_by) {
  total_ = scenarios;
  jobs_ = jobs;
  begin_ns_ = base::sys::monotonic_ns();
  if (line_.enabled()) keys_.open();
  if (!capped_by.empty() && !quiet_) {
    line_.clear();
    write_err(fmt::format("{} at a time: no more for {}\n", jobs, capped_by));
  }
  write_out(stream_->begin(scenarios));
  show({});
}

void Progress::decided(model::Verdict verdict) {
  ++done_;
  if (!model::is_good(verdict)) ++bad_;
}

void Progress::finished(const run::ScenarioResult& result) {
  const std::string text = stream_->add(result);
  if (!text.empty()) {
    line_.clear();
    write_out(text);
  }
  show(last_);
}

void Progress::running(const std::vector<run::RunningLeg>& legs, bool asked) {
  last_ = legs;
  if (line_.enabled()) {
    show(legs);
    if (!asked) return;
    line_.clear();
  } else if (!asked) {
    for (const run::RunningLeg& leg : legs) {
      if (leg.for_ns / 1'000'000u <
          static_cast<std::uint64_t>(kSignOfLife.count()))
        continue;
      write_err("still running " + leg_text(leg) + "\n");
    }
    return;
  }
  std::string text =
      fmt::format("{} of {} done, {} bad, {} leg{} running\n", done_, total_,
                  bad_, legs.size(), legs.size() == 1 ? "" : "s");
  for (const run::RunningLeg& leg : legs) text += leg_text(leg) + "\n";
  write_err(text);
  show(legs);
}

void Progress::interrupted(int signal) {
  if (quiet_) return;
  line_.clear();
  write_err(fmt::format(
      "{}: ending what runs; what has ended is reported. Once more kills\n",
      base::signal_name(signal)));
}

std::chrono::milliseconds Progress::tick() const {
  if (line_.enabled()) return kRedraw;
  return quiet_ ? std::chrono::milliseconds(0) : kSignOfLife;
}

int Progress::keys() const { return keys_.fd(); }

void Progress::end(const run::SuiteResult& result) {
  line_.clear();
  write_out(stream_->end(result));
}

void Progress::show(const std::vector<run::RunningLeg>& legs) {
  if (!line_.enabled()) return;
  std::string text = fmt::format(
      "{}/{} scenarios, {} bad, {} at a time, {}", done_, total_, bad_, jobs_,
      clock_text(base::sys::monotonic_ns() - begin_ns_));
  const std::size_t shown = std::min(legs.size(), kMaxShown);
  for (std::size_t i = 0; i < shown; ++i) text += "\n" + leg_text(legs[i]);
  if (shown < legs.size()) {
    text += fmt::format("\n          and {} more", legs.size() - shown);
  }
  line_.show(text);
}

}  // namespace driftcage::runner
