// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>
#include <limits>

#include "harness/scenario/event_parts.h"
#include "harness/scenario/parser.h"

namespace driftcage::scenario {
namespace {

using model::Cause;
using model::Verb;
using Result = model::ResultPattern::Kind;
constexpr auto kNoMax = std::numeric_limits<std::uint64_t>::max();

model::EventLine line(std::string_view text) {
  const auto parsed = parse_event_line(text, {"f", 3, 7, 1});
  if (!parsed) {
    ADD_FAILURE() << text << ": " << parsed.error().message;
    return {};
  }
  return *parsed;
}

Diagnostic mistake(std::string_view text) {
  const auto parsed = parse_event_line(text, {"f", 3, 7, 1});
  EXPECT_FALSE(parsed) << text;
  return parsed ? Diagnostic{} : parsed.error();
}

TEST(EventLine, VerbAndSubject) {
  const auto parsed = line("open $GOROOT/go.env");
  EXPECT_EQ(parsed.verb, Verb::Open);
  EXPECT_EQ(parsed.subject, "$GOROOT/go.env");
  EXPECT_EQ(parsed.result.kind, Result::Any);
  EXPECT_EQ(parsed.by, "");
  EXPECT_EQ(parsed.count, (model::CountRange{1, kNoMax}));
  EXPECT_EQ(parsed.text, "open $GOROOT/go.env");
  EXPECT_EQ(parsed.at, (model::SourceRange{"f", 3, 7, 1}));
}

TEST(EventLine, EveryVerb) {
  for (const std::string& name : verb_names()) {
    const auto parsed = line(name + " x");
    if (name == "any") {
      EXPECT_FALSE(parsed.verb);
    } else {
      EXPECT_EQ(model::verb_name(*parsed.verb), name);
    }
  }
  EXPECT_EQ(verb_names().size(), 13u);
}

TEST(EventLine, Results) {
  EXPECT_EQ(line("open x = ok").result.kind, Result::Ok);
  EXPECT_EQ(line("open x = fail").result.kind, Result::Fail);
  EXPECT_EQ(line("lookup x = none").result.kind, Result::None);
  EXPECT_EQ(line("any x = none").result.kind, Result::None);
  const auto err = line("open x = ENAMETOOLONG").result;
  EXPECT_EQ(err.kind, Result::Errno);
  EXPECT_EQ(err.err, ENAMETOOLONG);
  const auto cause = line("exec x = no-loader").result;
  EXPECT_EQ(cause.kind, Result::Cause);
  EXPECT_EQ(cause.cause, Cause::NoLoader);
  EXPECT_EQ(line("stat x = dangling").result.cause, Cause::Dangling);
  EXPECT_EQ(line("load x = wrong-arch").result.cause, Cause::WrongArch);
  EXPECT_EQ(line("load x = not-elf").result.cause, Cause::NotElf);
  EXPECT_EQ(mistake("load x = no-loader").message,
            "only exec can fail with no-loader");
}

TEST(EventLine, Counts) {
  EXPECT_EQ(line("open x x2").count, (model::CountRange{2, 2}));
  EXPECT_EQ(line("open x x0").count, (model::CountRange{0, 0}));
  EXPECT_EQ(line("open x x>=2").count, (model::CountRange{2, kNoMax}));
  EXPECT_EQ(line("open x x<=2").count, (model::CountRange{0, 2}));
  EXPECT_EQ(line("open x x2..5").count, (model::CountRange{2, 5}));
}

TEST(EventLine, AllPartsAndAnyBlanks) {
  const auto parsed = line("  exec\t**/gcc  = EACCES by  collect2   x2..5 ");
  EXPECT_EQ(parsed.verb, Verb::Exec);
  EXPECT_EQ(parsed.subject, "**/gcc");
  EXPECT_EQ(parsed.result.err, EACCES);
  EXPECT_EQ(parsed.by, "collect2");
  EXPECT_EQ(parsed.count.max, 5u);
}

TEST(EventLine, Quotes) {
  EXPECT_EQ(line(R"(open "/a b/c" = ok)").subject, "/a b/c");
  EXPECT_EQ(line(R"(open "/a\"b\\\\c")").subject, R"(/a"b\\c)");
  EXPECT_EQ(line(R"(open "=" = ok)").subject, "=");
  EXPECT_EQ(line(R"(open /x by "my prog")").by, "my prog");
  // The glob's own escapes pass through.
  EXPECT_EQ(line(R"(open "/a \[b")").subject, R"(/a \[b)");
}

TEST(EventLine, WordsThatOnlyLookLikeParts) {
  EXPECT_EQ(line("open FOO=bar").subject, "FOO=bar");
  EXPECT_EQ(line("exec x2 x3").subject, "x2");
  EXPECT_EQ(line("exec xz by by").by, "by");
}

TEST(EventLine, MistakesPointIntoTheLine) {
  const auto result = mistake("open /a = ENOEMT by go");
  EXPECT_EQ(result.at, (model::SourceRange{"f", 3, 17, 6}));
  EXPECT_EQ(result.hint, "did you mean \"ENOENT\"?");
  EXPECT_EQ(mistake("opne /a").at, (model::SourceRange{"f", 3, 7, 4}));
  EXPECT_EQ(mistake("open /{hsh}").at, (model::SourceRange{"f", 3, 13, 5}));
  EXPECT_EQ(mistake("open \"/x {hsh}\"").at.column, 16u);
  EXPECT_EQ(mistake("open").at.column, 11u);
}

TEST(EventLine, NearNamesAcrossKinds) {
  EXPECT_EQ(mistake("openat /a").hint, "openat belongs to \"open\"");
  EXPECT_EQ(mistake("exec a = noloader").hint, "did you mean \"no-loader\"?");
  EXPECT_EQ(mistake("exec a = eperm").hint, "did you mean \"EPERM\"?");
}

TEST(EventLine, HugeNumbersAreMistakes) {
  EXPECT_EQ(mistake("open /a x99999999999999999999").message,
            "a count needs a whole number");
  EXPECT_EQ(mistake("open /a x-1").message, "a count needs a whole number");
}

TEST(EventLine, SpellingReadsBackAsTheSame) {
  for (const char* text :
       {"open /a", "exec **/gcc = no-loader by go x2", "any \"/a b\" = fail",
        "lookup gcc = none x>=3", "stat \"\\\"q\" = ENOENT x<=4",
        "open \"/a\rb\"", "open \"=\" by \"p q\" x2..3", "load libx.so = ok"}) {
    const auto first = line(text);
    EXPECT_EQ(spell(first), text);
    EXPECT_EQ(spell(line(spell(first))), text);
  }
}

}  // namespace
}  // namespace driftcage::scenario
