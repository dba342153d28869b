// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/telling_line.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace driftcage::mine {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

std::string trimmed(std::string text) {
  constexpr std::string_view kEdge = " \t\r:;,-";
  const std::size_t begin = text.find_first_not_of(kEdge);
  if (begin == std::string::npos) return {};
  const std::size_t end = text.find_last_not_of(kEdge);
  return text.substr(begin, end - begin + 1);
}

// The pieces of a line between what varies.
std::vector<std::string> stable_pieces(std::string line,
                                       const std::vector<std::string>& local) {
  static const RE2 kVaries(
      "https?://[^ "
      "]*|(/tmp)?/?go-build[0-9]+(/"
      "b[0-9]+)?|cc[A-Za-z0-9]{6}\\.[a-z]|0x[0-9a-f]+|"
      "[0-9a-f]{12,}|\\b[0-9]+(\\.[0-9]+)*m?s\\b|[0-9]{4,}|"
      "\\bgo[0-9]+\\.[0-9]+(\\.[0-9]+)?|[0-9]{2}:[0-9]{2}:[0-9]{2}|"
      "[^ ]*\\.go:[0-9]+(:[0-9]+)?|\\b[0-9]+\\.[0-9]+\\.[0-9]+|pid [0-9]+");
  constexpr std::string_view kCut("\x01", 1);
  for (const std::string& value : local) {
    for (std::size_t at = line.find(value);
         !value.empty() && at != std::string::npos; at = line.find(value, at)) {
      // The path goes on behind the folder.
      const std::size_t end = std::min(
          line.find_first_of(" :'\"\t", at + value.size()), line.size());
      line.replace(at, end - at, kCut);
    }
  }
  RE2::GlobalReplace(&line, kVaries, "\x01");
  std::vector<std::string> pieces;
  std::size_t at = 0;
  while (at <= line.size()) {
    const std::size_t end = std::min(line.find('\x01', at), line.size());
    pieces.push_back(trimmed(line.substr(at, end - at)));
    at = end + 1;
  }
  return pieces;
}

// At most as long as a person would copy, cut behind a part or a word.
std::string shortened(const std::string& piece) {
  constexpr std::size_t kLongest = 80;
  if (piece.size() <= kLongest) return piece;
  std::size_t end = piece.rfind(": ", kLongest);
  if (end == std::string::npos || end < kLongest / 2) {
    end = piece.rfind(' ', kLongest);
  }
  return trimmed(piece.substr(0, std::min(end, kLongest)));
}

double score(const std::string& piece, const std::string& line,
             const std::vector<std::string>& words) {
  constexpr std::array<std::string_view, 23> kAlarming{
      "error",     "no such",       "not found",  "cannot",   "can't",
      "denied",    "failed",        "fatal",      "missing",  "unknown",
      "undefined", "invalid",       "not in",     "too many", "no space",
      "read-only", "not permitted", "unable",     "refused",  "could not",
      "disabled",  "requires",      "exec format"};
  const std::string low = lower(piece);
  double points = 0;
  for (const std::string_view word : kAlarming) {
    if (low.find(word) != std::string::npos) points += 4;
  }
  for (const std::string& word : words) {
    if (word.size() >= 2 && low.find(lower(word)) != std::string::npos) {
      points += 6;
    }
  }
  if (line.starts_with("#")) points -= 6;  // go's heading of a package
  if (line.starts_with("exit status")) points -= 8;  // says what `exit` says
  if (line.starts_with("\t")) points -= 2;
  if (piece.size() < 8) points -= 6;
  points += static_cast<double>(std::min<std::size_t>(piece.size(), 60)) / 30;
  return points;
}

bool everywhere(const std::vector<std::string>& texts,
                const std::string& piece) {
  return std::all_of(texts.begin(), texts.end(), [&](const auto& text) {
    return text.find(piece) != std::string::npos;
  });
}

bool anywhere(const std::vector<std::string>& texts, const std::string& piece) {
  return std::any_of(texts.begin(), texts.end(), [&](const auto& text) {
    return text.find(piece) != std::string::npos;
  });
}

}  // namespace

std::string telling_line(const Outputs& outputs) {
  if (outputs.broken.empty()) return {};
  std::string best;
  double best_score = -100;
  for (const std::string& line : lines_of(outputs.broken.front())) {
    for (const std::string& whole : stable_pieces(line, outputs.local)) {
      const std::string piece = shortened(whole);
      constexpr std::size_t kShortest = 4;
      if (piece.size() < kShortest) continue;
      if (!everywhere(outputs.broken, piece) ||
          anywhere(outputs.healthy, piece)) {
        continue;
      }
      const double points = score(piece, line, outputs.words);
      if (points <= best_score) continue;
      best_score = points;
      best = piece;
    }
  }
  return best;
}

std::string only_broken(const Outputs& outputs) {
  if (outputs.broken.empty()) return {};
  std::set<std::string> known;
  for (const std::string& text : outputs.healthy) {
    for (std::string& line : lines_of(text)) known.insert(std::move(line));
  }
  std::string said;
  for (const std::string& line : lines_of(outputs.broken.front())) {
    if (!known.contains(line)) said += line + "\n";
  }
  return said;
}

}  // namespace driftcage::mine
