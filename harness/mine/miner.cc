// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/miner.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "harness/base/path.h"

namespace driftcage::mine {
namespace {

using model::Verb;
using Texts = std::unordered_set<std::string>;

// Of a score below this: only when there is nothing better.
constexpr double kTelling = 30;

// Every spelling of a run's lines: with and without result and program.
Texts spellings(const std::vector<TraceLine>& lines) {
  Texts texts;
  for (const TraceLine& line : lines) {
    for (const bool result : {false, true}) {
      for (const bool program : {false, true}) {
        texts.insert(line.text(result, program));
      }
    }
    TraceLine wide = line;  // see widespread()
    wide.subject = "**";
    if (!line.ok()) texts.insert(wide.text(true, false));
  }
  return texts;
}

struct Spelled {
  std::vector<Texts> runs;
  [[nodiscard]] std::size_t count(const std::string& text) const {
    return static_cast<std::size_t>(
        std::count_if(runs.begin(), runs.end(),
                      [&](const Texts& run) { return run.contains(text); }));
  }
  [[nodiscard]] bool in_all(const std::string& text) const {
    return !runs.empty() && count(text) == runs.size();
  }
  [[nodiscard]] bool in_none(const std::string& text) const {
    return count(text) == 0;
  }
};

Spelled spell(const Runs& runs) {
  Spelled spelled;
  for (const auto& lines : runs) spelled.runs.push_back(spellings(lines));
  return spelled;
}

bool is_below(const std::string& subject, const std::string& place) {
  return base::path::is_below(subject, place);
}

std::string base_of(const TraceLine& line) {
  return std::string(base::path::base_name(line.subject));
}

// How much a line of this kind tells by itself.
double kind_score(const TraceLine& line) {
  struct Row {
    Verb verb;
    double ok;
    double failed;
  };
  // A search that found nothing and a program that was not started say more
  // than an open; an open says more than a stat, which often only asks.
  constexpr std::array<Row, 6> kRows{{{Verb::Lookup, 36, 50},
                                      {Verb::Load, 34, 50},
                                      {Verb::Exec, 32, 55},
                                      {Verb::Open, 12, 36},
                                      {Verb::Stat, 4, 22},
                                      {Verb::Readlink, 3, 16}}};
  for (const Row& row : kRows) {
    if (row.verb == line.verb) return line.ok() ? row.ok : row.failed;
  }
  // Which server was asked is a matter of the machine.
  if (line.verb == Verb::Connect) return line.ok() ? 2 : 15;
  return line.ok() ? 5 : 40;  // mkdir, write, …
}

class Ranker {
 public:
  explicit Ranker(const Clues& clues) : clues_(clues) {
    said_ = lower(clues.said);
  }

  [[nodiscard]] Candidate rank(const TraceLine& line, std::string text,
                               bool vanished) const {
    Candidate candidate;
    candidate.line = std::move(text);
    candidate.about = line;
    candidate.score = kind_score(line);
    const auto add = [&](double score, const char* why) {
      candidate.score += score;
      candidate.why.emplace_back(why);
    };
    const std::string base = base_of(line);
    if (is_a(clues_.places, line.subject)) {
      add(40, "is what the fault changes");
    } else if (is_a(clues_.names, base)) {
      add(35, "has the name that the fault is about");
    } else if (std::any_of(
                   clues_.places.begin(), clues_.places.end(),
                   [&](const auto& p) { return is_below(line.subject, p); })) {
      add(25, "lies below what the fault changes");
    }
    if (base.size() >= 3 && said_.find(lower(base)) != std::string::npos) {
      // What no longer happens is rarely what a message complains of.
      add(vanished && line.verb != Verb::Exec ? 5 : 15,
          "is named in the message");
    }
    if (line.err != 0 &&
        said_.find(lower(std::strerror(line.err))) != std::string::npos) {
      add(12, "has the error of the message");
    }
    if (is_noise(line)) add(-30, "is what many programs do anyway");
    // Another machine has another PATH.
    if (line.probe && !is_a(clues_.places, line.subject)) {
      add(-40, "is one step of a search along PATH");
    }
    const auto placeholders =
        std::count(line.subject.begin(), line.subject.end(), '{');
    candidate.score -= 4.0 * static_cast<double>(placeholders);
    if (vanished && !line.ok()) add(-25, "did not succeed before either");
    if (line.count > 20) add(-5, "happens very often");
    // The last thing before the end, or the first that no longer happens.
    candidate.score += 8 * (vanished ? 1 - line.place : line.place);
    return candidate;
  }

 private:
  static std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
  }
  static bool is_a(const std::vector<std::string>& list,
                   const std::string& text) {
    return std::find(list.begin(), list.end(), text) != list.end();
  }

  const Clues& clues_;
  std::string said_;
};

void sort(std::vector<Candidate>& list) {
  std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) {
    return a.score > b.score;
  });
}

// Of one list of runs' lines those that flip against the other's.
std::vector<Candidate> flips(const std::vector<TraceLine>& lines,
                             const Spelled& here, const Spelled& there,
                             const Ranker& ranker, bool vanished,
                             std::size_t* unstable) {
  std::vector<Candidate> found;
  Texts done;
  for (const TraceLine& line : lines) {
    const auto flips = [&](const std::string& text) {
      return here.in_all(text) && there.in_none(text);
    };
    // A vanished open or stat that was not even tried needs no result.
    const bool bare_first =
        vanished && (line.verb == Verb::Open || line.verb == Verb::Stat ||
                     line.verb == Verb::Readlink);
    std::string text = line.text(!bare_first, false);
    double penalty = 0;
    if (!flips(text)) text = line.text(true, false);
    if (!flips(text)) {
      text = line.text(true, true);
      penalty = 5;
    }
    if (!flips(text)) {
      if (here.count(text) > 0 && there.in_none(text)) ++*unstable;
      continue;
    }
    if (!done.insert(text).second) continue;
    found.push_back(ranker.rank(line, text, vanished));
    found.back().score -= penalty;
  }
  sort(found);
  return found;
}

// An error that strikes whatever comes next, such as a full disk or a limit,
// is told by one line about all of them: which file it was is chance.
std::vector<Candidate> widespread(const std::vector<TraceLine>& lines,
                                  const Spelled& here, const Spelled& there,
                                  const Ranker& ranker) {
  constexpr std::array<int, 7> kEverywhere{EMFILE, ENFILE, ENOSPC, EDQUOT,
                                           EROFS,  ENOMEM, EAGAIN};
  constexpr std::size_t kSeveral = 3;
  std::map<std::string, std::size_t> subjects;
  std::vector<Candidate> found;
  for (const TraceLine& line : lines) {
    if (std::find(kEverywhere.begin(), kEverywhere.end(), line.err) ==
        kEverywhere.end()) {
      continue;
    }
    TraceLine wide = line;
    wide.subject = "**";
    const std::string text = wide.text(true, false);
    if (++subjects[text] != kSeveral) continue;
    if (!here.in_all(text) || !there.in_none(text)) continue;
    found.push_back(ranker.rank(wide, text, false));
    found.back().score += 30;
    found.back().why.emplace_back("is the error of several calls");
  }
  return found;
}

bool repeats(const Candidate& a, const Candidate& b) {
  const auto covers = [](const TraceLine& wide, const TraceLine& one) {
    return wide.subject == "**" && wide.result == one.result;
  };
  return covers(a.about, b.about) || covers(b.about, a.about) ||
         base_of(a.about) == base_of(b.about) ||
         is_below(a.about.subject, b.about.subject) ||
         is_below(b.about.subject, a.about.subject);
}

}  // namespace

bool is_noise(const TraceLine& line) {
  constexpr std::array<std::string_view, 9> kNoise{
      "/locale", "ld.so.", "glibc-hwcaps", "gconv",   "nsswitch",
      "/proc/",  "/sys/",  "localtime",    "zoneinfo"};
  return std::any_of(kNoise.begin(), kNoise.end(), [&](auto word) {
    return line.subject.find(word) != std::string::npos;
  });
}

Mined mine(const Runs& healthy, const Runs& broken, const Clues& clues) {
  Mined mined;
  if (healthy.empty() || broken.empty()) return mined;
  const Spelled well = spell(healthy);
  const Spelled ill = spell(broken);
  const Ranker ranker(clues);
  mined.see = flips(broken.front(), ill, well, ranker, false, &mined.unstable);
  for (Candidate& wide : widespread(broken.front(), ill, well, ranker)) {
    mined.see.push_back(std::move(wide));
  }
  sort(mined.see);
  mined.never =
      flips(healthy.front(), well, ill, ranker, true, &mined.unstable);
  for (const TraceLine& line : broken.front()) {
    const std::string text = line.text(true, false);
    if (line.verb == Verb::Exec && line.ok() && well.in_all(text) &&
        ill.in_all(text)) {
      mined.keep.push_back(ranker.rank(line, text, false));
      // Progress before the fault struck: the later, the more it says.
      mined.keep.back().score = line.place;
    }
  }
  sort(mined.keep);
  return mined;
}

bool tells(const std::vector<Candidate>& ranked) {
  return !ranked.empty() && ranked.front().score >= kTelling;
}

std::vector<Candidate> choose(const std::vector<Candidate>& ranked,
                              std::size_t most) {
  constexpr double kReach = 30;
  std::vector<Candidate> chosen;
  for (const Candidate& candidate : ranked) {
    if (chosen.size() >= most) break;
    if (!chosen.empty() && (candidate.score < kTelling ||
                            candidate.score < chosen[0].score - kReach)) {
      break;
    }
    if (std::any_of(chosen.begin(), chosen.end(), [&](const Candidate& one) {
          return repeats(one, candidate);
        })) {
      continue;
    }
    chosen.push_back(candidate);
  }
  return chosen;
}

}  // namespace driftcage::mine
