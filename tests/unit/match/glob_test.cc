// SPDX-License-Identifier: Apache-2.0
#include "harness/match/glob.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace driftcage::match {
namespace {

const Variables kVariables{{"WORK", "/work"},
                           {"GOCACHE", "/home/cage/.cache/go-build"},
                           {"ODD", "/a*b[c"},
                           {"SLASH", "/opt/"},
                           {"NONE", ""}};

bool matches(std::string_view pattern, std::string_view text) {
  const auto glob = Glob::compile(pattern, kVariables);
  EXPECT_TRUE(glob) << pattern << ": " << (glob ? "" : glob.error().message());
  return glob && glob->matches(text);
}

std::string error_of(std::string_view pattern) {
  const auto glob = Glob::compile(pattern, kVariables);
  EXPECT_FALSE(glob) << pattern;
  return glob ? "" : glob.error().message() + " | " + glob.error().hint;
}

TEST(Glob, LiteralMatchesItselfOnly) {
  EXPECT_TRUE(matches("/usr/bin/gcc", "/usr/bin/gcc"));
  EXPECT_FALSE(matches("/usr/bin/gcc", "/usr/bin/gcc2"));
  EXPECT_FALSE(matches("/usr/bin/gcc", "/usr/bin/gc"));
  EXPECT_FALSE(matches("/usr/bin/gcc", "x/usr/bin/gcc"));
  EXPECT_FALSE(matches("a.c", "abc"));
}

TEST(Glob, StarStaysInItsComponent) {
  EXPECT_TRUE(matches("/usr/*/gcc", "/usr/bin/gcc"));
  EXPECT_TRUE(matches("/usr/lib*", "/usr/lib64"));
  EXPECT_TRUE(matches("/usr/lib*", "/usr/lib"));
  EXPECT_FALSE(matches("/usr/*/gcc", "/usr/local/bin/gcc"));
  EXPECT_FALSE(matches("/usr/*", "/usr/bin/gcc"));
  EXPECT_TRUE(matches("*gcc*", "x86_64-linux-gnu-gcc-12"));
}

TEST(Glob, TwoStarsCrossComponents) {
  EXPECT_TRUE(matches("**/gcc", "/usr/bin/gcc"));
  EXPECT_TRUE(matches("**/gcc", "/gcc"));
  EXPECT_TRUE(matches("**/gcc", "gcc"));
  EXPECT_FALSE(matches("**/gcc", "/usr/bin/xgcc"));
  EXPECT_TRUE(matches("/usr/**/gcc", "/usr/gcc"));
  EXPECT_TRUE(matches("/usr/**/gcc", "/usr/a/b/gcc"));
  EXPECT_FALSE(matches("/usr/**/gcc", "/usr/a/bgcc"));
  EXPECT_TRUE(matches("/usr/**", "/usr/a/b"));
  EXPECT_FALSE(matches("/usr/**", "/usr"));
  EXPECT_TRUE(matches("**", ""));
  EXPECT_TRUE(matches("**", "/any/thing"));
  EXPECT_TRUE(matches("**/pkg/tool/**", "/usr/lib/go/pkg/tool/linux/link"));
  EXPECT_TRUE(matches("/a**z", "/a/b/z"));
}

TEST(Glob, QuestionMarkIsOneByteButNoSlash) {
  EXPECT_TRUE(matches("/a?c", "/abc"));
  EXPECT_FALSE(matches("/a?c", "/a/c"));
  EXPECT_FALSE(matches("/a?c", "/ac"));
  EXPECT_TRUE(matches("/a?c", "/a\nc"));
}

TEST(Glob, ByteSets) {
  EXPECT_TRUE(matches("/lib[0-9x]", "/lib6"));
  EXPECT_TRUE(matches("/lib[0-9x]", "/libx"));
  EXPECT_FALSE(matches("/lib[0-9x]", "/liby"));
  EXPECT_TRUE(matches("/lib[!0-9]", "/libx"));
  EXPECT_TRUE(matches("/lib[^0-9]", "/libx"));
  EXPECT_FALSE(matches("/lib[!0-9]", "/lib6"));
  EXPECT_FALSE(matches("/lib[!a]b", "/lib/b"));
  EXPECT_TRUE(matches("/a[]]", "/a]"));
  EXPECT_TRUE(matches("/a[!]]", "/ab"));
  EXPECT_TRUE(matches("/a[x-]", "/a-"));
  EXPECT_FALSE(matches("/a[--0]b", "/a/b"));
}

TEST(Glob, Alternatives) {
  EXPECT_TRUE(matches("**/{gcc,cc,clang}", "/usr/bin/cc"));
  EXPECT_TRUE(matches("**/{gcc,cc,clang}", "/usr/bin/clang"));
  EXPECT_FALSE(matches("**/{gcc,cc,clang}", "/usr/bin/c"));
  EXPECT_TRUE(matches("/{a,b/*}/c", "/b/x/c"));
  EXPECT_TRUE(matches("{a,{b,c}d}", "cd"));
  EXPECT_TRUE(matches("go{,1.24}", "go"));
  EXPECT_TRUE(matches("go{,1.24}", "go1.24"));
  EXPECT_TRUE(matches("{$WORK,/x}/y", "/work/y"));
  EXPECT_TRUE(matches("a,b", "a,b"));
}

TEST(Glob, Placeholders) {
  const std::string hash(64, 'a');
  EXPECT_TRUE(matches("$GOCACHE/{hash}/{hash}-d",
                      "/home/cage/.cache/go-build/3f/" + hash + "-d"));
  EXPECT_TRUE(matches("$GOCACHE/{hash}-d/hello",
                      "/home/cage/.cache/go-build/3f/" + hash + "-d/hello"));
  EXPECT_TRUE(matches("$GOCACHE/{hash}/hello",
                      "/home/cage/.cache/go-build/3f/" + hash + "-d/hello"));
  EXPECT_FALSE(
      matches("$GOCACHE/{hash}", "/home/cage/.cache/go-build/trim.txt"));
  EXPECT_TRUE(matches("/tmp/go-build{n}/b001", "/tmp/go-build123/b001"));
  EXPECT_FALSE(matches("/tmp/go-build{n}/b001", "/tmp/go-build/b001"));
  EXPECT_FALSE(matches("/tmp/go-build{n}/b001", "/tmp/go-build1x/b001"));
}

TEST(Glob, VariablesAreLiteral) {
  EXPECT_TRUE(matches("$WORK/go.mod", "/work/go.mod"));
  EXPECT_TRUE(matches("${WORK}/go.mod", "/work/go.mod"));
  EXPECT_FALSE(matches("$WORK/go.mod", "/work2/go.mod"));
  EXPECT_TRUE(matches("$ODD/x", "/a*b[c/x"));
  EXPECT_FALSE(matches("$ODD/x", "/aXXb[c/x"));
  EXPECT_TRUE(matches("$SLASH/x", "/opt/x"));
}

TEST(Glob, EscapesAndOtherBytes) {
  EXPECT_TRUE(matches("/a\\*b", "/a*b"));
  EXPECT_FALSE(matches("/a\\*b", "/axb"));
  EXPECT_TRUE(matches("/a\\$WORK", "/a$WORK"));
  EXPECT_TRUE(matches("/\\xff\\x00", std::string_view("/\xff\0", 3)));
  EXPECT_TRUE(matches("/\\x", "/x"));
  EXPECT_TRUE(matches("/*", "/\xff\xfe"));
  EXPECT_TRUE(matches("/\xc3\xa4?", "/\xc3\xa4\xff"));
  EXPECT_FALSE(matches("/a.b", "/axb"));
  EXPECT_TRUE(matches("/a(b)+*", "/a(b)+c"));
}

TEST(Glob, KnowsWhatItIsAbout) {
  const auto name = Glob::compile("*gcc", kVariables);
  EXPECT_TRUE(name->is_name());
  EXPECT_FALSE(name->is_anchored());
  EXPECT_EQ(name->literal_base(), "");
  const auto tail = Glob::compile("**/gcc", kVariables);
  EXPECT_FALSE(tail->is_name());
  EXPECT_TRUE(tail->is_anchored());
  EXPECT_EQ(tail->literal_base(), "gcc");
  const auto plain = Glob::compile("gcc", kVariables);
  EXPECT_TRUE(plain->is_name());
  EXPECT_EQ(plain->literal_base(), "gcc");
  const auto relative = Glob::compile("vendor/*/x.go", kVariables);
  EXPECT_FALSE(relative->is_name());
  EXPECT_FALSE(relative->is_anchored());
  EXPECT_EQ(relative->literal_base(), "x.go");
  EXPECT_FALSE(Glob::compile("**", kVariables)->is_name());
  EXPECT_EQ(Glob::compile("/a/*c", kVariables)->literal_base(), "");
  EXPECT_EQ(Glob::compile("/a/{b,c}", kVariables)->literal_base(), "");
  EXPECT_EQ(Glob::compile("$WORK/{hash}/x", kVariables)->literal_base(), "x");
}

TEST(Glob, RefusesWhatItCannotMean) {
  EXPECT_EQ(error_of("/$WROK/x"),
            "unknown variable $WROK: /$WROK/x | did you mean $WORK?");
  EXPECT_THAT(error_of("$Q"), testing::HasSubstr("known: $GOCACHE"));
  EXPECT_THAT(error_of("$NONE/x"), testing::HasSubstr("is empty"));
  EXPECT_THAT(error_of("$/x"), testing::HasSubstr("without a name"));
  EXPECT_THAT(error_of("${WORK/x"), testing::HasSubstr("missing }"));
  EXPECT_THAT(error_of("/a[bc"), testing::HasSubstr("missing ]"));
  EXPECT_THAT(error_of("/a[z-a]"), testing::HasSubstr("empty range"));
  EXPECT_THAT(error_of("/a[/]"), testing::HasSubstr("no byte"));
  EXPECT_THAT(error_of("{a,b"), testing::HasSubstr("missing }"));
  EXPECT_THAT(error_of("a}"), testing::HasSubstr("} without {"));
  EXPECT_THAT(error_of("{hsh}"), testing::HasSubstr("unknown placeholder"));
  EXPECT_THAT(error_of("a\\"), testing::HasSubstr("backslash"));
  EXPECT_THAT(error_of(std::string(9000, 'a')), testing::HasSubstr("too long"));
}

// A backtracking matcher would need more steps than there are atoms.
TEST(Glob, NoPatternIsSlow) {
  std::string pattern;
  for (int i = 0; i < 60; ++i) pattern += "*a**";
  EXPECT_FALSE(matches(pattern + "b", std::string(3000, 'a')));
  std::string hashes;
  for (int i = 0; i < 40; ++i) hashes += "{hash}*";
  EXPECT_FALSE(matches(hashes + "!", std::string(3000, 'a')));
}

}  // namespace
}  // namespace driftcage::match
