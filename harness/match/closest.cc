// SPDX-License-Identifier: Apache-2.0
#include "harness/match/closest.h"

#include <algorithm>
#include <array>
#include <utility>

namespace driftcage::match {
namespace {

const char* name_of(Miss miss) {
  switch (miss) {
    case Miss::Result:
      return "result";
    case Miss::By:
      return "by";
    case Miss::Directory:
      return "directory";
    case Miss::Verb:
      return "verb";
    case Miss::VerbToo:
      return "verb and directory";
    case Miss::Name:
      return "name";
  }
  return "";
}

// Two events that look the same to a person.
bool same(const Sighting& kept, const model::Event& event,
          std::string_view program) {
  return kept.event.verb == event.verb && kept.event.err == event.err &&
         kept.event.cause == event.cause && kept.program == program &&
         kept.event.abs == event.abs && kept.event.path == event.path;
}

}  // namespace

bool Closest::wants(Miss miss, unsigned distance) const {
  if (candidates_.size() < kKept) return true;
  const Candidate& worst = candidates_.back();
  return std::pair(miss, distance) < std::pair(worst.miss, worst.distance);
}

void Closest::offer(Miss miss, unsigned distance, const model::Event& event,
                    std::string_view program, std::int32_t pid) {
  if (!wants(miss, distance)) return;
  for (const Candidate& kept : candidates_) {
    if (same(kept.sighting, event, program)) return;
  }
  const auto place = std::find_if(
      candidates_.begin(), candidates_.end(), [&](const Candidate& kept) {
        return std::pair(miss, distance) < std::pair(kept.miss, kept.distance);
      });
  candidates_.insert(
      place,
      {miss, distance, {event, std::string(program), pid, name_of(miss)}});
  if (candidates_.size() > kKept) candidates_.pop_back();
}

std::vector<Sighting> Closest::take() const {
  std::vector<Sighting> result;
  for (const Candidate& candidate : candidates_) {
    result.push_back(candidate.sighting);
  }
  return result;
}

unsigned edit_distance(std::string_view a, std::string_view b, unsigned limit) {
  constexpr std::size_t kMax = 64;
  const std::size_t longer = std::max(a.size(), b.size());
  const std::size_t shorter = std::min(a.size(), b.size());
  if (longer > kMax || longer - shorter > limit) return limit + 1;
  std::array<unsigned, kMax + 1> row{};
  for (unsigned j = 0; j <= b.size(); ++j) row[j] = j;
  for (unsigned i = 1; i <= a.size(); ++i) {
    unsigned diagonal = row[0];
    row[0] = i;
    unsigned best = i;
    for (unsigned j = 1; j <= b.size(); ++j) {
      const unsigned change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
      best = std::min(best, row[j]);
    }
    if (best > limit) return limit + 1;
  }
  return std::min(row[b.size()], limit + 1);
}

}  // namespace driftcage::match
