// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/shell_drift.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "harness/base/shell_word.h"
#include "harness/base/zero_list.h"

namespace driftcage::mine {
namespace {

bool is_the_shells_own(const std::string& name) {
  constexpr std::array<std::string_view, 9> kOwn{
      "_",        "PWD",  "OLDPWD",         "SHLVL", "PS1",
      "HISTFILE", "TERM", "PROMPT_COMMAND", "LINES"};
  return name.starts_with("BASH") || name == "COLUMNS" ||
         std::find(kOwn.begin(), kOwn.end(), name) != kOwn.end();
}

// Whether every `&` of a line belongs to a redirection, and nothing else in it
// separates commands.
bool only_redirects(const std::string& line) {
  if (line.find_first_of(";|") != std::string::npos) return false;
  for (std::size_t at = line.find('&'); at != std::string::npos;
       at = line.find('&', at + 1)) {
    const bool before = at > 0 && line[at - 1] == '>';
    const bool behind = at + 1 < line.size() && line[at + 1] == '>';
    if (!before && !behind) return false;
  }
  return true;
}

// Whether a line can stand between others that are joined by "&&": no comment,
// no here-document, nothing in the background.
bool can_be_joined(const std::string& line) {
  static const RE2 kBackground("[^&>]&([^&>]|$)");
  return line.find_first_of("#\n") == std::string::npos &&
         !RE2::PartialMatch(line, kBackground);
}

// The line as it was typed there, which leaves the folder of the next alone.
std::string done_again(const TypedLine& line, const std::string& work) {
  const bool joined = can_be_joined(line.text);
  const std::string enter =
      line.folder == work
          ? ""
          : fmt::format("cd {}{}", base::shell_word(line.folder),
                        joined ? " && " : " || exit\n");
  // What is one command stays as it is. Others may change the folder, and the
  // last of several decides whether all of them worked.
  const bool one = line.text.find_first_of(";&|") == std::string::npos ||
                   only_redirects(line.text);
  if (joined && one && enter.empty()) return line.text;
  return fmt::format("({}{}{})", enter, line.text, joined ? "" : "\n");
}

// Whether a line cannot have changed a file: looking, and what `after` tells.
bool only_looks(const std::string& line) {
  // A redirection writes, whatever the command is.
  if (line.find('>') != std::string::npos) return false;
  constexpr std::array<std::string_view, 19> kLooking{
      "ls",   "cat",   "cd",     "pwd",     "echo",    "which", "type",
      "exit", "unset", "export", "history", "file",    "stat",  "less",
      "head", "tail",  "grep",   "id",      "printenv"};
  static const RE2 kCommand("[ \\t]*([^ \\t;&|]*)[^;&|]*[;&|]*");
  re2::StringPiece rest(line);
  std::string first;
  while (!rest.empty() && RE2::Consume(&rest, kCommand, &first)) {
    if (!first.empty() && !first.starts_with('#') &&
        std::find(kLooking.begin(), kLooking.end(), first) == kLooking.end()) {
      return false;
    }
  }
  return true;
}

}  // namespace

ShellDrift shell_drift(const Environment& before, const Environment& after,
                       const std::vector<TypedLine>& lines,
                       const std::vector<std::string>& command,
                       const std::string& work) {
  ShellDrift drift;
  auto& effects = drift.effects;
  for (const auto& [name, value] : after) {
    const auto then = before.find(name);
    if (is_the_shells_own(name)) continue;
    if (then == before.end() || then->second != value) {
      effects.emplace_back("env", name + "=" + value);
    }
  }
  for (const auto& [name, value] : before) {
    if (!after.contains(name) && !is_the_shells_own(name)) {
      effects.emplace_back("unset", name);
    }
  }
  const std::string own = fmt::format("{}", fmt::join(command, " "));
  for (const TypedLine& line : lines) {
    if (line.text == own || only_looks(line.text)) continue;
    if (line.status != 0) {
      drift.failed.push_back(line);
      continue;
    }
    effects.emplace_back("setup", done_again(line, work));
  }
  return drift;
}

std::vector<TypedLine> typed_lines(const std::string& bytes) {
  std::vector<TypedLine> lines;
  std::vector<std::string> fields;
  std::string last;  // number
  for (std::string& field : base::split_zero(bytes)) {
    fields.push_back(std::move(field));
    if (fields.size() < 3) continue;
    const std::string& entry = fields[2];
    const std::size_t number = entry.find_first_not_of(' ');
    const std::size_t blank = std::min(entry.find(' ', number), entry.size());
    const std::size_t text = entry.find_first_not_of(' ', blank);
    std::string own;
    if (number < blank) own = entry.substr(number, blank - number);
    // An entry that was edited and never executed is marked.
    if (own.ends_with('*')) own.pop_back();
    if (!own.empty() && text < entry.size() && own != last) {
      last = std::move(own);
      lines.push_back(
          {std::atoi(fields[0].c_str()), fields[1], entry.substr(text)});
    }
    fields.clear();
  }
  return lines;
}

Environment environment_of(const std::string& bytes) {
  Environment environment;
  for (const std::string& pair : base::split_zero(bytes)) {
    const std::size_t equals = pair.find('=');
    if (equals != std::string::npos) {
      environment[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
  }
  return environment;
}

}  // namespace driftcage::mine
