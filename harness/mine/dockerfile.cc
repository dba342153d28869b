// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/dockerfile.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include <nlohmann/json.hpp>

namespace driftcage::mine {
namespace {

using Words = std::vector<std::string>;

// Words between blanks; quotes hold them together. "&&" and ";" are words.
Words words_of(const std::string& text) {
  Words words;
  std::string word;
  char quote = 0;
  bool open = false;
  const auto end = [&] {
    if (open) words.push_back(std::move(word));
    word.clear();
    open = false;
  };
  for (const char c : text) {
    if (quote != 0) {
      c == quote ? void(quote = 0) : void(word += c);
    } else if (c == '\'' || c == '"') {
      quote = c;
      open = true;
    } else if (c == ' ' || c == '\t') {
      end();
    } else if (c == ';') {
      end();
      words.emplace_back(";");
    } else {
      word += c;
      open = true;
    }
  }
  end();
  return words;
}

std::string joined(const Words& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

bool is_plain_path(const std::string& word) {
  return word.starts_with('/') &&
         word.find_first_of("*?[$`{") == std::string::npos;
}

// One command of a RUN line. False when it is not understood.
bool take_command(const Words& words, DockerDrift* drift) {
  if (words.empty()) return true;
  Words operands;
  std::string flags;
  for (std::size_t i = 1; i < words.size(); ++i) {
    words[i].starts_with('-') ? void(flags += words[i])
                              : operands.push_back(words[i]);
  }
  std::vector<scenario::GivenEffect> effects;
  if (words[0] == "rm") {
    for (const std::string& path : operands) {
      if (!is_plain_path(path)) return false;
      effects.emplace_back("hide", path);
    }
  } else if (words[0] == "chmod") {
    const bool octal =
        !operands.empty() &&
        operands[0].find_first_not_of("01234567") == std::string::npos;
    if (!octal || !flags.empty()) return false;
    for (std::size_t i = 1; i < operands.size(); ++i) {
      if (!is_plain_path(operands[i])) return false;
      effects.emplace_back("chmod", operands[i] + ":" + operands[0]);
    }
  } else if (words[0] == "ln") {
    if (flags.find('s') == std::string::npos || operands.size() != 2 ||
        !is_plain_path(operands[1])) {
      return false;
    }
    effects.emplace_back("symlink", operands[1] + ":" + operands[0]);
  } else {
    return false;
  }
  drift->effects.insert(drift->effects.end(), effects.begin(), effects.end());
  return !effects.empty();
}

void take_run(const Words& words, std::size_t line, DockerDrift* drift) {
  Words command;
  const auto end = [&] {
    if (!take_command(command, drift)) {
      drift->not_understood.push_back(
          fmt::format("line {}: RUN {}", line, joined(command)));
    }
    command.clear();
  };
  for (const std::string& word : words) {
    word == "&&" || word == ";" ? end() : command.push_back(word);
  }
  end();
}

void take_env(const Words& words, DockerDrift* drift) {
  // The old form: ENV NAME the whole rest.
  if (words.size() > 1 && words[0].find('=') == std::string::npos) {
    drift->effects.emplace_back(
        "env", words[0] + "=" + joined({words.begin() + 1, words.end()}));
    return;
  }
  for (const std::string& word : words) {
    drift->effects.emplace_back("env", word);
  }
}

// ["go", "run", "."], or a line for the shell.
Words command_of(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  const bool list = json.is_array() &&
                    std::all_of(json.begin(), json.end(),
                                [](auto& item) { return item.is_string(); });
  if (list) return json.get<Words>();
  return {"/bin/sh", "-c", text};
}

// CMD stands behind an ENTRYPOINT that is a list; one for the shell ignores it.
struct CommandParts {
  Words entry;
  Words command;
  bool entry_is_list = false;
};

Words whole_command(const CommandParts& parts) {
  if (parts.entry.empty()) return parts.command;
  Words words = parts.entry;
  if (parts.entry_is_list)
    words.insert(words.end(), parts.command.begin(), parts.command.end());
  return words;
}

void take(const std::string& instruction, const std::string& rest,
          std::size_t line, DockerDrift* drift, CommandParts* parts) {
  if (instruction == "ENV") {
    take_env(words_of(rest), drift);
  } else if (instruction == "RUN" && !rest.starts_with('[')) {
    take_run(words_of(rest), line, drift);
  } else if (instruction == "USER") {
    drift->effects.emplace_back("user", rest.substr(0, rest.find(':')));
  } else if (instruction == "ENTRYPOINT") {
    parts->entry = command_of(rest);
    parts->entry_is_list = rest.starts_with('[');
  } else if (instruction == "CMD") {
    parts->command = command_of(rest);
  } else if (instruction == "FROM") {
    // Another stage: what the one before did is not in its image.
    *drift = {};
    *parts = {};
    drift->not_understood.push_back(
        fmt::format("line {}: {} {}", line, instruction, rest));
  } else if (instruction != "LABEL" && instruction != "EXPOSE" &&
             instruction != "MAINTAINER") {
    drift->not_understood.push_back(
        fmt::format("line {}: {} {}", line, instruction, rest));
  }
}

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

}  // namespace

DockerDrift read_dockerfile(const std::string& text) {
  DockerDrift drift;
  CommandParts parts;
  std::string whole;
  std::size_t number = 0;
  std::size_t first = 1;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = trimmed(text.substr(at, end - at));
    at = end + 1;
    ++number;
    // A comment may stand between the parts of a long line.
    if (line.empty() || line.starts_with('#')) continue;
    if (whole.empty()) first = number;
    const bool goes_on = line.ends_with('\\');
    if (goes_on) line.pop_back();
    whole += line + " ";
    if (goes_on && at < text.size()) continue;
    whole = trimmed(whole);
    const std::size_t blank = std::min(whole.find(' '), whole.size());
    std::string instruction = whole.substr(0, blank);
    std::transform(instruction.begin(), instruction.end(), instruction.begin(),
                   [](char c) {
                     return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32)
                                                 : c;
                   });
    take(instruction, trimmed(whole.substr(blank)), first, &drift, &parts);
    whole.clear();
  }
  drift.command = whole_command(parts);
  return drift;
}

}  // namespace driftcage::mine
