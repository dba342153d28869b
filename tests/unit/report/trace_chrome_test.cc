// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <variant>

#include <nlohmann/json.hpp>

#include "harness/report/trace_writer.h"
#include "tests/unit/match/trace_builder.h"

namespace driftcage::report {
namespace {

nlohmann::json chrome(const match::TraceBuilder& trace) {
  std::string text;
  TraceOptions options;
  options.format = TraceFormat::Chrome;
  TraceWriter writer(options, [&](std::string_view line) { text += line; });
  for (const auto& record : trace.records) writer.add(record);
  writer.finish();
  return nlohmann::json::parse(text);
}

// The Trace Event Format's rules for the three phases that are written.
void expect_well_formed(const nlohmann::json& item) {
  EXPECT_TRUE(item.at("name").is_string());
  EXPECT_TRUE(item.at("pid").is_number_unsigned());
  EXPECT_TRUE(item.at("tid").is_number());
  EXPECT_TRUE(item.at("ts").is_number());
  const std::string phase = item.at("ph");
  if (phase == "X") {
    EXPECT_GE(item.at("dur").get<double>(), 0);
  } else if (phase == "i") {
    EXPECT_EQ(item.at("s"), "t");
  } else {
    EXPECT_EQ(phase, "M");
    EXPECT_TRUE(item.at("args").is_object());
  }
}

TEST(TraceChrome, ProgramsAreSlicesAndFailuresInstants) {
  match::TraceBuilder trace;
  trace.program(1, "/bin/sh", "/a")
      .call(1, "openat", "/none", ENOENT)
      .start(2, 1)
      .exec(2, "/bin/one", {"one"})
      .exec(2, "/bin/two", {"two", "x y"})
      .end(2, 3)
      .end(1);
  const auto json = chrome(trace);
  std::map<std::string, nlohmann::json> slices;
  std::size_t instants = 0;
  for (const auto& item : json.at("traceEvents")) {
    expect_well_formed(item);
    if (item.at("ph") == "X") slices[item.at("name")] = item;
    if (item.at("ph") == "i") {
      ++instants;
      EXPECT_EQ(item.at("name"), "open /none = ENOENT");
      EXPECT_EQ(item.at("args").at("errno"), "ENOENT");
    }
  }
  EXPECT_EQ(instants, 1u);
  ASSERT_EQ(slices.size(), 3u);
  EXPECT_EQ(slices["one"].at("args").at("end"), "replaced");
  EXPECT_EQ(slices["two"].at("args").at("end"), "exit 3");
  EXPECT_EQ(slices["two"].at("args").at("command"), "two 'x y'");
  EXPECT_EQ(slices["two"].at("pid"), 2);
  EXPECT_LE(slices["one"].at("ts").get<double>() +
                slices["one"].at("dur").get<double>(),
            slices["two"].at("ts").get<double>());
}

TEST(TraceChrome, ATraceThatBreaksOffIsStillJson) {
  match::TraceBuilder trace;
  trace.program(1, "/bin/sh", "/a");
  const auto json = chrome(trace);
  EXPECT_EQ(json.at("traceEvents").back().at("args").at("end"), "cut off");
  EXPECT_EQ(json.at("otherData").at("integrity"), "truncated");
  EXPECT_FALSE(json.at("otherData").contains("outcome"));
  EXPECT_TRUE(chrome({}).at("traceEvents").empty());
}

}  // namespace
}  // namespace driftcage::report
