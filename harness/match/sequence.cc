// SPDX-License-Identifier: Apache-2.0
#include "harness/match/sequence.h"

#include <algorithm>
#include <utility>

namespace driftcage::match {
namespace {

constexpr std::size_t kShown = 3;

Sighting sighting(const model::Event& event, const ProcessTable& table) {
  return {event, table.program(event.process), table.pid(event.process), {}};
}

std::uint32_t verb_bits(const model::EventLine& line) {
  return line.verb ? 1u << static_cast<unsigned>(*line.verb) : ~0u;
}

}  // namespace

base::Result<Sequence> Sequence::make(const model::EventLine& line,
                                      const Variables& variables) {
  Sequence sequence;
  sequence.range_ = line.count;
  for (const model::EventLine& step : line.steps) {
    sequence.steps_.push_back(DRIFTCAGE_TRY(LineTest::make(step, variables)));
    sequence.verbs_ |= verb_bits(step);
  }
  for (const model::EventLine& gap : line.gap_never) {
    sequence.gaps_.push_back(DRIFTCAGE_TRY(LineTest::make(gap, variables)));
    sequence.verbs_ |= verb_bits(gap);
  }
  return sequence;
}

void Sequence::process_started(const model::ProcessStart& start) {
  const auto parent = roots_of_.find(start.parent);
  if (parent == roots_of_.end() || parent->second.empty()) return;
  std::vector<std::uint32_t> inherited = parent->second;
  roots_of_[start.process] = std::move(inherited);
}

void Sequence::event(const model::Event& event, const ProcessTable& table) {
  if ((verbs_ >> static_cast<unsigned>(event.verb) & 1u) == 0) return;
  std::vector<std::uint32_t>& roots = roots_of_[event.process];
  // What is a step is no gap, whatever gap_never says of it.
  if (!advance(event, table, roots)) break_off(event, table, roots);
}

bool Sequence::advance(const model::Event& event, const ProcessTable& table,
                       std::vector<std::uint32_t>& roots) {
  bool used = false;
  bool is_root = false;
  for (const std::uint32_t root : roots) {
    Attempt& attempt = attempts_[root];
    is_root = is_root || (root == event.process && attempt.done > 0);
    if (attempt.done == 0) continue;
    const LineTest& next = steps_[attempt.done];
    if (!next.fits(event, table)) {
      if (count_ == 0 && attempt.done == best_.done && next.fits_verb(event) &&
          next.fits_subject(event)) {
        closest_.offer(next.fits_result(event) ? Miss::By : Miss::Result, 0,
                       event, table.program(event.process),
                       table.pid(event.process));
      }
      continue;
    }
    used = true;
    ++attempt.done;
    if (attempt.seen.size() < kShown || attempt.done == steps_.size()) {
      attempt.seen.push_back(sighting(event, table));
    }
    keep_best(attempt);
    if (attempt.done < steps_.size()) continue;
    if (count_++ == 0) first_ = attempt.seen;
    attempt = {};
  }
  if (is_root || !steps_.front().fits(event, table)) return used;
  if (std::find(roots.begin(), roots.end(), event.process) == roots.end()) {
    roots.push_back(event.process);
  }
  Attempt& fresh = attempts_[event.process];
  fresh = {1, {sighting(event, table)}};
  keep_best(fresh);
  return true;
}

void Sequence::break_off(const model::Event& event, const ProcessTable& table,
                         const std::vector<std::uint32_t>& roots) {
  if (gaps_.empty() || roots.empty()) return;
  const bool gap = std::any_of(gaps_.begin(), gaps_.end(), [&](const auto& g) {
    return g.fits(event, table);
  });
  if (!gap) return;
  for (const std::uint32_t root : roots) {
    Attempt& attempt = attempts_[root];
    if (attempt.done == 0) continue;
    if (attempt.done == best_.done && broken_.empty()) {
      broken_ = {sighting(event, table)};
      broken_.front().differs = "a gap_never event";
    }
    attempt = {};
  }
}

void Sequence::keep_best(const Attempt& attempt) {
  if (attempt.done <= best_.done) return;
  best_ = attempt;
  closest_ = {};
  broken_.clear();
}

LineMatch Sequence::result() const {
  LineMatch match;
  match.count = count_;
  match.holds = range_.contains(count_);
  match.first = first_;
  if (count_ > 0) return match;
  match.reached = best_.done;
  match.closest = broken_;
  if (!best_.seen.empty()) {
    match.closest.push_back(best_.seen.back());
    match.closest.back().differs = "the last step seen";
  }
  for (Sighting& near : closest_.take()) {
    if (match.closest.size() < kShown) match.closest.push_back(std::move(near));
  }
  return match;
}

}  // namespace driftcage::match
