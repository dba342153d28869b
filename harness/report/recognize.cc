// SPDX-License-Identifier: Apache-2.0
#include "harness/report/recognize.h"

#include <algorithm>
#include <set>
#include <utility>

#include "harness/match/line_test.h"

namespace driftcage::report {
namespace {

using model::EventLine;
using scenario::Scenario;
using Environment = std::map<std::string, std::string>;

constexpr double kNearBest = 0.75;

// Without the lines of a scenario that need several events of one kind: how
// often something is done depends on the command.
bool is_usable(const EventLine& line) {
  return line.count == model::CountRange{};
}

// The subject with the reader's own value in the place of the one that a fault
// exports. False when the reader has none.
bool adapt(std::string* subject, const Scenario& scenario,
           const Environment& environment) {
  for (const scenario::Fault& fault : scenario.faults) {
    for (const auto& [name, value] : fault.effects.env) {
      if (!value || value->size() < 2 ||
          (value->front() != '/' && value->front() != '$')) {
        continue;
      }
      const auto at = subject->find(*value);
      if (at == std::string::npos) continue;
      const auto own = environment.find(name);
      if (own == environment.end() || own->second.empty()) return false;
      subject->replace(at, value->size(), own->second);
      return true;
    }
  }
  return true;
}

bool speaks_of_failure(const EventLine& line) {
  bool failure = false;
  line.each([&failure](const EventLine& part) {
    failure |= part.result.kind != model::ResultPattern::Kind::Any &&
               part.result.kind != model::ResultPattern::Kind::Ok;
  });
  return failure;
}

// A program of the reader's has another name. Its place is kept where go chose
// it; the scenario's own folder can be anywhere. Only of a program that cannot
// be started: some program is started by every command.
void widen(EventLine* line, const std::set<std::string>& own) {
  if (line->verb != model::Verb::Exec || !speaks_of_failure(*line)) return;
  std::string& subject = line->subject;
  const auto slash = subject.rfind('/');
  if (slash == std::string::npos || !own.contains(subject.substr(slash + 1))) {
    return;
  }
  subject.replace(slash + 1, std::string::npos, "*");
  if (subject.starts_with("$WORK/")) subject = "**";
}

// The line as it is about the reader's command; none when it cannot be.
std::optional<EventLine> adapted(const EventLine& line,
                                 const Scenario& scenario,
                                 const match::Variables& variables,
                                 const Environment& environment) {
  EventLine own = line;
  if (!is_usable(own) || !adapt(&own.subject, scenario, environment)) return {};
  for (auto* parts : {&own.steps, &own.gap_never}) {
    for (EventLine& part : *parts) {
      if (!adapt(&part.subject, scenario, environment)) return {};
    }
  }
  widen(&own, own_programs(scenario));
  // Unknown variables and globs that a value makes bad show here.
  if (!match::LineMatcher::make({own}, variables)) return {};
  return own;
}

}  // namespace

Recognizer::Recognizer(const std::vector<Scenario>& scenarios,
                       std::vector<Place> places, match::LineMatcher matcher,
                       std::uint32_t verbs)
    : scenarios_(&scenarios),
      places_(std::move(places)),
      matcher_(std::move(matcher)),
      verbs_(verbs) {}

base::Result<Recognizer> Recognizer::make(
    const std::vector<Scenario>& scenarios, const match::Variables& variables,
    const Environment& environment) {
  std::vector<EventLine> lines;
  std::vector<Place> places;
  for (const Scenario& scenario : scenarios) {
    Place place{lines.size(), 0, 0, false};
    bool whole = !scenario.expect.see.empty();
    for (const EventLine& line : scenario.expect.see) {
      auto own = adapted(line, scenario, variables, environment);
      whole = whole && own;
      if (!whole) break;
      place.failure |= speaks_of_failure(*own);
      lines.push_back(*std::move(own));
      ++place.see;
    }
    if (!whole) {
      lines.resize(place.first);
      places.push_back({place.first, 0, 0, false});
      continue;
    }
    for (const EventLine& line : scenario.expect.never) {
      auto own = adapted(line, scenario, variables, environment);
      if (!own) continue;
      lines.push_back(*std::move(own));
      ++place.never;
    }
    places.push_back(place);
  }
  auto matcher = DRIFTCAGE_TRY(match::LineMatcher::make(lines, variables));
  return Recognizer(scenarios, std::move(places), std::move(matcher),
                    match::verbs_of(lines));
}

bool Recognizer::holds(const Place& place,
                       const std::vector<match::LineMatch>& lines) {
  if (place.see == 0) return false;
  for (std::size_t i = 0; i < place.see + place.never; ++i) {
    if (lines[place.first + i].holds != (i < place.see)) return false;
  }
  return true;
}

std::vector<Recognition> Recognizer::result(std::string_view message,
                                            bool failed, std::size_t most) {
  matcher_.finish();
  const auto lines = matcher_.result();
  const auto spoken =
      failed ? find_message(*scenarios_, message, scenarios_->size())
             : std::vector<Resemblance>();
  std::vector<Recognition> found;
  for (std::size_t i = 0; i < scenarios_->size(); ++i) {
    Recognition one;
    one.scenario = &(*scenarios_)[i];
    if (holds(places_[i], lines)) {
      one.lines = places_[i].see;
      const auto& first = lines[places_[i].first].first;
      if (!first.empty()) one.seen = first.front();
      one.score += 1;
    }
    for (const Resemblance& resemblance : spoken) {
      if (resemblance.scenario != one.scenario) continue;
      one.message = resemblance.exact > 0;
      one.score += resemblance.score + (one.message ? 0.5 : 0);
    }
    // Like words alone are chance. So are calls that worked, as long as the
    // command says nothing of the kind.
    const bool trace = one.lines > 0 && (places_[i].failure || one.score > 1);
    if (trace || one.message) found.push_back(std::move(one));
  }
  std::stable_sort(
      found.begin(), found.end(),
      [](const auto& a, const auto& b) { return a.score > b.score; });
  // Beside one that trace and message agree on, others only distract.
  std::erase_if(found, [best = found.empty() ? 0 : found.front().score](
                           const Recognition& one) {
    return one.score < kNearBest * best;
  });
  if (found.size() > most) found.resize(most);
  return found;
}

}  // namespace driftcage::report
