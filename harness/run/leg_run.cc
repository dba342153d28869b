// SPDX-License-Identifier: Apache-2.0
#include "harness/run/leg_run.h"

#include <utility>

#include "harness/base/sys.h"

namespace driftcage::run {

std::vector<model::EventLine> all_lines(const scenario::Expect& expect) {
  std::vector<model::EventLine> lines = expect.see;
  lines.insert(lines.end(), expect.never.begin(), expect.never.end());
  lines.insert(lines.end(), expect.keep.begin(), expect.keep.end());
  return lines;
}

base::Result<std::shared_ptr<LegRun>> LegRun::create(
    const plan::LegPlan& leg, const std::vector<model::EventLine>& lines,
    const match::Variables& variables, const std::string& folder,
    std::uint64_t max_trace) {
  auto matcher = DRIFTCAGE_TRY(match::LineMatcher::make(lines, variables));
  DRIFTCAGE_CHECK_OK(base::sys::mkdir(folder, 0755));
  auto trace =
      DRIFTCAGE_TRY(TraceFile::create(folder + "/trace.dct", max_trace));
  std::shared_ptr<LegRun> run(new LegRun(std::move(matcher), folder,
                                         std::move(trace),
                                         leg.spec.timeout_ms * 1'000'000));
  run->result_.leg = leg.leg;
  run->result_.name = leg.name;
  run->result_.variables = variables;
  run->result_.timeout_ms = leg.spec.timeout_ms;
  return run;
}

LegRun::LegRun(match::LineMatcher matcher, std::string folder, TraceFile trace,
               std::uint64_t timeout_ns)
    : matcher_(std::move(matcher)),
      unfinished_(timeout_ns),
      folder_(std::move(folder)),
      trace_(std::move(trace)) {}

CellObserver LegRun::observer(std::function<void(match::LegResult)> done) {
  CellObserver observer;
  const auto self = shared_from_this();
  observer.trace_bytes = [self](std::string_view bytes) {
    if (!self->write_error_) self->note(self->trace_.add(bytes));
  };
  observer.record = [self](const wire::Record& record) {
    if (const auto* up = std::get_if<wire::CageUp>(&record)) {
      self->result_.cage = *up;
    }
    if (const auto* event = std::get_if<model::Event>(&record);
        event != nullptr && event->exec && event->process == 1 &&
        event->exec->environment_complete) {
      self->result_.environment = event->exec->environment;
    }
    self->matcher_.add(record);
    self->unfinished_.add(record);
  };
  observer.out = [self](std::string_view bytes) { self->out_.add(bytes); };
  observer.err = [self](std::string_view bytes) { self->err_.add(bytes); };
  observer.done = [self, done = std::move(done)](base::Result<wire::End> end) {
    self->finish(std::move(end));
    done(std::move(self->result_));
  };
  return observer;
}

void LegRun::finish(base::Result<wire::End> end) {
  if (end) {
    result_.end = *std::move(end);
    if (!trace_.is_cut() && !write_error_) note(trace_.seal());
  } else {
    // Whatever the payload did, nobody knows it.
    result_.end.outcome = wire::Outcome::TraceError;
    result_.end.error = std::move(end).error();
    result_.end.integrity |= model::kTruncated;
  }
  if (trace_.is_cut()) {
    result_.cage.notes.push_back("trace.dct ends after " +
                                 std::to_string(trace_.size()) +
                                 " bytes, which --max-trace allows; all of the "
                                 "trace was judged");
  }
  if (result_.end.outcome == wire::Outcome::Timeout)
    result_.unfinished = unfinished_.programs();
  matcher_.finish();
  result_.lines = matcher_.result();
  result_.stdout_text = out_.take();
  result_.stderr_text = err_.take();
  result_.output_cut = out_.cut() || err_.cut();
  result_.steps = match::take_steps(&result_.stdout_text, &result_.stderr_text);
  write_output("stdout", result_.stdout_text);
  write_output("stderr", result_.stderr_text);
  if (write_error_) {
    result_.end.outcome = wire::Outcome::TraceError;
    result_.end.error = *std::move(write_error_);
  }
}

void LegRun::write_output(const char* name, const std::string& text) {
  if (text.empty()) return;
  note(base::sys::write_file(folder_ + "/" + name, text));
}

void LegRun::note(base::Status status) {
  if (!status && !write_error_) write_error_ = std::move(status).error();
}

}  // namespace driftcage::run
