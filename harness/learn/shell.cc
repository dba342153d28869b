// SPDX-License-Identifier: Apache-2.0
#include "harness/learn/shell.h"

#include <fmt/format.h>

#include <utility>

#include "harness/base/shell_word.h"
#include "harness/image/open.h"
#include "harness/learn/assess.h"

namespace driftcage::learn {
namespace {

// In the cage: the folder with the door and the start-up file.
constexpr const char* kPlace = "/.driftcage";

constexpr const char* kWords[] = {"story",   "trace", "ask",
                                  "hint",    "check", "reset",
                                  "explain", "next",  "solution"};

}  // namespace

// Functions and no programs on PATH: PATH is what many lessons are about.
std::string start_up_file(const std::string& prompt) {
  std::string text = "unset ENV HISTFILE\n";
  for (const char* word : kWords) {
    text += fmt::format("{0}() {{ {1} {2}/door {0} \"$@\"{3}; }}\n", word,
                        kVoice, kPlace,
                        // The shell ends by itself; the session waits for it.
                        std::string(word) == "next" ? " && exit" : "");
  }
  text += "PS1=" + base::shell_word(prompt) + "\n";
  return text + fmt::format("{} {}/door hello\n", kVoice, kPlace);
}

model::CageSpec shell_cage(const plan::ScenarioPlan& plan,
                           const image::Image& image, const std::string& folder,
                           const std::string& cell,
                           const std::string& terminal) {
  model::CageSpec spec;
  for (const plan::LegPlan& leg : plan.legs) {
    if (leg.leg == scenario::Leg::Fault) spec = leg.spec;
  }
  const std::string bash = image::find_program(image, "bash");
  const std::string sh = image::find_program(image, "sh");
  const std::string start_up = std::string(kPlace) + "/rc";
  if (!bash.empty()) {
    spec.argv = {bash, "--noprofile", "--rcfile", start_up, "-i"};
  } else {
    spec.argv = {sh.empty() ? "/bin/sh" : sh, "-i"};
    spec.environment["ENV"] = start_up;  // sh(1p), for interactive shells
  }
  spec.environment["TERM"] = terminal;
  model::op::MountTree place;
  place.from = folder;
  place.at = kPlace;
  spec.ops.emplace_back(std::move(place));
  model::op::MountTree voice;
  voice.from = cell;
  voice.at = kVoice;
  spec.ops.emplace_back(std::move(voice));
  spec.timeout_ms = 0;  // people take their time
  spec.terminal = true;
  spec.trace.pin_cpu = false;
  spec.hostname = "cage";
  return spec;
}

}  // namespace driftcage::learn
