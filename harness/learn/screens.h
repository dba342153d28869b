// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/learn/assess.h"
#include "harness/learn/progress.h"
#include "harness/learn/watcher.h"
#include "harness/report/color.h"
#include "harness/scenario/scenario.h"

// What a student reads. Pure; each text ends in a newline.
namespace driftcage::learn {

// Which lesson of how many, and how it is shown.
struct Frame {
  const scenario::Scenario* lesson = nullptr;
  std::size_t number = 1;
  std::size_t of = 1;
  bool exam = false;
  bool color = false;
  bool tour = false;  // guided: everything that is to be typed is shown
};

// Words cut into lines of at most `width` columns, each begun with `indent`.
// Lines of the text that begin with blanks stay as they are.
[[nodiscard]] std::string wrapped(const std::string& text,
                                  const std::string& indent = {},
                                  std::size_t width = 78);
// The first sentence, for lists: it names the trouble and not its reason.
[[nodiscard]] std::string first_sentence(const std::string& text,
                                         std::size_t width);

[[nodiscard]] std::string story_screen(const Frame& frame);
[[nodiscard]] std::string commands_screen(const Frame& frame);
[[nodiscard]] std::string ask_screen(const Frame& frame,
                                     const std::string& answer);
// `at`: which hint, from 0; the one behind the written ones is `computed`.
[[nodiscard]] std::string hint_screen(const Frame& frame, std::size_t at,
                                      const std::string& computed);
// The latest command against the healthy run. `control` is that run's leg.
[[nodiscard]] std::string trace_screen(const Frame& frame, const Job* job,
                                       const match::LegResult& control,
                                       bool all);
// `leg`: the student's.
[[nodiscard]] std::string check_screen(const Frame& frame,
                                       const Assessment& assessment,
                                       const match::LegResult& leg);
// `student`: the leg of the check that solved it, or null.
[[nodiscard]] std::string explain_screen(const Frame& frame,
                                         const match::LegResult* control,
                                         const match::LegResult* fault,
                                         const match::LegResult* student,
                                         const Attempt& attempt);
// Every right way with what is typed for it; `plan` of the lesson.
[[nodiscard]] std::string solution_screen(const Frame& frame,
                                          const plan::ScenarioPlan& plan);
// For a guided tour: what to type from here to the end, in order.
[[nodiscard]] std::string tour_screen(const Frame& frame,
                                      const plan::ScenarioPlan& plan);
// The course with a student's progress.
[[nodiscard]] std::string menu_screen(
    const std::vector<const scenario::Scenario*>& course,
    const Attempts& attempts, std::size_t width, bool color);

}  // namespace driftcage::learn
