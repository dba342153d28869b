// SPDX-License-Identifier: Apache-2.0
#include "harness/report/explain.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>

#include "harness/base/path.h"
#include "harness/match/judge.h"
#include "harness/report/escape.h"

namespace driftcage::report {
namespace {

using Words = std::set<std::string>;

// Below this share of the message a resemblance is chance.
constexpr double kLeast = 0.45;
constexpr std::size_t kShortest = 12;  // of a message known word for word

bool is_letter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0;
}

// Lower-case words of two letters and more. What hangs on a slash is a path,
// and what holds a digit is a version, an address or a temporary name.
void add_words(std::string_view text, Words* words) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end =
        std::min(text.find_first_of(" \t\r\n", at), text.size());
    const std::string_view token = text.substr(at, end - at);
    at = end + 1;
    if (token.find('/') != std::string_view::npos &&
        token.find("fork/exec") == std::string_view::npos) {
      continue;
    }
    std::string word;
    for (std::size_t i = 0; i <= token.size(); ++i) {
      const char c = i < token.size() ? token[i] : ' ';
      if (is_letter(c) || (c == '_' && !word.empty()) ||
          std::isdigit(static_cast<unsigned char>(c)) != 0) {
        word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        continue;
      }
      const bool number = word.find_first_of("0123456789") != std::string::npos;
      if (word.size() > 1 && !number) words->insert(word);
      word.clear();
    }
  }
}

Words words_of(const scenario::Scenario& scenario) {
  Words words;
  add_words(scenario.title, &words);
  for (const std::string& tag : scenario.tags) add_words(tag, &words);
  for (const scenario::OutputPattern& pattern : scenario.expect.leg.output) {
    std::string text = pattern.text;
    if (pattern.regex) {
      for (char& c : text) {
        if (std::string_view("\\^$.|?*+()[]{}").find(c) !=
            std::string_view::npos) {
          c = ' ';
        }
      }
    }
    add_words(text, &words);
  }
  for (const std::string& text : scenario.symptoms) add_words(text, &words);
  return words;
}

// The pattern as it is about anybody's program in the place of the scenario's.
std::string widened(const scenario::OutputPattern& pattern,
                    const std::set<std::string>& own) {
  constexpr std::string_view kPlace = "/exe/";
  std::string text = pattern.text;
  const std::size_t at = text.find(kPlace);
  if (at == std::string::npos || !pattern.regex) return text;
  const std::size_t name = at + kPlace.size();
  const std::size_t end =
      std::min(text.find_first_of(":\" '", name), text.size());
  if (own.contains(text.substr(name, end - name))) {
    text.replace(name, end - name, "[^/: ]+");
  }
  return text;
}

// Whether `text` is in the message, and no word goes on at its ends: "go: not
// found" is not about cargo.
bool has_words(const std::string& message, const std::string& text) {
  const auto goes_on = [&](std::size_t at, char end) {
    const auto in_word = [](char c) {
      return is_letter(c) || c == '_' || c == '-' || (c >= '0' && c <= '9');
    };
    return at < message.size() && in_word(message[at]) && in_word(end);
  };
  for (std::size_t at = message.find(text); at != std::string::npos;
       at = message.find(text, at + 1)) {
    const bool begins = at == 0 || !goes_on(at - 1, text.front());
    if (begins && !goes_on(at + text.size(), text.back())) return true;
  }
  return false;
}

// Length of the longest of its messages that is in this one.
std::size_t known_length(const scenario::Scenario& scenario,
                         const std::string& message) {
  std::size_t longest = 0;
  const std::set<std::string> own = own_programs(scenario);
  for (scenario::OutputPattern pattern : scenario.expect.leg.output) {
    pattern.text = widened(pattern, own);
    const auto found = match::output_matches(pattern, message);
    if (found && *found) longest = std::max(longest, pattern.text.size());
  }
  for (const std::string& text : scenario.symptoms) {
    if (has_words(message, text)) longest = std::max(longest, text.size());
  }
  return longest;
}

void wrap(std::string_view text, std::size_t width, std::string_view indent,
          std::string* out) {
  std::string line;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end =
        std::min(text.find_first_of(" \t\r\n", at), text.size());
    const std::string_view word = text.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    if (!line.empty() &&
        indent.size() + line.size() + 1 + word.size() > width) {
      *out += fmt::format("{}{}\n", indent, line);
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
  }
  if (!line.empty()) *out += fmt::format("{}{}\n", indent, line);
}

}  // namespace

std::set<std::string> own_programs(const scenario::Scenario& scenario) {
  static const RE2 kModule(R"((?m)^module\s+(\S+?)(?:/v[0-9]+)?\s*(?://.*)?$)");
  std::set<std::string> names;
  for (const scenario::FileChange& file : scenario.baseline.files) {
    names.emplace(base::path::base_name(file.path));
    std::string module;
    if (file.text && RE2::PartialMatch(*file.text, kModule, &module)) {
      names.emplace(base::path::base_name(module));
    }
  }
  return names;
}

std::vector<Resemblance> find_message(
    const std::vector<scenario::Scenario>& scenarios, std::string_view message,
    std::size_t most) {
  std::vector<Words> known;
  std::map<std::string, std::size_t> frequency;
  for (const scenario::Scenario& scenario : scenarios) {
    known.push_back(words_of(scenario));
    for (const std::string& word : known.back()) ++frequency[word];
  }
  // A word of every scenario tells nothing, one of a single scenario a lot.
  const auto weight = [&](const std::string& word) {
    const auto found = frequency.find(word);
    const double count =
        found == frequency.end() ? 0.0 : static_cast<double>(found->second);
    return std::log((static_cast<double>(scenarios.size()) + 1.0) /
                    (count + 0.5));
  };
  Words asked;
  add_words(message, &asked);
  double total = 0;
  for (const std::string& word : asked) {
    if (frequency.contains(word)) total += weight(word);
  }
  std::vector<Resemblance> found;
  for (std::size_t i = 0; i < scenarios.size(); ++i) {
    Resemblance one;
    one.scenario = &scenarios[i];
    double shared = 0;
    for (const std::string& word : asked) {
      if (known[i].contains(word)) shared += weight(word);
    }
    one.score = total > 0 ? shared / total : 0;
    // A short pattern matches by chance; the words must agree, too.
    const std::size_t length = known_length(scenarios[i], std::string(message));
    if (length >= kShortest && one.score > 0) one.exact = length;
    if (one.exact > 0 || one.score >= kLeast) found.push_back(one);
  }
  // The longer what is known word for word, the less by chance.
  std::stable_sort(
      found.begin(), found.end(), [](const auto& a, const auto& b) {
        return a.exact != b.exact ? a.exact > b.exact : a.score > b.score;
      });
  if (found.size() > most) found.resize(most);
  return found;
}

std::string advice_text(const scenario::Scenario& scenario, std::size_t width) {
  std::string text =
      fmt::format("{}  {}\n", scenario.id, printable_text(scenario.title));
  if (!scenario.about.empty()) {
    text += '\n';
    wrap(printable_text(scenario.about), width, "  ", &text);
  }
  for (const bool wrong : {false, true}) {
    bool first = true;
    for (const scenario::Fix& fix : scenario.fixes) {
      if (fix.wrong != wrong || fix.say.empty()) continue;
      if (first) text += wrong ? "\n  does not help\n" : "\n  helps\n";
      first = false;
      wrap(printable_text(fix.say), width, "    ", &text);
    }
  }
  if (!scenario.refs.empty()) {
    text += fmt::format("\n  reported  {}\n", fmt::join(scenario.refs, ", "));
  }
  text += fmt::format("\n  see it    driftcage run {} -v\n", scenario.id);
  return text;
}

}  // namespace driftcage::report
