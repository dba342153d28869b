// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/fix_ideas.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <set>

#include "harness/base/path.h"
#include "harness/mine/effect_words.h"
#include "harness/scenario/toml_text.h"

namespace driftcage::mine {
namespace {

// A remedy that people try for messages with one of these words.
struct Remedy {
  const char* when;  // RE2 over what was said and how the fault is called
  const char* id;
  const char* say;
  const char* line;
};

constexpr std::array<Remedy, 15> kRemedies{{
    {"gcc|clang|cgo|C compiler|stdlib\\.h", "without-cgo",
     "Build without cgo: CGO_ENABLED=0.", R"(env.CGO_ENABLED = "0")"},
    {"(?i)tmp|no space|read-only|permission denied|noexec", "tmpdir",
     "Let TMPDIR name a folder where it works.", R"(env.TMPDIR = "$HOME")"},
    {"(?i)gocache|build cache", "own-cache",
     "Let GOCACHE name a folder that can be written.",
     R"(env.GOCACHE = "$TMP/own-go-build")"},
    {"(?i)goenv|go/env", "no-goenv", "Let go read no settings file: GOENV=off.",
     R"(env.GOENV = "off")"},
    {"(?i)goflags|-mod=|vendor", "no-goflags", "Set GOFLAGS to nothing.",
     R"(env.GOFLAGS = "")"},
    {"(?i)inconsistent vendoring|vendor", "mod-mod",
     "Use the module cache, not the vendor folder: GOFLAGS=-mod=mod.",
     R"(env.GOFLAGS = "-mod=mod")"},
    {"(?i)go\\.work|gowork|workspace", "no-workspace",
     "Use no workspace: GOWORK=off.", R"(env.GOWORK = "off")"},
    {"(?i)toolchain", "local-toolchain",
     "Use the Go that is there: GOTOOLCHAIN=local.",
     R"(env.GOTOOLCHAIN = "local")"},
    {"(?i)goroot|not in std|no such tool", "unset-goroot",
     "Unset GOROOT: go knows where it lies.", "env.GOROOT = false"},
    {"(?i)\\.so|shared librar|LD_LIBRARY_PATH", "unset-library-path",
     "Unset LD_LIBRARY_PATH.", "env.LD_LIBRARY_PATH = false"},
    {"(?i)vcs|git|buildvcs", "no-buildvcs",
     "Build without version control stamps: -buildvcs=false.",
     R"(env.GOFLAGS = "-buildvcs=false")"},
    {"(?i)goproxy|proxy\\.golang|dial tcp|lookup ", "proxy-off",
     "Tell go not to use the network: GOPROXY=off.", R"(env.GOPROXY = "off")"},
    {"(?i)goos|goarch|exec format", "native", "Unset GOOS and GOARCH.",
     "env.GOOS = false\nenv.GOARCH = false"},
    {"(?i)go\\.sum|checksum|missing go.sum", "no-sumdb",
     "Switch the checksum database off: GONOSUMDB=*.",
     R"(env.GONOSUMDB = "*")"},
    {"(?i)go111module|go\\.mod", "modules-on", "Set GO111MODULE=on.",
     R"(env.GO111MODULE = "on")"},
}};

bool is_go(const scenario::Scenario& scenario) {
  const auto about_go = [](const std::vector<std::string>& run) {
    return !run.empty() &&
           (base::path::base_name(run[0]) == "go" ||
            (run.size() > 2 && run[2].find("go ") != std::string::npos));
  };
  return about_go(scenario.run) ||
         std::any_of(scenario.steps.begin(), scenario.steps.end(),
                     [&](const auto& step) { return about_go(step.run); });
}

// Whether `line` is what the fault does already: env.GOENV = "off".
bool is_the_fault(const scenario::Scenario& scenario, const std::string& line) {
  for (const scenario::Fault& fault : scenario.faults) {
    for (const auto& [name, value] : fault.effects.env) {
      if (line == fmt::format("env.{} = {}", name,
                              value ? scenario::toml_string(*value) : "false"))
        return true;
    }
  }
  return false;
}

// Commands that go itself advises, on a line of their own or behind "run".
std::vector<std::vector<std::string>> advice(const std::string& said) {
  static const RE2 kAdvice(
      "(?:^|\\n|run|use|try|with)[:\\s'\"`]*\\s(go (?:mod|get|work|env) "
      "[^\\n'\"`;<>]+)");
  std::vector<std::vector<std::string>> commands;
  re2::StringPiece rest(said);
  std::string text;
  while (RE2::FindAndConsume(&rest, kAdvice, &text)) {
    std::vector<std::string> words;
    std::string word;
    for (const char c : text + " ") {
      if (c != ' ') {
        word += c;
      } else if (!word.empty()) {
        words.push_back(std::move(word));
        word.clear();
      }
    }
    if (std::find(commands.begin(), commands.end(), words) == commands.end()) {
      commands.push_back(std::move(words));
    }
  }
  return commands;
}

}  // namespace

std::vector<FixIdea> fix_ideas(const scenario::Scenario& scenario,
                               const std::string& said) {
  std::vector<FixIdea> ideas;
  std::vector<std::string> lifted;
  std::string about = said;
  for (const scenario::Fault& fault : scenario.faults) {
    lifted.push_back(fault.id);
    about += "\n" + words_of(fault.effects).phrase;
  }
  if (!lifted.empty() && !lifted.front().empty()) {
    ideas.push_back({"undo",
                     words_of(scenario.faults.front().effects).undo,
                     {"lift = " + scenario::toml_list(lifted)},
                     false});
  }
  if (!is_go(scenario)) return ideas;
  for (const auto& command : advice(said)) {
    std::string id = "advice";
    if (!ideas.empty() && ideas.back().id.starts_with(id)) {
      id += "-" + std::to_string(ideas.size());
    }
    ideas.push_back(
        {id,
         fmt::format("Do what go says: {}.", fmt::join(command, " ")),
         {"run = " + scenario::toml_list(command)},
         true});
  }
  for (const Remedy& remedy : kRemedies) {
    if (!RE2::PartialMatch(about, remedy.when)) continue;
    if (is_the_fault(scenario, remedy.line)) continue;
    ideas.push_back({remedy.id, remedy.say, {remedy.line}, true});
  }
  ideas.push_back({"clean-cache",
                   "Clean the build cache.",
                   {R"(run = ["go", "clean", "-cache"])"},
                   true});
  constexpr std::size_t kMost = 7;
  if (ideas.size() > kMost) ideas.resize(kMost);
  return ideas;
}

}  // namespace driftcage::mine
