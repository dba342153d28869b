// SPDX-License-Identifier: Apache-2.0
// Every report of one run, read by the rules of those who read them.
#include "harness/report/formats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cerrno>
#include <csignal>
#include <map>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>
#include <pugixml.hpp>

#include "harness/report/github.h"
#include "harness/report/run_diff.h"
#include "tests/unit/report/sample_record.h"

namespace driftcage::report {
namespace {

using nlohmann::json;
using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Formats : public Sample {
 protected:
  std::string report(const std::string& format) {
    return report_of(record(), format);
  }
  std::string report_of(const run::Record& record, const std::string& format) {
    const std::string file = (dir_ / ("report." + format)).string();
    const auto written = write_report(record, format, file, {});
    EXPECT_TRUE(written) << written.error().message();
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> list;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) list.push_back(line);
    return list;
  }
  static std::vector<json> objects(const std::string& text) {
    std::vector<json> list;
    for (const std::string& line : lines(text)) {
      list.push_back(json::parse(line));
    }
    return list;
  }
};

// What a reader makes of one testcase.
struct Case {
  std::string suite;
  std::string name;
  std::string status;
  std::string body;
  std::string out;
  std::string file;
  int line = 0;
};

// GitLab: failure, else error, else skipped; the body, never the message.
std::vector<Case> read_junit(const std::string& text) {
  pugi::xml_document document;
  const auto parsed = document.load_string(text.c_str());
  EXPECT_TRUE(parsed) << parsed.description();
  std::vector<Case> cases;
  for (const auto& found : document.select_nodes("//testcase")) {
    const pugi::xml_node node = found.node();
    Case one;
    one.suite = node.attribute("classname").value();
    one.name = node.attribute("name").value();
    one.file = node.attribute("file").value();
    one.line = node.attribute("line").as_int();
    one.status = "success";
    for (const char* status : {"skipped", "error", "failure"}) {
      const pugi::xml_node child = node.child(status);
      if (!child) continue;
      one.status = status;
      one.body = child.child_value();
      // The GitHub actions look at the first one only.
      EXPECT_FALSE(child.next_sibling(status)) << one.name;
    }
    one.out = node.child_value("system-out");
    cases.push_back(one);
  }
  return cases;
}

Case the(const std::vector<Case>& cases, const std::string& name) {
  for (const Case& one : cases) {
    if (one.name == name) return one;
  }
  ADD_FAILURE() << "no case " << name;
  return {};
}

TEST_F(Formats, JunitCasesAreUniqueForGitLab) {
  std::set<std::string> names;
  const auto cases = read_junit(report("junit"));
  EXPECT_EQ(cases.size(), 10u);
  for (const Case& one : cases) {
    EXPECT_TRUE(names.insert(one.suite + "\t" + one.name).second) << one.name;
  }
}

// GitLab shows the body, Jenkins the attribute; either finds the reason.
TEST_F(Formats, JunitSkipsSayWhy) {
  pugi::xml_document document;
  const std::string text = report("junit");
  ASSERT_TRUE(document.load_string(text.c_str()));
  std::size_t skips = 0;
  for (const char* kind : {"skipped", "failure", "error"}) {
    for (const auto& found :
         document.select_nodes((std::string("//") + kind).c_str())) {
      const pugi::xml_node node = found.node();
      const std::string message = node.attribute("message").value();
      EXPECT_NE(message, "") << kind;
      EXPECT_THAT(std::string(node.child_value()), StartsWith(message));
      skips += node.name() == std::string("skipped") ? 1 : 0;
    }
  }
  EXPECT_EQ(skips, 2u);
}

// Jenkins keeps little of a long text, GitLab refuses a file over 30 MB.
TEST_F(Formats, JunitStaysReadable) {
  Made loud{"go/loud", model::Verdict::Fail};
  loud.stderr_text.assign(1u << 20, 'x');
  const auto cases = read_junit(report_of(make("loud", {loud}), "junit"));
  ASSERT_EQ(cases.size(), 1u);
  EXPECT_LE(cases[0].body.size(), 60'000u);
  EXPECT_GT(cases[0].body.size(), 100u);
}

TEST_F(Formats, JunitBodiesRepeatTheMessage) {
  const auto cases = read_junit(report("junit"));
  const Case bad = the(cases, "top");
  EXPECT_EQ(bad.status, "failure");
  EXPECT_THAT(bad.body, StartsWith("no-repro: the fault does not show"));
  EXPECT_EQ(bad.file, "scenarios/top.toml");
  EXPECT_EQ(bad.line, 15);
  EXPECT_EQ(bad.suite, "driftcage");
  EXPECT_EQ(the(cases, "go/pass on debian/trixie").suite, "driftcage.go");
  EXPECT_EQ(the(cases, "go/pass #2").status, "success");
  EXPECT_EQ(the(cases, "elf/error").status, "error");
  EXPECT_EQ(the(cases, "elf/skip").status, "skipped");
  EXPECT_EQ(the(cases, "elf/known").status, "skipped");
}

TEST_F(Formats, JunitHasNoControlCharacters) {
  const std::string text = report("junit");
  for (const char c : text) {
    EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  }
  EXPECT_THAT(the(read_junit(text), "go/hostile").body, HasSubstr("<b>\\x01"));
}

TEST_F(Formats, JunitShowsRetries) {
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(report("junit").c_str()));
  const auto count = [&](const char* path) {
    return document.select_nodes(path).size();
  };
  EXPECT_EQ(count("//testcase[@name='go/flaky']/flakyFailure"), 1u);
  EXPECT_EQ(count("//testcase[@name='go/never']/rerunFailure"), 2u);
  EXPECT_EQ(count("//testcase[@name='go/never']/failure"), 1u);
}

TEST_F(Formats, JunitCountsAgree) {
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(report("junit").c_str()));
  int total = 0;
  for (const auto& found : document.select_nodes("//testsuite")) {
    const pugi::xml_node suite = found.node();
    const auto count = [&](const char* path) {
      return static_cast<int>(suite.select_nodes(path).size());
    };
    EXPECT_EQ(suite.attribute("tests").as_int(), count("testcase"));
    EXPECT_EQ(suite.attribute("failures").as_int(), count("testcase/failure"));
    EXPECT_EQ(suite.attribute("errors").as_int(), count("testcase/error"));
    EXPECT_EQ(suite.attribute("skipped").as_int(), count("testcase/skipped"));
    total += count("testcase");
  }
  EXPECT_EQ(document.child("testsuites").attribute("tests").as_int(), total);
}

TEST_F(Formats, JunitAttachesOnlyToFailedCasesBelowTheCheckout) {
  const auto here = std::filesystem::current_path();
  const run::Record sample = record();
  for (const Case& one : read_junit(report_of(sample, "junit"))) {
    EXPECT_THAT(one.out, Not(HasSubstr("ATTACHMENT")));
  }
  std::filesystem::current_path(dir_);
  const auto cases = read_junit(report_of(sample, "junit"));
  std::filesystem::current_path(here);
  EXPECT_THAT(the(cases, "top").out,
              HasSubstr("[[ATTACHMENT|sample/host/top/result.json]]"));
  EXPECT_THAT(the(cases, "go/pass").out, Not(HasSubstr("ATTACHMENT")));
}

TEST_F(Formats, JsonlIsOneObjectALine) {
  const auto all = objects(report("jsonl"));
  ASSERT_EQ(all.size(), 12u);
  EXPECT_EQ(all.front()["type"], "run");
  EXPECT_EQ(all.back()["verdicts"]["pass"], 4);
  EXPECT_EQ(all.back()["flaky"], 1);
  EXPECT_EQ(all[4]["id"], "go/hostile");
  EXPECT_EQ(all[4]["findings"][0]["line"], 15);
  EXPECT_EQ(all[5]["flaky"], true);
}

// As test2json's readers do: every test that begins ends, packages too.
TEST_F(Formats, GoTestEventsBalance) {
  std::map<std::string, std::string> state;
  std::map<std::string, std::string> packages;
  for (const json& event : objects(report("go-test"))) {
    const std::string action = event["Action"];
    const std::string package = event["Package"];
    if (!event.contains("Test")) {
      packages[package] = action;
      continue;
    }
    EXPECT_EQ(packages[package], "start");
    std::string& test = state[package + " " + event["Test"].get<std::string>()];
    if (action == "run") {
      EXPECT_EQ(test, "");
    } else {
      EXPECT_EQ(test, "run") << event;
    }
    if (action != "output") test = action;
    if (action == "output") {
      EXPECT_THAT(event["Output"].get<std::string>(), testing::EndsWith("\n"));
    }
  }
  EXPECT_EQ(packages["driftcage/go"], "fail");
  EXPECT_EQ(packages["driftcage/elf"], "fail");
  EXPECT_EQ(state["driftcage/elf skip"], "skip");
  EXPECT_EQ(state["driftcage/go pass_on_debian.trixie"], "pass");
  EXPECT_EQ(state["driftcage/. top"], "fail");
  EXPECT_EQ(state["driftcage/. top/fault"], "fail");
  EXPECT_EQ(state["driftcage/. top/fix:put-it-back"], "pass");
}

TEST_F(Formats, TapTellsWhatWasTriedBefore) {
  const std::string text = report("tap");
  const std::size_t flaky = text.find("go/flaky\n  ---\n");
  ASSERT_NE(flaky, std::string::npos);
  const std::string block =
      text.substr(flaky, text.find("  ...\n", flaky) - flaky);
  EXPECT_THAT(block,
              HasSubstr("\n  flaky: true\n  tries: 2\n  before: |\n    "));
  // Each line of a block is indented.
  EXPECT_THAT(text, Not(HasSubstr("\n\n")));
}

TEST_F(Formats, TapHasAPlanSubtestsAndDirectives) {
  const auto all = lines(report("tap"));
  EXPECT_EQ(all[0], "TAP version 14");
  EXPECT_EQ(all[1], "1..10");
  EXPECT_THAT(all, Contains("# Subtest: go/pass"));
  EXPECT_THAT(all, Contains("    1..3"));
  EXPECT_THAT(all, Contains("    not ok 2 - fault"));
  EXPECT_THAT(all, Contains("ok 7 - elf/skip # SKIP no gcc \\# on PATH"));
  EXPECT_THAT(all, Contains("not ok 9 - elf/known # TODO known since 2026"));
  EXPECT_THAT(all, Contains("not ok 10 - top"));
  EXPECT_THAT(all, Contains("  verdict: no-repro"));
  std::size_t points = 0;
  for (const std::string& line : all) {
    points += line.starts_with("ok ") || line.starts_with("not ok ") ? 1 : 0;
  }
  EXPECT_EQ(points, 10u);
}

// As actions/runner reads a log: blanks before a command do not matter, the old
// form may stand anywhere in a line, and a stop holds up to its token.
std::vector<std::string> commands_of(const std::vector<std::string>& log) {
  constexpr std::string_view kStop = "::stop-commands::";
  std::vector<std::string> commands;
  std::string until;
  for (const std::string& line : log) {
    if (!until.empty()) {
      if (line == until) until.clear();
      continue;
    }
    const std::size_t start =
        std::min(line.find_first_not_of(' '), line.size());
    if (line.starts_with(kStop)) {
      until = "::" + line.substr(kStop.size()) + "::";
    } else if (line.compare(start, 2, "::") == 0 ||
               line.find("##[") != std::string::npos) {
      commands.push_back(line);
    }
  }
  EXPECT_EQ(until, "");
  return commands;
}

TEST_F(Formats, GitHubCommandsAreEscapedAndThePayloadGivesNone) {
  const auto log = lines(report("github"));
  // The sample tries both forms.
  EXPECT_THAT(log, Contains(HasSubstr("##[error]")));
  const auto all = commands_of(log);
  for (const std::string& line : all) {
    EXPECT_THAT(line, AnyOf(StartsWith("::group::"), StartsWith("::endgroup::"),
                            StartsWith("::error file="),
                            StartsWith("::warning file=")));
  }
  std::size_t commands = 0;
  for (const std::string& line : all) {
    if (!line.starts_with("::error")) continue;
    ++commands;
    EXPECT_THAT(line, StartsWith("::error file=scenarios/"));
  }
  EXPECT_EQ(commands, 4u);  // one per bad scenario
  EXPECT_THAT(all, Contains(HasSubstr("100%25, a:b")));
  // Worst first.
  for (const std::string& line : all) {
    if (!line.starts_with("::error")) continue;
    EXPECT_THAT(line, HasSubstr("title=go/hostile::fail"));
    break;
  }
  EXPECT_THAT(all, Contains(StartsWith("::warning file=scenarios/go/flaky")));
}

TEST_F(Formats, GitHubAnnotatesTenAtMost) {
  std::vector<Made> many;
  for (int i = 0; i < 25; ++i) {
    many.push_back({"go/n" + std::to_string(i), model::Verdict::Fail});
  }
  std::vector<std::string> errors;
  for (const std::string& line : lines(report_of(make("many", many), "github")))
    if (line.starts_with("::error")) errors.push_back(line);
  ASSERT_EQ(errors.size(), kMaxAnnotations);
  EXPECT_EQ(errors.back(), "::error::16 more scenarios; see the log");
}

TEST_F(Formats, GitHubSummaryStaysBelowItsLimit) {
  const run::Record sample = record();
  EXPECT_THAT(report_of(sample, "github-summary"),
              HasSubstr("| go/pass | ✅ ✅ | ✅ |"));
  for (const std::size_t limit : {2000u, 4000u, 100'000u}) {
    const std::string file = (dir_ / "small").string();
    std::filesystem::remove(file);
    auto sink = Sink::open(file, Sink::Mode::Append);
    ASSERT_TRUE(sink);
    ASSERT_TRUE(write_github_summary(sample, *sink, limit));
    ASSERT_TRUE(sink->done());
    EXPECT_LE(std::filesystem::file_size(file), limit);
  }
}

TEST_F(Formats, HtmlIsWholeAndAsksNobody) {
  const std::string page = report("html");
  EXPECT_THAT(page, StartsWith("<!DOCTYPE html>"));
  EXPECT_THAT(page, testing::EndsWith("</html>\n"));
  // A payload's text ends no script and begins none.
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, HasSubstr("\\u003c/script>\\u003cscript>alert(1)"));
  for (const char* reference :
       {"http://", "https://", "src=", "@import", "url("})
    EXPECT_THAT(page, Not(HasSubstr(reference)));
  EXPECT_THAT(page, HasSubstr("\"name\":\"cat\""));
}

TEST_F(Formats, AReportAppearsOnlyWhenItIsComplete) {
  const run::Record sample = record();
  const std::string file = (dir_ / "old.xml").string();
  std::ofstream(file) << "old";
  // As on a disk that is full.
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{100, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto written = write_report(sample, "junit", file, {});
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().err, EFBIG);
  std::ifstream in(file);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "old");
  std::size_t parts = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir_)) {
    parts += entry.path().extension() == ".part" ? 1 : 0;
  }
  EXPECT_EQ(parts, 0u);
}

TEST_F(Formats, RequestsNameTheNearestFormat) {
  EXPECT_EQ(parse_request("junit=a=b.xml")->file, "a=b.xml");
  EXPECT_THAT(parse_request("junt=x").error().hint,
              HasSubstr("did you mean junit?"));
  EXPECT_THAT(parse_request("junit").error().hint, HasSubstr("junit=FILE"));
  EXPECT_FALSE(parse_request("junit="));
  EXPECT_FALSE(parse_request(""));
}

TEST_F(Formats, DiffShowsWhatBecameWorseFirst) {
  using model::Verdict;
  const auto before = make(
      "before",
      {{"go/a"}, {"go/b", Verdict::Fail}, {"go/c", Verdict::Fail}, {"go/old"}});
  const auto after = make("after", {{"go/a", Verdict::NoRepro},
                                    {"go/b"},
                                    {"go/c", Verdict::Timeout},
                                    {"go/new"}});
  const auto changes = diff_runs(before, after, false);
  ASSERT_TRUE(changes) << changes.error().message();
  std::vector<std::string> shown;
  for (const auto& line : lines(diff_text(*changes, false))) {
    if (!line.starts_with(" ")) shown.push_back(line);
  }
  EXPECT_THAT(
      shown, testing::ElementsAre("worse  go/a  pass -> no-repro",
                                  "better go/b  fail -> pass",
                                  "other  go/c  fail -> timeout",
                                  "new    go/new  pass", "gone   go/old  pass",
                                  "1 better, 1 gone, 1 new, 1 other, 1 worse"));
  EXPECT_EQ(diff_text(*diff_runs(before, before, false), false),
            "no difference\n");
}

}  // namespace
}  // namespace driftcage::report
