// SPDX-License-Identifier: Apache-2.0
#include "harness/learn/comparison.h"

#include <memory>
#include <utility>

#include "harness/learn/watcher.h"
#include "harness/run/leg_run.h"

namespace driftcage::learn {

void Comparison::resume() {
  paused_ = false;
  if (!control_) {
    start(0);
  } else if (!fault_) {
    start(1);
  }
}

void Comparison::when_complete(std::function<void()> then) {
  if (complete()) {
    then();
  } else {
    waiting_.push_back(std::move(then));
  }
}

void Comparison::take(std::size_t at, match::LegResult result) {
  // Ended by us with the shell, in whatever way: it runs again when it is
  // needed.
  const bool whole = result.end.outcome == wire::Outcome::Finished ||
                     result.end.outcome == wire::Outcome::SpawnFailed;
  if (paused_ && !whole) return;
  (at == 0 ? control_ : fault_) = std::move(result);
  if (at == 0 && on_healthy) on_healthy();
  if (paused_) return;  // the shell has gone meanwhile
  resume();
  if (!complete()) return;
  const auto waiting = std::exchange(waiting_, {});
  for (const auto& then : waiting) then();
}

void Comparison::start(std::size_t at) {
  const plan::LegPlan& leg = plan_.legs[at];
  auto run = run::LegRun::create(leg, lines_, plan_.variables, new_folder_());
  if (!run) {
    match::LegResult failed;
    failed.leg = leg.leg;
    failed.name = leg.name;
    failed.lines.resize(lines_.size());
    failed.end.outcome = wire::Outcome::CageError;
    failed.end.error = std::move(run).error();
    take(at, std::move(failed));
    return;
  }
  run::CellObserver observer = (*run)->observer(
      [this, at](match::LegResult result) { take(at, std::move(result)); });
  if (at == 0) listen_to_healthy(observer);
  model::CageSpec spec = leg.spec;
  spec.trace.pin_cpu = true;
  launcher_.start(spec, run::Stdio::Capture, std::move(observer));
}

// Adds to what the leg's own observer does.
void Comparison::listen_to_healthy(run::CellObserver& observer) {
  healthy_.clear();
  healthy_programs_.clear();
  const auto stream = std::make_shared<LineStream>(
      plan_.variables,
      [this](const LineStream::Line& line) { healthy_.insert(line.text); });
  observer.record = [this, stream, first = std::move(observer.record)](
                        const wire::Record& record) {
    stream->add(record);
    const auto* event = std::get_if<model::Event>(&record);
    if (event != nullptr && event->exec && event->ok()) {
      healthy_programs_.insert(stream->table().program(event->process));
    }
    first(record);
  };
  observer.done = [stream, first = std::move(observer.done)](auto end) {
    stream->finish();
    first(std::move(end));
  };
}

}  // namespace driftcage::learn
