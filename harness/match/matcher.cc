// SPDX-License-Identifier: Apache-2.0
#include "harness/match/matcher.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <variant>

#include "harness/base/path.h"
#include "harness/match/closest.h"
#include "harness/match/derive.h"
#include "harness/match/line_test.h"
#include "harness/match/sequence.h"

namespace driftcage::match {
namespace {

constexpr std::size_t kVerbs = static_cast<std::size_t>(model::Verb::Load) + 1;
constexpr std::size_t kFirst = 3;
// How many names a line may be compared with letter by letter.
constexpr unsigned kNameComparisons = 10'000;
constexpr unsigned kMaxEdits = 2;

struct Line {
  LineTest test;
  std::uint64_t count = 0;
  std::vector<Sighting> first;
  Closest closest;
  unsigned comparisons = 0;
};

}  // namespace

struct LineMatcher::State {
  std::vector<Line> lines;
  std::vector<Sequence> sequences;
  std::vector<bool> is_sequence;  // in the order that the lines were given in
  // Lines by the verb of the events that can match them.
  std::array<std::vector<std::size_t>, kVerbs> by_verb;
  ProcessTable table;
  std::optional<Deriver> deriver;

  [[nodiscard]] Sighting sighting(const model::Event& event) const {
    return {event, table.program(event.process), table.pid(event.process), {}};
  }

  void event(const model::Event& event) {
    for (const std::size_t i : by_verb[static_cast<std::size_t>(event.verb)]) {
      Line& line = lines[i];
      if (!line.test.fits_verb(event)) continue;
      // In the order of cost. The result decides before the path does: most
      // events of a trace succeed, most lines are about failures.
      const bool result = line.test.fits_result(event);
      if (!result && (line.count > 0 || !line.closest.wants(Miss::Result))) {
        continue;
      }
      if (!line.test.fits_subject(event)) continue;
      const bool by = line.test.fits_by(table, event.process);
      if (result && by) {
        ++line.count;
        if (line.first.size() < kFirst) line.first.push_back(sighting(event));
      } else if (line.count == 0) {
        offer(line, result ? Miss::By : Miss::Result, 0, event);
      }
    }
    near(event);
    for (Sequence& sequence : sequences) sequence.event(event, table);
  }

  void process(const wire::Record& record) {
    if (const auto* start = std::get_if<model::ProcessStart>(&record)) {
      for (Sequence& one : sequences) one.process_started(*start);
    } else if (const auto* end = std::get_if<model::ProcessEnd>(&record)) {
      for (Sequence& one : sequences) one.process_ended(end->process);
    }
  }

  void offer(Line& line, Miss miss, unsigned distance,
             const model::Event& event) {
    line.closest.offer(miss, distance, event, table.program(event.process),
                       table.pid(event.process));
  }

  // Events that miss a line by more than result or program.
  void near(const model::Event& event) {
    const std::string_view path = event.abs.empty() || is_derived(event.verb)
                                      ? std::string_view(event.path)
                                      : std::string_view(event.abs);
    const std::string_view name = base::path::base_name(path);
    for (Line& line : lines) {
      const std::string& wanted = line.test.subject().literal_base();
      if (line.count > 0 || wanted.empty()) continue;
      if (wanted == name) {
        near_by_name(line, event);
      } else if (line.comparisons < kNameComparisons &&
                 line.test.fits_verb(event) && line.closest.wants(Miss::Name)) {
        near_by_letters(line, name, event);
      }
    }
  }

  void near_by_name(Line& line, const model::Event& event) {
    const bool verb = line.test.fits_verb(event);
    const Miss best = verb ? Miss::Directory : Miss::Verb;
    if (!line.closest.wants(best)) return;
    if (line.test.fits_subject(event)) {
      if (!verb) offer(line, Miss::Verb, 0, event);
    } else {
      offer(line, verb ? Miss::Directory : Miss::VerbToo, 0, event);
    }
  }

  void near_by_letters(Line& line, std::string_view name,
                       const model::Event& event) {
    const std::string& wanted = line.test.subject().literal_base();
    // Among names of one or two letters everything is similar.
    const unsigned limit =
        std::min<unsigned>(kMaxEdits, static_cast<unsigned>(wanted.size()) / 2);
    const std::size_t longer = std::max(wanted.size(), name.size());
    const std::size_t shorter = std::min(wanted.size(), name.size());
    if (limit == 0 || name.empty() || longer - shorter > limit) return;
    ++line.comparisons;
    const unsigned distance = edit_distance(wanted, name, limit);
    if (distance <= limit) offer(line, Miss::Name, distance, event);
  }
};

LineMatcher::LineMatcher(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
LineMatcher::LineMatcher(LineMatcher&&) noexcept = default;
LineMatcher& LineMatcher::operator=(LineMatcher&&) noexcept = default;
LineMatcher::~LineMatcher() = default;

base::Result<LineMatcher> LineMatcher::make(
    const std::vector<model::EventLine>& lines, const Variables& variables) {
  auto state = std::make_unique<State>();
  bool derived = false;
  for (const model::EventLine& line : lines) {
    line.each([&derived](const model::EventLine& part) {
      derived |= part.verb && is_derived(*part.verb);
    });
    state->is_sequence.push_back(line.is_sequence());
    if (line.is_sequence()) {
      state->sequences.push_back(
          DRIFTCAGE_TRY(Sequence::make(line, variables)));
      continue;
    }
    for (std::size_t verb = 0; verb < kVerbs; ++verb) {
      const auto which = static_cast<model::Verb>(verb);
      if (line.verb ? *line.verb == which : !is_derived(which)) {
        state->by_verb[verb].push_back(state->lines.size());
      }
    }
    state->lines.push_back(
        {DRIFTCAGE_TRY(LineTest::make(line, variables)), 0, {}, {}, 0});
  }
  if (derived) {
    // The state outlives its deriver and never moves.
    state->deriver.emplace(
        [raw = state.get()](const model::Event& event) { raw->event(event); });
  }
  return LineMatcher(std::move(state));
}

void LineMatcher::add(const wire::Record& record) {
  if (state_->deriver) state_->deriver->before(record);
  if (const auto* event = std::get_if<model::Event>(&record)) {
    state_->event(*event);
  }
  if (state_->deriver) state_->deriver->add(record);
  state_->process(record);
  state_->table.add(record);
}

void LineMatcher::finish() {
  if (state_->deriver) state_->deriver->finish();
}

std::vector<LineMatch> LineMatcher::result() const {
  std::vector<LineMatch> result;
  std::size_t next_line = 0;
  std::size_t next_sequence = 0;
  for (const bool sequence : state_->is_sequence) {
    if (sequence) {
      result.push_back(state_->sequences[next_sequence++].result());
      continue;
    }
    const Line& line = state_->lines[next_line++];
    LineMatch match;
    match.count = line.count;
    match.holds = line.test.line().count.contains(line.count);
    match.first = line.first;
    if (line.count == 0) match.closest = line.closest.take();
    result.push_back(std::move(match));
  }
  return result;
}

}  // namespace driftcage::match
