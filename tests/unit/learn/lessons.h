// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "harness/scenario/parser.h"
#include "harness/scenario/scenario.h"

namespace driftcage::learn {

// A lesson whose command reads a file that the fault hides from it.
inline std::string lesson_text(const std::string& id, int level,
                               const std::string& more = {}) {
  return "schema = 1\nid = \"" + id +
         "\"\ntitle = \"t\"\nabout = \"a\"\nrun = [\"cat\", \"data\"]\n" +
         R"([files]
"data" = "x\n"
"main.go" = "package main\n"
"main_test.go" = "package main\n"
[[fault]]
id = "elsewhere"
env.PLACE = "there"
[expect]
exit = 1
see = ["open $WORK/there = ENOENT by cat"]
never = ["open $WORK/data = ok by cat"]
[[fix]]
id = "back"
say = "Put it back."
lift = ["elsewhere"]
[[fix]]
id = "longer"
env.PLACE = "farther away"
wrong = true
[[fix]]
id = "modes"
chmod."main_test.go" = "0600"
[learn]
story = "It was there. Now it is not."
ask = "Where?"
hints = ["one", "two", "three"]
debrief = "d"
level = )" +
         std::to_string(level) + "\n" + more;
}

inline scenario::Scenario lesson(const std::string& id, int level = 1,
                                 const std::string& more = {}) {
  auto parsed = scenario::parse(lesson_text(id, level, more), id + ".toml", {});
  EXPECT_TRUE(parsed) << parsed.error().front().message;
  return *std::move(parsed);
}

}  // namespace driftcage::learn
