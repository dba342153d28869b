// SPDX-License-Identifier: Apache-2.0
#include "harness/report/event_text.h"

#include <gtest/gtest.h>

#include <cerrno>

#include <nlohmann/json.hpp>

#include "harness/match/matcher.h"
#include "harness/scenario/parser.h"

namespace driftcage::report {
namespace {

using model::Cause;
using model::Verb;

model::Event event(Verb verb, const std::string& abs, int err = 0,
                   Cause cause = Cause::None, const std::string& at = {}) {
  model::Event result;
  result.verb = verb;
  result.path = abs;
  result.abs = abs;
  result.err = err;
  result.result = err == 0 ? 3 : -1;
  result.cause = cause;
  result.cause_at = at;
  return result;
}

TEST(EventLine, VerbSubjectResult) {
  EXPECT_EQ(event_line(event(Verb::Open, "/a/b")), "open /a/b = ok");
  EXPECT_EQ(event_line(event(Verb::Exec, "/usr/bin/gcc", ENOENT)),
            "exec /usr/bin/gcc = ENOENT");
  EXPECT_EQ(event_line(event(Verb::Open, "/a/b", ENOENT, Cause::Missing)),
            "open /a/b = ENOENT");
  EXPECT_EQ(event_line(event(Verb::Exec, "/a", ENOENT, Cause::NoLoader, "/l")),
            "exec /a = no-loader");
  EXPECT_EQ(event_line(event(Verb::Getcwd, "", ENOENT)), "getcwd * = ENOENT");
}

TEST(EventLine, DerivedEvents) {
  model::Event lookup = event(Verb::Lookup, "", ENOENT);
  lookup.path = "gcc";
  EXPECT_EQ(event_line(lookup), "lookup gcc = none");
  lookup.err = EACCES;
  EXPECT_EQ(event_line(lookup), "lookup gcc = EACCES");
  lookup.cause = Cause::NoExecute;
  EXPECT_EQ(event_line(lookup), "lookup gcc = no-execute");
  lookup.err = 0;
  lookup.abs = "/usr/bin/gcc";
  EXPECT_EQ(event_line(lookup), "lookup gcc = ok");
}

TEST(EventLine, OddBytesAreEscaped) {
  EXPECT_EQ(event_line(event(Verb::Open, "/a b")), "open \"/a b\" = ok");
  EXPECT_EQ(event_line(event(Verb::Open, "/a*[x]{y}?$z")),
            "open /a\\*\\[x\\]\\{y\\}\\?\\$z = ok");
  EXPECT_EQ(event_line(event(Verb::Open, "/a\xff\n\\")),
            "open /a\\xff\\x0a\\x5c = ok");
}

TEST(EventLine, ShortenedByVariables) {
  const Shortener shortener(match::Variables{{"WORK", "/work"}});
  EXPECT_EQ(event_line(event(Verb::Open, "/work/a*"), shortener),
            "open $WORK/a\\* = ok");
}

// The promise: what is shown can be pasted into a scenario and matches.
TEST(EventLine, MatchesItsOwnEvent) {
  for (const char* path :
       {"/usr/bin/gcc", "/a b/c d", "/a*[x]{y}?$z", "/a\xff\n\\", "/\"q\" x",
        "/\"q\"", "/a,b", "/\xc3\xa4", "/a\\b c", "/=", "/tab\there"}) {
    for (const int err : {0, ENOENT}) {
      const model::Event seen = event(Verb::Open, path, err);
      const std::string text = event_line(seen);
      const auto line = scenario::parse_event_line(text, {"t", 1, 1, 1});
      ASSERT_TRUE(line) << text << ": " << line.error().message;
      auto matcher = match::LineMatcher::make({*line}, {});
      ASSERT_TRUE(matcher) << text << matcher.error().message();
      matcher->add(seen);
      EXPECT_EQ(matcher->result()[0].count, 1u) << text;
      matcher->add(event(Verb::Open, std::string(path) + "x", err));
      EXPECT_EQ(matcher->result()[0].count, 1u) << text;
    }
  }
}

TEST(CauseText, SaysWhatErrnoDoesNot) {
  const auto text = [](Cause cause) {
    return cause_text(event(Verb::Exec, "/p", ENOENT, cause, "/at"));
  };
  EXPECT_EQ(text(Cause::None), "");
  EXPECT_EQ(text(Cause::Missing), "");
  EXPECT_EQ(text(Cause::MissingDirectory), "/at is missing");
  EXPECT_EQ(text(Cause::NoLoader),
            "the file is there, its ELF interpreter /at is missing");
  EXPECT_EQ(text(Cause::Noexec), "/at is on a noexec mount");
  EXPECT_EQ(cause_text(event(Verb::Open, "/p", EMFILE, Cause::NoExecute)),
            "/p has no execute bit");
  EXPECT_EQ(cause_text(event(Verb::Open, "/p")), "");
}

TEST(CauseText, SearchesNameTheirPlaces) {
  model::Event lookup = event(Verb::Lookup, "", ENOENT);
  lookup.cause_at = "/a:/work/b";
  EXPECT_EQ(cause_text(lookup, Shortener(match::Variables{{"WORK", "/work"}})),
            "tried /a, $WORK/b");
  lookup.cause_at = "/1:/2:/3:/4:/5:/6:/7:/8";
  EXPECT_EQ(cause_text(lookup), "tried /1, /2, /3, /4, /5, /6 and 2 more");
  lookup.cause_at = "/one";
  EXPECT_EQ(cause_text(lookup), "tried /one");
}

TEST(CauseText, ALoadNamesTheRefusedFileFirst) {
  model::Event load = event(Verb::Load, "", ENOENT, Cause::WrongArch);
  load.path = "libq.so";
  load.cause_at = "/work/lib:/lib";
  load.origins = "LD_LIBRARY_PATH:default";
  load.cause_note = "/work/lib/libq.so is for another machine";
  EXPECT_EQ(cause_text(load, Shortener(match::Variables{{"WORK", "/work"}})),
            "$WORK/lib/libq.so is for another machine; "
            "tried $WORK/lib by LD_LIBRARY_PATH, /lib by default");
}

TEST(CauseText, ALoadHasItsPlacesWithoutThoseForProcessors) {
  model::Event load = event(Verb::Load, "", ENOENT);
  load.path = "libq.so";
  load.cause_at =
      "/a/glibc-hwcaps/x86-64-v3:/a/tls/x86_64:/a/tls/x86_64:/a/tls:/a:"
      "/lib/tls:/lib:/a";
  load.origins = "RPATH:RPATH:RPATH:RPATH:RPATH:default:default:default";
  EXPECT_EQ(cause_text(load),
            "tried /a by RPATH, /lib by default, /a by default");
  // The search ended there, or somebody's directory has such a name.
  load.cause_at = "/a/glibc-hwcaps/x86-64-v4:/a/glibc-hwcaps/x86-64-v3:/tls";
  load.origins = "RUNPATH:RUNPATH:path";
  EXPECT_EQ(cause_text(load),
            "tried /a/glibc-hwcaps/x86-64-v4 by RUNPATH, "
            "/a/glibc-hwcaps/x86-64-v3 by RUNPATH, /tls by path");
  // A name with a colon: which rule belongs to which is not known.
  load.cause_at = "/a:b:/lib";
  load.origins = "RPATH:default";
  EXPECT_EQ(cause_text(load), "tried /a, b, /lib");
}

TEST(EventJson, CarriesTheCall) {
  model::Event seen = event(Verb::Exec, "/usr/bin/tool", ENOENT,
                            Cause::NoLoader, "/lib64/ld.so");
  seen.seq = 7;
  seen.process = 3;
  seen.generation = 1;
  seen.tid = 14;
  seen.syscall = model::Syscall::Execve;
  seen.enter_ns = 1000;
  seen.exit_ns = 1250;
  seen.exec.emplace();
  seen.exec->argv = {"tool", "--token", "x", "\xff"};
  seen.exec->environment = {"A=1", "API_KEY=x"};
  const std::string text = event_json(seen, "sh", 12);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json, nlohmann::json::parse(R"({
    "v": 1, "type": "event", "seq": 7, "time_ns": 1000, "duration_ns": 250,
    "pid": 12, "tid": 14, "process": 3, "generation": 1, "program": "sh",
    "verb": "exec", "call": "execve", "abi": "x86_64",
    "path": "/usr/bin/tool", "abs": "/usr/bin/tool", "result": -1,
    "errno": "ENOENT", "cause": "no-loader", "cause_at": "/lib64/ld.so",
    "argv": ["tool", "--token", "x", "\\xff"],
    "env": ["A=1", "API_KEY=x"], "env_complete": false})"));
}

TEST(EventJson, SuccessHasNullErrnoAndCause) {
  const auto json =
      nlohmann::json::parse(event_json(event(Verb::Open, "/a"), "", 1));
  EXPECT_TRUE(json["errno"].is_null());
  EXPECT_TRUE(json["cause"].is_null());
  EXPECT_EQ(json["result"], 3);
  EXPECT_FALSE(json.contains("argv"));
  EXPECT_FALSE(json.contains("dirfd"));
}

TEST(EventJson, SearchesHaveDirectories) {
  model::Event lookup = event(Verb::Lookup, "", ENOENT);
  lookup.path = "gcc";
  lookup.cause_at = "/a:/b";
  const auto json = nlohmann::json::parse(event_json(lookup, "go", 1));
  EXPECT_EQ(json["directories"], nlohmann::json({"/a", "/b"}));
  EXPECT_FALSE(json.contains("cause_at"));
}

}  // namespace
}  // namespace driftcage::report
