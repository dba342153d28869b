// SPDX-License-Identifier: Apache-2.0
#include "harness/report/shorten.h"

#include <gtest/gtest.h>

namespace driftcage::report {
namespace {

const Shortener kShortener({{"WORK", "/work"},
                            {"GOROOT", "/usr/lib/go"},
                            {"GOTOOLDIR", "/usr/lib/go/pkg/tool"},
                            {"PATH", "/bin:/usr/bin"},
                            {"ROOT", "/"},
                            {"GOENV", "off"},
                            {"EMPTY", ""}});

std::string split(std::string_view path) {
  const auto [variable, rest] = kShortener.split(path);
  return std::string(variable) + "|" + std::string(rest);
}

TEST(Shortener, LongestDirectoryWins) {
  EXPECT_EQ(split("/usr/lib/go/pkg/tool/cgo"), "$GOTOOLDIR|/cgo");
  EXPECT_EQ(split("/usr/lib/go/src"), "$GOROOT|/src");
  EXPECT_EQ(split("/work"), "$WORK|");
  EXPECT_EQ(split("/workshop/x"), "|/workshop/x");
  EXPECT_EQ(split("/bin"), "|/bin");
  EXPECT_EQ(split("off"), "|off");
  EXPECT_EQ(split(""), "|");
}

TEST(Shortener, PathsInsideText) {
  EXPECT_EQ(kShortener.text("open /work/main.go: no"),
            "open $WORK/main.go: no");
  EXPECT_EQ(kShortener.text("/work:2: \"/work\" (/usr/lib/go/src)"),
            "$WORK:2: \"$WORK\" ($GOROOT/src)");
  EXPECT_EQ(kShortener.text("/a/work /workshop x/work"),
            "/a/work /workshop x/work");
  EXPECT_EQ(kShortener.text(""), "");
  EXPECT_EQ(Shortener().text("/work"), "/work");
}

}  // namespace
}  // namespace driftcage::report
