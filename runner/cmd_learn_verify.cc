// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "harness/learn/course.h"
#include "harness/learn/verify.h"
#include "harness/model/verdict.h"
#include "harness/run/ground.h"
#include "runner/image_options.h"
#include "runner/learn_course.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

struct Options {
  std::vector<std::string> lessons;
};

int verify(const CourseOptions& where, const Options& options) {
  auto course = load_course(where);
  if (!course) {
    print_error(course.error());
    return model::kExitUsage;
  }
  std::vector<const scenario::Scenario*> chosen;
  for (const std::string& name : options.lessons) {
    const auto found = learn::find_lesson(course->lessons, name);
    if (!found) {
      print_error(found.error());
      return model::kExitUsage;
    }
    chosen.push_back(course->lessons[*found]);
  }
  if (options.lessons.empty()) chosen = course->lessons;
  if (chosen.empty()) {
    print_error({"find lessons", course->place, 0, ""});
    return model::kExitNothingSelected;
  }
  const auto grounds = run::look_at_grounds(
      {where.image}, open_options(), course->scenarios,
      [](const std::string& what) { write_err(what + " …\n"); });
  if (!grounds) {
    print_error(grounds.error());
    return model::kExitHost;
  }
  StatusLine status;
  std::size_t good = 0;
  std::size_t bad = 0;
  std::size_t unknown = 0;
  unsigned typed = 0;
  for (const scenario::Scenario* lesson : chosen) {
    const learn::Proof proof =
        learn::prove(*lesson, grounds->front(), [&](const std::string& what) {
          status.show(lesson->id + ": " + what);
        });
    status.clear();
    typed += proof.typed;
    const char* word = !proof.faults.empty()    ? "BAD "
                       : !proof.unknown.empty() ? "?   "
                                                : "good";
    (!proof.faults.empty() ? bad : !proof.unknown.empty() ? unknown : good)++;
    std::string text =
        fmt::format("{}  {}  ({} typed)\n", word, lesson->id, proof.typed);
    for (const std::string& fault : proof.faults) text += "  " + fault + "\n";
    if (!proof.unknown.empty()) {
      text += "  not tried here: " + proof.unknown + "\n";
    }
    for (const std::string& note : proof.notes) text += "  " + note + "\n";
    write_out(text);
  }
  write_out(
      fmt::format("{} lessons: {} good, {} bad, {} not tried; {} "
                  "sessions typed\n",
                  chosen.size(), good, bad, unknown, typed));
  if (bad > 0) return model::kExitBadVerdict;
  return good == 0 ? model::kExitHost : model::kExitGood;
}

}  // namespace

void add_learn_verify(CLI::App& group, const CourseOptions& where,
                      Action& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = group.add_subcommand(
      "verify", "Prove lessons: type every fix and every decoy at a terminal");
  command->fallthrough();
  command->add_option("lessons", options->lessons, "Which; none: all of them")
      ->option_text("[LESSON...]");
  command->footer(
      "Each lesson must be unsolved when nothing is typed; each right fix "
      "that\n"
      "can be typed must solve it, each decoy must not and be recognised;\n"
      "hints must be there and must not give the solution away.\n"
      "Exit code 1 when one is bad, 3 when none could be tried.\n\n"
      "Examples:\n"
      "  driftcage learn verify\n"
      "  driftcage learn verify --pack ~/course 1 go/goenv-off");
  command->callback([options, &where, &chosen] {
    chosen = [options, &where] { return verify(where, *options); };
  });
}

}  // namespace driftcage::runner
